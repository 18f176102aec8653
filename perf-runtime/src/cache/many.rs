//! Several keys at once.

use std::collections::HashMap;
use std::future::Future;

use super::Count;
use super::handle::Cache;
use super::looked::Missing;
use crate::kept::{Keepable, Share, Success};
use crate::parts::key::{Key, Lookup};

mod together;

use self::together::Wanted;

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
    /// `None` is what `load` gave no value for. It is asked once for a key that is there more than once. It may give more
    /// than it was asked for, which is not kept, and of two values for a key the last one counts.
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
        let mut many = self.look_for(keys.into_iter().collect());
        if !many.wanted.is_empty() {
            let loaded = together::load(many.wanted, &mut load);
            put(&mut many.values, loaded);
        }
        self.put_again(&mut many.values, many.again);
        for Other { place, hash, key } in many.others {
            let load = || value_of(&key, load(vec![key.clone()]));
            let missing = self.missing(hash, &key);
            let value = missing.load(Option::is_none, Some(Share::cloned()), load);
            put(&mut many.values, [(place, value)]);
        }
        many.values
    }

    /// [`get_many_or_load`](Self::get_many_or_load) with a future. The keys are looked for at the first poll.
    ///
    /// Cancel safe as what `load` gives is: dropped while others wait for a key of it, one of them loads that itself.
    ///
    /// ```
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # let users: perfkit::Cache<u64, String> = perfkit::Cache::builder("doc: get_many_or_load_async").build()?;
    /// let names = users.get_many_or_load_async([1, 2], |missing| async move {
    ///     missing.into_iter().map(|id| (id, format!("user {id}")))
    /// });
    /// # let names = std::pin::pin!(names);
    /// # assert!(names.poll(&mut context).is_ready());
    /// # use std::future::Future;
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub async fn get_many_or_load_async<F, I>(
        &self,
        keys: impl IntoIterator<Item = K>,
        mut load: impl FnMut(Vec<K>) -> F,
    ) -> Vec<Option<V>>
    where
        K: Clone,
        F: Future<Output = I>,
        I: IntoIterator<Item = (K, V)>,
    {
        let mut many = self.look_for(keys.into_iter().collect());
        if !many.wanted.is_empty() {
            let loaded = together::load_async(many.wanted, &mut load).await;
            put(&mut many.values, loaded);
        }
        self.put_again(&mut many.values, many.again);
        for Other { place, hash, key } in many.others {
            let load = async { value_of(&key, load(vec![key.clone()]).await) };
            let missing = self.missing(hash, &key);
            let value = missing.begin(Option::is_none, Some(Share::cloned()), load);
            put(&mut many.values, [(place, value.await)]);
        }
        many.values
    }

    /// Looks all keys up, and leads of those that are missing all it can.
    // The keys are there before anything is led: an iterator may do what it likes.
    fn look_for(&self, keys: Vec<K>) -> Many<'_, K, V>
    where
        K: Clone,
    {
        let slot = self.slot();
        // Keys and values are cloned while others are led already, and what that loads must not wait for them.
        let mut running = Vec::new();
        let mut many = Many {
            values: Vec::with_capacity(keys.len()),
            wanted: Vec::new(),
            again: Vec::new(),
            others: Vec::new(),
        };
        for (place, key) in keys.into_iter().enumerate() {
            let hash = slot.store.hash_of(&key);
            let mut found = slot.find(hash, &&key, V::clone).ok();
            if found.is_none() {
                slot.core.count(Count::Miss);
                let mut landing = self.missing(hash, &key).landing;
                landing.judged_by(Option::is_none, Some(Share::cloned()));
                match slot.flights.lead(hash, key.clone(), landing) {
                    None => many.others.push(Other { place, hash, key }),
                    Some(mut led) => {
                        let leads = led.running();
                        if let Some(value) = led.found() {
                            found = value;
                        } else {
                            running.extend(leads);
                            many.wanted.push(Wanted { place, key, led });
                        }
                    }
                }
            }
            many.values.push(found);
        }
        many.tell_apart();
        many
    }

    /// Gives what was loaded for a key to the other places that it was wanted for.
    fn put_again(&self, values: &mut [Option<V>], again: Vec<Again>) {
        for Again { place, first } in again {
            let value = values.get(first).cloned().flatten();
            self.slot().core.count(Count::Coalesced);
            put(values, [(place, value)]);
        }
    }

    fn missing(&self, hash: u64, key: &K) -> Missing<'_, K, Option<V>, V>
    where
        K: Clone,
    {
        self.slot().missing::<Success<Option<V>>, _>(hash, &key)
    }
}

/// What a look for several keys has found.
struct Many<'c, K: Key, V: Keepable> {
    values: Vec<Option<V>>,
    /// Missing, and led by this call.
    wanted: Vec<Wanted<'c, K, V>>,
    /// Missing, and led by this call for another place.
    again: Vec<Again>,
    /// Missing, and led by another one.
    others: Vec<Other<K>>,
}

impl<K: Key, V: Keepable> Many<'_, K, V> {
    /// Finds out which of the others this call leads itself.
    fn tell_apart(&mut self) {
        if self.others.is_empty() {
            return;
        }
        let led = self.wanted.iter().map(|led| (&led.key, led.place));
        let led: HashMap<_, _> = led.collect();
        let again = &mut self.again;
        self.others.retain(|other| {
            let first = led.get(&other.key);
            again.extend(first.map(|&first| Again {
                place: other.place,
                first,
            }));
            first.is_none()
        });
    }
}

/// A key that is there more than once: the place, and the one that it is loaded for.
struct Again {
    place: usize,
    first: usize,
}

struct Other<K> {
    place: usize,
    hash: u64,
    key: K,
}

fn put<V>(values: &mut [Option<V>], loaded: impl IntoIterator<Item = (usize, Option<V>)>) {
    for (place, value) in loaded {
        if let Some(there) = values.get_mut(place) {
            *there = value;
        }
    }
}

fn value_of<K: Eq, V>(key: &K, loaded: impl IntoIterator<Item = (K, V)>) -> Option<V> {
    let of_it = loaded.into_iter().filter(|(other, _)| other == key);
    of_it.last().map(|(_, value)| value)
}
