//! Why the file of a cache could not be written or read.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The file of a cache could not be written, or not even looked at. What was saved before is still there.
///
/// A cache goes on without its file; only what it knows is not kept over a restart.
#[derive(Debug)]
#[non_exhaustive]
pub enum PersistError {
    /// The path has no file name: it is empty, or ends in `..`.
    NoFileName {
        /// The path.
        path: PathBuf,
    },
    /// There is something at the path that is no file: a folder, a symbolic link, a pipe. It is left alone.
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// There is a file at the path that no cache has written. It is left alone.
    Foreign {
        /// The path.
        path: PathBuf,
    },
    /// The folder of the path does not exist. It is not made.
    NoFolder {
        /// The path of the file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk is full, or the user's share of it.
    DiskFull {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The process may not do it: rights are missing, or the file system is read-only.
    Denied {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The cache is being saved by whoever asks to save it (a value whose `Serialize` does), or, at the end of the
    /// program, for longer than that waits.
    Busy {
        /// The path.
        path: PathBuf,
    },
    /// Another cache of this process keeps its entries there. This one is as it would be without a file.
    Taken {
        /// The path.
        path: PathBuf,
        /// The name of that cache.
        by: String,
    },
    /// The cache has no file; `persist` would give it one.
    NotPersisted {
        /// The name of the cache.
        cache: String,
    },
    /// Something else went wrong.
    Io {
        /// The path.
        path: PathBuf,
        /// What was being done, as in "cannot …".
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl PersistError {
    /// The kind of an error that the system has a word for.
    pub(super) fn new(path: &Path, doing: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound => Self::NoFolder { path, source },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull { path, source },
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { path, source }
            }
            _ => Self::Io {
                path,
                doing,
                source,
            },
        }
    }

    /// What is wrong, in a word or two and without names.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::NoFileName { .. } => "no file name",
            Self::NotAFile { .. } => "not a file",
            Self::Foreign { .. } => "foreign file",
            Self::NoFolder { .. } => "no folder",
            Self::DiskFull { .. } => "disk full",
            Self::Denied { .. } => "denied",
            Self::Busy { .. } => "busy",
            Self::Taken { .. } => "path taken",
            Self::NotPersisted { .. } => "not persisted",
            Self::Io { .. } => "failed",
        }
    }

    /// The file it is about; empty for [`NotPersisted`](Self::NotPersisted).
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::NoFileName { path }
            | Self::NotAFile { path }
            | Self::Foreign { path }
            | Self::Busy { path }
            | Self::Taken { path, .. }
            | Self::NoFolder { path, .. }
            | Self::DiskFull { path, .. }
            | Self::Denied { path, .. }
            | Self::Io { path, .. } => path,
            Self::NotPersisted { .. } => Path::new(""),
        }
    }
}

impl fmt::Display for PersistError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        match self {
            Self::NoFileName { .. } => {
                write!(f, "the path `{path}` of a cache's file has no file name")
            }
            Self::NotAFile { .. } => write!(
                f,
                "`{path}` is a folder, a link or a device, and a cache's file is not put in its place"
            ),
            Self::Foreign { .. } => write!(
                f,
                "`{path}` was not written by a cache, and is not overwritten: move it away, or choose another path"
            ),
            Self::NoFolder { .. } => {
                write!(f, "the folder of the cache's file `{path}` does not exist")
            }
            Self::DiskFull { .. } => {
                write!(f, "the disk is too full for the cache's file `{path}`")
            }
            Self::Denied { .. } => write!(f, "no right to the cache's file `{path}`"),
            Self::Busy { .. } => write!(f, "the cache's file `{path}` is being written already"),
            Self::Taken { by, .. } => write!(
                f,
                "`{path}` is the file of the cache `{by}` already; give this one a path of its own"
            ),
            Self::NotPersisted { cache } => {
                write!(
                    f,
                    "the cache `{cache}` has no file; say where: `persist = \"…\"`"
                )
            }
            Self::Io { doing, .. } => write!(f, "cannot {doing} the cache's file `{path}`"),
        }
    }
}

impl Error for PersistError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoFileName { .. }
            | Self::NotAFile { .. }
            | Self::Foreign { .. }
            | Self::Busy { .. }
            | Self::Taken { .. }
            | Self::NotPersisted { .. } => None,
            Self::NoFolder { source, .. }
            | Self::DiskFull { source, .. }
            | Self::Denied { source, .. }
            | Self::Io { source, .. } => Some(source),
        }
    }
}
