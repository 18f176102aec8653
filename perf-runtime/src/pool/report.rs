//! What a pool tells the report.

use super::core::Core;
use crate::latency::latency;
use crate::parts::pool::Levels;
use crate::parts::pool::books::Books;
use crate::parts::pool::entry::End;
use crate::snapshot::{Balance, Bucket, Cell, Column, Histogram, Metric, Section, Unit, Value};

/// Where its row stands.
pub(crate) const SECTION: &Section = &Section {
    key: "pools",
    title: "Pools",
    rate_of: Some("requests"),
    share_of: None,
    columns: &[
        Column::new("requests", Cell::Of("requests"), 0),
        Column::new("/s", Cell::Rate, 4),
        Column::new("in use", Cell::Of("in_use"), 0),
        Column::new("idle", Cell::Of("idle"), 2),
        Column::new("max", Cell::Of("max"), 1),
        Column::new("waiting", Cell::Of("waiting"), 1),
        Column::new("creating", Cell::Of("creating"), 3).quiet(),
        Column::new("wait p99", Cell::Quantile("acquire", 0.99), 1),
        Column::new("hold p50", Cell::Quantile("hold", 0.5), 2),
        Column::new("timeouts", Cell::Part("outcomes", "timed_out"), 1).quiet(),
        Column::new("created", Cell::Part("opened", "created"), 3),
        Column::new("failed", Cell::Part("creations", "error"), 2).quiet(),
        Column::new("invalid", Cell::Of("validation_failures"), 3).quiet(),
    ],
    balance: &[
        Balance::equal(&["requests"], &["outcomes", "waiting"]),
        Balance::equal(&["opened"], &["closed", "size"]),
        Balance::equal(&["size"], &["idle", "in_use", "checking"]),
    ],
};

/// Something that has a part in a row.
pub(super) trait Counted: Send + Sync {
    fn sum(&self) -> Sum;
    fn reset(&self);
}

/// The numbers of some pools together.
pub(crate) struct Sum {
    levels: Levels,
    books: Books,
}

impl Sum {
    pub(super) const fn new() -> Self {
        Self {
            levels: Levels::none(),
            books: Books::new(),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.levels.add(&other.levels);
        self.books.add(&other.books);
    }

    /// What a pool has counted in the end: what it still has goes with it.
    pub(super) fn last(levels: Levels, counted: &Books) -> Self {
        let mut books = Books::new();
        books.add(counted);
        for _ in 0..levels.size {
            books.end(End::Closed);
        }
        Self {
            levels: Levels::none(),
            books,
        }
    }
}

impl<T: Send + 'static> Counted for Core<T> {
    fn sum(&self) -> Sum {
        let state = self.lock();
        let mut books = Books::new();
        books.add(&state.books);
        Sum {
            levels: state.levels(),
            books,
        }
    }

    fn reset(&self) {
        self.lock().reset();
    }
}

/// Its numbers; of a function that nobody has called they are all there and all zero.
pub(crate) fn metrics(sum: Option<&Sum>) -> Vec<Metric> {
    match sum {
        Some(sum) => rows(sum),
        None => rows(&Sum::new()),
    }
}

pub(super) fn rows(sum: &Sum) -> Vec<Metric> {
    let Sum { levels, books } = sum;
    let count = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
    let level = |name, value: usize| {
        Metric::new(name, Unit::Count, Value::Level(u64::try_from(value).ok()))
    };
    let family =
        |name, label, parts| Metric::new(name, Unit::Count, Value::Counters { label, parts });
    let time = |name, value| Metric::new(name, Unit::Nanoseconds, Value::Histogram(value));
    let ends = End::NAMES.into_iter().zip(books.ended).collect();
    let errors = books
        .create_failures
        .saturating_sub(books.create_panics + books.create_timeouts);
    vec![
        count("requests", books.requests()),
        family(
            "outcomes",
            "outcome",
            vec![
                ("acquired", books.acquired()),
                ("timed_out", books.timeouts),
                ("cancelled", books.cancelled),
                ("closed", books.closed),
                ("failed", books.failed),
                ("deadlock", books.deadlocks),
                ("empty", books.empty),
            ],
        ),
        count("immediate", books.immediate),
        level("size", levels.size),
        level("idle", levels.idle),
        level("in_use", levels.in_use),
        level("checking", levels.checking),
        level("waiting", levels.waiting),
        level("creating", levels.creating),
        level("min", levels.min),
        level("max", levels.max),
        Metric::new("utilisation", Unit::Ratio, Value::Gauge(ratio(levels))),
        time("acquire", acquire(books)),
        time("hold", latency(&books.hold)),
        time("create", latency(&books.create)),
        family(
            "opened",
            "how",
            vec![
                ("created", books.created),
                ("put", books.put),
                ("carried", books.carried),
            ],
        ),
        family("closed", "reason", ends),
        family(
            "creations",
            "outcome",
            vec![
                ("ok", books.created),
                ("error", errors),
                ("panic", books.create_panics),
                ("timed_out", books.create_timeouts),
                ("lost", books.lost),
                ("elided", books.elided),
            ],
        ),
        count("validations", books.validated),
        count("validation_failures", books.invalid),
        count("passed_over", books.passed_over),
    ]
}

/// How long getting a resource took: those who did not wait took no time.
fn acquire(books: &Books) -> Histogram {
    let mut waited = latency(&books.wait);
    if books.immediate == 0 {
        return waited;
    }
    waited.count = waited.count.saturating_add(books.immediate);
    waited.min_ns = Some(0);
    waited.max_ns = waited.max_ns.or(Some(0));
    match waited.buckets.first_mut() {
        Some(first) if first.low_ns == 0 => first.count += books.immediate,
        _ => waited.buckets.insert(
            0,
            Bucket {
                low_ns: 0,
                high_ns: 1,
                count: books.immediate,
            },
        ),
    }
    waited
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio of counts, beyond 2^53 of which nothing is lost that matters"
)]
fn ratio(levels: &Levels) -> Option<f64> {
    (levels.max > 0).then(|| levels.in_use as f64 / levels.max as f64)
}
