use super::*;
use crate::parts::store::grace::pinned;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

const ROUNDS: u64 = if cfg!(miri) { 40 } else { 20_000 };

/// A key, what belongs to it, and a count of its drops.
struct Pair {
    key: u64,
    value: u64,
    drops: Arc<AtomicUsize>,
}

impl Drop for Pair {
    fn drop(&mut self) {
        // Who reads it later reads nonsense.
        (self.key, self.value) = (u64::MAX, 0);
        self.drops.fetch_add(1, Relaxed);
    }
}

/// A few keys to a hash, so that ways are long and tags alike.
fn hash(key: u64) -> u64 {
    (key / 3).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn value(key: u64, version: u64) -> u64 {
    key << 32 | version
}

type Pairs = Table<Pair, ()>;

fn pairs() -> Pairs {
    Table::new(())
}

fn slot(table: &Locked<'_, Pair, ()>, key: u64) -> Option<Slot> {
    let (slot, found) = table.find(hash(key), |pair| pair.key == key)?;
    assert_eq!(found.key, key);
    Some(slot)
}

fn put(table: &Pairs, key: u64, version: u64, drops: &Arc<AtomicUsize>) {
    let drops = drops.clone();
    let pair = Pair {
        key,
        value: value(key, version),
        drops,
    };
    let _before: Vec<_>;
    let mut locked = table.lock();
    let mut before = Vec::new();
    if let Some(slot) = slot(&locked, key) {
        before.extend(locked.replace(slot, pair).ok());
    } else {
        let vacancy = loop {
            if let Some(vacancy) = locked.vacancy(hash(key)) {
                break vacancy;
            }
            let room = locked.len() + locked.len() / 2 + 1;
            before.push(locked.rebuild(room, |(), pair| hash(pair.key)));
        };
        locked.insert(vacancy, hash(key), pair, |_| ());
    }
    _before = before;
}

fn remove(table: &Pairs, key: u64) {
    let _before;
    let mut locked = table.lock();
    if let Some(slot) = slot(&locked, key) {
        _before = locked.remove(slot, hash(key));
    }
}

fn get(table: &Pairs, key: u64) -> Option<u64> {
    pinned(|pin| {
        let found = table.find(pin, hash(key), |pair| pair.key == key)?;
        assert_eq!(found.key, key);
        Some(found.value)
    })
}

#[test]
fn it_has_what_was_put_in_and_not_taken_out() {
    let (table, drops) = (pairs(), Arc::default());
    let count = if cfg!(miri) { 100 } else { 5_000 };
    for key in 0..count {
        put(&table, key, 0, &drops);
    }
    for key in (0..count).step_by(3) {
        remove(&table, key);
    }
    for key in (0..count).step_by(2) {
        put(&table, key, 1, &drops);
    }
    for key in 0..count {
        let expected = match (key % 2, key % 3) {
            (0, _) => Some(value(key, 1)),
            (_, 0) => None,
            _ => Some(value(key, 0)),
        };
        assert_eq!(get(&table, key), expected, "{key}");
    }
    assert_eq!(get(&table, count), None);
    let there = pinned(|pin| table.entries(pin, 0, usize::MAX).count());
    assert_eq!(there, table.lock().len());
}

#[test]
fn slots_are_used_again() {
    let (table, drops) = (pairs(), Arc::default());
    for key in 0..100 {
        put(&table, key, 0, &drops);
    }
    for round in 1..ROUNDS / 10 {
        remove(&table, round % 100);
        put(&table, 100 + round, 0, &drops);
        remove(&table, 100 + round);
        put(&table, round % 100, round, &drops);
    }
    assert!(table.lock().slots() < 300, "{}", table.lock().slots());
}

#[test]
fn some_memory_of_what_nobody_reads_is_kept_for_the_next() {
    fn kept<T>(entry: fn() -> T) -> usize {
        const ENTRIES: u64 = if cfg!(miri) { 60 } else { 600 };
        let table = Table::new(());
        drop(table.lock().rebuild(600, |(), _| 0));
        // Those with one tag go one way, so that any of them can be taken for another.
        let hashes = || (0..ENTRIES).map(|at| at << 32 | at << 1 & 0xff);
        let put = |hash| {
            let mut locked = table.lock();
            let vacancy = locked.vacancy(hash).unwrap();
            locked.insert(vacancy, hash, entry(), |_| ());
        };
        let take = |hash| {
            let mut locked = table.lock();
            let (slot, _) = locked.find(hash, |_| true).unwrap();
            let taken = locked.remove(slot, hash);
            drop(locked);
            drop(taken);
        };
        hashes().for_each(put);
        let mut most = 0;
        for hash in hashes() {
            take(hash);
            let mut spares = Vec::new();
            table.limbo.give_spares(&mut spares);
            most = most.max(spares.len());
            if let Some(spare) = spares.pop() {
                table.lock().writer.spares.push(spare);
                let address = table.lock().writer.spares[0].as_ptr().cast::<T>();
                put(hash);
                let locked = table.lock();
                let there = locked.find(hash, |there| std::ptr::eq(there, address));
                assert!(there.is_some());
                drop(locked);
                take(hash);
            }
        }
        most
    }
    // Readers in other tests put it off.
    let at_last = |kept: &dyn Fn() -> usize| loop {
        let kept = kept();
        if kept > 0 {
            return kept;
        }
    };
    let of_small = at_last(&|| kept(|| 0_u64));
    assert!((1..=256).contains(&of_small), "{of_small}");
    let of_large = at_last(&|| kept(|| [0_u8; 4096]));
    assert!((1..=4).contains(&of_large), "{of_large}");
}

#[test]
fn everything_is_dropped_once() {
    let (table, drops) = (pairs(), Arc::default());
    let put_in = 300;
    for key in 0..put_in {
        put(&table, key % 200, key, &drops);
    }
    for key in 0..50 {
        remove(&table, key);
    }
    let everything = table.lock().take_all();
    assert_eq!(everything.entries().count(), 150);
    assert_eq!(get(&table, 150), None);
    drop(everything);
    put(&table, 1, 0, &drops);
    drop(table);
    assert_eq!(drops.load(Relaxed), 301);
}

#[test]
fn what_is_read_stays_until_it_is_not() {
    let (table, drops) = (pairs(), Arc::default());
    put(&table, 1, 7, &drops);
    pinned(|pin| {
        let found = table.find(pin, hash(1), |pair| pair.key == 1).unwrap();
        remove(&table, 1);
        table.collect();
        assert_eq!(get(&table, 1), None);
        assert_eq!((found.value, drops.load(Relaxed)), (value(1, 7), 0));
    });
    while drops.load(Relaxed) == 0 {
        table.collect();
    }
}

#[test]
fn a_panic_in_a_drop_reaches_nobody_and_spares_the_rest() {
    struct Panics(bool, Arc<AtomicUsize>);
    impl Drop for Panics {
        fn drop(&mut self) {
            self.1.fetch_add(1, Relaxed);
            assert!(!self.0, "on purpose");
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let table = Table::new(());
    let fill = |table: &Table<Panics, ()>| {
        let _before;
        let mut locked = table.lock();
        _before = locked.rebuild(10, |(), _| 0);
        for at in 0..10 {
            let panics = Panics(at % 3 == 0, drops.clone());
            let vacancy = locked.vacancy(0).unwrap();
            locked.insert(vacancy, 0, panics, |_| ());
        }
    };
    fill(&table);
    drop(table.lock().take_all());
    while drops.load(Relaxed) < 10 {
        table.collect();
    }
    fill(&table);
    drop(table);
    assert_eq!(drops.load(Relaxed), 20);
}

#[test]
fn readers_see_every_key_with_its_own_value() {
    const STAYS: u64 = 16;
    let (table, drops) = (pairs(), Arc::new(AtomicUsize::new(0)));
    for key in 0..STAYS {
        put(&table, key * 5, 0, &drops);
    }
    let done = AtomicBool::new(false);
    let mut put_in = STAYS;
    std::thread::scope(|scope| {
        for first in 0..2 {
            let (table, done) = (&table, &done);
            scope.spawn(move || {
                let mut latest = std::collections::HashMap::new();
                let mut key = first;
                while !done.load(Relaxed) {
                    key = (key + 7) % (STAYS * 5);
                    let found = get(table, key);
                    if let Some(found) = found {
                        assert_eq!(found >> 32, key);
                    }
                    if key % 5 == 0 {
                        // It is replaced now and then, but always there, and never an older one again.
                        let version = found.unwrap() & 0xffff_ffff;
                        let latest = latest.entry(key).or_insert(0);
                        assert!(*latest <= version);
                        *latest = version;
                    }
                }
            });
        }
        let mut random = 0x5eed_u64;
        for round in 1..=ROUNDS {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let key = (random >> 33) % (STAYS * 5);
            match (key % 5, random >> 60) {
                (0, _) | (_, 0..8) => {
                    put(&table, key, round, &drops);
                    put_in += 1;
                }
                _ => remove(&table, key),
            }
            if round % 64 == 0 {
                table.collect();
            }
        }
        done.store(true, Relaxed);
    });
    drop(table);
    assert_eq!(drops.load(Relaxed) as u64, put_in);
}
