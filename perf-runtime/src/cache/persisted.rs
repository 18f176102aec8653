//! `persist = …`: what a cache knows, kept over a restart.
//!
//! When the typed part of a cache is made, its file is read before anybody can find the cache: the first call has its
//! answer already. What changes afterwards is saved in the background, at the end of the program and on demand. What
//! a file may hold and when it is written is decided by [`persist`]; here is who a file belongs to ([`claims`]), how
//! entries come out of the store and into it, and what is counted.
//!
//! A lifetime never grows on the way: an entry has what was left of it, and no more than it would have as a new one.
//! Entries come back in the order of the store, because which of them was used last is not in the file; where there is
//! room for fewer than there were, the policy of the cache chooses, and knows no more than that.
//!
//! Nothing here fails a call. Without its file, a cache is one that begins empty; why is in the report.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::numbers::Numbers;

use self::claims::{Claim, Identity, Opening};
use super::Core;
use super::hooks::Hooks;
use super::slot::{Keeps, Slot};
use crate::kept::Keepable;
use crate::parts::key::Key;
use crate::parts::persist::{
    self, INTERVAL, Loaded, PersistError, Saved, Saver, Schema, Snapshot, System, Verdict,
};
use crate::parts::store::{Entry, Lifetime};
use crate::snapshot::Metric;
use crate::{clock, registry};

mod claims;
mod numbers;

/// A key or a value that a file can keep.
///
/// Every type has it that is `Serialize + DeserializeOwned`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a file",
    label = "`persist` needs keys and values that are `serde::Serialize` and `serde::Deserialize`",
    note = "a type of your own derives both: `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "or keep the cache in memory only: leave `persist` out"
)]
pub trait Storable: Serialize + DeserializeOwned {}

// Else the compiler would speak of the one bound that is missing, and not of the option that asks for it.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Storable for T {}

type Load<K, V> = fn(&System, &Path, &Schema, SystemTime) -> Loaded<K, V>;
type Put<K, V> = for<'s> fn(&mut Snapshot<'s, System>, &K, &V, Option<Duration>);

/// The file of one cache, and how its types get into it.
pub struct Persist<K, V> {
    path: PathBuf,
    schema: fn(&str) -> Schema,
    load: Load<K, V>,
    put: Put<K, V>,
}

impl<K, V> Persist<K, V> {
    /// In the file at `path`, which stays the same when the process goes to another folder.
    pub(super) fn at(path: impl Into<PathBuf>) -> Self
    where
        K: Storable,
        V: Storable,
    {
        let path = path.into();
        Self {
            path: std::path::absolute(&path).unwrap_or(path),
            schema: Schema::of::<K, V>,
            load: persist::load::<K, V, System>,
            put: |snapshot, key, value, left| snapshot.put::<K, V>(key, value, left),
        }
    }
}

/// See [`Persist::at`]; a function of its own, so that a bound that does not hold is reported at the type.
#[must_use]
pub fn persisted<K: Storable, V: Storable>(path: impl Into<PathBuf>) -> Persist<K, V> {
    Persist::at(path)
}

/// The file of a cache that is in use.
pub(crate) struct Persisted {
    /// Nothing where the file is another cache's.
    saver: Option<(Saver, Claim)>,
    numbers: Arc<Numbers>,
}

impl Persisted {
    pub(super) fn numbers(&self) -> Arc<Numbers> {
        Arc::clone(&self.numbers)
    }

    /// Told after the cache has changed, without any lock of ours.
    pub(super) fn changed(&self) {
        if let Some((saver, _)) = &self.saver {
            saver.changed();
        }
    }
}

impl<K: Key, V: Keepable> Slot<K, V> {
    /// Fills a cache that nobody can find yet with what its file holds, and begins to save it. Gives what others wait for.
    ///
    /// `name` is in the file; what is in that of another one is not for this cache.
    pub(super) fn restore(self: &Arc<Self>, name: &str, opened: Opened) -> Option<Opening> {
        let persist = self.hooks.persist.as_ref()?;
        let numbers = Arc::new(Numbers::new());
        let mut opening = None;
        let saver = match opened {
            Ok((claim, others_wait)) => {
                opening = Some(others_wait);
                let schema = (persist.schema)(name);
                let loaded = (persist.load)(&System, &persist.path, &schema, clock::wall());
                self.take_over(loaded, persist, &numbers);
                Some((self.saver(&persist.path, schema, &numbers), claim))
            }
            Err(error) => {
                numbers.refused(self.core.op, &error);
                None
            }
        };
        let _ = self.persisted.set(Persisted { saver, numbers }); // once for each slot
        // The end of the program is of interest now.
        registry::used();
        opening
    }

    fn take_over(
        self: &Arc<Self>,
        loaded: Loaded<K, V>,
        persist: &Persist<K, V>,
        numbers: &Numbers,
    ) {
        numbers.read(self.core.op, &persist.path, &loaded);
        let settings = &self.settings;
        let ends = loaded.entries.iter().filter_map(|entry| entry.left).min();
        if let (Some(first), None) = (ends, settings.shortest()) {
            // Nothing ends by itself in this cache any more, but what another start has left does.
            self.ends_after(first);
        }
        for entry in loaded.entries {
            let (key, value) = (entry.key, entry.value);
            // The user weighs; a panic costs the entry.
            let kept = catch_unwind(AssertUnwindSafe(|| {
                let hash = self.store.hash_of(&key);
                let weight = self.weigh(&key, &value);
                let is_error = self.hooks.is_error(&value);
                let new = self.lifetime(&key, &value, is_error, hash, self.now());
                let lifetime = no_longer(new, entry.left, settings.clock.exact());
                let now = self.now();
                let displaced = self.store.insert(hash, key, value, weight, lifetime, now);
                displaced.iter().count()
            }));
            match kept {
                Ok(displaced) => numbers.took(displaced),
                Err(_) => numbers.failed_to_take(),
            }
        }
    }

    fn saver(self: &Arc<Self>, path: &Path, schema: Schema, numbers: &Arc<Numbers>) -> Saver {
        let (slot, numbers) = (Arc::downgrade(self), Arc::clone(numbers));
        let to = path.to_owned();
        Saver::new(path, INTERVAL, move || {
            // A cache that is gone has nothing to save, and what it has saved stays.
            let Some(slot) = slot.upgrade() else {
                return Ok(Saved::default());
            };
            let saved = slot.write(&to, &schema);
            numbers.saved(slot.core.op, &saved);
            saved
        })
    }

    fn write(&self, path: &Path, schema: &Schema) -> Result<Saved, PersistError> {
        let mut snapshot = Snapshot::begin(&System, path, schema, clock::wall())?;
        let now = self.settings.clock.exact();
        if let Some(persist) = &self.hooks.persist {
            self.store.for_each(|entry| {
                if !self.carries_tags(entry) {
                    let left = left(entry.lifetime(), now);
                    (persist.put)(&mut snapshot, entry.key(), entry.value(), left);
                }
            });
        }
        snapshot.commit()
    }

    /// Tags are not in a file, so that what carries some could not be taken out by them afterwards.
    fn carries_tags(&self, entry: &Entry<K, V>) -> bool {
        self.tags.get().is_some_and(|index| {
            let hash = self.store.hash_of(entry.key());
            index.lock().has_any(hash)
        })
    }

    /// See [`Cache::save`](super::Cache::save).
    pub(super) fn save(&self) -> Result<Saved, PersistError> {
        let Some(persist) = &self.hooks.persist else {
            let cache = self.core.op.to_owned();
            return Err(PersistError::NotPersisted { cache });
        };
        match self.persisted.get().map(|persisted| &persisted.saver) {
            Some(Some((saver, _))) => saver.save_now(),
            _ => Err(claims::taken(&persist.path)),
        }
    }
}

/// The file of a cache, if it may have it.
type Opened = Result<(Claim, Opening), PersistError>;

/// Claims the file that is asked for. Waits while another call that needs the same `instance` reads it; then it cannot be
/// had, and the cache can be found.
pub(super) fn open<K, V>(
    core: &'static Core,
    instance: &str,
    name: &str,
    wait: Duration,
    hooks: &Hooks<K, V>,
) -> Option<Opened> {
    let persist = hooks.persist.as_ref()?;
    let cache = Identity::new(core, instance, name);
    Some(claims::open(&persist.path, cache, wait))
}

/// The same for an instance of a function; with it, what the file calls it. What users call a function stays when it
/// moves; its instances have only their types.
pub(super) fn open_function<K, V>(
    core: &'static Core,
    instance: &str,
    hooks: &Hooks<K, V>,
) -> (String, Option<Opened>) {
    let name = if instance.contains('<') {
        format!("{} as {instance}", core.op)
    } else {
        core.op.to_owned()
    };
    let opened = open(core, instance, core.op, core.settings.wait, hooks);
    (name, opened)
}

/// The numbers of all files of one row.
fn numbers(core: &Core) -> Vec<Arc<Numbers>> {
    let by_hand = core.living.each();
    let by_hand = by_hand.iter().filter_map(|keeps| keeps.persisted());
    let of_instances = core.slots.each().filter_map(Keeps::persisted);
    of_instances.chain(by_hand).collect()
}

/// What they tell the report.
pub(super) fn metrics(core: &Core) -> Vec<Metric> {
    numbers::metrics(&numbers(core))
}

/// Starts them anew.
pub(super) fn reset(core: &Core) {
    for numbers in numbers(core) {
        numbers.reset();
    }
}

/// What is left of a lifetime; `None` stands for ever. What is only good until another answer is there is not saved.
fn left(lifetime: Lifetime, now: u64) -> Option<Duration> {
    let end = lifetime.fresh_until.min(lifetime.expires);
    (end != u64::MAX).then(|| Duration::from_nanos(end.saturating_sub(now)))
}

/// The lifetime of a new answer, cut to what is left of an old one.
fn no_longer(new: Lifetime, left: Option<Duration>, now: u64) -> Lifetime {
    let Some(left) = left else {
        return new;
    };
    let left = u64::try_from(left.as_nanos()).unwrap_or(u64::MAX);
    let fresh_until = new.fresh_until.min(now.saturating_add(left));
    let stale = new.expires.saturating_sub(new.fresh_until);
    Lifetime {
        fresh_until,
        expires: new.expires.min(fresh_until.saturating_add(stale)),
        is_never_stale: new.is_never_stale,
        is_its_own: new.is_its_own,
    }
}

/// Whether somebody should hear of it: not of a first start.
fn is_worth_telling(verdict: &Verdict) -> bool {
    !matches!(verdict, Verdict::Nothing | Verdict::Whole)
}
