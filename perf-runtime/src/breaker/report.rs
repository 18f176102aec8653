//! What a breaker tells the report.

use super::Core;
use super::books::{Books, Count, Log};
use super::change::{BreakerReason, BreakerState};
use crate::parts::breaker::View;
use crate::snapshot::{Balance, Cell, Column, Metric, Section, Unit, Value};

/// Where its row stands.
pub(crate) const SECTION: &Section = &Section {
    key: "breakers",
    title: "Breakers",
    rate_of: Some("rejected"),
    share_of: None,
    columns: &[
        Column::new("state", Cell::Of("state"), 0),
        Column::new("for", Cell::Of("since"), 2),
        Column::new("opened", Cell::Of("opens"), 0),
        Column::new("rejected", Cell::Of("rejected"), 0),
        Column::new("/s", Cell::Rate, 4),
        Column::new("failed", Cell::Part("verdicts", "failure"), 1),
        Column::new("panicked", Cell::Part("verdicts", "panic"), 3).quiet(),
        Column::new("cancelled", Cell::Part("verdicts", "cancelled"), 3).quiet(),
        Column::new("slow", Cell::Of("slow"), 3).quiet(),
        Column::new("late", Cell::Part("verdicts", "late"), 4).quiet(),
        Column::new("would reject", Cell::Of("would_reject"), 1).quiet(),
        Column::new("keys", Cell::Of("keys"), 2).quiet(),
        Column::new("open keys", Cell::Of("open_keys"), 1).quiet(),
        Column::new("next probe", Cell::Of("next_probe"), 2),
        Column::new("last error", Cell::Of("last_error"), 5).quiet(),
    ],
    balance: &[
        Balance::equal(&["opens"], &["opened_by"]),
        Balance::at_most(&["open_keys"], &["keys"]),
    ],
};

/// Its numbers; of a function that nobody has called they are all there and all zero.
pub(crate) fn metrics(core: Option<&Core>) -> Vec<Metric> {
    let now = core.map_or(0, |core| core.time.now());
    numbers(
        core.map(|core| core.books),
        core,
        core.map(|core| core.machine.view(now)),
        now,
    )
}

/// The same of a row whose breaker is gone.
pub(super) fn numbers(
    books: Option<&Books>,
    core: Option<&Core>,
    view: Option<View>,
    now: u64,
) -> Vec<Metric> {
    let log = books.map_or_else(Log::default, |books| books.log(now));
    let of = |count: Count| books.map_or(0, |books| books.counted(count));
    let count = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
    let level = |name, value| Metric::new(name, Unit::Count, Value::Level(value));
    let family =
        |name, label, parts| Metric::new(name, Unit::Count, Value::Counters { label, parts });
    let time = |name, state| {
        let seconds = seconds(log.spent(state));
        Metric::new(name, Unit::Seconds, Value::Time(seconds))
    };
    let state = view.map_or(BreakerState::Closed, |view| BreakerState::of(view.phase));
    let behind = view.map_or(BreakerState::Closed, |view| {
        BreakerState::behind(view.phase)
    });
    let is_closed = behind == BreakerState::Closed;
    let recent = view.filter(|_| is_closed);
    let windowed = recent.filter(|view| view.calls > 0);
    let keys = core.and_then(|core| core.keys.counts());
    let opened_by: Vec<_> = BreakerReason::OPENING
        .iter()
        .zip(log.opened)
        .map(|(reason, opened)| (reason.key(), opened))
        .collect();
    let verdicts = [
        ("failure", Count::Failure),
        ("panic", Count::Panic),
        ("cancelled", Count::Cancelled),
        ("neutral", Count::Neutral),
        ("late", Count::Late),
    ];
    vec![
        Metric::new("state", Unit::Count, Value::State(state.word())),
        Metric::new("would_be", Unit::Count, Value::State(behind.word())),
        Metric::new(
            "since",
            Unit::Seconds,
            Value::Gauge(core.map(|_| seconds(log.age(now)))),
        ),
        count("rejected", of(Count::Rejected)),
        count("would_reject", of(Count::WouldReject)),
        family(
            "verdicts",
            "verdict",
            verdicts.map(|(word, what)| (word, of(what))).to_vec(),
        ),
        Metric::new(
            "last_error",
            Unit::Count,
            Value::Text(books.and_then(Books::last_error)),
        ),
        count("slow", of(Count::Slow)),
        count("probes", of(Count::Probe)),
        count("opens", log.opened.iter().sum()),
        family("opened_by", "reason", opened_by),
        count("half_opens", log.half_opened),
        count("closes", log.closed),
        count("lease_expirations", log.leases_expired),
        time("closed", BreakerState::Closed),
        time("open", BreakerState::Open),
        time("half_open", BreakerState::HalfOpen),
        time("forced_open", BreakerState::ForcedOpen),
        time("disabled", BreakerState::Disabled),
        Metric::new(
            "next_probe",
            Unit::Nanoseconds,
            Value::Level(view.and_then(|view| view.next_probe)),
        ),
        level("probes_out", Some(view.map_or(0, |view| view.probes))),
        level("recent_failures", recent.map(|view| view.failures)),
        level("recent_calls", windowed.map(|view| view.calls)),
        Metric::new(
            "failure",
            Unit::Ratio,
            Value::Gauge(windowed.and_then(|view| ratio(view.failures, view.calls))),
        ),
        Metric::new(
            "slow_calls",
            Unit::Ratio,
            Value::Gauge(windowed.and_then(|view| ratio(view.slow, view.calls))),
        ),
        level("keys", keys.map(|keys| keys.keys)),
        level("open_keys", keys.map(|keys| keys.open)),
        count("keys_without_room", of(Count::KeyWithoutRoom)),
    ]
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio of counts, and a time that is known to a millionth of a second"
)]
pub(super) fn ratio(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio of counts, and a time that is known to a millionth of a second"
)]
pub(super) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
