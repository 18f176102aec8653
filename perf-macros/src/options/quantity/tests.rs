//! Quantities are read exactly, and what is none says why.

use proptest::prelude::*;

use super::*;

#[test]
fn durations_are_read_exactly() {
    for (text, nanos) in [
        ("250ms", 250_000_000),
        ("1h30m", 5_400_000_000_000),
        ("1h 30m", 5_400_000_000_000),
        ("2.5s", 2_500_000_000),
        ("0.000000001s", 1),
        ("2.50s", 2_500_000_000),
        ("7us", 7_000),
        ("7µs", 7_000),
        ("7μs", 7_000),
        ("9ns", 9),
        ("1_000ms", 1_000_000_000),
        ("1d", 86_400_000_000_000),
        (" 5 m ", 300_000_000_000),
        ("0s", 0),
    ] {
        assert_eq!(duration(text), Ok(Duration::from_nanos(nanos)), "{text}");
    }
}

#[test]
fn texts_that_are_no_duration_say_why() {
    for (text, why) in [
        ("", "empty text"),
        ("250", "has no unit; write `\"250ms\"` or `\"250s\"`"),
        ("5 parsecs", "unknown unit `parsecs`"),
        ("s", "expected a number"),
        ("-5s", "is negative"),
        ("1.s", "digits after the point"),
        ("30m1h", "out of order"),
        ("1s1s", "out of order"),
        ("0.5ns", "finer than a nanosecond"),
        ("0.0000000000000000000000000000000000000000001s", "finer"),
        ("1m30", "has no unit"),
        ("99999999999999999999999999999999999999999d", "too large"),
        ("999999999999999999999d", "too large"),
        ("__s", "expected a number"),
    ] {
        let said = duration(text).expect_err(text);
        assert!(said.contains(why), "{text}: {said}");
    }
}

#[test]
fn sizes_are_read_exactly() {
    for (text, bytes) in [
        ("64MiB", 64 << 20),
        ("1.5KiB", 1536),
        ("0.5KB", 500),
        ("512B", 512),
        ("3 GB", 3_000_000_000),
        ("1TiB", 1 << 40),
    ] {
        assert_eq!(size(text), Ok(bytes), "{text}");
    }
    for (text, why) in [
        ("64", "has no unit"),
        ("64mb", "unknown unit `mb`"),
        ("64MiB/s", "unknown unit `MiB/s`"),
        ("0.5B", "finer than a byte"),
        ("99999999999999TiB", "too large"),
        ("", "expected a number"),
    ] {
        let said = size(text).expect_err(text);
        assert!(said.contains(why), "{text}: {said}");
    }
}

#[test]
fn rates_are_how_many_in_how_long() {
    for (text, times, per) in [
        ("100/s", 100, 1_000),
        ("1_000/m", 1_000, 60_000),
        ("5/250ms", 5, 250),
        (" 2 / h ", 2, 3_600_000),
    ] {
        assert_eq!(
            rate(text),
            Ok((times, Duration::from_millis(per))),
            "{text}"
        );
    }
    for (text, why) in [
        ("100", "is no rate"),
        ("0/s", "at least 1"),
        ("1.5/s", "whole number"),
        ("x/s", "expected a number"),
        ("1/0s", "no length of time"),
        ("1/", "has no unit"),
        ("1/fortnight", "unknown unit"),
    ] {
        let said = rate(text).expect_err(text);
        assert!(said.contains(why), "{text}: {said}");
    }
}

#[test]
fn ratios_are_percentages() {
    for (text, share) in [("50%", 0.5), ("12.5 %", 0.125), ("0%", 0.0), ("100%", 1.0)] {
        let read = ratio(text).expect(text);
        assert!((read - share).abs() < f64::EPSILON, "{text}: {read}");
    }
    for (text, why) in [
        ("0.5", "write `0.5` without quotes"),
        ("101%", "not between"),
        ("5x%", "not between"),
        ("%", "expected a number"),
    ] {
        let said = ratio(text).expect_err(text);
        assert!(said.contains(why), "{text}: {said}");
    }
}

/// A duration as one would write it, in every unit it needs.
fn written(length: Duration) -> String {
    let mut nanos = length.as_nanos();
    let mut parts = Vec::new();
    for (unit, size) in TIMES.iter().filter(|(unit, _)| unit.is_ascii()) {
        if nanos >= *size || parts.is_empty() && *unit == "ns" {
            parts.push(format!("{}{unit}", nanos / size));
            nanos %= size;
        }
    }
    parts.concat()
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in ".*") {
        let _ = Quantity::recognise(&text);
        let _ = (duration(&text), size(&text), rate(&text), ratio(&text));
    }

    #[test]
    fn nearly_right_texts_do_not_panic_either(text in "[-0-9._]{0,50}[dhmsunµKMGTiB%/ ]{0,4}[0-9.]{0,40}[dhmsu]?") {
        let _ = (duration(&text), size(&text), rate(&text), ratio(&text));
    }

    #[test]
    fn durations_come_back(secs in any::<u64>(), nanos in 0..1_000_000_000u32) {
        let length = Duration::new(secs, nanos);
        prop_assert_eq!(duration(&written(length)), Ok(length));
    }

    #[test]
    fn sizes_come_back(bytes in any::<u64>(), thousandths in 0..1000u32) {
        prop_assert_eq!(size(&format!("{bytes}B")), Ok(bytes));
        let kilo = bytes / 2000;
        prop_assert_eq!(
            size(&format!("{kilo}.{thousandths:03}KB")),
            Ok(kilo * 1000 + u64::from(thousandths))
        );
    }
}
