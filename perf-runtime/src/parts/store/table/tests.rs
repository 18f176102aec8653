use super::*;
use crate::parts::store::grace::pinned;
use crate::parts::store::pages::Pages;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

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

type Pairs = Table<Pair, Hashes>;

fn pairs() -> Pairs {
    Table::new(Vec::new())
}

fn marked<T>(body: T) -> Marked<T> {
    let mark = AtomicU64::new(0);
    Marked { mark, body }
}

/// What a table of pairs knows besides: the hash of each by its id.
type Hashes = Vec<u64>;

fn name(table: &Locked<'_, Pair, Hashes>, key: u64) -> Option<Name> {
    let (name, found) = table.find(hash(key), |pair| pair.body.key == key)?;
    assert_eq!(found.body.key, key);
    Some(name)
}

fn put(table: &Pairs, key: u64, version: u64, drops: &Arc<AtomicUsize>) {
    let drops = drops.clone();
    let pair = marked(Pair {
        key,
        value: value(key, version),
        drops,
    });
    let _before: Vec<_>;
    let mut locked = table.lock();
    let mut before = Vec::new();
    let empty = locked.empty().unwrap();
    let id = empty.name().id() as usize;
    let hashes: &mut Hashes = &mut locked;
    hashes.resize(hashes.len().max(id + 1), 0);
    hashes[id] = hash(key);
    if let Some(name) = name(&locked, key) {
        before.extend(locked.replace(name, hash(key), empty, pair));
    } else {
        let vacancy = loop {
            if let Some(vacancy) = locked.vacancy(hash(key)) {
                break vacancy;
            }
            let room = locked.len() + locked.len() / 2 + 1;
            before.push(locked.rebuild(room, |hashes, name| hashes[name.id() as usize]));
        };
        locked.insert(vacancy, empty, hash(key), pair);
    }
    _before = before;
}

fn remove(table: &Pairs, key: u64) {
    let _before;
    let mut locked = table.lock();
    if let Some(name) = name(&locked, key) {
        _before = locked.remove(name, hash(key));
    }
}

fn get(table: &Pairs, key: u64) -> Option<u64> {
    pinned(|pin| {
        let found = table.find(pin, hash(key), |pair| pair.body.key == key)?;
        assert_eq!(found.body.key, key);
        Some(found.body.value)
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

/// A table of numbers, those below `entries`.
fn filled(entries: u64) -> Table<u64, ()> {
    let table = Table::new(());
    drop(table.lock().rebuild(600, |(), _| 0));
    (0..entries).for_each(|number| put_number(&table, number));
    table
}

fn put_number(table: &Table<u64, ()>, number: u64) {
    let mut locked = table.lock();
    let (empty, vacancy) = (locked.empty(), locked.vacancy(hash(number)));
    locked.insert(
        vacancy.unwrap(),
        empty.unwrap(),
        hash(number),
        marked(number),
    );
}

fn take_number(table: &Table<u64, ()>, number: u64) {
    let mut locked = table.lock();
    let found = locked.find(hash(number), |there| there.body == number);
    let (name, _) = found.unwrap();
    let taken = locked.remove(name, hash(number));
    drop(locked);
    drop(taken);
}

#[test]
fn the_memory_of_what_nobody_reads_is_for_the_next() {
    let entries = if cfg!(miri) { 60 } else { 600 };
    let table = filled(entries);
    while table.lock().writer.fresh.next().is_some() {}
    let full = table.limbo.pages.memory();
    for number in 0..2 * entries {
        take_number(&table, number);
        loop {
            let mut spares = std::mem::take(&mut table.lock().writer.spares);
            table.limbo.add_spares(&mut spares);
            let is_any = !spares.is_empty();
            table.lock().writer.spares = spares;
            if is_any {
                break;
            }
            // Readers in other tests put it off.
            table.collect();
        }
        put_number(&table, number + entries);
    }
    assert_eq!(table.limbo.pages.memory(), full);
}

#[test]
fn memory_is_given_back_when_most_of_it_is_not_used() {
    let entries = if cfg!(miri) { 60 } else { 600 };
    let table = filled(entries);
    (8..entries).for_each(|number| take_number(&table, number));
    let memory = || table.limbo.pages.memory();
    // Readers in other tests put it off.
    while memory() > 8 * size_of::<Marked<u64>>() {
        table.collect();
    }
    let there = pinned(|pin| table.entries(pin, 0, usize::MAX).count());
    assert_eq!(there, 8);
    drop(table.lock().take_all());
    while memory() > 0 {
        table.collect();
    }
    (0..entries).for_each(|number| put_again(&table, number));
    assert_eq!(table.lock().len() as u64, entries);
}

fn put_again(table: &Table<u64, ()>, number: u64) {
    if table.lock().vacancy(hash(number)).is_none() {
        let _before = table.lock().rebuild(600, |(), _| 0);
    }
    put_number(table, number);
}

#[test]
fn no_more_than_an_eighth_waits_to_be_dropped_together() {
    let many = |entries| filled(entries).limbo.many();
    assert_eq!([0, 7, 80, 600].map(many), [1, 1, 10, 75]);
    let table = filled(80);
    (40..80).for_each(|number| take_number(&table, number));
    assert_eq!(table.limbo.many(), 5);
    table.limbo.set_beside(usize::MAX);
    assert_eq!(table.limbo.many(), 256);
}

#[test]
fn each_cell_has_a_place_of_its_own() {
    let pages = Pages::<u64>::new();
    let (mut numbers, mut places) = (Vec::new(), std::collections::HashSet::new());
    while numbers.len() < 1_000 {
        numbers.extend(pages.grow().unwrap());
    }
    for (id, number) in numbers.iter().enumerate() {
        let name = Name::new(*number).unwrap();
        assert_eq!(name.id() as usize, id);
        assert_eq!(Name::of_id(name.id()), Some(name));
        let at = pages.address(name);
        assert!(
            places.insert(at) && at.addr().is_multiple_of(16),
            "{name:?}"
        );
        // SAFETY: it is memory for this.
        unsafe { at.write(marked(u64::from(*number))) };
    }
    for number in numbers {
        let name = Name::new(number).unwrap();
        // SAFETY: it was just written.
        assert_eq!(unsafe { (*pages.address(name)).body }, u64::from(number));
    }
    let most = (1 << 26) - 16;
    let last = Name::of_id(most - 1).unwrap();
    assert_eq!((last.id(), Name::of_id(most)), (most - 1, None));
    assert_eq!(Name::of_id(u32::MAX), None);
    for nobody in [1, last.number(), u32::MAX] {
        let at = pages.address(Name::new(nobody).unwrap());
        assert!(at.addr() < 1 << 32, "no page, and no panic");
    }
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
        let found = table.find(pin, hash(1), |pair| pair.body.key == 1).unwrap();
        remove(&table, 1);
        table.collect();
        assert_eq!(get(&table, 1), None);
        assert_eq!((found.body.value, drops.load(Relaxed)), (value(1, 7), 0));
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
            let panics = marked(Panics(at % 3 == 0, drops.clone()));
            let (empty, vacancy) = (locked.empty().unwrap(), locked.vacancy(0).unwrap());
            locked.insert(vacancy, empty, 0, panics);
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
