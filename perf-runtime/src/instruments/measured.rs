//! `#[measured]` at run time: counts, times and outcomes of calls.
//!
//! A call is a [`Frame`] between two time stamps; a future is a [`Measuring`] around the user's. What they find goes
//! into the [`Series`] of the site, or of the call's label. Nothing here runs the user's code under a lock, catches a
//! panic of the user's, or waits.
//!
//! Cost: two reads of the time-stamp counter and little else. Memory: 6 KB for each thread that has called the site,
//! allocated at that thread's first call and kept for the next thread; 96 MiB at most over all sites, above which
//! threads share one place per site. Nothing is allocated after a thread's first call.

mod future;
mod label;
mod report;
mod slow;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Display;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::sync::OnceLock;
use std::thread::panicking;
use std::time::Duration;

pub use self::future::Measuring;
use self::label::Labels;
pub use self::label::{Label, WithText, WithoutText};
use self::slow::Events;
use crate::clock;
use crate::parts::frame::Frame;
use crate::parts::series::Series;
use crate::parts::totals::Ending;
use crate::snapshot::Meta;

/// The options of `#[measured]`; every field has a default.
#[derive(Debug, Clone)]
pub struct Options {
    /// Calls at least this long are slow calls. Default: none is.
    pub slow: Option<Duration>,
    /// One call in this many is timed, on average and by chance; every call is counted. Default: 1; 0 means 1.
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
    op: Op,
    options: Options,
    series: Series,
    labels: OnceLock<Box<Labels>>,
    events: Events,
}

/// What the report calls it. The path of a site is found when it is asked for.
enum Op {
    Site(&'static Meta),
    #[cfg(feature = "measure")]
    Name(Box<str>),
}

impl Measured {
    /// Measures what `meta` stands at.
    pub(crate) fn at(meta: &'static Meta, options: Options) -> Self {
        Self::with(Op::Site(meta), options)
    }

    /// Measures under a name given by hand.
    #[cfg(feature = "measure")]
    pub(crate) fn named(name: &str) -> Self {
        Self::with(Op::Name(name.into()), Options::new())
    }

    fn with(op: Op, options: Options) -> Self {
        Self {
            op,
            series: series(&options),
            options,
            labels: OnceLock::new(),
            events: Events::new(),
        }
    }

    /// The name in the report.
    pub(crate) fn op(&self) -> Cow<'static, str> {
        match &self.op {
            Op::Site(meta) => meta.op(),
            #[cfg(feature = "measure")]
            Op::Name(name) => Cow::Owned(name.to_string()),
        }
    }

    /// Runs `body` as one call. When it unwinds, the call counts as a panic, and unwinding goes on.
    #[inline]
    pub fn call<R>(
        &'static self,
        body: impl FnOnce() -> R,
        is_error: impl FnOnce(&R) -> bool,
    ) -> R {
        call(self, &self.series, body, is_error)
    }

    /// Awaits `body` as one call, from the first poll until it is ready. When the future is dropped before, the call
    /// counts as cancelled; when it is never polled there was no call.
    #[inline]
    pub fn call_async<F: Future, E: FnOnce(&F::Output) -> bool>(
        &'static self,
        body: F,
        is_error: E,
    ) -> Measuring<F, E> {
        Measuring::new(self, &self.series, body, is_error)
    }

    /// A call that lasts until [`Unjudged::end`] is told how it ended; see there.
    #[inline]
    #[must_use]
    pub fn begin(&'static self) -> Unjudged {
        Unjudged::new(self, &self.series)
    }

    /// A call that lasts until the guard is dropped; for functions whose answer cannot be an error.
    #[inline]
    #[must_use]
    pub fn enter(&'static self) -> Running {
        Running::new(self, &self.series)
    }

    /// The same three ways for a call with a label. The first 64 bytes of the label count; a site has room for 100
    /// labels, all others are the label `other`. `text` is what the label shows, where it is known without asking it.
    #[inline]
    pub fn by<L: Display + ?Sized>(
        &'static self,
        label: &L,
        text: impl FnOnce(&L) -> Option<&str>,
    ) -> Labelled {
        let labels = match self.labels.get() {
            Some(labels) => labels,
            None => self.split(),
        };
        Labelled {
            measured: self,
            series: match text(label) {
                Some(text) => labels.of_text(text, &self.options),
                None => labels.of(label, &self.options),
            },
        }
    }

    #[cold]
    #[inline(never)]
    fn split(&'static self) -> &'static Labels {
        self.labels
            .get_or_init(|| Box::new(Labels::new(&self.options)))
    }

    fn report_slow(&self, ticks: u64) {
        self.events.report(ticks, || self.op());
    }
}

/// The instrument with the label of one call already looked up.
#[derive(Clone, Copy)]
pub struct Labelled {
    measured: &'static Measured,
    series: &'static Series,
}

impl Labelled {
    /// See [`Measured::call`].
    #[inline]
    pub fn call<R>(self, body: impl FnOnce() -> R, is_error: impl FnOnce(&R) -> bool) -> R {
        call(self.measured, self.series, body, is_error)
    }

    /// See [`Measured::call_async`].
    #[inline]
    pub fn call_async<F: Future, E: FnOnce(&F::Output) -> bool>(
        self,
        body: F,
        is_error: E,
    ) -> Measuring<F, E> {
        Measuring::new(self.measured, self.series, body, is_error)
    }

    /// See [`Measured::begin`].
    #[inline]
    #[must_use]
    pub fn begin(self) -> Unjudged {
        Unjudged::new(self.measured, self.series)
    }

    /// See [`Measured::enter`].
    #[inline]
    #[must_use]
    pub fn enter(self) -> Running {
        Running::new(self.measured, self.series)
    }
}

/// Ends a call when dropped: as a panic when it is dropped by unwinding that began after the call, else as a success.
///
/// Belongs to the thread it was made on. Dropping guards in another order than the reverse of their making keeps every
/// count and duration right; the time they share is then self time of only one of them.
pub struct Running {
    measured: &'static Measured,
    frame: Frame,
    was_panicking: bool,
    not_send: PhantomData<*const ()>,
}

impl Running {
    #[inline]
    fn new(measured: &'static Measured, series: &'static Series) -> Self {
        Self {
            measured,
            was_panicking: panicking(),
            frame: enter(series),
            not_send: PhantomData,
        }
    }
}

impl Running {
    /// The call ends here, with an error.
    #[inline]
    pub fn fail(self) {
        let running = ManuallyDrop::new(self);
        exit(running.measured, &running.frame, Ending::Error);
    }
}

impl Drop for Running {
    #[inline]
    fn drop(&mut self) {
        let ending = if panicking() && !self.was_panicking {
            Ending::Panic
        } else {
            Ending::Ok
        };
        exit(self.measured, &self.frame, ending);
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("op", &self.measured.op())
            .finish_non_exhaustive()
    }
}

/// A call of which nobody has said how it ended. Dropping it says that: it is left by unwinding.
pub struct Unjudged {
    measured: &'static Measured,
    frame: Frame,
}

impl Unjudged {
    #[inline]
    fn new(measured: &'static Measured, series: &'static Series) -> Self {
        Self {
            measured,
            frame: enter(series),
        }
    }

    /// The call ends, with an error or without.
    #[inline]
    pub fn end(self, is_error: bool) {
        let ending = ending(is_error);
        exit(self.measured, &ManuallyDrop::new(self).frame, ending);
    }
}

impl Drop for Unjudged {
    #[inline]
    fn drop(&mut self) {
        exit(self.measured, &self.frame, Ending::Panic);
    }
}

#[inline]
fn call<R>(
    measured: &'static Measured,
    series: &'static Series,
    body: impl FnOnce() -> R,
    is_error: impl FnOnce(&R) -> bool,
) -> R {
    let unjudged = Unjudged::new(measured, series);
    let answer = body();
    unjudged.end(is_error(&answer));
    answer
}

#[inline]
fn ending(is_error: bool) -> Ending {
    if is_error { Ending::Error } else { Ending::Ok }
}

// Not inlined: two calls are all that an annotated function is longer by.

#[inline(never)]
fn enter(series: &'static Series) -> Frame {
    Frame::enter(series)
}

#[inline(never)]
fn exit(measured: &'static Measured, frame: &Frame, ending: Ending) {
    if let Some(ticks) = frame.exit(ending) {
        measured.report_slow(ticks);
    }
}

/// A series with these options.
fn series(options: &Options) -> Series {
    Series::new(options.slow.map(clock::ticks_in), options.sample)
}
