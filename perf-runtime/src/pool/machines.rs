//! The pools of an annotated function: one, or one for each of its arguments, and that for each instance of it.
//!
//! A `static` cannot be generic, but a closure inside of the function has a type for each instance, and that has an id. The
//! handle beside the function has closures of its own; it finds the pools by the name of the instance and their type.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Handle;
use super::core::Core;
use super::report::{self, Counted, SECTION, Sum};
use super::settings::Settings;
use super::user::Hooks;
use crate::beside::{Places, Shared, instance};
use crate::registry::{self, Observed};
use crate::rejected::{Reason, Rejected};
use crate::snapshot::Snapshot;

type Typed = &'static (dyn Any + Send + Sync);

/// See the module.
pub(crate) struct Machines {
    pub(super) op: &'static str,
    settings: Settings,
    all: Mutex<Vec<Node>>,
    /// Whether the row of the function's own does not tell of it.
    is_listed: AtomicBool,
}

struct Node {
    /// The closure of the function's own; nothing while only a handle has asked.
    owner: Option<TypeId>,
    instance: String,
    typed: Typed,
    counted: &'static dyn Counted,
}

impl Shared for Machines {
    type Options = Settings;

    fn places() -> &'static Places<Self> {
        static PLACES: Places<Machines> = Places::new();
        &PLACES
    }

    fn make(op: &'static str, settings: Settings) -> &'static Self {
        Box::leak(Box::new(Self {
            op,
            settings,
            all: Mutex::new(Vec::new()),
            is_listed: AtomicBool::new(false),
        }))
    }
}

impl Machines {
    /// The pool of a function without arguments; `hooks` is a closure inside of it.
    pub(crate) fn only<T, F>(&'static self, hooks: F) -> &'static Core<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Hooks<T> + 'static,
    {
        let owner = Some(TypeId::of::<F>());
        self.find_only(instance(type_name::<F>()), owner, hooks)
    }

    #[cold]
    pub(super) fn find_only<T: Send + 'static>(
        &'static self,
        instance: &str,
        owner: Option<TypeId>,
        hooks: impl FnOnce() -> Hooks<T>,
    ) -> &'static Core<T> {
        self.find(instance, owner, || {
            Core::for_good(self.op, self.settings.clone(), hooks())
        })
    }

    /// The pools of a function with arguments.
    pub(crate) fn keyed<K, T, F>(&'static self, hooks: F) -> &'static Machine<K, T>
    where
        K: Eq + Hash + Clone + Send + Sync + 'static,
        T: Send + 'static,
        F: Fn(&K) -> Hooks<T> + Send + Sync + 'static,
    {
        let owner = Some(TypeId::of::<F>());
        self.find_keyed(instance(type_name::<F>()), owner, hooks)
    }

    #[cold]
    pub(super) fn find_keyed<K, T, F>(
        &'static self,
        instance: &str,
        owner: Option<TypeId>,
        hooks: F,
    ) -> &'static Machine<K, T>
    where
        K: Eq + Hash + Clone + Send + Sync + 'static,
        T: Send + 'static,
        F: Fn(&K) -> Hooks<T> + Send + Sync + 'static,
    {
        self.find(instance, owner, || {
            &*Box::leak(Box::new(Machine {
                op: self.op,
                settings: self.settings.clone(),
                hooks: Box::new(hooks),
                pools: Mutex::new(Keyed {
                    living: HashMap::new(),
                    gone: Sum::new(),
                }),
                uses: AtomicU64::new(0),
            }))
        })
    }

    /// That this is to be a row of its own: the function may not be called for a long time, and the report has to tell of
    /// the pool.
    pub(super) fn list(&'static self) {
        self.is_listed.store(true, Relaxed);
        registry::add(self);
    }

    /// Its pools of this type, but for those with arguments.
    pub(super) fn of_type<T: Send + 'static>(&self) -> Vec<&'static Core<T>> {
        let nodes = self.lock();
        let typed = nodes.iter().map(|node| node.typed);
        typed.filter_map(|typed| typed.downcast_ref()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Node>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is of this type for an instance; else what `make` makes.
    fn find<C: Any + Counted>(
        &'static self,
        instance: &str,
        owner: Option<TypeId>,
        make: impl FnOnce() -> &'static C,
    ) -> &'static C {
        let find = |all: &mut Vec<Node>| {
            let mut wanted = all.iter_mut().filter_map(|node| {
                let typed = node.typed.downcast_ref::<C>()?;
                let is_it = match (node.owner, owner) {
                    (Some(other), Some(owner)) => other == owner,
                    _ => node.instance == instance,
                };
                is_it.then_some((node, typed))
            });
            let (node, typed) = wanted.next()?;
            node.owner = node.owner.or(owner);
            Some(typed)
        };
        let found = find(&mut self.lock());
        found.unwrap_or_else(|| {
            // Made without the lock, because that asks the user.
            let new = make();
            let mut all = self.lock();
            find(&mut all).unwrap_or_else(|| {
                all.push(Node {
                    owner,
                    instance: instance.to_owned(),
                    typed: new,
                    counted: new,
                });
                new
            })
        })
    }

    pub(crate) fn sum(&self) -> Sum {
        let counted: Vec<_> = self.lock().iter().map(|node| node.counted).collect();
        let mut sum = Sum::new();
        for counted in counted {
            sum.add(&counted.sum());
        }
        sum
    }

    /// What the row of the function tells: nothing, where a row of the handle's tells it.
    pub(crate) fn own_sum(&self) -> Sum {
        if self.is_listed.load(Relaxed) {
            return Sum::new();
        }
        self.sum()
    }

    pub(crate) fn reset(&self) {
        let counted: Vec<_> = self.lock().iter().map(|node| node.counted).collect();
        for counted in counted {
            counted.reset();
        }
    }
}

impl Observed for Machines {
    fn snapshot(&self) -> Snapshot {
        Snapshot {
            op: self.op.into(),
            attribute: "pooled",
            location: None,
            section: SECTION,
            metrics: report::rows(&self.sum()),
            by: Vec::new(),
        }
    }

    fn reset(&self) {
        self.reset();
    }
}

type ByKey<K, T> = Box<dyn Fn(&K) -> Hooks<T> + Send + Sync>;

/// The pools of one instance of a function, by its arguments.
pub(crate) struct Machine<K, T: Send + 'static> {
    op: &'static str,
    settings: Settings,
    hooks: ByKey<K, T>,
    pools: Mutex<Keyed<K, T>>,
    /// Counts, to know which has not been asked for longest.
    uses: AtomicU64,
}

struct Keyed<K, T: 'static> {
    living: HashMap<K, (Arc<Core<T>>, u64)>,
    gone: Sum,
}

impl<K, T> Machine<K, T>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    T: Send + 'static,
{
    fn lock(&self) -> MutexGuard<'_, Keyed<K, T>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pool of these arguments; where there are too many, in the place of one that is not in use.
    pub(crate) fn pool(&self, key: K) -> Result<Handle<T>, Rejected> {
        let used = self.uses.fetch_add(1, Relaxed);
        if let Some((core, last)) = self.lock().living.get_mut(&key) {
            *last = used;
            return Ok(Handle::Shared(Arc::clone(core)));
        }
        let core = Core::new(self.op, self.settings.clone(), (self.hooks)(&key));
        let mut guard = self.lock();
        let pools = &mut *guard;
        if let Some((core, last)) = pools.living.get_mut(&key) {
            *last = used;
            return Ok(Handle::Shared(Arc::clone(core)));
        }
        let most = self.settings.max_keys.max(1);
        let mut gone = None;
        if pools.living.len() as u64 >= most {
            let idle = pools
                .living
                .iter()
                .filter(|(_, (core, _))| core.is_unused());
            let oldest = idle.min_by_key(|(_, (_, last))| *last);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                let text = format!("has {most} pools in use, and `max_keys` allows no more");
                return Err(Rejected::pool(self.op, Reason::PoolFull, text));
            };
            gone = pools.living.remove_entry(&oldest);
        }
        guard.living.insert(key, (Arc::clone(&core), used));
        if let Some((_, (core, _))) = &gone {
            guard.gone.add(&core.last_sum());
        }
        // Its resources go, which is code of the user's.
        drop(guard);
        drop(gone);
        Ok(Handle::Shared(core))
    }
}

impl<K, T> Counted for Machine<K, T>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    T: Send + 'static,
{
    fn sum(&self) -> Sum {
        let mut sum = Sum::new();
        let pools = self.lock();
        for (core, _) in pools.living.values() {
            sum.add(&Core::sum(core));
        }
        sum.add(&pools.gone);
        sum
    }

    fn reset(&self) {
        let mut pools = self.lock();
        for (core, _) in pools.living.values() {
            Core::reset(core);
        }
        pools.gone = Sum::new();
    }
}
