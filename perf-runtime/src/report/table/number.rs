//! Numbers as a person likes to read them: two or three digits that matter, and a unit.

use crate::report::layout::{Shown, float};

/// What is not known.
pub(super) const UNKNOWN: &str = "-";

/// What stands in a cell. Under a heading that says `%` a share is written without the sign and with two decimals.
pub(super) fn cell(shown: Shown<'_>, under_percent: bool, unicode: bool) -> String {
    match shown {
        Shown::Unknown => UNKNOWN.to_owned(),
        Shown::Count(n) => count(n),
        Shown::Number(n) => number(n),
        Shown::Nanoseconds(ns) => duration(ns, unicode),
        Shown::Bytes(n) => bytes(n),
        Shown::Ratio(share) if under_percent => hundredths(share),
        Shown::Ratio(share) => percent(share),
        Shown::Word(word) => word.to_owned(),
    }
}

/// `2,256`, `90,112`, `812k`, `8.12M`.
pub(super) fn count(n: u64) -> String {
    if n < 100_000 {
        grouped(n)
    } else {
        large(float(n))
    }
}

/// `0.02`, `25.3`, `3,953`, `8.12M`; what rounds to nothing is `<0.01`.
pub(super) fn number(n: f64) -> String {
    if n.is_sign_negative() && n < 0.0 {
        return format!("-{}", number(-n));
    }
    match n {
        _ if n <= 0.0 || n.is_nan() => "0".to_owned(),
        _ if n < 0.005 => "<0.01".to_owned(),
        _ if n < 99.95 => three(n),
        _ if n < 99_999.5 => grouped(whole(n)),
        _ => large(n),
    }
}

/// `410 ns`, `1.2 µs`, `18 ms`, `3.4 s`, `1m 05s`, `1h 25m`, `3d 04h`.
pub(super) fn duration(ns: f64, unicode: bool) -> String {
    let micro = if unicode { "µs" } else { "us" };
    let mut value = ns.max(0.0);
    for unit in ["ns", micro, "ms"] {
        if value < 999.5 {
            let digits = two(value);
            let digits = if unit == "ns" {
                digits.trim_end_matches(".0")
            } else {
                &digits
            };
            return format!("{digits} {unit}");
        }
        value /= 1000.0;
    }
    let (seconds, minutes, hours) = (whole(value), whole(value / 60.0), whole(value / 3600.0));
    match () {
        () if value < 59.5 => format!("{} s", two(value)),
        () if seconds < 3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        () if minutes < 24 * 60 => format!("{}h {:02}m", minutes / 60, minutes % 60),
        () if hours < 1000 * 24 => format!("{}d {:02}h", hours / 24, hours % 24),
        () => format!("{}d", count(hours / 24)),
    }
}

/// `812 B`, `5.9 MiB`, `64 MiB`.
pub(super) fn bytes(n: f64) -> String {
    let mut value = n.max(0.0);
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
        if value < 999.5 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit == "B" {
        format!("{value:.0} B")
    } else {
        format!("{} {unit}", two(value))
    }
}

/// A share as `41 %`; never a full 0 or 100 that it is not.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        _ if percent > 0.0 && percent < 0.5 => "<1 %".to_owned(),
        _ if (99.5..100.0).contains(&percent) => ">99 %".to_owned(),
        _ => format!("{percent:.0} %"),
    }
}

/// The same for a heading that says `%`, where small shares matter: `0`, `0.02`, `11.20`, `100`.
pub(super) fn hundredths(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        _ if percent <= 0.0 || percent.is_nan() => "0".to_owned(),
        _ if percent < 0.005 => "<0.01".to_owned(),
        _ if percent < 99.995 => format!("{percent:.2}"),
        _ if percent < 100.0 => ">99.99".to_owned(),
        _ => format!("{percent:.0}"),
    }
}

/// Two digits that matter, up to 999: `4.0`, `18`, `412`.
fn two(n: f64) -> String {
    if n < 9.95 {
        format!("{n:.1}")
    } else {
        format!("{n:.0}")
    }
}

/// Three digits that matter, up to 999: `8.12`, `25.3`, `812`.
fn three(n: f64) -> String {
    match n {
        _ if n < 9.995 => format!("{n:.2}"),
        _ if n < 99.95 => format!("{n:.1}"),
        _ => format!("{n:.0}"),
    }
}

fn large(n: f64) -> String {
    let mut value = n / 1000.0;
    for unit in ["k", "M", "G", "T", "P"] {
        if value < 999.5 {
            return if unit == "k" {
                format!("{value:.0}k")
            } else {
                format!("{}{unit}", three(value))
            };
        }
        value /= 1000.0;
    }
    if value < 999.5 {
        format!("{}E", three(value))
    } else {
        format!("{n:.2e}")
    }
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and is never negative here"
)]
fn whole(n: f64) -> u64 {
    n.round() as u64
}

#[cfg(test)]
mod tests {
    use super::{bytes, count, duration, hundredths, number, percent};

    #[test]
    fn counts() {
        let texts = [0, 7, 999, 2_256, 90_112, 99_999, 100_000, 812_400, 999_499].map(count);
        assert_eq!(
            texts,
            [
                "0", "7", "999", "2,256", "90,112", "99,999", "100k", "812k", "999k"
            ]
        );
        let texts = [
            999_500,
            8_123_456,
            14_200_000,
            999_499_999,
            999_500_000,
            u64::MAX,
        ]
        .map(count);
        assert_eq!(texts, ["1.00M", "8.12M", "14.2M", "999M", "1.00G", "18.4E"]);
    }

    #[test]
    fn numbers() {
        let texts = [0.0, 0.001, 0.02, 3.953, 9.996, 25.34, 99.96, 3953.4, 1e5].map(number);
        assert_eq!(
            texts,
            [
                "0", "<0.01", "0.02", "3.95", "10.0", "25.3", "100", "3,953", "100k"
            ]
        );
        assert_eq!(number(-2.5), "-2.50");
        assert_eq!(number(-0.0), "0");
        assert_eq!(number(f64::NAN), "0");
        assert_eq!(number(1e300), "1.00e300");
    }

    #[test]
    fn durations() {
        let read = |ns| duration(ns, true);
        for (ns, text) in [
            (0.0, "0 ns"),
            (0.4, "0.4 ns"),
            (7.0, "7 ns"),
            (410.0, "410 ns"),
            (999.6, "1.0 µs"),
            (1_240.0, "1.2 µs"),
            (18_000_000.0, "18 ms"),
            (999_600_000.0, "1.0 s"),
            (3.4e9, "3.4 s"),
            (59.4e9, "59 s"),
            (59.6e9, "1m 00s"),
            (65e9, "1m 05s"),
            (3_599.6e9, "1h 00m"),
            (5_100e9, "1h 25m"),
            (86_399.0e9, "1d 00h"),
            (273_600e9, "3d 04h"),
            (1e18, "11,574d"),
        ] {
            assert_eq!(read(ns), text);
        }
        assert_eq!(duration(1_240.0, false), "1.2 us");
        assert!(duration(f64::INFINITY, true).ends_with('d'));
    }

    #[test]
    fn sizes() {
        let texts = [0.0, 812.0, 1_000.0, 6_186_598.0, 67_108_864.0].map(bytes);
        assert_eq!(texts, ["0 B", "812 B", "1.0 KiB", "5.9 MiB", "64 MiB"]);
    }

    #[test]
    fn shares_are_never_full_or_empty_when_they_are_not() {
        let texts = [0.0, 0.001, 0.41, 0.996, 1.0].map(percent);
        assert_eq!(texts, ["0 %", "<1 %", "41 %", ">99 %", "100 %"]);
        let texts = [0.0, 0.000_01, 0.000_2, 0.112, 0.999_99, 1.0].map(hundredths);
        assert_eq!(texts, ["0", "<0.01", "0.02", "11.20", ">99.99", "100"]);
    }
}
