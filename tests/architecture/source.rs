//! Source files as the rules see them: with nothing but code in them, every line in its place.

use std::fs;
use std::path::{Path, PathBuf};

/// One source file: its path from the root of the repository, its text, and the same text with nothing but code in it.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: without_unit_tests(&without_prose(text)),
        }
    }

    pub(crate) fn is_in(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// The path below `src/`, as modules: `["parts", "histogram"]`.
    pub(crate) fn modules(&self) -> Vec<&str> {
        let below = self.path.split_once("src/").map_or("", |(_, below)| below);
        below
            .trim_end_matches(".rs")
            .trim_end_matches("/mod")
            .split('/')
            .collect()
    }

    pub(crate) fn is_runtime_module(&self) -> bool {
        self.is_in("perf-runtime/src/") && self.modules() != ["lib"]
    }

    pub(crate) fn complain(&self, offset: usize, complaint: &str) -> String {
        let line = self.code[..offset].matches('\n').count() + 1;
        format!("{}:{line}: {complaint}", self.path)
    }
}

/// Where `word` stands in `code` with nothing of a name before it, nor after it when it ends as a name.
pub(crate) fn words<'c>(code: &'c str, word: &'c str) -> impl Iterator<Item = usize> + 'c {
    let of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .map(|(offset, _)| offset)
        .filter(move |&offset| {
            let before = code[..offset].chars().next_back();
            let after = code[offset + word.len()..].chars().next();
            let goes_on = word.ends_with(of_a_name) && after.is_some_and(of_a_name);
            !goes_on && !before.is_some_and(of_a_name)
        })
}

/// The path that `code` begins with, or those of the group that it begins with; of nested groups only the outer names.
pub(crate) fn names_at(code: &str) -> Vec<String> {
    let (group, mut depth) = match code.strip_prefix('{') {
        None => (code, None),
        Some(group) => (group, Some(0)),
    };
    let mut names = vec![String::new()];
    for c in group.chars() {
        match (c, &mut depth) {
            ('{', Some(depth)) => *depth += 1,
            ('}', Some(0)) => break,
            ('}', Some(depth)) => *depth -= 1,
            (',', Some(0)) => names.push(String::new()),
            (c, None | Some(0)) if c.is_alphanumeric() || matches!(c, '_' | ':') => {
                names.last_mut().into_iter().for_each(|name| name.push(c));
            }
            (_, None) => break,
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Blanks out comments and the insides of literals.
fn without_prose(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let prose = prose_at(rest);
        if prose == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push_str(&blank(&rest[..prose]));
            rest = &rest[prose..];
        }
    }
    code
}

/// How many bytes of prose `text` begins with.
fn prose_at(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    if let Some(raw) = text
        .strip_prefix('r')
        .filter(|raw| raw.starts_with(['"', '#']))
    {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        return raw[hashes..].strip_prefix('"').map_or(0, |inside| {
            let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
            2 + hashes + length
        });
    }
    if let Some(inside) = text.strip_prefix('"') {
        let mut escaped = false;
        for (offset, c) in inside.char_indices() {
            match c {
                '"' if !escaped => return offset + 2,
                c => escaped = c == '\\' && !escaped,
            }
        }
        return text.len();
    }
    // A character, not a lifetime; only the ones that would open a string or a comment matter here.
    ["'\"'", "'\\''", "'\\\\'", "'/'"]
        .into_iter()
        .find(|c| text.starts_with(c))
        .map_or(0, str::len)
}

/// Blanks out every item under a `#[cfg(test)]`. The braces it counts are code, as nothing else is left.
fn without_unit_tests(code: &str) -> String {
    let mut left = code.to_owned();
    for (start, _) in code.match_indices("#[cfg(test)]") {
        let mut depth = 0;
        let ends = |c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0 && matches!(c, '}' | ';')
        };
        let end = code[start..]
            .find(ends)
            .map_or(code.len(), |end| start + end + 1);
        left.replace_range(start..end, &blank(&code[start..end]));
    }
    left
}

/// As many bytes that say nothing, with the lines kept.
fn blank(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
        .collect()
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The sources of the three crates, of the tests and of the examples; files of unit tests are left to themselves.
pub(crate) fn sources() -> Vec<Source> {
    let root = root();
    [
        "src",
        "perf-macros/src",
        "perf-runtime/src",
        "tests",
        "examples",
    ]
    .iter()
    .flat_map(|folder| files_below(&root.join(folder)))
    .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
    .filter_map(|path| {
        let from_root = path.strip_prefix(&root).ok()?.to_str()?.replace('\\', "/");
        let unit_tests = from_root.ends_with("/tests.rs") || from_root.contains("/tests/");
        (!unit_tests && !from_root.starts_with("tests/ui/")).then_some(())?;
        Some(Source::new(&from_root, &fs::read_to_string(&path).ok()?))
    })
    .collect()
}

pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => files_below(&path),
            path => vec![path],
        })
        .collect()
}
