use super::*;
use proptest::prelude::*;
use std::collections::HashMap;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

#[cfg(perfkit_model)]
mod models;

const ROUNDS: u64 = if cfg!(miri) { 60 } else { 20_000 };

fn limits(entries: Option<u64>, weight: Option<u64>) -> Limits {
    Limits { entries, weight }
}

fn until(expires: u64) -> Lifetime {
    Lifetime {
        fresh_until: expires,
        expires,
        is_never_stale: false,
        is_its_own: false,
    }
}

fn put<V: Send + Sync + 'static>(
    store: &Store<u64, V>,
    key: u64,
    value: V,
) -> Displaced<'_, u64, V> {
    store.insert(store.hash(&&key), key, value, 1, Lifetime::FOREVER, 0)
}

fn get<V: Copy + Send + Sync + 'static>(store: &Store<u64, V>, key: u64) -> Option<V> {
    store.read(store.hash(&&key), &&key, 0, |entry| *entry.value())
}

fn causes<V>(displaced: &Displaced<'_, u64, V>) -> Vec<(u64, Cause)> {
    displaced
        .iter()
        .map(|(key, _, cause)| (*key, cause))
        .collect()
}

/// Counts how many of it there are.
struct Counted(Arc<AtomicI64>);

impl Counted {
    fn new(alive: &Arc<AtomicI64>) -> Self {
        alive.fetch_add(1, Relaxed);
        Self(alive.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert {
        key: u8,
        weight: u8,
        lives: Option<u8>,
    },
    Read(u8),
    Remove(u8),
    Advance(u8),
    RemoveIf(u8),
    Sweep(u8),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let insert = (any::<u8>(), any::<u8>(), any::<Option<u8>>());
    let insert = insert.prop_map(|(key, weight, lives)| Step::Insert { key, weight, lives });
    let step = prop_oneof![
        12 => insert,
        8 => any::<u8>().prop_map(Step::Read),
        3 => any::<u8>().prop_map(Step::Remove),
        2 => (0_u8..40).prop_map(Step::Advance),
        1 => (2_u8..9).prop_map(Step::RemoveIf),
        1 => any::<u8>().prop_map(Step::Sweep),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 0..if cfg!(miri) { 40 } else { 400 })
}

/// What a store should have: of each key the value, its weight and when it expires.
#[derive(Default)]
struct Naive {
    entries: HashMap<u64, (u64, u64, u64)>,
    now: u64,
}

impl Naive {
    /// Takes out what the store says it has taken out, if it may.
    fn displace(&mut self, displaced: &Displaced<'_, u64, u64>, allowed: &[Cause]) {
        for (key, value, cause) in displaced.iter() {
            assert!(allowed.contains(&cause), "{cause:?} of {key}");
            if cause == Cause::TooHeavy {
                continue;
            }
            let (known, _, expires) = self.entries.remove(key).unwrap();
            assert_eq!(*value, known);
            assert!(
                cause == Cause::Invalidated || (cause == Cause::Expired) == (expires <= self.now)
            );
        }
    }

    fn check(&self, store: &Store<u64, u64>, limits: Limits) {
        let weight = self
            .entries
            .values()
            .map(|(_, weight, _)| weight)
            .sum::<u64>();
        assert_eq!(store.entries(), self.entries.len() as u64);
        assert_eq!(store.weight(), limits.weight.map_or(0, |_| weight));
        assert!(limits.entries.is_none_or(|most| store.entries() <= most));
        assert!(limits.weight.is_none_or(|most| weight <= most));
        let mut seen = HashMap::new();
        store.for_each(|entry| assert!(seen.insert(*entry.key(), *entry.value()).is_none()));
        assert_eq!(seen.len(), self.entries.len());
        for (key, (value, _, expires)) in &self.entries {
            assert_eq!(seen.get(key), Some(value));
            let found = store.peek(
                store.hash(&key),
                |kept| kept == key,
                self.now,
                |entry| *entry.value(),
            );
            assert_eq!(found, (*expires > self.now).then_some(*value));
        }
    }
}

fn run(limits: Limits, shards: usize, steps: Vec<Step>) {
    use Cause::{Expired, Invalidated, Replaced, Size, TooHeavy};
    let store = Store::<u64, u64>::with_shards(limits, None, shards);
    let mut naive = Naive::default();
    for (version, step) in steps.into_iter().enumerate() {
        let now = naive.now;
        match step {
            Step::Insert { key, weight, lives } => {
                let (key, value, weight) = (key.into(), version as u64, weight.into());
                let expires = lives.map_or(u64::MAX, |lives| now + u64::from(lives));
                let hash = store.hash(&&key);
                let displaced = store.insert(hash, key, value, weight, until(expires), now);
                naive.displace(&displaced, &[Replaced, Expired, Size, TooHeavy]);
                if displaced.iter().all(|(_, _, cause)| cause != TooHeavy) {
                    naive.entries.insert(key, (value, weight, expires));
                }
            }
            Step::Read(key) => {
                let key = u64::from(key);
                let found = store.read(store.hash(&&key), &&key, now, |entry| *entry.value());
                if let Some(at_once) = store.find_at_once(store.hash(&&key), &&key) {
                    let is_there = at_once.entry().is_before_end(now);
                    assert_eq!(is_there.then_some(*at_once.entry().value()), found);
                }
                let known = naive
                    .entries
                    .get(&key)
                    .filter(|(_, _, expires)| *expires > now);
                assert_eq!(found, known.map(|(value, _, _)| *value));
            }
            Step::Remove(key) => {
                let key = u64::from(key);
                let displaced = store.remove(store.hash(&&key), &&key, now);
                naive.displace(&displaced, &[Invalidated]);
                assert!(!naive.entries.contains_key(&key));
            }
            Step::Advance(by) => naive.now += u64::from(by),
            Step::RemoveIf(nth) => {
                let nth = u64::from(nth);
                let displaced = store.remove_if(|key, _| key % nth == 0, now);
                naive.displace(&displaced, &[Invalidated]);
                assert!(naive.entries.keys().all(|key| key % nth != 0));
            }
            Step::Sweep(slots) => {
                let all = slots % 2 == 0;
                let slots = if all { usize::MAX } else { slots.into() };
                store.sweep(now, slots, |displaced| {
                    naive.displace(&displaced, &[Expired]);
                });
                assert!(!all || naive.entries.values().all(|(_, _, expires)| *expires > now));
            }
            Step::Clear => {
                let displaced = store.clear(now);
                naive.displace(&displaced, &[Invalidated]);
                assert!(naive.entries.is_empty());
            }
        }
        naive.check(&store, limits);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 64 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_keeps_what_a_naive_store_would(
        entries in prop::option::of(0_u64..100),
        weight in prop::option::of(0_u64..3000),
        shards in 0_u32..3,
        steps in steps(),
    ) {
        run(limits(entries, weight), 1 << shards, steps);
    }
}

#[test]
fn one_place_is_enough_for_the_newest() {
    let store = Store::with_shards(limits(Some(1), None), None, 4);
    drop(put(&store, 0, 0));
    for key in 1..100 {
        assert_eq!(causes(&put(&store, key, key)), [(key - 1, Cause::Size)]);
        assert_eq!((get(&store, key), store.entries()), (Some(key), 1));
    }
}

#[test]
fn what_is_too_heavy_is_refused_and_takes_the_old_answer_along() {
    let store = Store::<u64, u64>::new(limits(None, Some(10)), None);
    let insert = |weight| store.insert(store.hash(&&1), 1, weight, weight, Lifetime::FOREVER, 0);
    assert_eq!(causes(&insert(10)), []);
    assert_eq!(
        causes(&insert(11)),
        [(1, Cause::Replaced), (1, Cause::TooHeavy)]
    );
    assert_eq!((get(&store, 1), store.weight()), (None, 0));
    assert_eq!(causes(&insert(u64::MAX)), [(1, Cause::TooHeavy)]);
}

#[test]
fn what_nobody_reads_any_more_ends_and_what_is_read_does_not() {
    let idle = Idle {
        time: 160,
        stale: 100,
    };
    let store = Store::<u64, u64>::new(limits(None, None), Some(idle));
    for key in [1, 2] {
        let lifetime = Lifetime {
            fresh_until: 400,
            expires: 160,
            is_never_stale: false,
            is_its_own: false,
        };
        drop(store.insert(store.hash(&&key), key, key, 1, lifetime, 0));
    }
    let read = |now| store.read(store.hash(&&1), &&1, now, |entry| entry.lifetime().expires);
    // Not worth a write yet.
    assert_eq!(read(10), Some(160));
    assert_eq!(read(11), Some(171));
    assert_eq!(read(170), Some(330));
    assert_eq!(
        store.peek(store.hash(&&2), |kept| *kept == 2, 160, |_| ()),
        None
    );
    // However often it is read, not beyond its last hour.
    assert_eq!((read(329), read(480)), (Some(489), Some(500)));
    assert_eq!(read(500), None);
}

#[test]
fn a_stale_answer_is_refreshed_by_one() {
    let store = Store::<u64, u64>::new(limits(None, None), None);
    let lifetime = Lifetime {
        fresh_until: 10,
        expires: 20,
        is_never_stale: false,
        is_its_own: false,
    };
    let insert = || drop(store.insert(store.hash(&&1), 1, 1, 1, lifetime, 0));
    insert();
    let at = |now| {
        let read = |entry: &Entry<_, _>| (entry.freshness(now), entry.claim_refresh());
        store.read(store.hash(&&1), &&1, now, read)
    };
    assert_eq!(at(9), Some((Freshness::Fresh, true)));
    assert_eq!(at(10), Some((Freshness::Stale, false)));
    store.read(store.hash(&&1), &&1, 10, Entry::release_refresh);
    assert_eq!(at(19), Some((Freshness::Stale, true)));
    insert();
    assert_eq!(at(19), Some((Freshness::Stale, true)));
    assert_eq!(at(20), None);
}

#[test]
fn sweeping_goes_around_little_by_little() {
    const SWEPT: u64 = if cfg!(miri) { 120 } else { 500 };
    let store = Store::<u64, u64>::with_shards(limits(None, None), None, 4);
    for key in 0..SWEPT {
        drop(store.insert(store.hash(&&key), key, key, 1, until(5), 0));
    }
    let mut sweeps = 0_u64;
    while store.entries() > 0 {
        let before = store.entries();
        store.sweep(5, 100, drop);
        assert!(before - store.entries() <= 100);
        sweeps += 1;
        assert!(sweeps < 100, "{}", store.entries());
    }
    assert!(sweeps >= SWEPT / 100);
}

#[test]
fn what_was_taken_out_is_dropped_promptly() {
    let alive = Arc::new(AtomicI64::new(0));
    let store = Store::with_shards(limits(None, None), None, 4);
    let fill = || (0..100).for_each(|key| drop(put(&store, key, Counted::new(&alive))));
    // Other tests read at the same time and may be waited for; then the next sweep does it.
    let left = |expected| {
        while alive.load(Relaxed) > expected {
            store.sweep(0, 0, drop);
        }
        assert_eq!(alive.load(Relaxed), expected);
    };
    fill();
    drop(store.clear(0));
    left(0);
    fill();
    drop(store.remove_if(|key, _| key % 2 == 0, 0));
    left(50);
    drop(store.remove(store.hash(&&1), &&1, 0));
    left(49);
    drop(put(&store, 3, Counted::new(&alive)));
    left(49);
    drop(store);
    assert_eq!(alive.load(Relaxed), 0);
}

#[test]
fn garbage_is_a_small_part_of_what_is_kept() {
    let alive = Arc::new(AtomicI64::new(0));
    let store = Store::with_shards(limits(Some(800), None), None, 1);
    for key in 0..(800 + ROUNDS / 4) {
        drop(put(&store, key, Counted::new(&alive)));
    }
    // Another test may read for a while; what waits then is dropped with the next.
    while alive.load(Relaxed) > 900 {
        drop(put(&store, u64::MAX, Counted::new(&alive)));
    }
    assert_eq!(store.entries(), 800);
}

#[test]
fn what_is_displaced_can_be_looked_at_and_outlives_its_readers() {
    let store = Store::<u64, u64>::new(limits(None, None), None);
    drop(put(&store, 1, 7));
    store.read(store.hash(&&1), &&1, 0, |entry| {
        // As a listener would, while somebody reads.
        let displaced = store.clear(0);
        assert_eq!(
            displaced
                .iter()
                .map(|(k, v, _)| (*k, *v))
                .collect::<Vec<_>>(),
            [(1, 7)]
        );
        drop(displaced);
        assert_eq!((*entry.value(), get(&store, 1)), (7, None));
    });
}

#[test]
fn what_is_not_wanted_any_more_is_given_back_and_takes_no_place() {
    let store = Store::<u64, u64>::with_shards(limits(Some(1), None), None, 1);
    drop(store.insert(store.hash(&&1), 1, 7, 1, Lifetime::FOREVER, 0));
    let mut displaced = Displaced::none();
    for key in [1, 2] {
        let entry = Entry::new(key, 8, Lifetime::FOREVER);
        let hash = store.hash(&&key);
        let unwanted = store.insert_entry(hash, entry, 1, (0, None), |_| false, &mut displaced);
        assert_eq!(unwanted.map(|entry| *entry.value()), Some(8));
    }
    assert_eq!(displaced.iter().count(), 0);
    assert_eq!(
        (get(&store, 1), get(&store, 2), store.entries()),
        (Some(7), None, 1)
    );
}

#[test]
fn what_is_only_counted_is_counted_exactly_and_outlives_its_readers() {
    const KEPT: u64 = 8;
    const OTHERS: u64 = 100;
    let alive = Arc::new(AtomicI64::new(0));
    let store = Store::<u64, Counted>::with_shards(limits(Some(KEPT), None), None, 1);
    let keep = |key: u64, lifetime, now| {
        let mut displaced = Displaced::counted();
        let entry = Entry::new(key, Counted::new(&alive), lifetime);
        store.insert_entry(
            store.hash(&&key),
            entry,
            1,
            (now, None),
            |_| true,
            &mut displaced,
        );
        assert_eq!(displaced.iter().count(), 0);
        displaced.evicted()
    };
    for key in 0..KEPT {
        keep(key, if key % 2 == 0 { until(5) } else { until(9) }, 0);
    }
    let (mut living, mut expired) = (0, 0);
    store.read(store.hash(&&0), &&0, 0, |entry| {
        for key in KEPT..KEPT + OTHERS {
            let evicted = keep(key, Lifetime::FOREVER, 7);
            living += u64::from(evicted.living);
            expired += u64::from(evicted.expired);
        }
        assert_eq!(
            (*entry.key(), Arc::ptr_eq(&entry.value().0, &alive)),
            (0, true)
        );
    });
    let mut even = 0;
    store.for_each(|entry| even += u64::from(*entry.key() < KEPT && entry.key() % 2 == 0));
    assert_eq!((living + expired, expired + even), (OTHERS, KEPT / 2));
    // Other tests read at the same time and may be waited for; then the next sweep does it.
    while alive.load(Relaxed) > i64::try_from(KEPT).unwrap() {
        store.sweep(7, 0, drop);
    }
    drop(store);
    assert_eq!(alive.load(Relaxed), 0);
}

#[test]
fn bounds_hold_at_every_moment_with_two_writers() {
    let (most, heaviest) = (64, 1000);
    let store = Store::<u64, u64>::with_shards(limits(Some(most), Some(heaviest)), None, 4);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !done.load(Relaxed) {
                assert!(store.entries() <= most && store.weight() <= heaviest);
            }
        });
        let writers = [1_u64, 2].map(|seed| {
            let store = &store;
            scope.spawn(move || {
                let mut random = seed;
                for round in 0..ROUNDS {
                    random = random
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    let key = (random >> 40) % 200;
                    let hash = store.hash(&&key);
                    match random >> 60 {
                        0 => drop(store.remove(hash, &&key, round)),
                        1 if round % 50 == 0 => drop(store.clear(round)),
                        _ => drop(store.insert(
                            hash,
                            key,
                            key,
                            (random >> 50) % 40,
                            until(round + 99),
                            round,
                        )),
                    }
                    if let Some(value) = store.read(hash, &&key, 0, |entry| *entry.value()) {
                        assert_eq!(value, key);
                    }
                    if round % 64 == 0 {
                        store.sweep(round, 256, drop);
                    }
                }
            })
        });
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Relaxed);
        watch.join().unwrap();
    });
    let (mut entries, mut places) = (0, 0);
    store.for_each(|_| entries += 1);
    for shard in &store.shards {
        places += shard.lock().policy.len();
    }
    assert_eq!((entries, places as u64), (store.entries(), store.entries()));
}

#[test]
fn every_key_and_value_is_dropped_once_however_many_threads() {
    #[derive(Clone)]
    struct Named(
        u64,
        #[expect(dead_code, reason = "counts its drop")] Arc<Counted>,
    );
    impl Hash for Named {
        fn hash<H: Hasher>(&self, state: &mut H) {
            Hash::hash(&self.0, state);
        }
    }
    impl PartialEq for Named {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Named {}
    let (keys, values) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let store = Store::<Named, Counted>::with_shards(limits(Some(50), None), None, 2);
    std::thread::scope(|scope| {
        for first in 0..3 {
            let (store, keys, values) = (&store, &keys, &values);
            scope.spawn(move || {
                for round in 0..ROUNDS / 4 {
                    let key = Named((first + round * 7) % 120, Arc::new(Counted::new(keys)));
                    let hash = store.hash(&&key);
                    let value = Counted::new(values);
                    let mut displaced = if round % 3 == 0 {
                        Displaced::none()
                    } else {
                        Displaced::counted()
                    };
                    let entry = Entry::new(key.clone(), value, until(round + 30));
                    store.insert_entry(hash, entry, 1, (round, None), |_| true, &mut displaced);
                    drop(displaced);
                    store.read(hash, &&key, round, |entry| assert_eq!(entry.key().0, key.0));
                    match round % 97 {
                        0 => drop(store.clear(round)),
                        1..5 => drop(store.remove(hash, &&key, round)),
                        5 => store.sweep(round, usize::MAX, drop),
                        _ => (),
                    }
                }
            });
        }
    });
    drop(store);
    assert_eq!((keys.load(Relaxed), values.load(Relaxed)), (0, 0));
}

#[test]
fn panics_of_users_leave_a_store_that_works() {
    /// Panics wherever it can while the fuse burns.
    struct Hostile(u64, Arc<AtomicU64>);
    impl Hostile {
        fn burn(&self, part: u64) {
            assert!(self.1.load(Relaxed) & part == 0, "on purpose");
        }
    }
    impl Hash for Hostile {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.burn(1);
            Hash::hash(&(self.0 % 2), state);
        }
    }
    impl PartialEq for Hostile {
        fn eq(&self, other: &Self) -> bool {
            self.burn(2);
            self.0 == other.0
        }
    }
    impl Eq for Hostile {}
    impl Clone for Hostile {
        fn clone(&self) -> Self {
            self.burn(4);
            Self(self.0, self.1.clone())
        }
    }
    impl Drop for Hostile {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                self.burn(8);
            }
        }
    }
    let fuse = Arc::new(AtomicU64::new(0));
    let key = |number| Hostile(number, fuse.clone());
    let store = Store::<Hostile, Hostile>::with_shards(limits(Some(20), None), None, 2);
    let insert = |number| {
        let key = key(number);
        let hash = store.hash(&&key);
        drop(store.insert(hash, key.clone(), key, 1, Lifetime::FOREVER, 0));
    };
    let read = |number| {
        let key = key(number);
        store.read(store.hash(&&key), &&key, 0, |entry| entry.value().clone().0)
    };
    let contained = |run: &dyn Fn()| {
        let _ = catch_unwind(AssertUnwindSafe(run));
    };
    (0..30).for_each(insert);
    for part in [1, 2, 4, 8, 3, 6] {
        fuse.store(part, Relaxed);
        for number in 0..if cfg!(miri) { 4 } else { 60 } {
            contained(&|| insert(number));
            contained(&|| {
                read(number);
            });
            contained(&|| {
                let key = key(number);
                drop(store.remove(store.hash(&&key), &&key, 0));
            });
            contained(&|| drop(store.remove_if(|key, _| key.clone().0 == number, 0)));
            contained(&|| store.sweep(0, 10, drop));
        }
        fuse.store(0, Relaxed);
        for number in 100..130 {
            insert(number);
            assert_eq!(read(number), Some(number));
            assert!(store.entries() <= 20);
        }
    }
    drop(store.clear(0));
    let mut left = 0;
    store.for_each(|_| left += 1);
    assert_eq!((left, store.entries()), (0, 0));
}

#[test]
fn a_thread_knows_of_everything_that_was_put_in_since_it_looked() {
    let store = Store::with_shards(limits(Some(100), None), None, 1);
    let hash = store.hash(&&7);
    let looked = Turn::now();
    assert!(!store.is_as_at(hash, looked), "nobody has put anything in");
    drop(put(&store, 1, 1));
    assert!(!store.is_as_at(hash, looked), "this thread has since");

    let looked = Turn::now();
    assert!(store.is_as_at(hash, looked));
    let elsewhere = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let of_another_thread = store.is_as_at(hash, looked);
            drop(put(&store, 7, 7));
            of_another_thread
        });
        other.join().unwrap()
    });
    assert!(!elsewhere, "this one may not be asked for another thread");
    assert!(!store.is_as_at(hash, looked), "another thread has since");

    drop(put(&store, 7, 8));
    assert!(!store.is_as_at(hash, looked), "both have since");
    assert!(store.is_as_at(hash, Turn::now()));
}

#[test]
fn what_is_refused_counts_as_put_in() {
    let store = Store::with_shards(limits(None, Some(10)), None, 1);
    drop(put(&store, 1, 1));
    let looked = Turn::now();
    let refused = store.insert(store.hash(&&2), 2, 2, 11, Lifetime::FOREVER, 0);
    assert_eq!(causes(&refused), [(2, Cause::TooHeavy)]);
    assert!(!store.is_as_at(store.hash(&&2), looked));
}
