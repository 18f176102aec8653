//! The paths under which sites are listed: taken apart, found by their ends, and made shorter.
//!
//! A path is what the compiler calls a function: `shop::orders::load`, `<shop::Cart as shop::Priced>::total`,
//! `shop::stock::<impl shop::Cart>::add`. `::` inside brackets does not separate. Any text is a path of some kind; a
//! name the user chose is usually one of a single segment.

/// The segments of a path, brackets kept whole.
pub(super) fn segments(path: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    let mut before = ' ';
    for (at, c) in path.char_indices() {
        match c {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' if before == '-' => {} // the arrow of a function type
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && before == ':' && at > start => {
                segments.push(path.get(start..at - 1).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    segments.push(path.get(start..).unwrap_or_default());
    segments
}

/// A segment in brackets with every path in it cut to its last part: `<Cart as Priced>`.
pub(super) fn bare(segment: &str) -> String {
    let mut bare = String::with_capacity(segment.len());
    let mut word = 0;
    for c in segment.chars() {
        if c == ':' {
            if bare.ends_with(':') {
                bare.truncate(word);
                continue;
            }
        } else if !(c.is_alphanumeric() || c == '_') {
            word = bare.len() + c.len_utf8();
        }
        bare.push(c);
    }
    bare
}

/// The path as a user would write it to find it: the type without its trait, its generics and the `impl` around it.
fn plain(path: &str) -> String {
    let mut plain = Vec::new();
    for segment in segments(path) {
        let Some(inner) = segment.strip_prefix('<').and_then(|s| s.strip_suffix('>')) else {
            plain.push(segment.split('<').next().unwrap_or_default());
            continue;
        };
        let mut of = inner.split_once(" as ").map_or(inner, |(of, _)| of);
        if let Some(block) = of.strip_prefix("impl ") {
            of = block.rsplit_once(" for ").map_or(block, |(_, of)| of);
            plain.clear(); // the module of the `impl` is not part of the type's path
        }
        plain.push(of.split('<').next().unwrap_or_default());
    }
    plain.join("::")
}

/// How well a path answers to a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It is the query.
    Exactly,
    /// It ends with the query's segments.
    AtItsEnd,
    /// It does not.
    Not,
}

/// Compares a path with what a user asks for.
pub(super) fn matches(path: &str, query: &str) -> Found {
    let at_the_end = |path: &str| {
        path.strip_suffix(query)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
    };
    if path == query {
        Found::Exactly
    } else if !query.is_empty()
        && (at_the_end(path) || (path.contains('<') && at_the_end(&plain(path))))
    {
        Found::AtItsEnd
    } else {
        Found::Not
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, bare, matches, plain, segments};

    #[test]
    fn brackets_stay_whole() {
        assert_eq!(
            segments("<shop::Cart as shop::Priced>::total"),
            ["<shop::Cart as shop::Priced>", "total"]
        );
        assert_eq!(segments("a::b<c::d>::e"), ["a", "b<c::d>", "e"]);
        assert_eq!(segments("<fn(u8) -> a::B>::c"), ["<fn(u8) -> a::B>", "c"]);
        assert_eq!(segments("GET /users"), ["GET /users"]);
        for odd in ["", "::", ":::", "a::", ">>::x", "((("] {
            assert_eq!(segments(odd).join("::"), odd);
        }
    }

    #[test]
    fn types_lose_their_modules_in_brackets() {
        assert_eq!(bare("<shop::Cart as shop::Priced>"), "<Cart as Priced>");
        assert_eq!(bare("<impl a::b::Cart<c::D>>"), "<impl Cart<D>>");
        assert_eq!(bare("plain"), "plain");
    }

    #[test]
    fn a_method_is_found_by_its_type() {
        for (path, as_written) in [
            ("<shop::Cart as shop::Priced>::total", "shop::Cart::total"),
            ("shop::stock::<impl shop::Cart>::add", "shop::Cart::add"),
            (
                "shop::<impl shop::Priced for shop::Cart<T>>::total",
                "shop::Cart::total",
            ),
            ("shop::Cart<T>::add", "shop::Cart::add"),
        ] {
            assert_eq!(plain(path), as_written);
            assert_eq!(matches(path, as_written), Found::AtItsEnd);
            assert_eq!(matches(path, path), Found::Exactly);
        }
    }

    #[test]
    fn only_whole_segments_count() {
        assert_eq!(matches("shop::load", "load"), Found::AtItsEnd);
        assert_eq!(matches("shop::reload", "load"), Found::Not);
        assert_eq!(matches("shop::load", ""), Found::Not);
        assert_eq!(matches("", ""), Found::Exactly);
    }
}
