//! Models of reading beside writing: small scenes of threads, in every order that a model checker can think of. How to run
//! them is in CONTRIBUTING.md.
//!
//! Its atomics are all in one order, so what they leave out is what a weaker order would allow: that is for miri.

use std::sync::Arc;
use std::sync::atomic::AtomicU8;

use shuttle::sync::atomic::{AtomicU64, Ordering::SeqCst};
use shuttle::thread;

use super::*;
use crate::explored::explored;

const MOST: usize = 16;
const LIVES: u8 = 1;
const IS_GONE: u8 = 2;

/// What became of each value. No order of threads depends on it.
#[derive(Default)]
struct Fates([AtomicU8; MOST]);

impl Fates {
    fn value(self: &Arc<Self>, number: usize) -> Value {
        assert_eq!(
            self.0[number].swap(LIVES, Relaxed),
            0,
            "a number of its own"
        );
        Value {
            number,
            fates: Arc::clone(self),
        }
    }

    fn lives(&self, number: usize) -> bool {
        self.0[number].load(Relaxed) == LIVES
    }

    fn living(&self) -> u64 {
        self.0
            .iter()
            .map(|fate| u64::from(fate.load(Relaxed) == LIVES))
            .sum()
    }
}

/// A value that says when it goes, and goes once.
struct Value {
    number: usize,
    fates: Arc<Fates>,
}

impl Drop for Value {
    fn drop(&mut self) {
        assert_eq!(
            self.fates.0[self.number].swap(IS_GONE, Relaxed),
            LIVES,
            "dropped twice"
        );
    }
}

struct World {
    store: Store<u64, Value>,
    fates: Arc<Fates>,
}

/// The same in every run, and of one shard. What is alike in the bits that a group and a tag come from goes one way.
fn hash(key: u64) -> u64 {
    key << 60 | key % 2
}

impl World {
    fn new(entries: Option<u64>, weight: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            store: Store::with_shards(limits(entries, weight), None, 1),
            fates: Arc::default(),
        })
    }

    fn put(&self, key: u64, number: usize) {
        self.put_of(key, number, 1);
    }

    fn put_of(&self, key: u64, number: usize, weight: u64) {
        let value = self.fates.value(number);
        drop(
            self.store
                .insert(hash(key), key, value, weight, Lifetime::FOREVER, 0),
        );
    }

    /// The number of what is kept under a key, which is there for as long as it is looked at.
    fn get(&self, key: u64) -> Option<usize> {
        // In two steps, as calls do.
        let found = self.store.find_at_once(hash(key), &&key);
        let at_once = found.map(|found| self.look_at(key, found.entry()));
        at_once.or_else(|| {
            let read = |entry: &Entry<u64, Value>| self.look_at(key, entry);
            self.store.read(hash(key), &&key, 0, read)
        })
    }

    fn look_at(&self, key: u64, entry: &Entry<u64, Value>) -> usize {
        let number = entry.value().number;
        assert!(self.fates.lives(number), "read after it was dropped");
        thread::yield_now();
        assert!(self.fates.lives(number), "dropped while it is read");
        assert_eq!((*entry.key(), entry.value().number), (key, number));
        number
    }

    /// Nobody uses it any more.
    fn ends(&self) {
        let entries = self.store.entries();
        for shard in &self.store.shards {
            shard.collect();
        }
        assert_eq!(
            self.fates.living(),
            entries,
            "what is kept, and nothing else"
        );
        let found = (0..MOST as u64).filter(|key| self.get(*key).is_some());
        assert_eq!(found.count() as u64, entries);
    }
}

/// Runs all of them at once.
fn at_once<const N: usize>(world: &Arc<World>, threads: [fn(&World); N]) {
    let threads = threads.map(|run| {
        let world = Arc::clone(world);
        thread::spawn(move || run(&world))
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn what_is_read_stays_until_it_is_not() {
    explored(|| {
        let world = World::new(Some(2), None);
        world.put(1, 1);
        at_once(
            &world,
            [
                |world| {
                    world.get(1);
                    world.get(1);
                },
                |world| {
                    world.get(2);
                    world.get(1);
                },
                |world| {
                    world.put(1, 2);
                    world.put(2, 3);
                    drop(world.store.remove(hash(1), &&1, 0));
                    world.put(3, 4);
                    world.put(4, 5);
                },
            ],
        );
        world.ends();
    });
}

#[test]
fn what_is_there_is_found_while_others_come_and_go() {
    explored(|| {
        let world = World::new(None, None);
        world.put(1, 1);
        at_once(
            &world,
            [
                |world| assert_eq!(world.get(1), Some(1)),
                |world| {
                    assert_eq!(world.get(1), Some(1));
                    assert_eq!(world.get(9), None);
                },
                |world| {
                    for key in 2..8 {
                        world.put(key, key as usize);
                    }
                    drop(world.store.remove(hash(2), &&2, 0));
                    drop(world.store.remove_if(|key, _| *key == 3, 0));
                },
            ],
        );
        assert_eq!(world.store.entries(), 5);
        world.ends();
    });
}

#[test]
fn no_more_is_kept_than_may_be_at_any_moment() {
    explored(|| {
        let world = World::new(Some(2), Some(4));
        at_once(
            &world,
            [
                |world| {
                    world.put_of(1, 1, 2);
                    world.put_of(2, 2, 3);
                },
                |world| {
                    world.put_of(3, 3, 1);
                    world.put_of(1, 4, 4);
                },
                |world| {
                    for _ in 0..3 {
                        assert!(world.store.entries() <= 2 && world.store.weight() <= 4);
                        thread::yield_now();
                    }
                },
            ],
        );
        assert!(world.store.entries() > 0);
        world.ends();
        drop(world.store.clear(0));
        assert_eq!((world.store.entries(), world.store.weight()), (0, 0));
        world.ends();
    });
}

/// What is put in unless it was outdated, and ways to outdate it: whoever comes later finds nothing older.
fn nothing_outdated(take_out: fn(&Store<u64, u64>)) {
    explored(move || {
        let store = Arc::new(Store::<u64, u64>::with_shards(
            limits(Some(2), None),
            None,
            1,
        ));
        let (begun, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let load = {
            let (store, begun) = (Arc::clone(&store), Arc::clone(&begun));
            move || {
                let of = begun.load(SeqCst);
                let entry = Entry::new(1, of, Lifetime::FOREVER);
                let is_wanted = |_: &_| begun.load(SeqCst) == of;
                let mut displaced = Displaced::none();
                store.insert_entry(hash(1), entry, 1, (0, None), is_wanted, &mut displaced);
            }
        };
        let ask = {
            let (store, done) = (Arc::clone(&store), Arc::clone(&done));
            move || {
                let least = done.load(SeqCst);
                let found = store.read(hash(1), &&1, 0, |entry| *entry.value());
                assert!(
                    found.is_none_or(|of| of >= least),
                    "{found:?} after {least}"
                );
            }
        };
        let outdate = move || {
            begun.fetch_add(1, SeqCst);
            take_out(&store);
            done.store(1, SeqCst);
        };
        let threads = [
            thread::spawn(load.clone()),
            thread::spawn(load),
            thread::spawn(outdate),
            thread::spawn(ask.clone()),
        ];
        for thread in threads {
            thread.join().unwrap();
        }
        ask();
    });
}

#[test]
fn nothing_is_older_than_what_took_it_out() {
    nothing_outdated(|store| drop(store.remove_by(hash(1), |key| *key == 1, 0)));
}

#[test]
fn nothing_is_older_than_what_took_out_some() {
    nothing_outdated(|store| drop(store.remove_if(|_, _| true, 0)));
}

#[test]
fn nothing_is_older_than_what_took_out_all() {
    nothing_outdated(|store| drop(store.clear(0)));
}

#[test]
fn a_key_is_there_once_however_many_have_missed_it() {
    explored(|| {
        let world = World::new(Some(3), None);
        let load = |world: &World, number: usize| {
            let found = world.store.look_up(hash(1), &&1, 0, |_| ());
            let missed = found.err().map(|absence| {
                assert_eq!(absence, Absence::Unknown);
                Turn::now()
            });
            let entry = Entry::new(1, world.fates.value(number), Lifetime::FOREVER);
            let mut displaced = Displaced::none();
            let at = (0, missed);
            let refused = world
                .store
                .insert_entry(hash(1), entry, 1, at, |_| true, &mut displaced);
            assert!(refused.is_none());
        };
        let threads = [(1, 2), (3, 3), (4, 4)].map(|(first, last)| {
            let world = Arc::clone(&world);
            thread::spawn(move || (first..=last).for_each(|number| load(&world, number)))
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(world.store.entries(), 1);
        world.ends();
    });
}

#[test]
fn one_of_two_has_the_refresh() {
    explored(|| {
        let world = World::new(None, None);
        world.put(1, 1);
        let claims = Arc::new(AtomicU64::new(0));
        let threads = [(); 2].map(|()| {
            let (world, claims) = (Arc::clone(&world), Arc::clone(&claims));
            thread::spawn(move || {
                let claimed = world
                    .store
                    .peek(hash(1), |key| *key == 1, 0, Entry::claim_refresh);
                if claimed == Some(true) {
                    assert_eq!(claims.fetch_add(1, SeqCst), 0, "two have it");
                    thread::yield_now();
                    claims.fetch_sub(1, SeqCst);
                    world
                        .store
                        .peek(hash(1), |key| *key == 1, 0, Entry::release_refresh);
                }
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        let claimed = world
            .store
            .peek(hash(1), |key| *key == 1, 0, Entry::claim_refresh);
        assert_eq!(claimed, Some(true), "it was given back");
    });
}
