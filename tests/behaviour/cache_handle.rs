//! The promises of `perfkit::Cache`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use perfkit::{Cache, CacheFault, Cause, Clock, cached, get_cache, invalidate_tag};

mod building;
mod finding;
mod loading;
mod many;
mod rows;
mod tags;

fn cache<K, V>(name: &str) -> Cache<K, V>
where
    K: perfkit::Key,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder(name).build().expect("nothing is wrong")
}

#[test]
fn keys_are_looked_for_by_what_they_borrow() {
    let texts: Cache<String, u8> = cache("handle: texts");
    texts.insert("a".to_owned(), 1);
    assert_eq!(texts.get("a"), Some(1));
    assert_eq!(texts.get(&"a".to_owned()), Some(1));

    let numbers: Cache<u64, u8> = cache("handle: numbers");
    numbers.insert(7, 1);
    let seven = &7;
    assert_eq!((numbers.get(7), numbers.get(seven)), (Some(1), Some(1)));

    let both: Cache<(u64, String), u8> = cache("handle: tuples");
    both.insert((7, "x".to_owned()), 1);
    assert_eq!(both.get((7, "x")), Some(1));
    assert_eq!(both.get((&7, "x")), Some(1));
    assert_eq!(both.get(&(7, "x".to_owned())), Some(1));
    assert_eq!(both.get((7, "y")), None);

    let lists: Cache<Vec<u8>, u8> = cache("handle: lists");
    lists.insert(vec![1, 2], 1);
    assert_eq!(lists.get(&[1, 2][..]), Some(1));

    let nothing: Cache<(), u8> = cache("handle: no key");
    nothing.insert((), 1);
    assert_eq!(nothing.get(()), Some(1));
}

#[test]
fn a_lookup_is_counted_and_a_peek_is_not() {
    let cache: Cache<u64, u64> = cache("handle: counted");
    cache.insert(1, 1);
    cache.get(1);
    cache.get(2);
    cache.with(1, |_| ());
    cache.peek(1);
    cache.peek(2);
    _ = cache.contains(1);
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses), (2, 1));
    assert_eq!(stats.hit_ratio, Some(2.0 / 3.0));
}

#[test]
fn a_value_is_read_without_a_clone() {
    struct Loud;
    impl Clone for Loud {
        fn clone(&self) -> Self {
            panic!("cloned")
        }
    }

    let cache: Cache<u8, Loud> = cache("handle: no clone");
    cache.insert(1, Loud);
    assert_eq!(cache.with(1, |_| 7), Some(7));
    let mut seen = 0;
    cache.for_each(|_, _| seen += 1);
    assert_eq!(seen, 1);
    assert_eq!(cache.invalidate_if(|_, _| true), 1);
}

#[test]
fn a_reader_may_change_the_cache_it_reads() {
    let cache: Cache<u64, String> = cache("handle: reader writes");
    cache.insert(1, "old".to_owned());
    let read = cache.with(1, |value| {
        cache.insert(1, "new".to_owned());
        cache.clear();
        value.clone()
    });
    assert_eq!(read.as_deref(), Some("old"));
    assert!(cache.is_empty());
    cache.insert_many((0..10).map(|key| (key, String::new())));
    cache.for_each(|key, _| _ = cache.invalidate(key));
    assert!(cache.is_empty());
}

#[test]
fn priming_keeps_what_is_there() {
    let cache: Cache<u64, u64> = cache("handle: primed");
    assert!(cache.prime(1, 1));
    assert!(!cache.prime(1, 2));
    assert_eq!(cache.peek(1), Some(1));
}

#[test]
fn priming_does_not_replace_what_came_meanwhile() {
    const NAME: &str = "handle: primed late";
    const OLD: u64 = 1;
    const NEW: u64 = 2;
    let weigh = |key: &u64, value: &u64| {
        if *value == OLD {
            get_cache(NAME).unwrap().insert(*key, NEW);
        }
        1
    };
    let cache = Cache::builder(NAME).max_bytes(100, weigh).build().unwrap();
    assert!(!cache.prime(7, OLD));
    assert_eq!(cache.peek(7), Some(NEW));
}

#[test]
fn what_is_inserted_for_a_time_ends_with_it() {
    static CLOCK: Clock = Clock::manual();
    let cache = Cache::<u64, u64>::builder("handle: own time")
        .clock(&CLOCK)
        .build()
        .unwrap();
    cache.insert_with_ttl(1, 1, Duration::from_secs(1));
    cache.insert_with_ttl(2, 2, Duration::MAX);
    cache.insert(3, 3);
    CLOCK.advance(Duration::from_secs(1));
    assert!(!cache.contains(1));
    CLOCK.advance(Duration::from_secs(300));
    assert!(cache.contains(2) && !cache.contains(3));
    assert_eq!(cache.len(), 1);
    assert_eq!(cache.stats().expired, 2);
}

#[test]
fn many_keys_come_back_in_their_order() {
    let cache: Cache<String, u64> = cache("handle: many");
    cache.insert_many([("a".to_owned(), 1), ("b".to_owned(), 2)]);
    assert_eq!(cache.get_many(["b", "c", "a"]), [Some(2), None, Some(1)]);
    let mut all: Vec<_> = cache.iter().collect();
    all.sort();
    assert_eq!(all, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    assert_eq!((&cache).into_iter().count(), 2);
}

#[test]
fn going_over_entries_leaves_out_those_whose_time_is_over() {
    static CLOCK: Clock = Clock::manual();
    let cache = Cache::<u64, u64>::builder("handle: over")
        .clock(&CLOCK)
        .build()
        .unwrap();
    cache.insert_with_ttl(1, 1, Duration::ZERO);
    assert_eq!(cache.len(), 1);
    assert_eq!(cache.iter().count(), 0);
    cache.for_each(|_, _| panic!("shown"));
}

#[test]
fn a_pattern_takes_out_the_keys_it_fits() {
    let cache: Cache<String, u8> = cache("handle: pattern");
    let keys = ["user:1", "user:22", "user:", "order:1", "*", "ü:1"];
    let fill = || cache.insert_many(keys.map(|key| (key.to_owned(), 0)));
    for (pattern, taken) in [
        ("user:*", 3),
        ("user:?", 1),
        ("*:1", 3),
        ("?:1", 1),
        ("*", 6),
        (r"\*", 1),
        ("", 0),
        ("user", 0),
        ("[u]*", 0),
        ("**u*s*e*r**", 3),
        (r"\", 0),
    ] {
        fill();
        assert_eq!(cache.invalidate_pattern(pattern), taken, "{pattern}");
    }
    fill();
    let hostile = format!("{}x", "*?".repeat(2000));
    assert_eq!(cache.invalidate_pattern(&hostile), 0);
    assert_eq!(cache.len(), 6);
}

#[test]
fn a_key_that_cannot_be_shown_fits_no_pattern() {
    #[derive(PartialEq, Eq, Hash)]
    struct Mute;
    impl std::fmt::Display for Mute {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Err(std::fmt::Error)
        }
    }

    let cache: Cache<Mute, u8> = cache("handle: mute");
    cache.insert(Mute, 1);
    assert_eq!(cache.invalidate_pattern("*"), 0);
    assert_eq!(cache.len(), 1);
}

#[test]
fn a_predicate_that_panics_takes_its_panic_to_the_caller_and_nothing_else() {
    let cache = Cache::<u64, u64>::builder("handle: bad predicate")
        .unbounded()
        .build()
        .unwrap();
    cache.insert_many((0..1000).map(|key| (key, key)));
    let mut asked = 0;
    let taken = catch_unwind(AssertUnwindSafe(|| {
        cache.invalidate_if(|_, _| {
            asked += 1;
            assert!(asked <= 10, "not one more");
            true
        })
    }));
    assert!(taken.is_err());
    assert_eq!(cache.len(), 990);
    assert_eq!(cache.stats().invalidated, 10);
    assert_eq!(cache.invalidate_if(|_, _| true), 990);
}

#[test]
fn a_listener_that_panics_keeps_no_other_entry_from_being_told_of() {
    let told = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&told);
    let cache = Cache::<u64, u64>::builder("handle: bad listener")
        .on_evict(move |key, _, _| {
            counted.fetch_add(1, Relaxed);
            assert!(!key.is_multiple_of(2), "an even one");
        })
        .build()
        .unwrap();
    cache.insert_many((0..100).map(|key| (key, key)));
    assert!(catch_unwind(AssertUnwindSafe(|| cache.clear())).is_err());
    assert_eq!(told.load(Relaxed), 100);
    assert_eq!(cache.stats().invalidated, 100);
    cache.insert(1, 1);
    assert_eq!(cache.get(1), Some(1));
    assert_eq!(cache.clear(), 1);
}

#[test]
fn a_listener_is_told_why_and_may_use_the_cache() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    let cache = Cache::<u64, u64>::builder("handle: listener")
        .max_size(1)
        .on_evict(move |key, value, cause| {
            let again = get_cache::<u64, u64>("handle: listener").expect("it is alive");
            assert_ne!(again.peek(key), Some(*value));
            list.lock().unwrap().push((*key, *value, cause));
        })
        .build()
        .unwrap();
    cache.insert(1, 1);
    cache.insert(1, 2);
    cache.invalidate(1);
    cache.insert(2, 2);
    cache.insert(3, 3);
    let told = told.lock().unwrap();
    assert_eq!(
        told[..2],
        [(1, 1, Cause::Replaced), (1, 2, Cause::Invalidated)]
    );
    assert!(matches!(told[2..], [(2 | 3, _, Cause::Size)]));
}

#[test]
fn a_hundred_thousand_entries_leave_while_others_read() {
    const MANY: u64 = 100_000;
    let cache = Cache::<u64, u64>::builder("handle: large")
        .unbounded()
        .build()
        .unwrap();
    cache.insert_many((0..MANY).map(|key| (key, key)));
    let is_over = Arc::new(AtomicBool::new(false));
    let start = Arc::new(Barrier::new(3));
    let readers: Vec<_> = (0..2)
        .map(|first| {
            let (cache, is_over, start) = (cache.clone(), is_over.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                let mut key = first;
                while !is_over.load(Relaxed) {
                    key = (key * 31 + 7) % MANY;
                    assert!(cache.peek(key).is_none_or(|value| value == key));
                    if key % 2 == 1 {
                        assert_eq!(cache.get(key), Some(key), "odd ones stay");
                    }
                }
            })
        })
        .collect();
    start.wait();
    assert_eq!(cache.invalidate_if(|key, _| key % 2 == 0), MANY / 2);
    is_over.store(true, Relaxed);
    for reader in readers {
        reader.join().expect("no panic");
    }
    assert_eq!(cache.len(), MANY / 2);
    assert_eq!(cache.invalidate_pattern("*"), MANY / 2);
}

#[test]
fn invalidating_beats_a_load_in_flight() {
    type Take = fn(&Cache<u64, u64>);
    let ways: [(&str, Take); 5] = [
        ("key", |cache| _ = cache.invalidate(1)),
        ("predicate", |cache| _ = cache.invalidate_if(|_, _| false)),
        ("pattern", |cache| _ = cache.invalidate_pattern("nothing")),
        ("clear", |cache| _ = cache.clear()),
        ("insert", |cache| cache.insert(1, 7)),
    ];
    for (way, take) in ways {
        let cache: Cache<u64, u64> = cache(&format!("handle: in flight: {way}"));
        let read = cache.get_or_load(1, || {
            take(&cache);
            1
        });
        assert_eq!(read, 1);
        assert_ne!(cache.peek(1), Some(1), "{way}");
    }
}

#[test]
fn an_end_of_its_own_is_kept_where_nothing_else_ends() {
    static CLOCK: Clock = Clock::manual();
    let cache = Cache::<u64, u64>::builder("handle: own end")
        .no_expiry()
        .clock(&CLOCK)
        .build()
        .unwrap();
    cache.insert_with_ttl(1, 1, Duration::from_secs(30));
    cache.insert(2, 2);
    CLOCK.advance(Duration::from_secs(31));
    // Swept, without having been asked for.
    assert_eq!(cache.len(), 1);
    assert_eq!((cache.peek(1), cache.peek(2)), (None, Some(2)));
}
