//! Reading a snapshot: what can be believed, and what becomes of a file that cannot.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::PersistError;
use super::files::{Files, There, beside, folder};
use super::format::{self, Found, HEAD, Head, LONGEST_NAME, NEVER, NotOurs, Records, Seal, Tail};
use super::{Entry, Loaded, Schema, Verdict, codec};

/// After that a temporary file is not in use any more: whoever wrote it was killed.
const ABANDONED: Duration = Duration::from_secs(60 * 60);
/// The names that bad files get, the newest first.
const BAD: [&str; 3] = [".bad", ".bad.1", ".bad.2"];

/// What the file at `path` holds for this schema.
///
/// A file that cannot be used is renamed to `<name>.bad`, of which three are kept (`.bad`, `.bad.1`, `.bad.2`). One that
/// is torn or damaged in places stays, until it is replaced. Temporary files that a killed process has left are removed.
/// `now` is the wall clock.
pub fn load<K, V, F>(files: &F, path: &Path, schema: &Schema, now: SystemTime) -> Loaded<K, V>
where
    K: Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
    F: Files,
{
    remove_abandoned(files, path, now);
    let mut loaded = match read(files, path, schema) {
        Ok(bytes) => parse(&bytes, schema, now),
        Err(verdict) => Loaded::nothing(verdict),
    };
    if loaded.verdict.is_useless() {
        loaded.quarantined = quarantine(files, path);
    }
    loaded
}

/// The bytes of the file, once its head is one of ours: before that, no more of it is read than a head is long.
fn read<F: Files>(files: &F, path: &Path, schema: &Schema) -> Result<Vec<u8>, Verdict> {
    if path.file_name().is_none() {
        let path = path.into();
        return Err(Verdict::Unreadable(PersistError::NoFileName { path }));
    }
    let unreadable = |error: io::Error| Verdict::Unreadable(PersistError::new(path, "read", error));
    match files.look(path).map_err(unreadable)? {
        There::Nothing => return Err(Verdict::Nothing),
        There::Other => {
            let path = path.into();
            return Err(Verdict::Unreadable(PersistError::NotAFile { path }));
        }
        There::File(_) => {}
    }
    let (mut file, length) = files.open(path).map_err(unreadable)?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    files
        .read(&mut file, length.min(HEAD + LONGEST_NAME), &mut bytes)
        .map_err(unreadable)?;
    if bytes.is_empty() {
        return Err(Verdict::Nothing);
    }
    check_head(&bytes, schema)?;
    files
        .read(&mut file, length, &mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

fn check_head<'b>(bytes: &'b [u8], schema: &Schema) -> Result<(Head<'b>, Seal, usize), Verdict> {
    let (head, seal, start) = Head::read(bytes).map_err(|not_ours| match not_ours {
        NotOurs::Foreign => Verdict::Foreign,
        NotOurs::OtherFormat(format) => Verdict::OtherFormat(format),
    })?;
    if head.name != schema.name.as_bytes() {
        return Err(Verdict::OtherCache(
            String::from_utf8_lossy(head.name).into_owned(),
        ));
    }
    if head.schema != schema.hash {
        return Err(Verdict::OtherTypes);
    }
    Ok((head, seal, start))
}

/// What the bytes of a file hold for this schema. `now` is the wall clock.
#[must_use]
pub fn parse<K, V>(bytes: &[u8], schema: &Schema, now: SystemTime) -> Loaded<K, V>
where
    K: Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    let (created, records) = match check_head(bytes, schema) {
        Ok((head, seal, start)) => (head.created, seal.records(bytes, start)),
        Err(verdict) => return Loaded::nothing(verdict),
    };
    let (whole, verdict) = survey(records.clone());
    let mut loaded = Loaded::nothing(verdict);
    if loaded.verdict.is_useless() {
        return loaded;
    }
    // As many as there are, and each took more room in the file than it takes in the list.
    loaded.entries.reserve_exact(whole);
    let now = format::nanos(now);
    for found in records {
        let Found::Record(record) = found else {
            loaded.damaged = loaded.damaged.saturating_add(1);
            continue;
        };
        let Some(left) = left(record.deadline, created, now) else {
            loaded.dropped_expired = loaded.dropped_expired.saturating_add(1);
            continue;
        };
        match codec::decode(&record) {
            Some((key, value)) => loaded.entries.push(Entry { key, value, left }),
            None => loaded.dropped_changed = loaded.dropped_changed.saturating_add(1),
        }
    }
    loaded
}

/// How many records can be believed, and what is to be thought of the file.
fn survey(mut records: Records<'_>) -> (usize, Verdict) {
    let (mut whole, mut damaged) = (0_usize, 0_usize);
    for found in records.by_ref() {
        match found {
            Found::Record(_) => whole += 1,
            Found::Damaged => damaged += 1,
        }
    }
    let verdict = match records.tail() {
        Tail::Torn => Verdict::Torn,
        Tail::Whole if damaged == 0 => Verdict::Whole,
        Tail::Altered if damaged > 0 => Verdict::Torn,
        // The records say one thing and the file as a whole another: whoever did that is not to be believed.
        Tail::Whole | Tail::Altered => Verdict::Foreign,
    };
    (whole, verdict)
}

/// What is left of a lifetime; nothing when it is over, or when nobody can say because the clock went backwards.
#[expect(
    clippy::option_option,
    reason = "over, for ever, or so long: three answers for one caller"
)]
fn left(deadline: u64, created: u64, now: u64) -> Option<Option<Duration>> {
    if deadline == NEVER {
        return Some(None);
    }
    // Before the file was written, the clock does not tell how long that is ago: too long, for all we know.
    if now < created || deadline <= now {
        return None;
    }
    Some(Some(Duration::from_nanos(deadline - now)))
}

/// Renames a file that is of no use; the name it has now, if that could be done.
fn quarantine<F: Files>(files: &F, path: &Path) -> Option<PathBuf> {
    let [newest, older, oldest] = BAD.map(|ending| beside(path, ending));
    // Where one is missing there is nothing to move on; where moving fails, the newest is overwritten.
    let _ = files.rename(&older, &oldest);
    let _ = files.rename(&newest, &older);
    files.rename(path, &newest).ok()?;
    Some(newest)
}

/// Removes what killed processes have left beside the file.
fn remove_abandoned<F: Files>(files: &F, path: &Path, now: SystemTime) {
    let (Some(name), Ok(there)) = (path.file_name(), files.list(&folder(path))) else {
        return;
    };
    for (other, written) in there {
        let age = now.duration_since(written).unwrap_or_default();
        if age > ABANDONED && is_temporary(name, &other) {
            let _ = files.remove(&path.with_file_name(other)); // the next start tries again
        }
    }
}

/// True for the names that a save gives to what it writes: `<name>.<process>-<number>.tmp`.
fn is_temporary(name: &OsStr, other: &OsStr) -> bool {
    let number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    other
        .as_encoded_bytes()
        .strip_prefix(name.as_encoded_bytes())
        .and_then(|rest| rest.strip_prefix(b"."))
        .and_then(|rest| rest.strip_suffix(b".tmp"))
        .and_then(|numbers| {
            let at = numbers.iter().position(|&byte| byte == b'-')?;
            Some((numbers.get(..at)?, numbers.get(at + 1..)?))
        })
        .is_some_and(|(process, attempt)| number(process) && number(attempt))
}
