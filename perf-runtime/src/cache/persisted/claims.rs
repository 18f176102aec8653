//! Whose a file is: no two caches of a process have one together.
//!
//! Of several calls that need a cache first, one opens its file and the others wait until the cache can be found, because
//! reading a file twice would cost the time and the memory twice. A call waits no longer than calls of that cache wait for
//! each other, and never for itself: a value whose `Deserialize` asks the cache that it is read for gets one without a
//! file. Nothing of the user's runs under the lock.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::cache::Core;
use crate::clock;
use crate::parts::persist::PersistError;

static FILES: Mutex<Option<HashMap<PathBuf, Owner>>> = Mutex::new(None);
static OPENED: Condvar = Condvar::new();

struct Owner {
    cache: Identity,
    /// The one that reads the file just now.
    opening: Option<ThreadId>,
}

/// Which cache: what is behind a function, the instance of it, and what users call it.
#[derive(PartialEq, Eq)]
pub(super) struct Identity {
    core: usize,
    instance: String,
    name: String,
}

impl Identity {
    /// `name` is what users call it.
    pub(super) fn new(core: &'static Core, instance: &str, name: &str) -> Self {
        Self {
            core: std::ptr::from_ref(core).addr(),
            instance: instance.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// A file that belongs to a cache; given back when it is dropped.
pub(crate) struct Claim {
    path: PathBuf,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // An identity is dropped after the lock, and no code of users is in one.
        let _owner = files().get_or_insert_default().remove(&self.path);
        OPENED.notify_all();
    }
}

/// While it lives, calls that need the same cache wait.
pub(in crate::cache) struct Opening {
    path: PathBuf,
}

impl Drop for Opening {
    fn drop(&mut self) {
        let me = thread::current().id();
        if let Some(owner) = files().get_or_insert_default().get_mut(&self.path)
            && owner.opening == Some(me)
        {
            owner.opening = None;
        }
        OPENED.notify_all();
    }
}

/// Claims the file at `path` for a cache.
///
/// When another call of the same cache is opening it, this one waits, for `wait` at most.
///
/// # Errors
/// When the file is another cache's, or this one's already: then the cache can be found.
pub(super) fn open(
    path: &Path,
    cache: Identity,
    wait: Duration,
) -> Result<(Claim, Opening), PersistError> {
    let key = one_spelling(path);
    let me = thread::current().id();
    let until = clock::instant().checked_add(wait);
    let mut files = files();
    loop {
        let Some(owner) = files.get_or_insert_default().get(&key) else {
            let opening = Some(me);
            let owner = Owner { cache, opening };
            files.get_or_insert_default().insert(key.clone(), owner);
            let claim = Claim { path: key.clone() };
            return Ok((claim, Opening { path: key }));
        };
        let now = clock::instant();
        let left = until.map_or(wait, |until| until.saturating_duration_since(now));
        let is_opened_elsewhere = owner.opening.is_some_and(|thread| thread != me);
        if owner.cache != cache || !is_opened_elsewhere || left.is_zero() {
            let by = owner.cache.name.clone();
            let path = path.to_owned();
            return Err(PersistError::Taken { path, by });
        }
        let woken = OPENED.wait_timeout(files, left);
        files = woken.unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Says whose the file at `path` is.
pub(super) fn taken(path: &Path) -> PersistError {
    let key = one_spelling(path);
    let files = files();
    let owner = files.as_ref().and_then(|files| files.get(&key));
    let by = owner
        .map_or("another", |owner| &owner.cache.name)
        .to_owned();
    drop(files);
    let path = path.to_owned();
    PersistError::Taken { path, by }
}

fn files() -> MutexGuard<'static, Option<HashMap<PathBuf, Owner>>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One path for all ways to write it, so far as the folder exists.
fn one_spelling(path: &Path) -> PathBuf {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
