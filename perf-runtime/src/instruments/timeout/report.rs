//! What the report says of timeouts.

use std::borrow::Cow;

use super::{Count, ENDS, Options, Timeout};
use crate::parts::counter::Counters;
#[cfg(feature = "tracing")]
use crate::parts::event_limit::EventLimit;
use crate::site::Instrument;
use crate::snapshot::{Balance, Cell, Column, Meta, Metric, Section, Unit, Value};

impl Instrument for Timeout {
    type Options = Options;
    const SECTION: &'static Section = &Section {
        key: "timeouts",
        title: "Timeouts",
        rate_of: Some("calls"),
        share_of: None,
        columns: &[
            column("limit", 0),
            column("calls", 0),
            Column::new("/s", Cell::Rate, 4),
            Column::new("timed out", Cell::Of("timed_out"), 0),
            column("cancelled", 1),
            column("panicked", 3).quiet(),
            Column::new("in flight", Cell::Of("inflight"), 2).quiet(),
        ],
        balance: &[Balance::equal(
            &["calls"],
            &["completed", "timed_out", "cancelled", "panicked"],
        )],
    };

    fn new(meta: &'static Meta, options: Options) -> Self {
        Self {
            op: match meta.op() {
                Cow::Borrowed(op) => op,
                // Once per site, which is there for good anyway.
                Cow::Owned(op) => op.leak(),
            },
            limit: options.limit,
            counters: Counters::new(),
            #[cfg(feature = "tracing")]
            events: EventLimit::new(),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let limit = this.map(|this| u64::try_from(this.limit.as_nanos()).unwrap_or(u64::MAX));
        let [completed, timed_out, cancelled, panicked] =
            ENDS.map(|end| this.map_or(0, |this| this.counters.since_reset(end as usize)));
        let calls = completed + timed_out + cancelled + panicked;
        let inflight = this.map_or(0, Self::inflight);
        let counter = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
        vec![
            Metric::new("limit", Unit::Nanoseconds, Value::Level(limit)),
            counter("calls", calls),
            counter("completed", completed),
            counter("timed_out", timed_out),
            counter("cancelled", cancelled),
            counter("panicked", panicked),
            Metric::new("inflight", Unit::Count, Value::Level(Some(inflight))),
        ]
    }

    fn reset(&self) {
        self.counters.reset();
    }
}

const fn column(name: &'static str, rank: u8) -> Column {
    Column::new(name, Cell::Of(name), rank)
}

impl Timeout {
    fn inflight(&self) -> u64 {
        // Ends first: whose end is seen, the start is seen too.
        let ended: u64 = ENDS
            .map(|end| self.counters.ever(end as usize))
            .into_iter()
            .sum();
        self.counters
            .ever(Count::Started as usize)
            .saturating_sub(ended)
    }
}
