//! A circuit breaker: what `#[breaker]` and `perfkit::Breaker` have in common.
//!
//! It joins what knows nothing of each other: the machine that decides, a clock, and counters. A call that may run gets a
//! [`BreakerPermit`], which is a guard: it is judged by how the call ended, and dropped without a verdict when the call was
//! cancelled or panicked.
//!
//! # What is counted
//! A call that succeeds in a history without failures writes nothing, and so it is not counted; `#[measured]` counts
//! calls. Counted are those that were rejected, and of those that ran the failures, panics, cancelled and neutral ones,
//! each once, the late ones in place of that, and apart from all that slow ones and probes.

mod books;
mod builder;
mod by_hand;
mod change;
mod guard;
mod handle;
mod keyed;
mod report;
mod settings;
#[cfg(test)]
mod tests;
mod told;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use self::books::{Books, Count};
pub use self::builder::{BreakerBuilder, BreakerError, BreakerFault};
pub use self::by_hand::get_breaker;
pub use self::change::{BreakerChange, BreakerReason, BreakerState};
pub use self::guard::BreakerPermit;
pub use self::handle::{Breaker, BreakerKey, BreakerSnapshot};
use self::keyed::AllKeys;
pub(crate) use self::keyed::KeyedPermit;
pub(crate) use self::report::{SECTION, metrics};
use self::settings::Listener;
pub use self::settings::{Cancelled, Mode, Panics, Recent, Settings};
pub use self::told::{ByDebug, ByDisplay, BySilence, Text, Told};
use crate::beside::{Places, Shared};
use crate::classify::Class;
use crate::clock::coarse::glance::MARGIN;
use crate::clock::steady::{MILLISECOND, Steady};
use crate::clock::{self, Start};
use crate::parts::breaker::rules::Rules;
use crate::parts::breaker::{Change, Judged, Machine, Pass, Verdict};
use crate::rejected::{Rejected, When};

/// After so many rejections a thread looks at the time all the same, and asks for it to be seen at a glance. Without a
/// thread that writes it, as in the child of a fork, a breaker stays open for so many calls of each thread at most; and
/// where calls are rarely rejected, no thread is started.
const ASKING: u64 = 32;

/// See the module.
pub(crate) struct Core {
    machine: Machine,
    /// From so many ticks on a call is slow; never.
    slow_ticks: u64,
    cancelled: Cancelled,
    panics: Panics,
    mode: Mode,
    op: &'static str,
    books: &'static Books,
    time: Steady,
    rules: Rules,
    max_keys: u64,
    keys: AllKeys,
    listener: Option<Listener>,
}

impl Shared for Core {
    type Options = Settings;

    fn places() -> &'static Places<Self> {
        static PLACES: Places<Core> = Places::new();
        &PLACES
    }

    fn make(op: &'static str, settings: Settings) -> &'static Self {
        Self::for_good(op, settings)
    }
}

impl Core {
    /// For good, with books of its own.
    pub(crate) fn for_good(op: &'static str, settings: Settings) -> &'static Self {
        let books = Box::leak(Box::new(Books::new()));
        Box::leak(Box::new(Self::new(op, books, settings)))
    }

    pub(crate) fn new(op: &'static str, books: &'static Books, settings: Settings) -> Self {
        let rules = settings.rules().possible();
        let time = Steady::new(settings.clock);
        let phase = settings.mode.phase();
        books.begin(BreakerState::behind(phase), time.now());
        Self {
            machine: Machine::starting(rules, phase),
            slow_ticks: settings
                .slow
                .filter(|_| settings.is_timed())
                .map_or(u64::MAX, clock::ticks_in),
            cancelled: settings.cancelled,
            panics: settings.panics,
            mode: settings.mode,
            op,
            books,
            time,
            rules,
            max_keys: settings.max_keys,
            keys: AllKeys::new(),
            listener: settings.listener,
        }
    }

    pub(crate) const fn op(&self) -> &'static str {
        self.op
    }

    /// Whether a call may run. `start` is when it began, in ticks, where calls are timed.
    #[inline]
    pub(crate) fn admit(&self, start: u64) -> Result<BreakerPermit<'_>, Rejected> {
        let pass = match self.machine.pass_if_closed() {
            Some(pass) => pass,
            None => self
                .pass_unless_closed()
                .map_err(|when| self.rejected(when))?,
        };
        Ok(BreakerPermit::new(self, pass, start))
    }

    // Permits and rejections are made around it: two numbers are given in registers, more would be in memory. Cold, so that
    // what has to be kept meanwhile is kept here, and not by every call.
    #[cold]
    #[inline(never)]
    fn pass_unless_closed(&self) -> Result<Pass, When> {
        match self.machine.refused_until(self.time.glance(), MARGIN) {
            Some(until) => Err(self.reject_until(until)),
            None => self.pass_by_the_time(),
        }
    }

    /// Counts a call that is rejected without a look at the time.
    #[inline]
    fn reject_until(&self, until: u64) -> When {
        // What happens seldom gives the moment back, so that nothing has to be kept meanwhile.
        match self.books.count_rejected_of_its_own() {
            Some(count) if count.is_multiple_of(ASKING) => self.reject_asking(until),
            Some(_) => When::at(until),
            None => self.reject_elsewhere(until),
        }
    }

    #[cold]
    #[inline(never)]
    fn reject_elsewhere(&self, until: u64) -> When {
        if self.books.count_rejected().is_multiple_of(ASKING) {
            return self.reject_asking(until);
        }
        When::at(until)
    }

    #[cold]
    #[inline(never)]
    fn reject_asking(&self, until: u64) -> When {
        self.time.ask_for_glances();
        When::at(until)
    }

    #[inline(never)]
    fn pass_by_the_time(&self) -> Result<Pass, When> {
        let now = self.time.now();
        match self.machine.refused(now) {
            Some(after) => Err(self.reject_after(after, now)),
            None => self.pass_unless_open(now),
        }
    }

    /// Counts a call that is rejected at this time, for so many nanoseconds.
    fn reject_after(&self, after: u64, now: u64) -> When {
        let count = self.books.count_rejected();
        if after == u64::MAX {
            return When::NEVER;
        }
        if count.is_multiple_of(ASKING) && after > 2 * MARGIN * MILLISECOND {
            self.time.ask_for_glances();
        }
        if self.time.is_manual() {
            When::after(after)
        } else {
            When::at(now.saturating_add(after))
        }
    }

    #[inline(never)]
    fn pass_unless_open(&self, now: u64) -> Result<Pass, When> {
        let admission = self.machine.admit_unless_closed(now);
        let pass = admission
            .pass
            .map_err(|after| self.reject_after(after, now))?;
        if admission.is_spared {
            self.books.count(Count::WouldReject);
        } else if pass.is_probe() {
            self.books.count(Count::Probe);
        }
        if let Some(change) = admission.change {
            self.tell(change, false);
        }
        Ok(pass)
    }

    #[inline]
    const fn rejected(&self, when: When) -> Rejected {
        Rejected::circuit_open_until(self.op, when)
    }

    /// When a call begins that is timed; nothing is read for others.
    #[inline]
    pub(crate) fn start(&self) -> u64 {
        if self.slow_ticks == u64::MAX {
            0
        } else {
            clock::ticks()
        }
    }

    /// What became of a call that got this pass.
    #[inline]
    fn judge(&self, pass: Pass, start: u64, fate: Fate) {
        if matches!(fate, Fate::Success) && self.machine.is_surely_unchanged(pass) {
            return;
        }
        self.judge_what_changes(pass, start, fate);
    }

    #[cold]
    #[inline(never)]
    fn judge_what_changes(&self, pass: Pass, start: u64, fate: Fate) {
        let (verdict, is_slow) = self.verdict(fate, start);
        let judged = self
            .machine
            .judge(pass, verdict, is_slow, || self.time.now());
        self.note(judged, fate, is_slow, false);
    }

    /// What the machine is told of a call, and whether it was slow.
    fn verdict(&self, fate: Fate, start: u64) -> (Verdict, bool) {
        let verdict = match fate {
            Fate::Success => Verdict::Success,
            Fate::Failure => Verdict::Failure,
            Fate::Neutral => Verdict::Neutral,
            Fate::Panic => match self.panics {
                Panics::Failure => Verdict::Failure,
                Panics::Ignore => Verdict::Neutral,
            },
            Fate::Cancelled => match self.cancelled {
                Cancelled::Streak => Verdict::Cancelled,
                Cancelled::Ignore => Verdict::Neutral,
                Cancelled::Failure => Verdict::Failure,
            },
        };
        let ended = matches!(verdict, Verdict::Success | Verdict::Failure);
        let is_slow = ended
            && self.slow_ticks != u64::MAX
            && clock::ticks().saturating_sub(start) >= self.slow_ticks;
        (verdict, is_slow)
    }

    /// What a call said that was a failure of this class; `text` is asked of no other.
    #[cold]
    pub(crate) fn told(&self, class: Option<Class>, text: impl FnOnce() -> Option<Text>) {
        if let Some(Class::Transient | Class::Overloaded(_)) = class
            && let Some(text) = text()
        {
            self.books.failed_with(&text);
        }
    }

    /// A policy further in that has answered says itself what that is.
    #[cold]
    fn fate_of_rejection(&self, rejected: &Rejected) -> Fate {
        let class = Some(Class::of_rejection(rejected));
        self.told(class, || Some(Text::of(rejected)));
        guard::fate_of(class)
    }

    /// Counts what became of a call, and tells what that has changed.
    fn note(&self, judged: Judged, fate: Fate, is_slow: bool, is_of_a_key: bool) {
        let change = match judged {
            Judged::Taken(change) => change,
            Judged::Ignored => return,
            Judged::Late => {
                self.books.count(Count::Late);
                return;
            }
        };
        match fate {
            Fate::Success => {}
            Fate::Failure => self.books.count(Count::Failure),
            Fate::Neutral => self.books.count(Count::Neutral),
            Fate::Panic => self.books.count(Count::Panic),
            Fate::Cancelled => self.books.count(Count::Cancelled),
        }
        if is_slow {
            self.books.count(Count::Slow);
        }
        if let Some(change) = change {
            self.tell(change, is_of_a_key);
        }
    }

    /// Writes down what has changed, and says so. Nothing is locked meanwhile, and no panic of who listens goes on from
    /// here: the call that has caused the change may be unwinding itself.
    #[cold]
    fn tell(&self, change: Change, is_of_a_key: bool) {
        let told = BreakerChange::of(self.op, change, is_of_a_key);
        if told.is_none(change) {
            return;
        }
        self.books
            .changed(&told, change.generation, self.time.now());
        #[cfg(feature = "tracing")]
        let _ = catch_unwind(|| event(&told));
        if let Some(listener) = &self.listener {
            let _ = catch_unwind(AssertUnwindSafe(|| listener(&told)));
        }
    }

    pub(crate) fn reset_numbers(&self) {
        self.books.reset(self.time.now());
    }
}

#[cfg(feature = "tracing")]
fn event(told: &BreakerChange) {
    let BreakerChange {
        op,
        from,
        to,
        reason,
        is_observing,
        is_of_a_key,
    } = told;
    // A macro of its own for each, because the level of an event is part of its static.
    macro_rules! event {
        ($level:ident, $says:literal) => {
            tracing::$level!(
                target: "perfkit::breaker",
                op,
                from = from.word(),
                to = to.word(),
                reason = %reason,
                observing = is_observing,
                of_a_key = is_of_a_key,
                $says
            )
        };
    }
    match to {
        BreakerState::Open | BreakerState::ForcedOpen => event!(warn, "breaker opened"),
        BreakerState::HalfOpen => event!(info, "breaker is half-open"),
        BreakerState::Closed => event!(info, "breaker closed"),
        _ => event!(info, "breaker is out of service"),
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Success,
    Failure,
    Neutral,
    Panic,
    Cancelled,
}

impl Fate {
    /// Of a call that gave no answer.
    fn of_a_drop() -> Self {
        if std::thread::panicking() {
            Self::Panic
        } else {
            Self::Cancelled
        }
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("name", &self.op)
            .field("state", &BreakerState::of(self.machine.phase()))
            .finish_non_exhaustive()
    }
}

/// In ticks, for [`Core::admit`].
pub(crate) const fn began(start: Start) -> u64 {
    start.ticks()
}
