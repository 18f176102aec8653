//! The promises of the file of a cache, on a disk of memory that fails and loses power when it is told to.

mod disk;
mod faults;
mod prints;
mod reading;
mod saver;
mod torn;
mod writing;

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use self::disk::Disk;
use super::{Entry, Loaded, Saved, Schema, load, parse, save};

const PATH: &str = "folder/users.cache";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
    mail: Option<String>,
    age: u8,
    scores: Vec<f64>,
    friends: HashMap<u32, Kind>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Near,
    Far(u32, i64),
    Lost { since: Duration },
}

fn user(number: u8) -> User {
    User {
        name: format!("user \"{number}\" ö"),
        mail: number
            .is_multiple_of(3)
            .then(|| format!("{number}@example.com")),
        age: number,
        scores: vec![f64::from(number) / 3.0, -0.0, f64::MIN_POSITIVE],
        friends: [
            (1, Kind::Near),
            (2, Kind::Far(u32::MAX, i64::MIN)),
            (3, Kind::Lost { since: HOUR }),
        ]
        .into(),
    }
}

const HOUR: Duration = Duration::from_secs(3600);

/// The wall clock, so long after the tests began.
fn after(passed: Duration) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000) + passed
}

fn start() -> SystemTime {
    after(Duration::ZERO)
}

fn schema() -> Schema {
    Schema::of::<u64, User>("users")
}

type Given = (u64, User, Option<Duration>);

/// So many entries, every third without an end.
fn users(count: u8) -> Vec<Given> {
    (0..count)
        .map(|number| {
            let left = (!number.is_multiple_of(3)).then_some(HOUR);
            (u64::from(number), user(number), left)
        })
        .collect()
}

fn save_to(disk: &Disk, users: &[Given]) -> Result<Saved, super::PersistError> {
    let entries = users.iter().map(|(key, value, left)| (key, value, *left));
    save::<u64, User, _>(disk, Path::new(PATH), &schema(), start(), entries)
}

fn load_from(disk: &Disk) -> Loaded<u64, User> {
    load(disk, Path::new(PATH), &schema(), start())
}

/// The bytes of a snapshot.
fn snapshot(users: &[Given]) -> Vec<u8> {
    let disk = Disk::new();
    save_to(&disk, users).unwrap();
    disk.bytes(PATH).unwrap()
}

fn parsed(bytes: &[u8]) -> Loaded<u64, User> {
    parse(bytes, &schema(), start())
}

fn given(entries: Vec<Entry<u64, User>>) -> Vec<Given> {
    entries
        .into_iter()
        .map(|entry| (entry.key, entry.value, entry.left))
        .collect()
}
