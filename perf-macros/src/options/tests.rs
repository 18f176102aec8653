//! What the grammar accepts, and what it says of the rest.

use proc_macro2::{Span, TokenStream};
use proptest::prelude::*;

use super::*;

const LIMIT: Spec = Spec {
    name: "limit",
    kind: Kind::Duration,
    example: "\"2s\"",
};
const SLOW: Spec = Spec {
    name: "slow",
    kind: Kind::Duration,
    example: "\"250ms\"",
};
const SHARE: Spec = Spec {
    name: "share",
    kind: Kind::Ratio,
    example: "0.5",
};
const BY: Spec = Spec {
    name: "by",
    kind: Kind::Expression,
    example: "tenant",
};

const LEAVE: Spec = Spec {
    name: "leave",
    kind: Kind::Names,
    example: "(self)",
};
const OF: Spec = Spec {
    name: "of",
    kind: Kind::Type,
    example: "(u64, String)",
};
const TAGS: Spec = Spec {
    name: "tags",
    kind: Kind::Texts,
    example: "[\"users\"]",
};
const FLAG: Spec = Spec {
    name: "flag",
    kind: Kind::Flag,
    example: " = false",
};

const OTHERS: Grammar = Grammar {
    attribute: "others",
    leading: None,
    options: &[LEAVE, OF, TAGS, FLAG],
    absent: &[("ttl", "nothing ends here")],
};
const NAMED: Grammar = Grammar {
    attribute: "named",
    leading: None,
    options: &[SLOW, SHARE, BY],
    absent: &[],
};
const LEADING: Grammar = Grammar {
    attribute: "leading",
    leading: Some(LIMIT),
    options: &[SLOW, BY],
    absent: &[],
};

/// What was given and what was said.
fn read(grammar: &Grammar, text: &str) -> (Given, Vec<String>) {
    let args: TokenStream = text.parse().expect("tokens");
    let mut errors = Errors::default();
    let given = grammar.read(args, Span::call_site(), &mut errors);
    (given, errors.messages())
}

#[test]
fn options_are_read_in_any_order() {
    for text in [
        "slow = \"1s\", by = |a, b| a, name = \"n\", crate = ::house::perfkit,",
        "crate = ::house::perfkit, name = \"n\", by = f::<A, B>(x), slow = LIMIT",
    ] {
        let (mut given, said) = read(&NAMED, text);
        assert_eq!(said, [""; 0], "{text}");
        assert!(given.take(&SLOW).is_some() && given.take(&BY).is_some());
        assert!(given.name().is_some() && given.facade.is_some());
        assert!(given.take(&SHARE).is_none());
        assert_eq!(given.words.len(), 4);
    }
}

#[test]
fn a_value_without_a_name_may_be_any_expression() {
    for text in [
        "\"2s\"",
        "LIMIT",
        "LIMIT, by = x",
        "limits::LIMIT",
        "limit()",
        "2 * LIMIT, slow = \"1s\"",
        "Duration::from_secs(2)",
        "{ let x = 1; f(x) }",
        "$crate::LIMIT",
    ] {
        let text = text.replace("$crate", "krate");
        let (mut given, said) = read(&LEADING, &text);
        assert_eq!(said, [""; 0], "{text}");
        assert!(given.take(&LIMIT).is_some(), "{text}");
    }
}

#[test]
fn every_mistake_is_told_and_the_rest_is_still_read() {
    let (mut given, said) = read(
        &NAMED,
        "slo = \"1s\", slow = 5, share = 50, by, , slow = \"1s\", \"2s\", name = \"n\" share = 0.5",
    );
    assert_eq!(
        said,
        [
            "unknown option `slo`; did you mean `slow`?",
            "`5` has no unit; write `\"5ms\"` or `\"5s\"`",
            "a ratio is between 0 and 1; write `0.5` or `\"50%\"`",
            "`by` has no value; write `by = tenant`",
            "expected an option before this comma",
            "`slow` is given twice",
            "a value of `#[named]` has a name: `slow = \"250ms\"`, `share = 0.5`, `by = tenant`, `name = \"users\"`, \
             `crate = ::perfkit`",
            "expected `,` before `share`",
            "`share` is given twice",
        ]
    );
    assert!(given.name().is_some());
}

#[test]
fn what_is_no_expression_is_read_in_any_order_too() {
    for text in [
        "leave(self, b), of = Vec<(u8, &'static str)>, tags = [\"a\", tag(b)], flag",
        "flag = true, tags = [\"a\", tag(b)], of = Vec<(u8, &'static str)>, leave(self, b,),",
    ] {
        let (mut given, said) = read(&OTHERS, text);
        assert_eq!(said, [""; 0], "{text}");
        let names = given.take(&LEAVE).expect("names");
        assert!(names.names().iter().eq(&["self", "b"]));
        let ty = given.take(&OF).expect("a type").tokens().to_string();
        assert_eq!(ty.replace(' ', ""), "Vec<(u8,&'staticstr)>");
        assert_eq!(given.take(&TAGS).expect("texts").texts().count(), 2);
        assert!(given.take(&FLAG).expect("a flag").is_on());
        assert_eq!(given.word(&TAGS).expect("its word"), "tags");
    }
    let (mut given, said) = read(&OTHERS, "flag = false");
    assert_eq!(said, [""; 0]);
    assert!(!given.take(&FLAG).expect("a flag").is_on());
}

#[test]
fn each_mistake_is_told_what_to_write() {
    for (grammar, text, why) in [
        (
            &NAMED,
            "ttl = 5",
            "unknown option `ttl`; `#[named]` takes `slow`, `share`, `by`, `name`, `crate`",
        ),
        (&NAMED, "nmae = \"n\"", "did you mean `name`?"),
        (
            &NAMED,
            "slow",
            "`slow` has no value; write `slow = \"250ms\"`",
        ),
        (
            &NAMED,
            "slow =",
            "`slow` has no value; write `slow = \"250ms\"`",
        ),
        (
            &NAMED,
            "slow = , by = x",
            "`slow` has no value; write `slow = \"250ms\"`",
        ),
        (
            &NAMED,
            "crate",
            "`crate` has no value; write `crate = ::perfkit`",
        ),
        (
            &NAMED,
            "crate = 5",
            "`crate` takes a path such as `::perfkit`",
        ),
        (&NAMED, "slow(\"1s\")", "write `slow = \"250ms\"`"),
        (
            &NAMED,
            "slow: \"1s\"",
            "write `=` between an option and its value",
        ),
        (&NAMED, "slow = by = 5", "put a `,` between options"),
        (&NAMED, "slow = \"1s\" by = x", "expected `,` before `by`"),
        (&NAMED, "slow = \"1s\" ; by = x", "expected `,` before `;`"),
        (&NAMED, "slow = =", "expected an expression"),
        (&NAMED, "by = x, by = y", "`by` is given twice"),
        (&NAMED, "name = \"\"", "`name` is empty"),
        (&NAMED, "name = 5", "`name` takes a text in quotes"),
        (&NAMED, "\"1s\"", "a value of `#[named]` has a name"),
        (
            &LEADING,
            "",
            "`#[leading]` needs a duration such as `\"250ms\"`; write `#[leading(\"2s\")]`",
        ),
        (&LEADING, "slow = \"1s\"", "`#[leading]` needs a duration"),
        (
            &LEADING,
            "limit = \"1s\"",
            "`limit` is written without its name: `#[leading(\"2s\")]`",
        ),
        (&LEADING, "\"1s\", \"2s\"", "takes one value without a name"),
        (
            &LEADING,
            "by = x, \"2s\"",
            "the limit stands before the options",
        ),
        (&LEADING, "by, \"2s\"", "`by` has no value"),
        (&LEADING, "\"0s\"", "`limit` must be longer than zero"),
        (&LEADING, "=", "expected an expression"),
    ] {
        tells(grammar, text, why);
    }
}

#[test]
fn other_kinds_too_are_told_what_to_write() {
    for (grammar, text, why) in [
        (
            &OTHERS,
            "leave",
            "`leave` has no value; write `leave(self)`",
        ),
        (
            &OTHERS,
            "leave()",
            "`leave` has no names; write `leave(self)`",
        ),
        (&OTHERS, "leave = a", "write `leave(self)`"),
        (
            &OTHERS,
            "leave(a + b)",
            "`leave` takes names of arguments in parentheses",
        ),
        (&OTHERS, "leave(a), leave(b)", "`leave` is given twice"),
        (
            &OTHERS,
            "of",
            "`of` has no value; write `of = (u64, String)`",
        ),
        (&OTHERS, "of = 5", "`of` takes a type such as"),
        (&OTHERS, "of(u8)", "write `of = (u64, String)`"),
        (&OTHERS, "tags = \"a\"", "`tags` takes texts in brackets"),
        (&OTHERS, "tags = [5]", "`tags` takes a text in quotes"),
        (&OTHERS, "tags = [\"\"]", "`tags` is empty"),
        (&OTHERS, "flag = 1", "`flag` is `true` or `false`"),
        (&OTHERS, "flag(true)", "write `flag = false`"),
        (&OTHERS, "flag, flag = false", "`flag` is given twice"),
        (
            &OTHERS,
            "ttl = \"5m\"",
            "`#[others]` has no `ttl`: nothing ends here",
        ),
    ] {
        tells(grammar, text, why);
    }
}

fn tells(grammar: &Grammar, text: &str, why: &str) {
    let (_, said) = read(grammar, text);
    assert!(
        said.iter().any(|said| said.contains(why)),
        "{text}: {said:?}"
    );
}

#[test]
fn one_mistake_is_told_once() {
    for (grammar, text) in [
        (&NAMED, "slow = 5"),
        (&NAMED, "slo = \"1s\""),
        (&NAMED, "slow = \"1s\" by = x"),
        (&NAMED, "slow"),
        (&NAMED, "slow = = 5"),
        (&LEADING, ""),
        (&LEADING, "5"),
        (&LEADING, "="),
        (&LEADING, "limit = \"1s\""),
        (&LEADING, "\"1s\", \"2s\""),
        (&LEADING, "by = x, \"2s\""),
    ] {
        let (_, said) = read(grammar, text);
        assert_eq!(said.len(), 1, "{text}: {said:?}");
    }
}

/// Pieces of options, right and wrong, to be put together at random.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "slow", "share", "by", "name", "crate", "limit", "=", "==", "=>", ",", ":", "::", ";",
        "\"1s\"", "\"", "5", "5s", "0.5", "-", "(", ")", "{", "}", "<", ">", "|", "&", "r#slow",
        "fn", "async", "_", "'a", "#", "!", "leave", "of", "tags", "flag", "[", "]", "self", "u8",
    ])
}

proptest! {
    #[test]
    fn no_tokens_make_reading_panic(pieces in prop::collection::vec(piece(), 0..12)) {
        let text = pieces.join(" ");
        if let Ok(args) = text.parse::<TokenStream>() {
            for grammar in [&NAMED, &LEADING, &OTHERS] {
                let mut errors = Errors::default();
                grammar.read(args.clone(), Span::call_site(), &mut errors);
            }
        }
    }
}
