//! What a value may be, and what is said of the rest.

use super::*;

fn read(kind: Kind, text: &str) -> Result<Option<Quantity>, String> {
    let expr = syn::parse_str(text).map_err(|e| e.to_string())?;
    Value::read(expr, kind, "it").map(|value| value.known)
}

#[test]
fn literals_are_checked() {
    let ms = |n| Some(Quantity::Duration(std::time::Duration::from_millis(n)));
    for (kind, text, known) in [
        (Kind::Duration, "\"250ms\"", ms(250)),
        (Kind::Duration, "(\"1s\")", ms(1000)),
        (Kind::Expiry, "\"250ms\"", ms(250)),
        (
            Kind::Expiry,
            "\"never\"",
            Some(Quantity::Duration(std::time::Duration::MAX)),
        ),
        (Kind::Count, "10_000", Some(Quantity::Count(10_000))),
        (Kind::Count, "3u64", Some(Quantity::Count(3))),
        (Kind::Size, "\"1KiB\"", Some(Quantity::Size(1024))),
        (
            Kind::Rate,
            "\"5/s\"",
            Some(Quantity::Rate(5, std::time::Duration::from_secs(1))),
        ),
        (Kind::Ratio, "0.5", Some(Quantity::Ratio(0.5))),
        (Kind::Ratio, "1", Some(Quantity::Ratio(1.0))),
        (Kind::Ratio, "\"50%\"", Some(Quantity::Ratio(0.5))),
        (Kind::Text, "\"users\"", None),
        (Kind::Path, "\"users.cache\"", None),
        (Kind::Path, "directory().join(\"users\")", None),
        (Kind::Expression, "-1", None),
    ] {
        assert_eq!(read(kind, text), Ok(known), "{text}");
    }
}

#[test]
fn expressions_are_left_to_the_compiler() {
    for kind in [
        Kind::Duration,
        Kind::Count,
        Kind::Size,
        Kind::Rate,
        Kind::Ratio,
        Kind::Text,
        Kind::Path,
    ] {
        for text in [
            "LIMIT",
            "2 * LIMIT",
            "limit()",
            "{ 5 }",
            "|a, b| a",
            "concat!()",
        ] {
            assert_eq!(read(kind, text), Ok(None), "{text}");
        }
    }
}

#[test]
fn wrong_literals_are_told_what_to_write() {
    for (kind, text, why) in [
        (
            Kind::Duration,
            "250",
            "`250` has no unit; write `\"250ms\"` or `\"250s\"`",
        ),
        (
            Kind::Duration,
            "2.5",
            "`2.5` has no unit; write `\"2.5ms\"`",
        ),
        (
            Kind::Duration,
            "250ms",
            "a unit stands in quotes: `\"250ms\"`",
        ),
        (
            Kind::Duration,
            "1h30m",
            "a unit stands in quotes: `\"1h30m\"`",
        ),
        (Kind::Duration, "-5", "cannot be negative"),
        (Kind::Duration, "\"0s\"", "must be longer than zero"),
        (
            Kind::Duration,
            "\"64MiB\"",
            "is a size; `it` takes a duration",
        ),
        (Kind::Duration, "\"5 parsecs\"", "unknown unit `parsecs`"),
        (
            Kind::Duration,
            "true",
            "takes a duration such as `\"250ms\"`",
        ),
        (Kind::Duration, "\"never\"", "expected a number"),
        (Kind::Expiry, "\"0s\"", "must be longer than zero"),
        (
            Kind::Expiry,
            "true",
            "takes a duration such as `\"5m\"`, or `\"never\"`",
        ),
        (Kind::Count, "0", "must be at least 1"),
        (Kind::Count, "-1", "cannot be negative"),
        (Kind::Count, "1.5", "takes a count such as `100`"),
        (Kind::Count, "\"10\"", "without quotes: `10`"),
        (Kind::Count, "\"10s\"", "is a duration; `it` takes a count"),
        (
            Kind::Count,
            "99999999999999999999",
            "is more than `it` can be",
        ),
        (
            Kind::Size,
            "64",
            "has no unit; write `\"64B\"` or `\"64MiB\"`",
        ),
        (Kind::Size, "\"0B\"", "must be at least 1"),
        (Kind::Rate, "100", "how many in how long"),
        (Kind::Rate, "\"0/s\"", "at least 1"),
        (Kind::Ratio, "50", "write `0.5` or `\"50%\"`"),
        (Kind::Ratio, "150", "between 0 and 1"),
        (Kind::Ratio, "-0.5", "cannot be negative"),
        (Kind::Ratio, "\"150%\"", "not between"),
        (Kind::Text, "5", "takes a text in quotes"),
        (Kind::Text, "\"\"", "`it` is empty"),
        (Kind::Path, "5", "takes a path in quotes"),
        (Kind::Path, "\"\"", "`it` is empty"),
    ] {
        let said = read(kind, text).expect_err(text);
        assert!(said.contains(why), "{text}: {said}");
    }
}
