//! What a pool does though nobody waits for it: resources are made and checked by tasks of the runtime that asked, or by a
//! thread where that may block, and never by whoever wants one.
//!
//! A task may be dropped with its runtime at any time. Each has a guard, which says so.

use std::sync::{Arc, Weak};

use super::core::{Core, MODELLED};
use super::loan::{Lent, Loan};
use super::user::Fault;
use crate::clock;
use crate::parts::pool::books::record;
use crate::parts::pool::entry::End;
use crate::parts::pool::{Attempt, State};
use crate::rt::background;
use crate::rt::{self, wake};

impl<T: Send + 'static> Core<T> {
    fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        if self.hooks.blocks {
            background::apart("perfkit-pool", work);
        } else {
            rt::spawn(work);
        }
    }

    /// Makes what is needed, as far as that may be.
    pub(super) fn make(&self) {
        if self.hooks.create.is_none() {
            return;
        }
        let now = rt::now();
        // A thread cannot be given up: there would be more and more of them.
        let give_up_at = if self.hooks.blocks {
            None
        } else {
            now.checked_add(self.settings.create_timeout.saturating_mul(2))
        };
        loop {
            let attempt = self.lock().attempt(now, give_up_at);
            let (Some(attempt), Some(core)) = (attempt, self.this.upgrade()) else {
                return;
            };
            self.start(Making::begin(core, attempt).run());
        }
    }

    /// Checks a resource before it is given to who waits.
    pub(super) fn check(&self, entry: Lent<T>) {
        if let Some(core) = self.this.upgrade() {
            let checking = Checking {
                core,
                entry: Some(entry),
            };
            self.start(checking.run());
        }
    }

    /// Looks after the pool from time to time, as long as this runtime runs.
    #[cold]
    pub(super) fn keep(&self) {
        if std::mem::replace(&mut self.lock().has_keeper, true) || MODELLED {
            return;
        }
        let keeping = Keeping(Weak::clone(&self.this));
        let every = self.settings.every();
        rt::spawn(async move {
            loop {
                let Some(next) = rt::now().checked_add(every) else {
                    return;
                };
                rt::sleep_until(next).await;
                let Some(core) = keeping.0.upgrade() else {
                    return;
                };
                core.tend();
            }
        });
    }

    fn tend(self: &Arc<Self>) {
        let after = self.lock().sweep(clock::ticks());
        if self.hooks.blocks && !after.gone.is_empty() {
            let core = Arc::clone(self);
            self.start(async move { core.finish(after) });
        } else {
            self.finish(after);
        }
        self.make();
        if self.hooks.validate.is_none() {
            return;
        }
        let due = self.lock().due(clock::ticks());
        if let Some(entry) = due {
            let checking = Checking {
                core: Arc::clone(self),
                entry: Some(entry),
            };
            self.start(checking.run_all());
        }
    }
}

/// The one task that keeps a pool.
struct Keeping<T: Send + 'static>(Weak<Core<T>>);

impl<T: Send + 'static> Drop for Keeping<T> {
    fn drop(&mut self) {
        if let Some(core) = self.0.upgrade() {
            core.lock().lose_keeper();
        }
    }
}

/// A resource in the making.
struct Making<T: Send + 'static> {
    core: Arc<Core<T>>,
    attempt: Attempt,
    is_over: bool,
}

impl<T: Send + 'static> Making<T> {
    const fn begin(core: Arc<Core<T>>, attempt: Attempt) -> Self {
        Self {
            core,
            attempt,
            is_over: false,
        }
    }

    async fn run(mut self) {
        if !self.core.lock().is_needed(self.attempt) {
            self.is_over = true;
            return;
        }
        let began = clock::ticks();
        let made = self
            .core
            .hooks
            .make(self.core.settings.create_timeout)
            .await;
        let now = clock::ticks();
        let core = &self.core;
        let mut state = core.lock();
        record(&mut state.books.create, now.saturating_sub(began));
        self.is_over = true;
        let mut after = match made {
            Ok(resource) => {
                let after = state.created(self.attempt, Loan::new(resource), now);
                drop(state);
                after
            }
            Err((failure, fault)) => {
                count(&mut state, fault);
                let (after, unused) = state.failed(self.attempt, failure, rt::now());
                drop(state);
                drop(unused);
                after
            }
        };
        let first = after.first.take();
        core.finish(after);
        core.make();
        core.set_alarm();
        // Who is woken may be done with it before this task is over, and then nobody else may have the pool: it may be one
        // of so many that another one needs its place.
        drop(self);
        if let Some(waker) = first {
            wake(waker);
        }
    }
}

fn count<T>(state: &mut State<T>, fault: Fault) {
    match fault {
        Fault::Failed => {}
        Fault::Panicked => state.books.create_panics += 1,
        Fault::Late => state.books.create_timeouts += 1,
    }
}

impl<T: Send + 'static> Drop for Making<T> {
    fn drop(&mut self) {
        if !self.is_over {
            let after = self.core.lock().lost(self.attempt, rt::now());
            self.core.finish(after);
        }
    }
}

/// A resource that is being checked.
struct Checking<T: Send + 'static> {
    core: Arc<Core<T>>,
    entry: Option<Lent<T>>,
}

impl<T: Send + 'static> Checking<T> {
    async fn check(&mut self) {
        let Some(entry) = &mut self.entry else {
            return;
        };
        let limit = self.core.settings.validate_timeout;
        let resource = &mut entry.resource.resource;
        let is_valid = self.core.hooks.is_valid(resource, limit).await;
        if let Some(entry) = self.entry.take() {
            let end = (!is_valid).then_some(End::Invalid);
            let after = self.core.lock().checked(entry, clock::ticks(), end);
            self.core.finish(after);
        }
    }

    async fn run(mut self) {
        self.check().await;
        self.core.make();
    }

    /// One after the other, so that never more than one is missing.
    async fn run_all(mut self) {
        while self.entry.is_some() {
            self.check().await;
            self.core.make();
            self.entry = self.core.lock().due(clock::ticks());
        }
    }
}

impl<T: Send + 'static> Drop for Checking<T> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            let after = self.core.lock().unchecked(entry);
            self.core.finish(after);
        }
    }
}
