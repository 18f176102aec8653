//! The file of one cache: what it knows, kept over a restart.
//!
//! A snapshot is a head, a record for every entry, and an end that agrees with all of it ([`format`]). [`Snapshot`]
//! writes one beside the old one and puts it in its place in one step; [`load()`] reads what can be believed, drops what
//! has expired, and moves a file that is of no use out of the way. [`Saver`] decides when: in the background, at most
//! once per interval, and at the end of the program.
//!
//! The promise is *the value that was written, or none*. A checksum over every part finds what the disk has changed
//! ([`format`]); the types and the name of the cache are in the head; a print of every value, taken again of what was
//! read ([`print`]), finds what a new version of the program would read differently. An entry that fails any of it is
//! dropped and counted.
//!
//! Lifetimes are kept by the wall clock, the only one that goes on while a program does not run. An entry never has more
//! left than when it was saved, and where the clock is found to have gone backwards, whatever can expire has expired.
//! A clock that was set back by less than the program was away cannot be found out.
//!
//! Nothing here knows of stores or reads time, nothing panics on any file, and the room that a file takes while it is
//! read is bounded by what is really in it.

use std::any::type_name;
use std::borrow::Borrow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;

mod codec;
mod error;
mod files;
mod format;
mod load;
mod print;
mod save;
mod saver;

pub use self::error::PersistError;
pub use self::files::{Files, System, There};
pub use self::load::{load, parse};
pub use self::save::Snapshot;
pub use self::saver::{History, INTERVAL, Saver};

/// What a file must be to be of use: of this cache, with these types, written by this codec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    name: String,
    hash: u64,
}

impl Schema {
    /// The one of a cache with keys `K` and values `V`. `name` is the name users know the cache by; it is in the file.
    #[must_use]
    pub fn of<K: ?Sized, V: ?Sized>(name: &str) -> Self {
        let mut end = name.len().min(format::LONGEST_NAME);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            name: name.get(..end).unwrap_or_default().to_owned(),
            // The whole name, of which the file shows the beginning.
            hash: print::of_texts(&[codec::NAME, type_name::<K>(), type_name::<V>(), name]),
        }
    }
}

/// What a save has written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Saved {
    /// Entries in the file.
    pub entries: u64,
    /// Entries that could not be encoded: their `Serialize` failed or panicked, or JSON has no word for them.
    pub left_out: u64,
    /// Length of the file, in bytes.
    pub bytes: u64,
}

/// One entry of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<K, V> {
    /// Its key.
    pub key: K,
    /// Its value.
    pub value: V,
    /// How long it may still be used: never more than it had when it was saved; `None` stands for ever.
    pub left: Option<Duration>,
}

/// What a file held.
#[derive(Debug)]
pub struct Loaded<K, V> {
    /// What can be used, in the order in which it was saved.
    pub entries: Vec<Entry<K, V>>,
    /// Records whose lifetime was over, or could not be told because the clock went backwards.
    pub dropped_expired: u64,
    /// Records whose value is not read as it was written: its type has changed, or does not survive the codec.
    pub dropped_changed: u64,
    /// Records that are not on the disk as they were written, besides those that a torn file has lost.
    pub damaged: u64,
    /// The name that a useless file was given, when that could be done.
    pub quarantined: Option<PathBuf>,
    /// What is to be thought of the file.
    pub verdict: Verdict,
}

impl<K, V> Loaded<K, V> {
    fn nothing(verdict: Verdict) -> Self {
        Self {
            entries: Vec::new(),
            dropped_expired: 0,
            dropped_changed: 0,
            damaged: 0,
            quarantined: None,
            verdict,
        }
    }
}

/// What is to be thought of a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// There is none, or an empty one: a first start.
    Nothing,
    /// It is as it was written.
    Whole,
    /// Its end is missing, or parts of it are damaged; the rest was used.
    Torn,
    /// It is no snapshot, or its head is damaged.
    Foreign,
    /// It is a snapshot in a layout of another version.
    OtherFormat(u32),
    /// It is the one of another cache, of this name.
    OtherCache(String),
    /// It is of this cache, and its keys or values were of other types, or written by another codec.
    OtherTypes,
    /// It could not be read, and was left where it is.
    Unreadable(PersistError),
}

impl Verdict {
    /// True for a file that no start of this program can use.
    #[must_use]
    pub fn is_useless(&self) -> bool {
        matches!(
            self,
            Self::Foreign | Self::OtherFormat(_) | Self::OtherCache(_) | Self::OtherTypes
        )
    }
}

/// Replaces the file at `path` with these entries, each with what is left of its lifetime (`None` stands for ever).
///
/// The iterator is drawn on while the file is written, and readers of the cache go on meanwhile. `now` is the wall clock.
/// A store that hands out its entries one by one writes to a [`Snapshot`] itself.
///
/// # Errors
/// When nothing was saved; see [`PersistError`].
pub fn save<K, V, F>(
    files: &F,
    path: &Path,
    schema: &Schema,
    now: SystemTime,
    entries: impl IntoIterator<Item = (impl Borrow<K>, impl Borrow<V>, Option<Duration>)>,
) -> Result<Saved, PersistError>
where
    K: Serialize,
    V: Serialize,
    F: Files,
{
    let mut snapshot = Snapshot::begin(files, path, schema, now)?;
    for (key, value, left) in entries {
        snapshot.put::<K, V>(key.borrow(), value.borrow(), left);
    }
    snapshot.commit()
}

#[cfg(test)]
mod tests;
