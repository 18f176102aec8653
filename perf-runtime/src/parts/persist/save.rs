//! Writing a snapshot: beside the old one, to the disk, and then in its place.
//!
//! At every step the path holds the old snapshot or the new one, whole; `fsync` before the rename, and of the folder
//! after it, because a rename may reach the disk before what is in the file does. Whatever ends a save early, a panic
//! included, takes the temporary file with it.

use std::fs::Permissions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use crc32fast::Hasher;
use serde::Serialize;

use super::codec::Encoded;
use super::error::PersistError;
use super::files::{Files, There, beside, folder};
use super::format::{self, Head, MAGIC, NEVER, Seal};
use super::{Saved, Schema};

/// How much is written at a time, in bytes.
const AT_A_TIME: usize = 64 * 1024;
/// How often another temporary name is tried: after a crash, one with the same process number may be left.
const ATTEMPTS: u32 = 64;

static ATTEMPT: AtomicU32 = AtomicU32::new(0);

/// A snapshot that is being written; what is put into it is seen by nobody until [`Snapshot::commit`]. Dropped before
/// that, it leaves everything as it was.
pub struct Snapshot<'f, F: Files> {
    to: Temporary<'f, F>,
    path: PathBuf,
    seal: Seal,
    created: u64,
    saved: Saved,
    encoded: Encoded,
    /// After a failure nothing more is written; [`Snapshot::commit`] tells.
    failed: Option<PersistError>,
}

impl<'f, F: Files> Snapshot<'f, F> {
    /// Begins a snapshot that is to replace the file at `path`. `now` is the wall clock.
    ///
    /// # Errors
    /// When the path is not free for a cache's file, or no file can be made beside it.
    pub fn begin(
        files: &'f F,
        path: &Path,
        schema: &Schema,
        now: SystemTime,
    ) -> Result<Self, PersistError> {
        let permissions = replaceable(files, path)?;
        let mut to = Temporary::create(files, path)
            .map_err(|error| PersistError::new(path, "write", error))?;
        if let Some(permissions) = permissions {
            files
                .permit(&to.file, permissions)
                .map_err(|error| PersistError::new(path, "write", error))?;
        }
        let created = format::nanos(now);
        let head = Head {
            name: schema.name.as_bytes(),
            schema: schema.hash,
            created,
            nonce: u64::from(std::process::id()) << 32 | u64::from(to.attempt),
        };
        let seal = head.write(&mut to.buffer);
        Ok(Self {
            to,
            path: path.to_owned(),
            seal,
            created,
            saved: Saved::default(),
            encoded: Encoded::default(),
            failed: None,
        })
    }

    /// Adds an entry that has so long left; `None` stands for ever. One that has nothing left is not written, one that
    /// cannot be encoded is counted.
    ///
    /// Runs the `Serialize` of both; call it without a lock.
    pub fn put<K: Serialize, V: Serialize>(&mut self, key: &K, value: &V, left: Option<Duration>) {
        if self.failed.is_some() || left == Some(Duration::ZERO) {
            return;
        }
        let deadline = left.map_or(NEVER, |left| {
            self.created.saturating_add(format::saturated(left))
        });
        let written = self.encoded.encode(key, value) && {
            let record = self.encoded.record(deadline);
            self.seal
                .write(self.saved.entries, &record, &mut self.to.buffer)
        };
        if !written {
            self.saved.left_out = self.saved.left_out.saturating_add(1);
            return;
        }
        self.saved.entries = self.saved.entries.saturating_add(1);
        if self.to.buffer.len() >= AT_A_TIME {
            self.failed = self
                .to
                .flush()
                .err()
                .map(|error| PersistError::new(&self.path, "write", error));
        }
    }

    /// Puts the snapshot in the place of the file; when it returns, it is on the disk.
    ///
    /// # Errors
    /// What went wrong first. The file is the one before, except when the system could not say that the new name is on
    /// the disk: then it is the new one, and after a loss of power one of the two.
    pub fn commit(mut self) -> Result<Saved, PersistError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut finish = || {
            self.to.flush()?;
            let file = self.to.sum.clone().finalize();
            self.seal.write_end(
                self.saved.entries,
                self.to.written,
                file,
                &mut self.to.buffer,
            );
            self.to.flush()?;
            self.saved.bytes = self.to.written;
            self.to.replace(&self.path)
        };
        match finish() {
            Ok(()) => Ok(self.saved),
            Err(error) => Err(PersistError::new(&self.path, "write", error)),
        }
    }
}

/// Whether a cache's file may be put there, and the permissions of the one it replaces.
fn replaceable<F: Files>(files: &F, path: &Path) -> Result<Option<Permissions>, PersistError> {
    if path.file_name().is_none() {
        return Err(PersistError::NoFileName { path: path.into() });
    }
    let read = |error| PersistError::new(path, "read", error);
    let permissions = match files.look(path).map_err(read)? {
        There::Nothing => return Ok(None),
        There::Other => return Err(PersistError::NotAFile { path: path.into() }),
        There::File(permissions) => permissions,
    };
    let mut begins = Vec::new();
    let (mut file, _) = files.open(path).map_err(read)?;
    files
        .read(&mut file, MAGIC.len(), &mut begins)
        .map_err(read)?;
    // An empty file is one that somebody made for us, to choose who may read it.
    if MAGIC.starts_with(&begins) {
        Ok(Some(permissions))
    } else {
        Err(PersistError::Foreign { path: path.into() })
    }
}

/// A file beside the one that it is to replace; gone when it is dropped before that.
struct Temporary<'f, F: Files> {
    files: &'f F,
    file: F::File,
    path: Option<PathBuf>,
    attempt: u32,
    buffer: Vec<u8>,
    /// The checksum of what is in the file, and its length.
    sum: Hasher,
    written: u64,
}

impl<'f, F: Files> Temporary<'f, F> {
    fn create(files: &'f F, path: &Path) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            tries += 1;
            let attempt = ATTEMPT.fetch_add(1, Relaxed);
            let name = beside(path, &format!(".{}-{attempt}.tmp", std::process::id()));
            match files.create(&name) {
                Ok(file) => {
                    return Ok(Self {
                        files,
                        file,
                        path: Some(name),
                        attempt,
                        buffer: Vec::new(),
                        sum: Hasher::new(),
                        written: 0,
                    });
                }
                Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists && tries < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.files.write(&mut self.file, &self.buffer)?;
        self.sum.update(&self.buffer);
        self.written = self.written.saturating_add(self.buffer.len() as u64);
        self.buffer.clear();
        Ok(())
    }

    fn replace(&mut self, path: &Path) -> io::Result<()> {
        self.files.sync(&self.file)?;
        if let Some(name) = &self.path {
            self.files.rename(name, path)?;
            self.path = None;
        }
        self.files.sync_folder(&folder(path))
    }
}

impl<F: Files> Drop for Temporary<'_, F> {
    fn drop(&mut self) {
        if let Some(name) = &self.path {
            let _ = self.files.remove(name); // the failure that led here is the one to tell
        }
    }
}
