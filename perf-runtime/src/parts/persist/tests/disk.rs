//! A disk of memory: it keeps apart what programs see and what a loss of power leaves, and fails at any turn.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::Permissions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::start;
use crate::parts::persist::{Files, There};

/// What the disk does when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The one operation fails.
    Error(io::ErrorKind),
    /// It fails, and so does everything after it: the process was killed.
    Killed,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Content {
    seen: Vec<u8>,
    /// What of it has reached the disk.
    kept: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    contents: Vec<Content>,
    seen: BTreeMap<PathBuf, usize>,
    kept: BTreeMap<PathBuf, usize>,
    others: Vec<PathBuf>,
    done: Vec<&'static str>,
    fault: Option<(usize, Fault)>,
    age: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Disk(RefCell<State>);

/// An open file.
#[derive(Debug)]
pub(super) struct Open {
    content: usize,
    read: usize,
}

impl Disk {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Lets the operation of that number go wrong, counted from now.
    pub(super) fn fail_at(&self, number: usize, fault: Fault) {
        let mut state = self.0.borrow_mut();
        state.done.clear();
        state.fault = Some((number, fault));
    }

    /// The operations since [`Disk::fail_at`], and no more faults.
    pub(super) fn repair(&self) -> Vec<&'static str> {
        let mut state = self.0.borrow_mut();
        state.fault = None;
        std::mem::take(&mut state.done)
    }

    /// What is left when the power goes: nothing that was not synced, except the names, if the disk was quick.
    pub(super) fn lose_power(&self, names_were_quick: bool) {
        let mut state = self.0.borrow_mut();
        for content in &mut state.contents {
            content.seen = content.kept.clone();
        }
        if names_were_quick {
            state.kept = state.seen.clone();
        } else {
            state.seen = state.kept.clone();
        }
    }

    pub(super) fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.0.borrow();
        let content = *state.seen.get(Path::new(path))?;
        Some(state.contents[content].seen.clone())
    }

    /// Puts a file there that is on the disk already.
    pub(super) fn put(&self, path: &str, bytes: &[u8]) {
        let mut state = self.0.borrow_mut();
        let content = state.contents.len();
        state.contents.push(Content {
            seen: bytes.to_vec(),
            kept: bytes.to_vec(),
        });
        state.seen.insert(path.into(), content);
        state.kept.insert(path.into(), content);
    }

    /// Puts a folder or a link there.
    pub(super) fn put_other(&self, path: &str) {
        self.0.borrow_mut().others.push(path.into());
    }

    pub(super) fn names(&self) -> Vec<String> {
        let state = self.0.borrow();
        let names = state.seen.keys();
        names.map(|path| path.display().to_string()).collect()
    }

    /// Makes every file so old.
    pub(super) fn grow_old(&self, age: Duration) {
        self.0.borrow_mut().age = age;
    }

    fn turn(&self, operation: &'static str) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let number = state.done.len();
        state.done.push(operation);
        match state.fault {
            Some((at, Fault::Error(kind))) if at == number => Err(kind.into()),
            Some((at, Fault::Killed)) if at <= number => Err(io::ErrorKind::Other.into()),
            _ => Ok(()),
        }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        let found = self.0.borrow().seen.get(path).copied();
        found.ok_or(io::ErrorKind::NotFound.into())
    }
}

impl Files for Disk {
    type File = Open;

    fn look(&self, path: &Path) -> io::Result<There> {
        self.turn("look")?;
        let state = self.0.borrow();
        Ok(if state.others.iter().any(|other| other == path) {
            There::Other
        } else if state.seen.contains_key(path) {
            There::File(some_permissions())
        } else {
            There::Nothing
        })
    }

    fn create(&self, path: &Path) -> io::Result<Open> {
        self.turn("create")?;
        let mut state = self.0.borrow_mut();
        if state.seen.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let content = state.contents.len();
        state.contents.push(Content::default());
        state.seen.insert(path.into(), content);
        Ok(Open { content, read: 0 })
    }

    fn write(&self, file: &mut Open, bytes: &[u8]) -> io::Result<()> {
        let turn = self.turn("write");
        let written = if turn.is_ok() {
            bytes
        } else {
            &bytes[..bytes.len() / 2]
        };
        self.0.borrow_mut().contents[file.content]
            .seen
            .extend(written);
        turn
    }

    fn permit(&self, _: &Open, _: Permissions) -> io::Result<()> {
        self.turn("permit")
    }

    fn sync(&self, file: &Open) -> io::Result<()> {
        self.turn("sync")?;
        let mut state = self.0.borrow_mut();
        let content = &mut state.contents[file.content];
        content.kept = content.seen.clone();
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.turn("rename")?;
        let content = self.find(from)?;
        let mut state = self.0.borrow_mut();
        state.seen.remove(from);
        state.seen.insert(to.into(), content);
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        assert_eq!(folder, Path::new("folder"));
        self.turn("sync_folder")?;
        let mut state = self.0.borrow_mut();
        state.kept = state.seen.clone();
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.turn("remove")?;
        self.find(path)?;
        self.0.borrow_mut().seen.remove(path);
        Ok(())
    }

    fn open(&self, path: &Path) -> io::Result<(Open, u64)> {
        self.turn("open")?;
        let content = self.find(path)?;
        let length = self.0.borrow().contents[content].seen.len();
        Ok((Open { content, read: 0 }, length as u64))
    }

    fn read(&self, file: &mut Open, length: usize, to: &mut Vec<u8>) -> io::Result<()> {
        self.turn("read")?;
        let state = self.0.borrow();
        let bytes = &state.contents[file.content].seen;
        let missing = length.saturating_sub(to.len());
        let end = bytes.len().min(file.read + missing);
        to.extend(&bytes[file.read..end]);
        file.read = end;
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(OsString, SystemTime)>> {
        self.turn("list")?;
        let state = self.0.borrow();
        let written = start() - state.age;
        Ok(state
            .seen
            .keys()
            .filter(|path| path.parent() == Some(folder))
            .map(|path| (path.file_name().unwrap().to_owned(), written))
            .collect())
    }
}

/// Permissions cannot be made, only found.
fn some_permissions() -> Permissions {
    std::fs::metadata(env!("CARGO_MANIFEST_DIR"))
        .unwrap()
        .permissions()
}
