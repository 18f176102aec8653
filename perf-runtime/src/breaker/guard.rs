//! The right of one call to run.

use std::fmt;

use super::{Core, Fate};
use crate::classify::Class;
use crate::ended::Ended;
use crate::parts::breaker::Pass;

/// One call that a breaker has let through; see [`Breaker::admit`](super::Breaker::admit).
///
/// It is judged by how the call ended. Dropped without that, the call was cancelled, or has panicked.
#[must_use = "a call that is not judged counts as cancelled"]
pub struct BreakerPermit<'b> {
    core: &'b Core,
    pass: Pass,
    /// When the call began, in ticks, where calls are timed.
    start: u64,
}

impl<'b> BreakerPermit<'b> {
    #[inline]
    pub(super) const fn new(core: &'b Core, pass: Pass, start: u64) -> Self {
        Self { core, pass, start }
    }

    #[inline]
    pub(super) fn end(self, fate: Fate) {
        let Self { core, pass, start } = self;
        std::mem::forget(self);
        core.judge(pass, start, fate);
    }

    /// The call succeeded.
    #[inline]
    pub fn succeeded(self) {
        self.end(Fate::Success);
    }

    /// The call failed.
    pub fn failed(self) {
        self.end(Fate::Failure);
    }

    /// The call failed, and this is why: the breaker's snapshot and its row in the report tell of the last error.
    ///
    /// ```
    /// use perfkit::Breaker;
    ///
    /// let payments = Breaker::builder("permit: failed with").build()?;
    /// if let Ok(permit) = payments.admit() {
    ///     permit.failed_with(&"no route to host");
    /// }
    /// assert_eq!(payments.snapshot().last_error.as_deref(), Some("no route to host"));
    /// # Ok::<(), perfkit::BreakerError>(())
    /// ```
    pub fn failed_with(self, error: &dyn fmt::Display) {
        self.core.books.failed_with(&super::Text::of(error));
        self.failed();
    }

    /// The call says nothing about whom it called: its place is free again, and nothing is counted for or against it.
    pub fn neutral(self) {
        self.end(Fate::Neutral);
    }

    /// By what kind of failure the call was; `None` is a success, and so is what is permanent.
    #[inline]
    pub fn classed(self, class: Option<Class>) {
        self.end(fate_of(class));
    }

    /// Judged by how the call ended, which is given on. Expansions call it. What has not failed is not asked for its class.
    #[doc(hidden)]
    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    pub fn judge<A>(
        self,
        ended: Ended<A>,
        has_failed: impl FnOnce(&A) -> bool,
        class: impl FnOnce(&A) -> Option<Class>,
    ) -> Ended<A> {
        // What others borrow is in memory. So they are lent the answer of a call that has failed, at a place of its own, and
        // nothing else: the answer of a call that is well stays out of there.
        match ended {
            Ended::Answered(answer) => {
                if has_failed(&answer) {
                    let Self { core, pass, start } = self;
                    std::mem::forget(self);
                    let lent = (answer,);
                    judge_failed(core, pass, start, &lent, class);
                    return Ended::Answered(lent.0);
                }
                self.succeeded();
                Ended::Answered(answer)
            }
            Ended::Rejected(rejected) => {
                let fate = self.core.fate_of_rejection(&rejected);
                self.end(fate);
                Ended::Rejected(rejected)
            }
            Ended::Refused(answer, rejected) => {
                let fate = self.core.fate_of_rejection(&rejected);
                self.end(fate);
                Ended::Refused(answer, rejected)
            }
        }
    }
}

#[cold]
#[inline(never)]
fn judge_failed<A>(
    core: &Core,
    pass: Pass,
    start: u64,
    (answer,): &(A,),
    class: impl FnOnce(&A) -> Option<Class>,
) {
    // A class that panics is a panic of the call.
    BreakerPermit::new(core, pass, start).classed(class(answer));
}

// By value: a permit that is lent has to be in memory for as long as it is there.
impl Drop for BreakerPermit<'_> {
    #[inline]
    fn drop(&mut self) {
        dropped(self.core, self.pass, self.start);
    }
}

#[cold]
#[inline(never)]
fn dropped(core: &Core, pass: Pass, start: u64) {
    core.judge(pass, start, Fate::of_a_drop());
}

impl fmt::Debug for BreakerPermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerPermit")
            .field("breaker", &self.core.op)
            .finish_non_exhaustive()
    }
}

/// Who has answered that it cannot be helped has answered.
#[inline]
pub(super) fn fate_of(class: Option<Class>) -> Fate {
    match class {
        None | Some(Class::Permanent) => Fate::Success,
        Some(Class::Transient | Class::Overloaded(_)) => Fate::Failure,
        Some(Class::Neutral) => Fate::Neutral,
    }
}
