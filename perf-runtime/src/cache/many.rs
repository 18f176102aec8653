//! Several keys at once.

use std::collections::HashMap;

use super::Count;
use super::handle::Cache;
use super::landing::Landing;
use crate::kept::{Keepable, Share, Success};
use crate::parts::flight::Led;
use crate::parts::key::{Key, Lookup};

/// A key among others that is missing, and led.
struct Wanted<'c, K: Key, V: Keepable> {
    place: usize,
    led: Led<'c, Landing<'c, K, Option<V>, V>>,
}

impl<K: Key, V: Keepable> Cache<K, V> {
    /// The values under some keys, in their order, each counted as a lookup.
    ///
    /// ```
    /// # let stock: perfkit::Cache<String, u32> = perfkit::Cache::builder("doc: get_many").build()?;
    /// stock.insert("tea".to_owned(), 3);
    /// assert_eq!(stock.get_many(["tea", "milk"]), [Some(3), None]);
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn get_many<L: Lookup<K>>(&self, keys: impl IntoIterator<Item = L>) -> Vec<Option<V>> {
        keys.into_iter().map(|key| self.get(key)).collect()
    }

    /// Keeps some values, each as [`insert`](Self::insert) does.
    pub fn insert_many(&self, entries: impl IntoIterator<Item = (K, V)>) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }

    /// The values under some keys, in their order; those that are not there are loaded together, by one `load`, and kept.
    /// `None` is what `load` gave no value for. It may give more than it was asked for; that is not kept.
    ///
    /// A key that another call is loading is waited for when the others are there, and if that call brings nothing, `load`
    /// runs again for this key alone. So one load per key runs at a time here, too, and an invalidation beats it. Each key
    /// counts as one load that takes as long as all of them. A panic of `load` passes through, and nothing of it is kept.
    ///
    /// ```
    /// # let users: perfkit::Cache<u64, String> = perfkit::Cache::builder("doc: get_many_or_load").build()?;
    /// users.insert(1, "Ada".to_owned());
    /// let names = users.get_many_or_load([1, 2, 3], |missing| {
    ///     assert_eq!(missing, [2, 3]);
    ///     vec![(2, "Bob".to_owned())]
    /// });
    /// assert_eq!(names, [Some("Ada".to_owned()), Some("Bob".to_owned()), None]);
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn get_many_or_load<I>(
        &self,
        keys: impl IntoIterator<Item = K>,
        mut load: impl FnMut(Vec<K>) -> I,
    ) -> Vec<Option<V>>
    where
        K: Clone,
        I: IntoIterator<Item = (K, V)>,
    {
        let slot = self.slot();
        let (mut values, mut others) = (Vec::new(), Vec::new());
        let (mut missing, mut wanted) = (Vec::new(), Vec::new());
        for (place, key) in keys.into_iter().enumerate() {
            let hash = slot.store.hash_of(&key);
            let found = slot.find(hash, &&key, V::clone);
            values.push(found);
            if values.last().is_some_and(Option::is_some) {
                continue;
            }
            slot.core.count(Count::Miss);
            let mut landing = slot.missing::<Success<Option<V>>, _>(hash, &&key).landing;
            landing.judged_by(Option::is_none, Some(Share::cloned()));
            let Some(mut led) = slot.flights.lead(hash, key.clone(), landing) else {
                others.push((place, hash, key));
                continue;
            };
            if let Some(found) = led.found() {
                set(&mut values, place, found);
            } else {
                missing.push(key);
                wanted.push(Wanted { place, led });
            }
        }
        if !wanted.is_empty() {
            load_all(missing, wanted, &mut values, &mut load);
        }
        for (place, hash, key) in others {
            let missing = slot.missing::<Success<Option<V>>, _>(hash, &&key);
            let load = || {
                let loaded = load(vec![key.clone()]).into_iter();
                let mut of_it = loaded.filter(|(other, _)| *other == key);
                of_it.next().map(|(_, value)| value)
            };
            let share = Some(Share::cloned());
            set(
                &mut values,
                place,
                missing.load(Option::is_none, share, load),
            );
        }
        values
    }
}

/// One load for all keys that this call leads.
fn load_all<K, V, I>(
    missing: Vec<K>,
    mut wanted: Vec<Wanted<'_, K, V>>,
    values: &mut [Option<V>],
    load: &mut impl FnMut(Vec<K>) -> I,
) where
    K: Key + Clone,
    V: Keepable,
    I: IntoIterator<Item = (K, V)>,
{
    for Wanted { led, .. } in &mut wanted {
        led.begin();
    }
    let asked = missing.clone();
    let mut loaded: HashMap<K, V> = load(missing).into_iter().collect();
    for (key, Wanted { place, led }) in asked.into_iter().zip(wanted) {
        let value = loaded.remove(&key);
        led.land(&value);
        set(values, place, value);
    }
}

fn set<V>(values: &mut [Option<V>], place: usize, value: Option<V>) {
    if let Some(there) = values.get_mut(place) {
        *there = value;
    }
}
