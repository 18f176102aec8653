//! What a line is told, and what it answers.

use std::any::Any;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

/// How the item of a caller ended.
pub(crate) enum Outcome<A> {
    /// With an answer.
    Answered(A),
    /// The batch panicked; this caller is the one that gets what it panicked with.
    Panicked(Box<dyn Any + Send>),
    /// Without one.
    Lost(Loss),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The batch panicked, with this text if it was one; another caller has the panic itself.
    Panicked(Option<Arc<str>>),
    /// There were not as many answers as items, so that nobody knows whose they are.
    Length {
        /// What the batch was given.
        items: usize,
        /// What it gave.
        answers: usize,
    },
    /// The batch failed, and its error cannot be given to more than one caller.
    Failed,
    /// What ran the batch is gone.
    Gone,
    /// The batcher was shut down before the batch began.
    ShutDown,
}

/// Who may lead, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Items of a batch.
    pub(crate) size: usize,
    /// Batches that run at once.
    pub(crate) concurrency: usize,
}

/// A caller.
pub(crate) struct Arrival<I, P> {
    pub(crate) item: I,
    pub(crate) waker: Waker,
    pub(crate) within: Option<P>,
    /// In ticks.
    pub(crate) now: u64,
    pub(crate) due: Option<Instant>,
    /// It comes from inside of a batch that waits for it, and cannot wait for that.
    pub(crate) is_urgent: bool,
}

/// What becomes of a caller that has come.
pub(crate) struct Entered {
    pub(crate) place: usize,
    /// It has to lead.
    pub(crate) leads: bool,
    /// The leader that has waited for it.
    pub(crate) wake: Option<Waker>,
}

/// A caller that waits for the others of its wave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(super) place: usize,
    /// Tells it from who has the place later.
    pub(super) number: u64,
}

impl Held {
    pub(crate) fn entered(self) -> Entered {
        Entered {
            place: self.place,
            leads: false,
            wake: None,
        }
    }
}

/// What a caller finds in its place.
pub(crate) enum Look<A> {
    /// Its answer; the place is free.
    Ended(Outcome<A>),
    /// Nobody forms a batch: it has to.
    Lead(Option<Waker>),
    /// Nothing yet. The old waker is to be dropped.
    Wait(Option<Waker>),
}

/// What a caller leaves behind; to be dropped.
pub(crate) struct Left<I, A, P> {
    pub(crate) item: Option<I>,
    pub(crate) outcome: Option<Outcome<A>>,
    pub(crate) was: Was,
    pub(crate) wakers: Vec<Waker>,
    #[allow(dead_code, reason = "to be dropped outside of the lock")]
    pub(super) rest: (Option<Waker>, Option<P>),
}

/// How far the item of a caller was when it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Was {
    Queued,
    Running,
    Answered,
}

/// What was taken out of the line for a batch.
pub(crate) struct Taken<I, P> {
    pub(crate) items: Vec<I>,
    /// The places of the items, in their order, and since when they waited.
    pub(crate) places: Vec<(usize, u64)>,
    /// What callers were within, without those that were within nothing.
    pub(crate) within: Vec<P>,
    /// The first of them.
    pub(crate) arrival: u64,
    /// For whom nobody looks any more; to be dropped.
    pub(crate) wakers: Vec<Waker>,
}

impl<I, P> Taken<I, P> {
    pub(crate) fn new() -> Self {
        Self {
            items: Vec::new(),
            places: Vec::new(),
            within: Vec::new(),
            arrival: 0,
            wakers: Vec::new(),
        }
    }
}

/// What is to be done after answers were given out.
pub(crate) struct Given<A> {
    pub(crate) wakers: Vec<Waker>,
    /// Nobody is there any more for these; with their number in the batch.
    pub(crate) unwanted: Vec<(usize, Outcome<A>)>,
}

impl<A> Given<A> {
    pub(crate) const fn new() -> Self {
        Self {
            wakers: Vec::new(),
            unwanted: Vec::new(),
        }
    }
}

/// Why a batch can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ripe {
    /// It has as many items as it may have.
    Full,
    /// Somebody wants it now.
    Flushed,
    /// Everybody is gone.
    Empty,
}

/// What a leader has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Took {
    /// Everybody is gone, and so is the leader.
    Nothing,
    /// A batch.
    Batch,
    /// A batch, and somebody has to lead the next one at once.
    More,
}

/// Who leads the next batch, when one may run beside this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Somebody who is told to.
    Follows,
    /// The first in line, who is woken.
    IsCalled,
}

/// A batch that has ended.
#[derive(Clone, Copy)]
pub(crate) struct Delivery<'b> {
    pub(crate) places: &'b [(usize, u64)],
    pub(crate) arrival: u64,
    /// What it took, in ticks; nothing when it was cut off.
    pub(crate) cost: Option<u64>,
    pub(crate) bounds: Bounds,
    pub(crate) then: Then,
}

/// What the leader of a batch does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It forms another.
    GoOn,
    /// It leaves that to the first in line.
    HandOver,
    /// It is gone, and whoever is polled first has to take its place.
    Die,
}
