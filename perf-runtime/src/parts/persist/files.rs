//! What persistence asks of a file system: few verbs, so that a test can let each of them fail at every turn.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What is at a path, links not followed.
#[derive(Debug)]
pub enum There {
    /// Nothing.
    Nothing,
    /// A file, and who may use it.
    File(Permissions),
    /// A folder, a link, a pipe, a device.
    Other,
}

/// A file system.
pub trait Files {
    /// A file that is open for reading or for writing.
    type File;

    /// What is at a path.
    ///
    /// # Errors
    /// What the system says; nothing at the path is no error.
    fn look(&self, path: &Path) -> io::Result<There>;

    /// A file that did not exist, which nobody but its owner may read yet.
    ///
    /// # Errors
    /// What the system says; `AlreadyExists` for whatever is there.
    fn create(&self, path: &Path) -> io::Result<Self::File>;

    /// Writes all of it.
    ///
    /// # Errors
    /// What the system says; a part may have been written.
    fn write(&self, file: &mut Self::File, bytes: &[u8]) -> io::Result<()>;

    /// Lets those use the file who could use the other.
    ///
    /// # Errors
    /// What the system says.
    fn permit(&self, file: &Self::File, permissions: Permissions) -> io::Result<()>;

    /// Returns when the disk has all that was written.
    ///
    /// # Errors
    /// What the system says.
    fn sync(&self, file: &Self::File) -> io::Result<()>;

    /// Puts one file in the place of another, in one step.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Returns when the disk has the names in a folder.
    ///
    /// # Errors
    /// What the system says.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// A file, and how long it is.
    ///
    /// # Errors
    /// What the system says.
    fn open(&self, path: &Path) -> io::Result<(Self::File, u64)>;

    /// Reads on until the file ends or `to` holds `length` bytes. Takes no more room than that.
    ///
    /// # Errors
    /// What the system says, and `OutOfMemory`.
    fn read(&self, file: &mut Self::File, length: usize, to: &mut Vec<u8>) -> io::Result<()>;

    /// The names in a folder, and when each was last written.
    ///
    /// # Errors
    /// What the system says of the folder; what it cannot say of a name is left out.
    fn list(&self, folder: &Path) -> io::Result<Vec<(OsString, SystemTime)>>;
}

/// The one of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Files for System {
    type File = File;

    fn look(&self, path: &Path) -> io::Result<There> {
        match fs::symlink_metadata(path) {
            Ok(there) if there.is_file() => Ok(There::File(there.permissions())),
            Ok(_) => Ok(There::Other),
            Err(none) if none.kind() == io::ErrorKind::NotFound => Ok(There::Nothing),
            Err(error) => Err(error),
        }
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.write(true).create_new(true).open(path)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn permit(&self, file: &File, permissions: Permissions) -> io::Result<()> {
        file.set_permissions(permissions)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Elsewhere than on Unix a folder cannot be opened like a file, and the system does it in its own time.
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if cfg!(unix) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn open(&self, path: &Path) -> io::Result<(File, u64)> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    }

    fn read(&self, file: &mut File, length: usize, to: &mut Vec<u8>) -> io::Result<()> {
        let missing = length.saturating_sub(to.len());
        to.try_reserve_exact(missing)
            .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        // Not `read_to_end`, which asks for more room before it sees the end.
        let start = to.len();
        to.resize(length.max(start), 0);
        let mut read = start;
        while let Some(rest) = to.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match file.read(rest) {
                Ok(0) => break,
                Ok(more) => read = read.saturating_add(more),
                Err(again) if again.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        to.truncate(read);
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(OsString, SystemTime)>> {
        let entries = fs::read_dir(folder)?.flatten();
        Ok(entries
            .filter_map(|entry| {
                let written = entry.metadata().ok()?.modified().ok()?;
                Some((entry.file_name(), written))
            })
            .collect())
    }
}

/// The folder of a file, as the system wants to be asked for it.
pub(super) fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The path with more at the end of its file name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}
