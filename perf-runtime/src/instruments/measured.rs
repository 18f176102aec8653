//! `#[measured]` at run time.
//!
//! SKETCH OF THE CONTRACT WITH THE EXPANSION: correct in shape, without the engine behind it.

use std::fmt::Display;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::site::Instrument;
use crate::snapshot::{Balance, Cell, Column, Meta, Metric, Section, Unit, Value};

/// The options of `#[measured]`; every field has a default.
#[derive(Debug, Clone)]
pub struct Options {
    /// Calls at least this long are slow calls.
    pub slow: Option<Duration>,
    /// One call in this many is timed; every call is counted.
    pub sample: u64,
}

impl Options {
    /// What a bare `#[measured]` means.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slow: None,
            sample: 1,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// The instrument.
pub struct Measured {
    calls: AtomicU64,
    errors: AtomicU64,
}

/// The instrument with the label of one call already looked up.
#[derive(Clone, Copy)]
pub struct Labelled {
    measured: &'static Measured,
}

/// Ends a call when dropped.
pub struct Running {
    measured: &'static Measured,
    not_send: std::marker::PhantomData<*const ()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.measured.calls.fetch_add(1, Relaxed);
    }
}

impl Measured {
    /// Runs `body` as one call.
    #[inline]
    pub fn call<R>(
        &'static self,
        body: impl FnOnce() -> R,
        is_error: impl FnOnce(&R) -> bool,
    ) -> R {
        let running = self.enter();
        let answer = body();
        if is_error(&answer) {
            self.errors.fetch_add(1, Relaxed);
        }
        drop(running);
        answer
    }

    /// Awaits `body` as one call.
    #[inline]
    pub async fn call_async<F: Future>(
        &'static self,
        body: F,
        is_error: impl FnOnce(&F::Output) -> bool,
    ) -> F::Output {
        let answer = body.await;
        self.calls.fetch_add(1, Relaxed);
        if is_error(&answer) {
            self.errors.fetch_add(1, Relaxed);
        }
        answer
    }

    /// A call that lasts until the guard is dropped; for functions whose answer cannot be an error.
    #[inline]
    #[must_use]
    pub fn enter(&'static self) -> Running {
        Running {
            measured: self,
            not_send: std::marker::PhantomData,
        }
    }

    /// The same three ways for a call with a label.
    #[inline]
    pub fn by(&'static self, _label: &(impl Display + ?Sized)) -> Labelled {
        Labelled { measured: self }
    }
}

impl Labelled {
    /// See [`Measured::call`].
    #[inline]
    pub fn call<R>(self, body: impl FnOnce() -> R, is_error: impl FnOnce(&R) -> bool) -> R {
        self.measured.call(body, is_error)
    }

    /// See [`Measured::call_async`].
    #[inline]
    pub async fn call_async<F: Future>(
        self,
        body: F,
        is_error: impl FnOnce(&F::Output) -> bool,
    ) -> F::Output {
        self.measured.call_async(body, is_error).await
    }

    /// See [`Measured::enter`].
    #[inline]
    #[must_use]
    pub fn enter(self) -> Running {
        self.measured.enter()
    }
}

impl Instrument for Measured {
    type Options = Options;
    const SECTION: &'static Section = &Section {
        key: "operations",
        title: "Operations",
        rate_of: Some("calls"),
        share_of: Some("self"),
        columns: &[
            Column {
                title: "calls",
                cell: Cell::Of("calls"),
                rank: 0,
            },
            Column {
                title: "/s",
                cell: Cell::Rate,
                rank: 3,
            },
            Column {
                title: "err %",
                cell: Cell::PartRatio("outcomes", "error"),
                rank: 0,
            },
        ],
        balance: &[Balance::equal(&["calls"], &["outcomes"])],
    };

    fn new(_meta: &'static Meta, _options: Options) -> Self {
        Self {
            calls: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let calls = this.map_or(0, |this| this.calls.load(Relaxed));
        let errors = this.map_or(0, |this| this.errors.load(Relaxed));
        let parts = vec![
            ("ok", calls - errors),
            ("error", errors),
            ("panic", 0),
            ("cancelled", 0),
        ];
        vec![
            Metric::new("calls", Unit::Count, Value::Counter(calls)),
            Metric::new(
                "outcomes",
                Unit::Count,
                Value::Counters {
                    label: "outcome",
                    parts,
                },
            ),
        ]
    }

    fn reset(&self) {
        self.calls.store(0, Relaxed);
        self.errors.store(0, Relaxed);
    }
}
