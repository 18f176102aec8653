use std::path::Path;
use std::time::Duration;

use serde::Serializer;

use super::super::{PersistError, Snapshot, Verdict, load, save};
use super::*;

#[test]
fn what_was_saved_is_loaded() {
    let disk = Disk::new();
    let users = users(20);
    let saved = save_to(&disk, &users).unwrap();

    let loaded = load_from(&disk);

    assert_eq!(saved.entries, 20);
    assert_eq!(saved.bytes, disk.bytes(PATH).unwrap().len() as u64);
    assert!(matches!(loaded.verdict, Verdict::Whole));
    assert_eq!(given(loaded.entries), users);
}

#[test]
fn a_cache_without_entries_is_saved_too() {
    let disk = Disk::new();
    save_to(&disk, &users(3)).unwrap();
    save_to(&disk, &[]).unwrap();

    let loaded = load_from(&disk);

    assert!(matches!(loaded.verdict, Verdict::Whole));
    assert!(loaded.entries.is_empty());
}

#[test]
fn what_has_nothing_left_is_not_written() {
    let disk = Disk::new();
    let saved = save_to(&disk, &[(1, user(1), Some(Duration::ZERO))]).unwrap();
    assert_eq!((saved.entries, saved.left_out), (0, 0));
}

#[test]
fn a_snapshot_that_is_dropped_leaves_everything_as_it_was() {
    let disk = Disk::new();
    save_to(&disk, &users(3)).unwrap();
    let before = disk.bytes(PATH);

    let mut begun = Snapshot::begin(&disk, Path::new(PATH), &schema(), start()).unwrap();
    begun.put(&9_u64, &user(9), None);
    drop(begun);

    assert_eq!(disk.bytes(PATH), before);
    assert_eq!(disk.names(), [PATH]);
}

/// Writes a number, and panics or fails at some.
#[derive(Debug, PartialEq)]
struct Moody(u8);

impl serde::Serialize for Moody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            1 => panic!("a panic of the user's"),
            2 => Err(serde::ser::Error::custom("an error of the user's")),
            number => serializer.serialize_u8(number),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Moody {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        assert_ne!(number, 3, "another panic of the user's");
        Ok(Self(number))
    }
}

#[test]
fn a_panic_in_user_code_costs_one_record() {
    let disk = Disk::new();
    let schema = Schema::of::<u8, Moody>("moody");
    let entries = (0..5).map(|number| (number, Moody(number), None));

    let path = Path::new(PATH);
    let saved = save::<u8, Moody, _>(&disk, path, &schema, start(), entries).unwrap();
    let loaded = load::<u8, Moody, _>(&disk, path, &schema, start());

    assert_eq!((saved.entries, saved.left_out), (3, 2));
    assert_eq!(loaded.dropped_changed, 1);
    let values: Vec<u8> = loaded.entries.iter().map(|entry| entry.value.0).collect();
    assert_eq!(values, [0, 4]);
}

#[test]
fn what_json_cannot_say_is_left_out_and_counted() {
    let disk = Disk::new();
    let schema = Schema::of::<u8, f64>("numbers");
    let numbers = [1.5, f64::NAN, f64::INFINITY, f64::MAX];
    let entries = (0..).zip(numbers).map(|(key, value)| (key, value, None));

    let path = Path::new(PATH);
    let saved = save::<u8, f64, _>(&disk, path, &schema, start(), entries).unwrap();

    assert_eq!((saved.entries, saved.left_out), (2, 2));
}

#[test]
fn only_a_file_of_a_cache_is_replaced() {
    let disk = Disk::new();
    disk.put(PATH, b"name;price\n");
    assert!(matches!(
        save_to(&disk, &users(1)),
        Err(PersistError::Foreign { .. })
    ));

    disk.put(PATH, b"");
    assert!(save_to(&disk, &users(1)).is_ok());

    let disk = Disk::new();
    disk.put_other(PATH);
    assert!(matches!(
        save_to(&disk, &users(1)),
        Err(PersistError::NotAFile { .. })
    ));
    assert!(matches!(
        load_from(&disk).verdict,
        Verdict::Unreadable(PersistError::NotAFile { .. })
    ));

    let nowhere = save::<u64, User, _>(
        &disk,
        Path::new(".."),
        &schema(),
        start(),
        [] as [(u64, User, Option<Duration>); 0],
    );
    assert!(matches!(nowhere, Err(PersistError::NoFileName { .. })));
}

#[test]
fn a_name_that_a_killed_process_has_left_is_stepped_over() {
    let disk = Disk::new();
    let process = std::process::id();
    for attempt in 0..10_000 {
        disk.put(&format!("{PATH}.{process}-{attempt}.tmp"), b"half");
    }
    // The first free number is beyond what one save tries, but every save goes on where the last one gave up.
    let saved = (0..200).any(|_| save_to(&disk, &users(1)).is_ok());
    assert!(saved);
}
