//! Pools that are made by hand: what they are told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::core::Core;
use super::settings::Settings;
use super::user::{Boxed, Failed, Hooks, Verdict};
use super::{Handle, Pool, PoolError, by_name};

type Change<T> = Box<dyn FnOnce(Hooks<T>) -> Hooks<T>>;

/// Makes a [`Pool`] without an attribute; see [`Pool::builder`].
///
/// Nothing is checked before [`build`](Self::build), which says what is wrong and never panics.
#[must_use = "a pool is made by `build`"]
pub struct PoolBuilder<T> {
    name: String,
    settings: Settings,
    changes: Vec<Change<T>>,
}

impl<T: Send + 'static> PoolBuilder<T> {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            settings: Settings::new(),
            changes: Vec::new(),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    fn and(mut self, change: impl FnOnce(Hooks<T>) -> Hooks<T> + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// How many resources are kept though nobody needs them. Default: 1.
    pub fn min_size(self, min: usize) -> Self {
        self.with(|settings| settings.min_size = min as u64)
    }

    /// How many resources there may be; at least 1. Default: 10.
    pub fn max_size(self, max: usize) -> Self {
        self.with(|settings| settings.max_size = max as u64)
    }

    /// How long a caller waits at most: for his turn, for a resource that is made, and for one that is checked, all
    /// together. Default: 5 seconds.
    pub fn acquire_timeout(self, limit: Duration) -> Self {
        self.with(|settings| settings.acquire_timeout = limit)
    }

    /// How long making one resource may take. A thread cannot be cancelled: what blocks goes on, and its place is taken as
    /// long as it does. Default: 5 seconds.
    pub fn create_timeout(self, limit: Duration) -> Self {
        self.with(|settings| settings.create_timeout = limit)
    }

    /// How long a resource stays that nobody uses, unless it is one of the [lowest number](Self::min_size). Default: 5
    /// minutes; `Duration::MAX` is for good.
    pub fn idle_timeout(self, limit: Duration) -> Self {
        self.with(|settings| settings.idle_timeout = limit)
    }

    /// How long a resource is used, less up to a tenth by chance, so that what was made together does not go together.
    /// Default: an hour; `Duration::MAX` is for good.
    pub fn max_lifetime(self, limit: Duration) -> Self {
        self.with(|settings| settings.max_lifetime = limit)
    }

    /// How often what is idle is checked, give or take a tenth. Default: 60 seconds.
    pub fn validate_every(self, every: Duration) -> Self {
        self.with(|settings| settings.validate_every = every)
    }

    /// After how much time of idling a resource is checked before it is given out. Default: 30 seconds.
    pub fn check_after(self, idle: Duration) -> Self {
        self.with(|settings| settings.check_after = idle)
    }

    /// How long one check may take. Default: a second.
    pub fn validate_timeout(self, limit: Duration) -> Self {
        self.with(|settings| settings.validate_timeout = limit)
    }

    /// How many resources are made at once; at least 1. Default: 2.
    pub fn max_creating(self, most: usize) -> Self {
        self.with(|settings| settings.max_creating = most as u64)
    }

    /// Gives out the resource that has been idle for the longest time, so that all are used alike. Default: the one that
    /// came back last, so that those nobody needs grow cold and go.
    pub fn fifo(self) -> Self {
        self.with(|settings| settings.is_fifo = true)
    }

    /// When a resource cannot be made, whoever has waited longest is told so at once. Default: it is tried again until his
    /// time is up.
    pub fn fail_fast(self) -> Self {
        self.with(|settings| settings.fail_fast = true)
    }

    /// Whether a resource is still good: asked every [so often](Self::validate_every), and before one is given out that was
    /// idle [for long](Self::check_after). `bool`, or a `Result`.
    pub fn validate<V: Verdict>(
        self,
        validate: impl Fn(&mut T) -> V + Send + Sync + 'static,
    ) -> Self {
        self.validate_async(move |resource| {
            let verdict = validate(resource).good();
            Box::pin(std::future::ready(verdict))
        })
    }

    /// The same with a future: `|client| Box::pin(async move { client.ping().await.is_ok() })`.
    pub fn validate_async(
        self,
        validate: impl for<'t> Fn(&'t mut T) -> Boxed<'t, bool> + Send + Sync + 'static,
    ) -> Self {
        self.and(|hooks| hooks.validate(validate))
    }

    /// What is done to each new resource; one for which it fails is discarded.
    pub fn on_create<V: Verdict>(
        self,
        on_create: impl Fn(&mut T) -> V + Send + Sync + 'static,
    ) -> Self {
        self.and(|hooks| {
            hooks.on_create(move |resource| {
                let verdict = on_create(resource).good();
                Box::pin(std::future::ready(verdict))
            })
        })
    }

    /// What is done to each resource that comes back, on the thread that gives it back; one for which it fails is discarded.
    ///
    /// It has no limit on its time, because a thread cannot be made to leave it: whoever drops a guard waits for it, and the
    /// resource counts as in use until it has ended. Nobody else is held up, and a panic costs this resource alone. What
    /// talks to a server belongs into [`validate_async`](Self::validate_async), which is run beside the callers and has a
    /// limit.
    pub fn on_release<V: Verdict>(
        self,
        on_release: impl Fn(&mut T) -> V + Send + Sync + 'static,
    ) -> Self {
        self.and(|hooks| hooks.on_release(move |resource| on_release(resource).good()))
    }

    /// Where a resource goes that is discarded. Default: it is dropped.
    ///
    /// Run by whoever has found that it is to go: who drops a guard, who acquires and comes upon one that is too old, or what
    /// looks after the pool. It has no limit on its time, and the pool has room for another one before it begins; a panic of
    /// it ends nothing. The same holds for the `Drop` of the resource.
    pub fn on_destroy(self, on_destroy: impl Fn(T) + Send + Sync + 'static) -> Self {
        self.and(|hooks| hooks.on_destroy(on_destroy))
    }

    /// The pool, whose resources are made by the futures of `create`, on the runtime of whoever needs one, and outside of a
    /// runtime on a thread of perfkit's.
    ///
    /// # Errors
    /// What of the options cannot be.
    pub fn build<F, R, E>(self, create: F) -> Result<Pool<T>, PoolError>
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        E: fmt::Display,
    {
        self.of(Hooks::of_tasks(move || {
            let created = create();
            Box::pin(async move {
                let made = created.await;
                made.map_err(|error| Failed::told(&error.to_string()))
            })
        }))
    }

    /// The pool, whose resources are made by `create`, which may block: on a thread of its own, like its checks.
    ///
    /// # Errors
    /// What of the options cannot be.
    pub fn build_blocking<F, E>(self, create: F) -> Result<Pool<T>, PoolError>
    where
        F: Fn() -> Result<T, E> + Send + Sync + 'static,
        E: fmt::Display,
    {
        self.of(Hooks::of_threads(move || {
            create().map_err(|error| Failed::told(&error.to_string()))
        }))
    }

    fn of(self, hooks: Hooks<T>) -> Result<Pool<T>, PoolError> {
        let Self {
            name,
            settings,
            changes,
        } = self;
        if settings.max_size == 0 || settings.max_creating == 0 {
            return Err(PoolError::NoRoom);
        }
        if settings.min_size > settings.max_size {
            return Err(PoolError::MinAboveMax);
        }
        let limits = [
            settings.acquire_timeout,
            settings.create_timeout,
            settings.validate_timeout,
            settings.validate_every,
        ];
        if limits.iter().any(Duration::is_zero) {
            return Err(PoolError::NoTime);
        }
        let hooks = changes
            .into_iter()
            .fold(hooks, |hooks, change| change(hooks));
        let row = by_name::row_of(&name);
        let core = Core::new(row.op, settings, hooks);
        by_name::put(&name, row, &core)?;
        Ok(Pool::of(Handle::Shared(Arc::clone(&core))))
    }
}
