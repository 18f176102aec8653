//! The house rules that the compiler does not know: who may import whom, who may read the time, where `unsafe` may be.
//!
//! Each rule is a function from one file to its complaints, so that the last test can show it a file that breaks it.
//! Rules read code, not prose: comments, literals and unit tests are blanked out first, with every line in its place.

mod source;

use crate::source::{Source, files_below, names_at, root, sources, words};

/// Modules of perf-runtime and what each may import, lowest first. A new edge is a design change: it is argued in the
/// commit that adds it here, and told in ARCHITECTURE.md.
const EDGES: &[(&str, &[&str])] = &[
    ("snapshot", &[]),
    // Of unit tests.
    ("chance", &[]),
    ("explored", &[]),
    ("again", &[]),
    ("clock", &[]),
    ("editor", &[]),
    ("ending", &[]),
    ("outcome", &[]),
    // A rejection keeps a moment, and says what is left until then when it is asked.
    ("rejected", &["clock"]),
    ("ended", &["rejected"]),
    // A rejection is looked for in what a call gave.
    ("classify", &["outcome", "rejected"]),
    // An error that is not kept is told to those who waited for it, as a rejection when there is no other way.
    ("kept", &["outcome", "rejected"]),
    ("rt", &["clock"]),
    // What is kept in files is brought to safety at the end, and the report at exit is who finds out.
    ("parts", &["clock", "rt", "ending"]),
    // The durations of a series, for every section that has some.
    ("latency", &["clock", "parts", "snapshot"]),
    // What the attributes that keep answers have in common: an instrument may not name another one.
    (
        "cache",
        // The last two: a cache that is made by hand is put on the list while the program runs, and its values say
        // themselves whether they are errors.
        &[
            "beside", "rows", "kept", "latency", "parts", "clock", "rt", "snapshot", "registry",
            "outcome",
        ],
    ),
    ("registry", &["snapshot"]),
    // An answer, or a future of one.
    ("eventually", &[]),
    // What a user has a handle to.
    ("held", &[]),
    // What a function and its handle share.
    ("beside", &["snapshot"]),
    // The pools of `#[pooled]`, which are also made by hand: they are put on the list while the program runs, and tell who
    // gets nothing why.
    (
        "pool",
        &[
            "rejected", "beside", "held", "rows", "latency", "parts", "clock", "rt", "snapshot",
            "registry",
        ],
    ),
    // What is made by hand has a row for each name.
    ("rows", &["parts", "registry", "snapshot"]),
    // What an attribute and what is made by hand have in common.
    (
        "limiter",
        &[
            "beside", "held", "parts", "clock", "rt", "rejected", "latency", "rows", "snapshot",
        ],
    ),
    (
        "bulkhead",
        &[
            "beside", "held", "parts", "clock", "rt", "rejected", "latency", "rows", "snapshot",
        ],
    ),
    // What `#[breaker]` and breakers by hand have in common.
    (
        "breaker",
        &[
            "parts", "clock", "classify", "ended", "held", "rejected", "beside", "registry",
            "rows", "snapshot",
        ],
    ),
    ("site", &["registry", "snapshot"]),
    // The site of an attribute that keeps answers, and the first step of its calls.
    ("answers", &["cache", "kept", "parts", "site"]),
    // How a call ended that others run, and what becomes of it where the answer has no place for a rejection.
    ("carried", &["ended", "rejected"]),
    // Batchers by hand and of functions: the waiting around the line of `parts`, the rows, the handle.
    (
        "batcher",
        &[
            "beside", "carried", "clock", "kept", "latency", "parts", "registry", "rejected",
            "rows", "rt", "snapshot",
        ],
    ),
    // Threads of our own, with the word of batchers for what becomes of a call when a queue is full.
    (
        "workers",
        &[
            "batcher", "beside", "carried", "clock", "latency", "parts", "rejected", "rt",
            "snapshot",
        ],
    ),
    (
        "instruments",
        &[
            "site",
            "answers",
            "snapshot",
            "outcome",
            "rejected",
            "ended",
            "classify",
            "kept",
            "latency",
            "cache",
            "breaker",
            "limiter",
            "pool",
            "batcher",
            "carried",
            "workers",
            "bulkhead",
            "beside",
            "eventually",
            "parts",
            "clock",
            "rt",
        ],
    ),
    // Sites without an attribute: an instrument that is put on the list while the program runs.
    (
        "by_hand",
        &[
            "instruments",
            "outcome",
            "registry",
            "site",
            "snapshot",
            "parts",
            "clock",
        ],
    ),
    // Functions that run less often than they are called, without an attribute.
    ("paced", &["parts", "rt"]),
    // A function that keeps its answers, without an attribute.
    ("memoize", &["kept", "parts"]),
    ("report", &["registry", "snapshot", "clock", "ending"]),
];

const MAX_LINES: usize = 400;

fn imports_run_one_way(source: &Source) -> Vec<String> {
    if !source.is_runtime_module() {
        return Vec::new();
    }
    let modules = source.modules();
    let Some((_, allowed)) = EDGES.iter().find(|(module, _)| *module == modules[0]) else {
        return vec![source.complain(0, "this module is not in the table of edges")];
    };
    let mut complaints = Vec::new();
    for (offset, path) in paths_from_the_root(&source.code, modules.len()) {
        let named = first(&path);
        if named != modules[0] && !allowed.contains(&named) {
            let complaint = format!("{} must not name {named}", modules[0]);
            complaints.push(source.complain(offset, &complaint));
        }
        let instrument = path.strip_prefix("instruments::").map(first);
        if let ["instruments", own, ..] = modules[..]
            && instrument.is_some_and(|other| other != own)
        {
            complaints.push(source.complain(offset, "an instrument must not name another one"));
        }
    }
    complaints
}

/// Every `crate::…` path of `code`, and every `super::…` that climbs out of a file that lies `depth` modules deep, both
/// from the root on.
fn paths_from_the_root(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for offset in words(code, "crate::") {
        let names = names_at(&code[offset + "crate::".len()..]);
        found.extend(names.into_iter().map(|name| (offset, name)));
    }
    for offset in words(code, "super::").filter(|&offset| !code[..offset].ends_with("super::")) {
        let rest = code[offset..].trim_start_matches("super::");
        let climbed = (code[offset..].len() - rest.len()) / "super::".len();
        // From an inline module it climbs one less than it seems to; what it names is no module of the root, then.
        let of_the_root = |name: &String| EDGES.iter().any(|(module, _)| *module == first(name));
        let names = names_at(rest).into_iter().filter(of_the_root);
        if climbed >= depth {
            found.extend(names.map(|name| (offset, name)));
        }
    }
    found
}

fn first(path: &str) -> &str {
    path.split("::").next().unwrap_or_default()
}

fn only_the_clock_reads_time(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    if source.is_runtime_module() && source.modules()[0] != "clock" {
        for reading in ["quanta", "Instant::now", "SystemTime::now", "elapsed()"] {
            for offset in words(&source.code, reading) {
                // tokio's own clock can be paused, and whoever waits with its timers must wait by it.
                let tokios = source.code[..offset].ends_with("tokio::time::");
                if !(tokios && source.modules()[0] == "rt") {
                    complaints.push(
                        source.complain(offset, &format!("only clock.rs may name {reading}")),
                    );
                }
            }
        }
    }
    complaints
}

fn only_rt_names_tokio(source: &Source) -> Vec<String> {
    if !source.is_runtime_module() || source.modules()[0] == "rt" {
        return Vec::new();
    }
    words(&source.code, "tokio::")
        .map(|offset| source.complain(offset, "only rt.rs may name tokio"))
        .collect()
}

fn macros_name_the_private_contract_only(source: &Source) -> Vec<String> {
    if !source.is_in("perf-macros/src/") {
        return Vec::new();
    }
    let runtime = words(&source.code, "perf_runtime");
    let facade = words(&source.code, "perfkit::").filter(|&offset| {
        let rest = source.code[offset..].trim_start_matches("perfkit::");
        !rest.starts_with("__private") && !rest.starts_with("__ide")
    });
    runtime
        .chain(facade)
        .map(|offset| {
            source.complain(
                offset,
                "expansions name ::perfkit::__private and nothing else",
            )
        })
        .collect()
}

fn unsafe_is_in_parts_and_explained(source: &Source) -> Vec<String> {
    let allowed = source.is_in("perf-runtime/src/parts/");
    if !source.is_in("perf-runtime/") && !source.is_in("src/") {
        return Vec::new(); // the macros forbid it to themselves, and must name it for the functions of others
    }
    let lines: Vec<&str> = source.text.lines().collect();
    words(&source.code, "unsafe")
        .filter(|&offset| {
            let line = source.code[..offset].matches('\n').count();
            let above = lines[..line].iter().rev().map(|above| above.trim_start());
            let explained = above
                .take_while(|above| above.starts_with("//") || above.starts_with("#["))
                .any(|above| above.contains("SAFETY:") || above.contains("# Safety"));
            !(allowed && explained)
        })
        .map(|offset| {
            source.complain(
                offset,
                "unsafe lives in parts/, under a comment that begins with SAFETY:",
            )
        })
        .collect()
}

fn the_facade_has_no_logic(source: &Source) -> Vec<String> {
    if !source.is_in("src/") {
        return Vec::new();
    }
    ["fn", "impl", "trait", "static", "macro_rules"]
        .iter()
        .flat_map(|word| words(&source.code, word))
        .map(|offset| source.complain(offset, "the facade re-exports and documents, nothing else"))
        .collect()
}

fn rooms_are_small(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    // Tests are as long as their promises are many, and one name is one file.
    if lines <= MAX_LINES || source.is_in("tests/") {
        return Vec::new();
    }
    vec![source.complain(0, &format!("{lines} lines ask to be split by idea"))]
}

const RULES: &[fn(&Source) -> Vec<String>] = &[
    imports_run_one_way,
    only_the_clock_reads_time,
    only_rt_names_tokio,
    macros_name_the_private_contract_only,
    unsafe_is_in_parts_and_explained,
    the_facade_has_no_logic,
    rooms_are_small,
];

#[test]
fn every_file_keeps_the_rules_of_the_house() {
    let sources = sources();
    assert!(sources.len() > 10, "the sources were not found");
    let complaints: Vec<String> = sources
        .iter()
        .flat_map(|source| RULES.iter().flat_map(move |rule| rule(source)))
        .collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// One name, and a reader who knows it finds everything: the file in both crates, the promises, the misuse.
#[test]
fn every_attribute_is_found_by_its_name() {
    let root = root();
    let attributes = |folder: &str| -> Vec<String> {
        let mut names: Vec<String> = files_below(&root.join(folder))
            .iter()
            .filter(|path| path.parent() == Some(&root.join(folder)))
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .filter(|name| name != "mod")
            .collect();
        names.sort();
        names
    };
    let names = attributes("perf-runtime/src/instruments");
    assert!(!names.is_empty());
    assert_eq!(names, attributes("perf-macros/src/instruments"));
    for name in names {
        let behaviour = root.join(format!("tests/behaviour/{name}.rs"));
        let in_parts = root.join(format!("tests/behaviour/{name}"));
        assert!(
            behaviour.exists() || in_parts.exists(),
            "no tests/behaviour/{name}.rs"
        );
        assert!(
            root.join(format!("tests/ui/{name}")).exists(),
            "no tests/ui/{name}/"
        );
    }
}

#[test]
fn every_rule_finds_what_breaks_it() {
    let broken = |path: &str, text: &str| -> Vec<String> {
        let source = Source::new(path, text);
        RULES.iter().flat_map(|rule| rule(&source)).collect()
    };
    let import = "//! A module.\n\nuse crate::{\n    snapshot::Meta,\n    report::Report,\n};\n";
    assert_eq!(
        broken("perf-runtime/src/registry.rs", import),
        ["perf-runtime/src/registry.rs:3: registry must not name report"]
    );
    for (path, text) in [
        (
            "perf-runtime/src/parts/pool.rs",
            "use super::super::site::Site;",
        ),
        ("perf-runtime/src/site.rs", "use super::{registry, report};"),
        (
            "perf-runtime/src/snapshot.rs",
            "fn f() { crate::clock::now(); }",
        ),
        (
            "perf-runtime/src/instruments/cached.rs",
            "use crate::instruments::retry::Retry;",
        ),
        (
            "perf-runtime/src/instruments/cached/key.rs",
            "use crate::report::Report;",
        ),
        (
            "perf-runtime/src/report/table.rs",
            "use crate::instruments::measured;",
        ),
        ("perf-runtime/src/export.rs", "//! Not in the table."),
        (
            "perf-runtime/src/report/mod.rs",
            "let began = std::time::Instant::now();",
        ),
        ("perf-runtime/src/parts/pool.rs", "use quanta::Clock;"),
        (
            "perf-runtime/src/parts/pool.rs",
            "let now = tokio::time::Instant::now();",
        ),
        (
            "perf-runtime/src/instruments/timeout.rs",
            "tokio::spawn(async {});",
        ),
        ("perf-macros/src/stack.rs", "quote! { ::perfkit::Rejected }"),
        ("perf-macros/src/stack.rs", "use perf_runtime::Outcome;"),
        (
            "perf-runtime/src/site.rs",
            "// SAFETY: not here.\nunsafe { read() }",
        ),
        (
            "perf-runtime/src/parts/pool.rs",
            "let it = unsafe { read() };",
        ),
        (
            "perf-runtime/src/parts/pool.rs",
            "#[cfg(test)]\nmod tests;\nuse quanta::Clock;",
        ),
        ("src/lib.rs", "pub fn helper() {}"),
        ("src/lib.rs", &"\n".repeat(MAX_LINES + 1)),
    ] {
        assert!(
            !broken(path, text).is_empty(),
            "nothing said against {text:?} in {path}"
        );
    }
    for (path, text) in [
        ("perf-runtime/src/lib.rs", "pub use crate::report::Report;"),
        (
            "perf-runtime/src/parts/pool.rs",
            "//! Like crate::report, \\\n/* tokio::spawn */ fn a() { b(\"quanta \\\" unsafe\", 'u') }",
        ),
        (
            "perf-runtime/src/parts/pool.rs",
            "use super::block::Block;\nuse crate::clock;",
        ),
        (
            "perf-runtime/src/parts/pool.rs",
            "#[cfg(test)]\nmod tests {\n    use crate::report::Report;\n    mod more {}\n}",
        ),
        (
            "perf-runtime/src/parts/pool.rs",
            "// SAFETY: a reason,\n// over two lines.\nunsafe { read() }",
        ),
        ("perf-runtime/src/rt.rs", "tokio::time::Instant::now();"),
        ("perf-runtime/src/clock.rs", "quanta::Instant::now();"),
        (
            "perf-macros/src/stack.rs",
            "quote! { ::perfkit::__private::Site }",
        ),
    ] {
        assert_eq!(
            broken(path, text),
            Vec::<String>::new(),
            "{text:?} in {path}"
        );
    }
}
