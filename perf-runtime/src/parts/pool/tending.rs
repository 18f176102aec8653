//! What is done for a pool though nobody asks: for those who wait too long, and to what has been idle too long.

use std::time::{Duration, Instant};

use super::entry::{End, Entry};
use super::{After, State};
use crate::clock::{factor, nanos};

/// How often somebody looks, as long as anybody waits: whether all who were given something have come for it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl<T> State<T> {
    /// Looks after those who wait.
    pub(crate) fn look(&mut self, now: Instant, ticks: u64) -> After<T> {
        let mut after = After::nothing();
        let timeout = self.rules.acquire_timeout;
        self.line.set_deadlines(|since| {
            let waited = Duration::from_nanos(nanos(ticks.saturating_sub(since), factor()));
            now.checked_add(timeout.saturating_sub(waited))
        });
        after.more = self.line.expire(now);
        for entry in self.line.pass_over() {
            self.books.passed_over += 1;
            after = after.and(self.take_back(entry));
        }
        let retry = self.making.retry_at().is_some_and(|at| at <= now);
        if self.give_up(now) || retry {
            after.more.extend(self.line.call_all());
        }
        after
    }

    /// Whether who comes now may leave it to those who look to say when his time is up: they look in time, and go by the
    /// same clock as his ticks.
    pub(crate) fn says_deadlines(&self) -> bool {
        self.alarm.is_some_and(|look| look.is_real) && self.rules.acquire_timeout > 2 * LOOK_EVERY
    }

    /// When that is to be done next; nothing while nobody waits.
    pub(crate) fn look_at(&self, now: Instant) -> Option<Instant> {
        if self.line.waiting() == 0 {
            return None;
        }
        let retry = self.making.retry_at().filter(|at| *at > now);
        let soon = now.checked_add(LOOK_EVERY);
        let times = [self.line.deadline(), retry, soon];
        times.into_iter().flatten().min()
    }

    /// Takes out the idle ones whose time is over, never more than a third of all at once: when the clock has leapt, not
    /// all are to go at one moment.
    pub(crate) fn sweep(&mut self, now: u64) -> After<T> {
        self.seen = self.seen.max(now);
        let mut most = (self.size / 3).max(1);
        let mut after = After::nothing();
        let known = self.idle.len();
        for _ in 0..known {
            let Some(mut entry) = self.idle.pop_front() else {
                break;
            };
            if std::mem::replace(&mut entry.is_fresh, false) {
                entry.idle_since = now;
                entry.is_well(now, self.rules.check_after);
            }
            let idle = now.saturating_sub(entry.idle_since);
            let end = if now >= entry.expires {
                Some(End::Lifetime)
            } else if idle >= self.rules.idle_timeout && self.size > self.rules.min {
                Some(End::Idle)
            } else {
                None
            };
            match end {
                Some(end) if most > 0 => {
                    most -= 1;
                    self.close(&entry, end);
                    after.gone.push(entry);
                }
                _ => self.idle.push_back(entry),
            }
        }
        after.and(self.watched())
    }

    /// The coldest idle resource that is to be checked now; given back by [`State::checked`].
    pub(crate) fn due(&mut self, now: u64) -> Option<Box<Entry<T>>> {
        let place = self
            .idle
            .iter()
            .position(|entry| entry.check_due <= now && now < entry.expires)?;
        let entry = self.idle.remove(place)?;
        self.forget_holder(entry.place);
        self.checking += 1;
        Some(entry)
    }

    /// A check that was not made, because its runtime has ended: who knows in what state the resource is.
    pub(crate) fn unchecked(&mut self, entry: Box<Entry<T>>) -> After<T> {
        self.checking -= 1;
        self.settle(entry, Some(End::Invalid))
    }

    /// When something made now is too old: up to a tenth before its time, so that what was made together does not go
    /// together.
    pub(super) fn expiry(&mut self, now: u64) -> u64 {
        let lifetime = self.rules.max_lifetime;
        let shorter = self.random() % (lifetime / 10).max(1);
        match lifetime {
            u64::MAX => u64::MAX,
            _ => now.saturating_add(lifetime - shorter),
        }
    }

    /// When it is to be checked next: up to a tenth sooner or later.
    pub(super) fn next_check(&mut self, now: u64) -> u64 {
        let every = self.rules.validate_every;
        if every == u64::MAX {
            return u64::MAX;
        }
        let tenth = every / 10;
        let jitter = self.random() % (2 * tenth).max(1);
        now.saturating_add(every - tenth).saturating_add(jitter)
    }

    /// Other limits from now on. What is too much goes: the idle ones now, the others when they come back.
    pub(crate) fn resize(&mut self, max: usize) -> After<T> {
        self.rules.max = max;
        self.rules.min = self.rules.min.min(max);
        let mut after = self.watched();
        while self.size > max {
            let Some(entry) = self.idle.pop_front() else {
                break;
            };
            self.close(&entry, End::Surplus);
            after.gone.push(entry);
        }
        // There may be room for those who wait.
        after.more.extend(self.line.call_all());
        after
    }

    /// All idle resources go.
    pub(crate) fn evict(&mut self) -> After<T> {
        let mut after = self.watched();
        while let Some(entry) = self.idle.pop_front() {
            self.close(&entry, End::Evicted);
            after.gone.push(entry);
        }
        after
    }

    /// Nothing is given out any more.
    pub(crate) fn shut(&mut self) -> After<T> {
        self.is_open = false;
        let mut after = self.watched();
        after.more.extend(self.line.close());
        while let Some(entry) = self.idle.pop_front() {
            self.close(&entry, End::Closed);
            after.gone.push(entry);
        }
        after
    }

    /// Nothing is out, being made or checked.
    pub(crate) fn is_at_rest(&self) -> bool {
        let levels = self.levels();
        levels.in_use + levels.creating + levels.checking == 0
    }

    /// Starts the numbers anew.
    pub(crate) fn reset(&mut self) {
        self.books = super::Books::new();
        self.books.carried = (self.size + self.extra) as u64;
        self.books.came = self.line.occupied() as u64;
    }
}
