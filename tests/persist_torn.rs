//! The file of a cache, cut at every byte and with every bit flipped: no panic, no wrong value, and no more memory than
//! the file accounts for. In a process of its own, because it counts what the allocator gives.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, SystemTime};

use perfkit::__private::persist::{self, Loaded, Schema, Verdict, parse, save};

struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

fn count(change: impl FnOnce(usize) -> usize) {
    let _ = HELD.try_with(|held| {
        held.set(change(held.get()));
        MOST.set(MOST.get().max(held.get()));
    });
}

// SAFETY: everything is done by the system's allocator; only numbers are kept here.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(|held| held.wrapping_add(layout.size()));
        // SAFETY: the caller's promise, handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(|held| held.saturating_sub(layout.size()));
        // SAFETY: the caller's promise, handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that `body` holds at one time, in bytes, beyond what was held before.
fn most_held<T>(body: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    MOST.set(before);
    let result = body();
    (result, MOST.get() - before)
}

type Key = (u32, String);
type Value = Vec<Option<u64>>;

/// Over 20 KiB; without optimization a few, because every flip reads them all. The unit tests of the format flip every bit
/// of a large file in any build.
const ENTRIES: u32 = if cfg!(debug_assertions) { 40 } else { 250 };

const HOUR: Duration = Duration::from_secs(3600);
const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn schema() -> Schema {
    Schema::of::<Key, Value>("torn")
}

/// A snapshot with what is in it.
fn snapshot() -> (Vec<u8>, HashMap<Key, Value>) {
    let entry = |number: u32| {
        let value = (0..number % 7).map(|n| (n % 2 == 0).then_some(u64::MAX / u64::from(n + 1)));
        ((number, format!("key-{number}")), value.collect())
    };
    let entries: HashMap<Key, Value> = (0..ENTRIES).map(entry).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("torn.cache");
    let saved = save::<Key, Value, _>(
        &persist::System,
        &path,
        &schema(),
        NOW,
        entries.iter().map(|(key, value)| (key, value, Some(HOUR))),
    );
    assert_eq!(saved.unwrap().entries, u64::from(ENTRIES));
    (std::fs::read(&path).unwrap(), entries)
}

/// Reads a damaged file, and checks all that must hold for any of them.
fn read(bytes: &[u8], written: &HashMap<Key, Value>) -> Loaded<Key, Value> {
    let (loaded, held) = most_held(|| parse::<Key, Value>(bytes, &schema(), NOW));
    assert!(
        held <= 2 * bytes.len() + 1024,
        "{held} bytes for {}",
        bytes.len()
    );
    for entry in &loaded.entries {
        assert_eq!(written.get(&entry.key), Some(&entry.value), "a wrong value");
        assert_eq!(entry.left, Some(HOUR), "a wrong lifetime");
    }
    assert!(!matches!(loaded.verdict, Verdict::Whole));
    loaded
}

#[test]
fn a_file_cut_at_any_byte_gives_what_is_left() {
    let (bytes, written) = snapshot();
    let mut before = 0;
    for length in 0..bytes.len() {
        let count = read(&bytes[..length], &written).entries.len();
        assert!(count == before || count == before + 1);
        before = count;
    }
    assert_eq!(before, written.len(), "only the end was missing");
}

/// Half of the file per test, so that they run side by side.
fn flip_every_bit(of: impl FnOnce(usize) -> Range<usize>) {
    let (mut bytes, written) = snapshot();
    for at in of(bytes.len()) {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            read(&bytes, &written);
            bytes[at] ^= 1 << bit;
        }
    }
    assert!(matches!(
        parse::<Key, Value>(&bytes, &schema(), NOW).verdict,
        Verdict::Whole
    ));
}

#[test]
fn any_flipped_bit_of_the_first_half_is_found() {
    flip_every_bit(|length| 0..length / 2);
}

#[test]
fn any_flipped_bit_of_the_second_half_is_found() {
    flip_every_bit(|length| length / 2..length);
}

/// The same through a real file.
#[test]
fn a_huge_file_of_nothing_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.cache");
    // Sparse: a terabyte that takes no room on the disk.
    let file = std::fs::File::create(&path).unwrap();
    if file.set_len(1 << 40).is_err() {
        return; // not on this file system
    }
    drop(file);

    let load = |path: &Path| persist::load::<Key, Value, _>(&persist::System, path, &schema(), NOW);
    let (loaded, held) = most_held(|| load(&path));

    assert!(matches!(loaded.verdict, Verdict::Foreign));
    assert!(held < 64 * 1024, "{held} bytes");
    assert!(loaded.quarantined.is_some());
}
