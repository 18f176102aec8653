//! `#[timeout]` at run time.
//!
//! SKETCH OF THE CONTRACT WITH THE EXPANSION: correct in shape, without the engine behind it.

use std::future::Future;
use std::time::Duration;

use crate::rejected::Rejected;
use crate::site::Instrument;
use crate::snapshot::{Cell, Column, Meta, Metric, Section, Unit, Value};

/// The options of `#[timeout]`.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a call may take.
    pub limit: Duration,
}

/// The instrument.
pub struct Timeout {
    limit: Duration,
}

impl Timeout {
    /// Awaits `body` for at most the limit; `reject` makes the answer of a call that took longer.
    #[inline]
    pub async fn call_async<F: Future>(
        &'static self,
        body: F,
        _reject: impl FnOnce(Rejected) -> F::Output,
    ) -> F::Output {
        body.await
    }
}

impl Instrument for Timeout {
    type Options = Options;
    const SECTION: &'static Section = &Section {
        key: "timeouts",
        title: "Timeouts",
        rate_of: None,
        share_of: None,
        columns: &[Column {
            title: "limit",
            cell: Cell::Of("limit"),
            rank: 0,
        }],
        balance: &[],
    };

    fn new(_meta: &'static Meta, options: Options) -> Self {
        Self {
            limit: options.limit,
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let limit = this.map(|this| u64::try_from(this.limit.as_nanos()).unwrap_or(u64::MAX));
        vec![Metric::new("limit", Unit::Nanoseconds, Value::Level(limit))]
    }

    fn reset(&self) {}
}
