//! When: the wall clock of `generated_at`, the age of the process, and the window that rates refer to.
//!
//! The window is measured with a monotonic clock, from the first use of perfkit on. The age of the process is asked of
//! Linux, which knows it; elsewhere it is the window. The two differ by more than the time before `main` where a process
//! was another program before, as under `cargo run`, which builds for a minute and then becomes what it built: a rate
//! over that minute would be wrong.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::clock;

static FIRST_USE: OnceLock<Instant> = OnceLock::new();
static RESET: Mutex<Option<Instant>> = Mutex::new(None);

/// Remembers the first use of perfkit.
pub(super) fn first_use() -> Instant {
    *FIRST_USE.get_or_init(clock::instant)
}

/// How long the process runs, and how long its numbers have been counted.
pub(super) fn ages() -> (Duration, Duration) {
    let now = clock::instant();
    let since = |at| now.saturating_duration_since(at);
    let used = since(first_use());
    let reset = *RESET.lock().unwrap_or_else(PoisonError::into_inner);
    (
        used.max(process_age().unwrap_or_default()),
        reset.map_or(used, since),
    )
}

/// Starts the window anew. It is never longer than the time since the first use, which this may be.
pub(super) fn reset() {
    first_use();
    *RESET.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock::instant());
}

/// The age of this process to a hundredth of a second, from `/proc` (proc(5): field 22 of `stat`, in ticks since boot,
/// of which every Linux shows programs 100 a second).
fn process_age() -> Option<Duration> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in the second field may hold spaces and brackets; the fields after its last bracket are numbers.
    let (_, fields) = stat.rsplit_once(')')?;
    let started: f64 = fields.split_whitespace().nth(19)?.parse().ok()?;
    let booted: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(booted - started / 100.0).ok()
}

/// A time as RFC 3339 in UTC with milliseconds: `2026-11-21T12:19:58.123Z`. Times before 1970 are shown as 1970.
pub(super) fn rfc3339(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        since.subsec_millis()
    )
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar. Source: Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`: years begin in March, so that the leap day is last.
fn civil(days: u64) -> (u64, u64, u64) {
    const DAYS_OF_ERA: u64 = 146_097; // 400 years
    let days = days + 719_468; // from 0000-03-01
    let (era, day) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + next, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{ages, civil, rfc3339};

    #[test]
    fn times_are_written_as_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
        assert_eq!(
            rfc3339(UNIX_EPOCH + Duration::from_millis(1_709_251_199_123)),
            "2024-02-29T23:59:59.123Z"
        );
        assert_eq!(
            rfc3339(UNIX_EPOCH - Duration::from_secs(1)),
            "1970-01-01T00:00:00.000Z"
        );
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let (mut year, mut month, mut day) = civil(0);
        for days in 1..=146_097 {
            let next = civil(days);
            let follows = next == (year, month, day + 1)
                || (next == (year, month + 1, 1) && day >= 28)
                || (next == (year + 1, 1, 1) && (month, day) == (12, 31));
            assert!(follows, "{next:?} after {year}-{month}-{day}");
            (year, month, day) = next;
        }
        assert_eq!((year, month, day), (2370, 1, 1));
    }

    #[test]
    fn the_window_is_never_longer_than_the_process() {
        let (age, window) = ages();
        assert!(window <= age);
        assert!(!age.is_zero());
    }
}
