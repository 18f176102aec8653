//! The memory of a cache follows what is kept, and not what went through it.
//!
//! Who reads any cache of a process holds up what others have taken out. So these promises have a program of their own, in
//! which nobody reads beside the one that is tried: the tests take turns, and nothing has an end of its own, for which a
//! thread would look.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use perfkit::{Cache, cached};

struct Counting;

/// Allocated just now.
static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is done by the system's allocator; only numbers are kept here.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promise, handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise, handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// While it lives, no other test runs.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nothing of twenty rounds needs more than twice what the first one did.
fn assert_bounded(mut memory_after: impl FnMut(u64) -> usize) {
    let first = memory_after(0);
    assert!(first > 0, "it is counted");
    for round in 1..20 {
        let now = memory_after(round);
        assert!(now <= first * 2, "{first} has become {now}");
    }
}

#[test]
fn tags_need_no_more_room_than_what_carries_them() {
    let _turn = alone();
    let before = BYTES.load(Relaxed);
    let cache = Cache::<u64, u64>::builder("tags: bounded")
        .max_size(100)
        .no_expiry()
        .build()
        .unwrap();
    let fill = |round: u64| {
        for key in round * 1000..(round + 1) * 1000 {
            cache.insert_tagged(key, key, [format!("only:{key}"), "every".to_owned()]);
        }
    };
    assert_bounded(|round| {
        fill(round);
        usize::try_from(cache.memory_estimate()).unwrap()
    });
    assert_bounded(|round| {
        fill(round);
        BYTES.load(Relaxed) - before
    });
    assert_eq!(cache.invalidate_tag("every"), 100);
}

#[test]
fn what_makes_room_for_others_leaves_its_memory_to_them() {
    #[cached(ttl = "never", max_size = 100)]
    fn load(id: u64) -> [u64; 8] {
        [id; 8]
    }

    let _turn = alone();
    let before = BYTES.load(Relaxed);
    assert_bounded(|round| {
        for id in round * 1000..(round + 1) * 1000 {
            load(id);
        }
        BYTES.load(Relaxed) - before
    });
}

#[test]
fn nothing_is_left_of_what_a_cache_has_outgrown() {
    const ENTRIES: u64 = 50_000;

    let _turn = alone();
    let cache = Cache::<u64, u64>::builder("memory: grows")
        .max_size(1 << 20)
        .no_expiry()
        .build()
        .unwrap();
    for key in 0..ENTRIES {
        cache.insert(key, key);
    }
    let grown = BYTES.load(Relaxed);
    // What waits for its readers, and has none, goes.
    assert_eq!(cache.invalidate_if(|_, _| false), 0);
    let kept = BYTES.load(Relaxed);
    assert!(kept + kept / 50 >= grown, "{grown} where {kept} would do");
    assert_eq!(cache.len(), ENTRIES);
}
