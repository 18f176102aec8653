//! Caches without a function: which there are, and what of them is there for good.
//!
//! A cache that is made by hand is gone with its last handle, and what it kept with it. What it counted stays, as the row
//! of its name: as elsewhere in the report, there is room for 1,000 names, and all others share the row `other`. Caches
//! of one name are one row.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::report::{self, SECTION};
use super::slot::{Keeps, Slot};
use super::{Core, Settings};
use crate::kept::Keepable;
use crate::parts::key::Key;
use crate::registry::Observed;
use crate::rows::ByName;
use crate::snapshot::Snapshot;

/// The caches of one name, all of one type.
type Namesakes = Vec<(TypeId, Weak<dyn Keeps>)>;

static CACHES: Mutex<Option<HashMap<Box<str>, Namesakes>>> = Mutex::new(None);

/// The caches that are counted together.
pub(super) struct Living(Mutex<Vec<Weak<dyn Keeps>>>);

impl Living {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(super) fn each(&self) -> Vec<Arc<dyn Keeps>> {
        let living = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        living.iter().filter_map(Weak::upgrade).collect()
    }

    fn add(&self, keeps: Weak<dyn Keeps>) {
        let mut living = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        living.retain(|keeps| keeps.strong_count() > 0);
        living.push(keeps);
    }
}

fn is_alive((_, keeps): &(TypeId, Weak<dyn Keeps>)) -> bool {
    keeps.strong_count() > 0
}

/// What is counted under a name.
pub(super) fn core_of(name: &str) -> &'static Core {
    static CORES: ByName<Core> = ByName::new();

    CORES.row(name, |op| Core::new(op, Settings::new()))
}

impl Observed for Core {
    fn snapshot(&self) -> Snapshot {
        Snapshot {
            op: self.op.into(),
            attribute: "cache",
            location: None,
            section: SECTION,
            metrics: report::metrics(Some(self)),
            by: Vec::new(),
        }
    }

    fn reset(&self) {
        Self::reset(self);
    }
}

/// Whether there is a cache of that name that keeps something else.
pub(super) fn is_taken<K: Key, V: Keepable>(name: &str) -> bool {
    let kind = TypeId::of::<Slot<K, V>>();
    let is_other = |namesake: &(TypeId, _)| is_alive(namesake) && namesake.0 != kind;
    let caches = caches();
    let namesakes = caches.as_ref().and_then(|caches| caches.get(name));
    namesakes.is_some_and(|namesakes| namesakes.iter().any(is_other))
}

/// Puts a new cache where it is found; false when there is one of that name that keeps something else.
pub(super) fn put<K: Key, V: Keepable>(name: &str, slot: &Arc<Slot<K, V>>) -> bool {
    let kind = TypeId::of::<Slot<K, V>>();
    let keeps: Weak<dyn Keeps> = Arc::<Slot<K, V>>::downgrade(slot);
    {
        let mut caches = caches();
        let caches = caches.get_or_insert_default();
        // Names of those that are gone go before more room is made.
        if caches.len() >= caches.capacity() {
            caches.retain(|_, namesakes| namesakes.iter().any(is_alive));
        }
        let namesakes = caches.entry(name.into()).or_default();
        namesakes.retain(is_alive);
        if namesakes.iter().any(|(other, _)| *other != kind) {
            return false;
        }
        namesakes.push((kind, keeps.clone()));
    }
    slot.core.living.add(keeps);
    true
}

/// The cache of that name and these types that was made last.
pub(super) fn find<K: Key, V: Keepable>(name: &str) -> Option<Arc<Slot<K, V>>> {
    let kind = TypeId::of::<Slot<K, V>>();
    let namesakes = caches().as_ref()?.get(name)?.clone();
    let mut wanted = namesakes.into_iter().rev().filter(|(of, _)| *of == kind);
    wanted.find_map(|(_, keeps)| keeps.upgrade()?.whole().downcast().ok())
}

fn caches() -> MutexGuard<'static, Option<HashMap<Box<str>, Namesakes>>> {
    CACHES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Cache;
    use crate::registry;
    use crate::rows::{MOST, OTHER};

    fn made(name: &str) -> Cache<u64, u64> {
        Cache::builder(name).build().expect("nothing is wrong")
    }

    #[test]
    fn short_lived_caches_leave_a_thousand_rows_and_no_name() {
        for number in 0..1500 {
            let cache = made(&format!("by_hand: short-lived: {number}"));
            cache.insert(1, 1);
            assert_eq!(cache.get(1), Some(1));
        }
        let all = registry::all();
        let rows = all.iter().map(|observed| observed.snapshot());
        let rows: Vec<_> = rows.filter(|row| row.attribute == "cache").collect();
        assert!(rows.len() <= MOST + 1);
        assert!(rows.iter().any(|row| row.op == OTHER));
        let names = caches().as_ref().map_or(0, HashMap::len);
        assert!(names < 100, "{names} are left");
    }

    #[test]
    fn beyond_the_thousand_a_cache_is_as_any_other_and_found_by_its_name() {
        for number in 0..MOST {
            core_of(&format!("by_hand: full: {number}"));
        }
        let cache = made("by_hand: beyond");
        cache.insert(1, 1);
        let found = find::<u64, u64>("by_hand: beyond").map(Cache::shared);
        assert_eq!(found.and_then(|found| found.peek(1)), Some(1));
        assert_eq!(cache.name(), OTHER);
    }
}
