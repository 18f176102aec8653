//! The pool behind its handles: the state and its lock, and what is done outside of it.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, PoisonError, Weak};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use super::by_name::Row;
use super::loan::{Lent, Loan};
use super::lock::{Mutex, MutexGuard, lock};
use super::report::Sum;
use super::settings::Settings;
use super::user::Hooks;
use crate::clock::{
    self,
    coarse::{Clock, Kept},
};
use crate::parts::pool::entry::End;
use crate::parts::pool::{After, Look, State, Taken};
use crate::rt::alarm::{self, Alarm, Set};
use crate::rt::{self, wake};

/// In a model there is no time, and no thread but its own.
pub(super) const MODELLED: bool = cfg!(all(test, perfkit_model));

/// See the module.
pub(crate) struct Core<T: 'static> {
    pub(super) op: &'static str,
    pub(super) hooks: Hooks<T>,
    pub(super) settings: Settings,
    pub(super) this: Weak<Self>,
    state: Mutex<State<Loan<T>>>,
    /// Whether somebody waits, as far as is known without the lock.
    is_busy: AtomicBool,
    /// Keeps the time in memory, where that is enough to know the ages of resources by.
    _coarse: Option<Kept>,
    /// The one that was set last, with its number.
    alarm: Mutex<Option<(u64, Alarm)>>,
    /// Where what it has counted goes when it is gone.
    row: OnceLock<&'static Row>,
}

impl<T: Send + 'static> Core<T> {
    pub(crate) fn new(op: &'static str, settings: Settings, hooks: Hooks<T>) -> Arc<Self> {
        let mut rules = settings.rules();
        if hooks.validate.is_none() {
            (rules.validate_every, rules.check_after) = (u64::MAX, u64::MAX);
        }
        if hooks.create.is_none() {
            rules.min = 0;
        }
        let shortest = settings.shortest_age();
        rules.is_coarse &= !MODELLED;
        let is_coarse = rules.is_coarse;
        Arc::new_cyclic(|this| Self {
            op,
            hooks,
            settings,
            this: Weak::clone(this),
            state: Mutex::new(State::new(
                rules,
                clock::ticks() ^ this.as_ptr().addr() as u64,
            )),
            is_busy: AtomicBool::new(false),
            _coarse: is_coarse.then(|| Clock::system().keep(shortest)),
            alarm: Mutex::new(None),
            row: OnceLock::new(),
        })
    }

    /// One that is never gone.
    pub(super) fn for_good(op: &'static str, settings: Settings, hooks: Hooks<T>) -> &'static Self {
        let core = Self::new(op, settings, hooks);
        Box::leak(Box::new(core))
    }

    /// One that keeps nothing, for a resource that belongs to none.
    pub(crate) fn nobodys() -> Arc<Self> {
        Self::new("", Settings::new(), Hooks::of_callers(false))
    }

    #[inline]
    pub(crate) const fn op(&self) -> &'static str {
        self.op
    }

    /// What tells it from all others.
    pub(super) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, State<Loan<T>>> {
        lock(&self.state)
    }

    /// What is to be done without the lock.
    #[inline]
    pub(super) fn finish(&self, after: After<Loan<T>>) {
        if let Some(waker) = after.first {
            wake(waker);
        }
        if !after.more.is_empty() || !after.gone.is_empty() {
            self.finish_rest(after.more, after.gone);
        }
    }

    #[cold]
    fn finish_rest(&self, wakers: Vec<Waker>, gone: Vec<Lent<T>>) {
        wakers.into_iter().for_each(wake);
        for entry in gone {
            self.hooks.destroy(entry.resource.resource);
        }
    }

    /// A resource that is there, for one who comes now.
    #[inline]
    pub(super) fn take(&self, at: &'static Location<'static>) -> Taken<Loan<T>> {
        let mut state = self.lock();
        // Without a keeper the next one is timed.
        match state.take_usual(Clock::system().ticks(), at) {
            Some(entry) => Taken::Entry(entry),
            None => self.take_with_care(state, at),
        }
    }

    #[inline(never)]
    fn take_with_care(
        &self,
        mut state: MutexGuard<'_, State<Loan<T>>>,
        at: &'static Location<'static>,
    ) -> Taken<Loan<T>> {
        let now = clock::ticks();
        Clock::system().keep_up(now);
        let taken = state.take(now, at);
        let is_kept = state.has_keeper;
        drop(state);
        if !is_kept {
            self.keep();
        }
        taken
    }

    /// Whether there is somebody in line, behind whom one who comes has to stand. Not certain: who is told yes looks again
    /// under the lock.
    #[inline]
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy.load(Relaxed)
    }

    /// Called under the lock.
    #[inline]
    pub(super) fn set_busy(&self, is_busy: bool) {
        if self.is_busy.load(Relaxed) != is_busy {
            self.is_busy.store(is_busy, Relaxed);
        }
    }

    /// A resource comes back from who had it.
    #[inline]
    pub(super) fn give_back(&self, entry: Lent<T>) {
        let is_usual = !entry.is_timed
            && !entry.resource.is_poisoned
            && self.hooks.on_release.is_none()
            && !std::thread::panicking();
        if !is_usual {
            return self.look_at_return(entry);
        }
        let mut state = self.lock();
        if state.rests() {
            state.rest(entry);
            self.set_busy(false);
            return;
        }
        self.hand_on(state, entry, None);
    }

    /// The same for one of which more has to be known.
    #[inline(never)]
    fn look_at_return(&self, mut entry: Lent<T>) {
        let end = if std::thread::panicking() {
            Some(End::Panicked)
        } else if entry.resource.is_poisoned {
            Some(End::Poisoned)
        } else if self.hooks.release(&mut entry.resource.resource) {
            None
        } else {
            Some(End::Refused)
        };
        let now = entry.is_timed.then(clock::ticks);
        if end.is_some() {
            return self.settle(entry, now, end);
        }
        self.hand_on(self.lock(), entry, now);
    }

    #[inline(never)]
    fn hand_on(&self, mut state: MutexGuard<'_, State<Loan<T>>>, entry: Lent<T>, now: Option<u64>) {
        let handed_on = state.hand_on(entry, now);
        if matches!(handed_on, Ok(None)) {
            self.set_busy(state.line.waiting() > 0);
        }
        drop(state);
        match handed_on {
            Ok(None) => {}
            Ok(Some(waker)) => wake(waker),
            Err(entry) => self.settle(entry, now, None),
        }
    }

    /// The same for one of which more has to be decided.
    #[cold]
    fn settle(&self, entry: Lent<T>, now: Option<u64>, end: Option<End>) {
        let after = self.lock().give_back(entry, now, end);
        self.finish(after);
    }

    /// Sees to it that somebody looks after those who wait.
    pub(super) fn set_alarm(&self) {
        while !MODELLED && !self.is_looked_after() {
            self.look_now();
        }
    }

    /// False when somebody has to look now.
    fn is_looked_after(&self) -> bool {
        let now = rt::now();
        let mut state = self.lock();
        let Some(next) = state.look_at(now) else {
            return true;
        };
        if state.alarm.is_some_and(|look| look.at <= next) {
            return true;
        }
        state.alarm = Some(Look {
            at: next,
            is_real: !rt::is_stopped(),
        });
        state.alarms += 1;
        let number = state.alarms;
        drop(state);
        let bell = Arc::new(Bell(Weak::clone(&self.this)));
        match alarm::set(next, Waker::from(bell)) {
            Set::Kept(new) => {
                let mut kept = lock(&self.alarm);
                // It may have rung by now, and another one been set.
                if kept.as_ref().is_none_or(|(other, _)| *other < number) {
                    *kept = Some((number, new));
                }
            }
            Set::ByItself => {}
            Set::Due => return false,
        }
        true
    }

    /// Looks after those who wait.
    fn look_now(&self) {
        let mut state = self.lock();
        state.alarm = None;
        let after = state.look(rt::now(), clock::ticks());
        drop(state);
        self.finish(after);
    }

    /// The alarm rings.
    fn look(&self) {
        self.look_now();
        self.set_alarm();
    }

    pub(super) fn buried_in(&self, row: &'static Row) {
        let _ = self.row.set(row);
    }

    /// Whether nobody has it, or anything of it, but the one who asks.
    pub(super) fn is_unused(&self) -> bool {
        let state = self.lock();
        let levels = state.levels();
        self.this.strong_count() == 1
            && levels.in_use + levels.waiting + levels.creating + levels.checking == 0
    }

    /// What it has counted in the end, for one that is about to go.
    pub(super) fn last_sum(&self) -> Sum {
        let state = self.lock();
        Sum::last(state.levels(), &state.books)
    }

    /// When something that is to take no longer than `limit` has to be over.
    pub(super) fn end_of(limit: Duration) -> Option<Instant> {
        rt::now().checked_add(limit)
    }
}

impl<T: 'static> Drop for Core<T> {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = self.row.get() {
            row.bury(&Sum::last(state.levels(), &state.books));
        }
        for entry in state.shut().gone {
            self.hooks.destroy(entry.resource.resource);
        }
    }
}

/// Rings when those who wait are to be looked after.
struct Bell<T: 'static>(Weak<Core<T>>);

impl<T: Send + 'static> Wake for Bell<T> {
    fn wake(self: Arc<Self>) {
        if let Some(core) = self.0.upgrade() {
            core.look();
        }
    }
}
