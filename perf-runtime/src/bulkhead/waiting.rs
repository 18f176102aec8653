//! A call that found no permit.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::report::Count;
use super::{Handle, Permit, deliver};
use crate::clock;
use crate::parts::bulkhead::{Bell, Joined, Ticket};
use crate::rejected::Rejected;
use crate::rt;

/// A place in the queue. Dropped, it is given up, and what it was granted is handed on.
struct Place<H: Handle> {
    core: H,
    ticket: Option<Ticket>,
    /// In ticks.
    since: u64,
}

/// What becomes of a call that found no permit.
enum Step<H: Handle> {
    Enters(Permit<H>),
    Waits(Place<H>),
    Rejected(Rejected),
}

impl<H: Handle> Step<H> {
    fn first(core: H, waker: &Waker) -> Self {
        if core.is_above_all() && core.permits.places() > 0 {
            return Self::Enters(through(&core, false));
        }
        let (joined, handover) = core.permits.join(waker);
        deliver(&core, handover);
        match joined {
            Joined::Entered => {
                core.book.count(Count::Entered);
                Self::Enters(Permit::of(core))
            }
            Joined::Waits(ticket) => Self::Waits(Place {
                core,
                ticket: Some(ticket),
                since: clock::ticks(),
            }),
            Joined::Full => {
                core.book.reject(Count::Full);
                Self::Rejected(core.rejected())
            }
        }
    }
}

/// Goes on without a permit: all there are are held by the callers of this call.
fn through<H: Handle>(core: &H, has_waited: bool) -> Permit<H> {
    core.book.count(Count::Entered);
    core.book.count(Count::Reentrant);
    Permit {
        core: None,
        has_waited,
    }
}

impl<H: Handle> Place<H> {
    /// The permit, if it is there.
    fn look(&mut self, waker: &Waker) -> Option<Permit<H>> {
        if self.core.is_above_all() {
            // There are fewer than there were when it began to wait.
            let handover = self.core.permits.go_away(self.ticket.take()?);
            deliver(&self.core, handover);
            return Some(through(&self.core, true));
        }
        let ticket = self.ticket.as_ref()?;
        let (is_granted, handover) = self.core.permits.look(ticket, waker);
        deliver(&self.core, handover);
        is_granted.then(|| self.enters())
    }

    fn enters(&mut self) -> Permit<H> {
        self.ticket = None;
        let book = self.core.book;
        book.count(Count::Entered);
        book.count(Count::Waited);
        book.waited(clock::ticks().saturating_sub(self.since));
        Permit {
            core: Some(self.core.clone()),
            has_waited: true,
        }
    }

    /// It has waited for long enough.
    fn give_up(mut self) -> Result<Permit<H>, Rejected> {
        let Some(ticket) = self.ticket.take() else {
            return Err(self.core.rejected());
        };
        let (is_granted, handover) = self.core.permits.give_up(ticket);
        deliver(&self.core, handover);
        if is_granted {
            return Ok(self.enters());
        }
        self.core.book.reject(Count::TimedOut);
        Err(self.core.rejected())
    }
}

impl<H: Handle> Drop for Place<H> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let handover = self.core.permits.go_away(ticket);
            deliver(&self.core, handover);
            self.core.book.count(Count::Cancelled);
        }
    }
}

/// Waits asleep.
#[cold]
pub(super) fn blocked<H: Handle>(core: H) -> Result<Permit<H>, Rejected> {
    let wait = core.wait;
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut place = match Step::first(core, &waker) {
        Step::Enters(permit) => return Ok(permit),
        Step::Rejected(rejected) => return Err(rejected),
        Step::Waits(place) => place,
    };
    let deadline = clock::instant().checked_add(wait);
    loop {
        if let Some(permit) = place.look(&waker) {
            return Ok(permit);
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(clock::instant()));
        if left == Some(Duration::ZERO) {
            return place.give_up();
        }
        bell.wait(left);
    }
}

enum Stage<H: Handle> {
    New(H),
    Waits(Place<H>, Option<Instant>),
    Over,
}

pin_project! {
    /// Waits in a future; begins when it is first polled.
    pub(super) struct Waiting<H: Handle> {
        stage: Stage<H>,
        #[pin]
        timer: Option<rt::Sleep>,
    }
}

impl<H: Handle> Waiting<H> {
    pub(super) fn new(core: H) -> Self {
        Self {
            stage: Stage::New(core),
            timer: None,
        }
    }
}

impl<H: Handle> Future for Waiting<H> {
    type Output = Result<Permit<H>, Rejected>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (place, deadline) = match std::mem::replace(this.stage, Stage::Over) {
            Stage::New(core) => {
                let wait = core.wait;
                match Step::first(core, cx.waker()) {
                    Step::Enters(permit) => return Poll::Ready(Ok(permit)),
                    Step::Rejected(rejected) => return Poll::Ready(Err(rejected)),
                    Step::Waits(place) => (place, rt::now().checked_add(wait)),
                }
            }
            Stage::Waits(mut place, deadline) => match place.look(cx.waker()) {
                Some(permit) => return Poll::Ready(Ok(permit)),
                None => (place, deadline),
            },
            Stage::Over => return Poll::Pending,
        };
        if let Some(deadline) = deadline {
            if this.timer.is_none() {
                this.timer.set(Some(rt::sleep_until(deadline)));
            }
            if let Some(timer) = this.timer.as_mut().as_pin_mut()
                && timer.poll(cx).is_ready()
            {
                return Poll::Ready(place.give_up());
            }
        }
        *this.stage = Stage::Waits(place, deadline);
        Poll::Pending
    }
}
