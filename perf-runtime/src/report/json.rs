//! The report as JSON text, and as a file that is either whole or not there.

mod rows;

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::value::Report;

/// Text that is not a report.
#[derive(Debug)]
pub struct ParseError(serde_json::Error);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot read the report")
    }
}

impl std::error::Error for ParseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Report {
    /// The report as JSON on one line.
    ///
    /// ```
    /// let report = perfkit::report();
    /// let json = report.to_json();
    /// assert!(json.starts_with(r#"{"schema":"perfkit.report/1""#));
    /// assert_eq!(perfkit::Report::from_json(&json)?, report);
    /// # Ok::<_, perfkit::report::ParseError>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        // Cannot fail: keys are text, numbers are finite, and nothing here returns an error of its own.
        match rows::write(self) {
            Ok(json) => String::from_utf8(json).unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// The report as JSON for reading, indented.
    ///
    /// ```
    /// assert!(perfkit::report().to_json_pretty().lines().count() > 20);
    /// ```
    #[must_use]
    pub fn to_json_pretty(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// A report out of its JSON, of this version or any other of `perfkit.report/1`.
    ///
    /// # Errors
    /// When the text is not JSON, not a report, or a report of another schema.
    ///
    /// ```
    /// let wrong = perfkit::Report::from_json(r#"{"schema":"somebody.else/7"}"#);
    /// assert!(wrong.is_err());
    /// ```
    pub fn from_json(json: &str) -> Result<Self, ParseError> {
        serde_json::from_str(json).map_err(ParseError)
    }

    /// Writes the report as indented JSON. A file is replaced in one step: who reads it sees the old one or the new
    /// one, never half of it, and when writing fails the old one stays. A link stays a link, and what it leads to is
    /// replaced.
    ///
    /// What is there and is not a file (a pipe, a device) is written into and stays what it is. So are a link that
    /// leads nowhere yet and the names of open files (`/dev/stdout`, `/proc/self/fd/1`), which get the report at their
    /// end.
    ///
    /// # Errors
    /// When the folder cannot be written to, or the path is one, with the reason the system gives.
    ///
    /// ```no_run
    /// perfkit::report().write_json("report.json")?;
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn write_json(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let json = self.to_json_lines();
        if names_an_open_file(path) {
            return append(path, &json);
        }
        match fs::metadata(path) {
            // The real path, because renaming onto a link would put the file in place of the link.
            Ok(there) if there.is_file() => replace(&fs::canonicalize(path)?, &json),
            Ok(_) => append(path, &json),
            Err(none) if none.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
                append(path, &json)
            }
            // Nothing there; or no way to look, of which creating the file tells the reason.
            Err(_) => replace(path, &json),
        }
    }

    /// The indented JSON as it is written: with the end of its last line.
    pub(super) fn to_json_lines(&self) -> String {
        let mut json = self.to_json_pretty();
        json.push('\n');
        json
    }
}

/// True for names that lead to what the process has open. A file behind one is in use: replacing it would lose what was
/// written to it before.
fn names_an_open_file(path: &Path) -> bool {
    cfg!(unix)
        && ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"]
            .iter()
            .any(|folder| path.starts_with(folder))
}

/// Writes into what is there, or into a new file.
fn append(path: &Path, json: &str) -> io::Result<()> {
    let mut there = OpenOptions::new().append(true).create(true).open(path)?;
    there.write_all(json.as_bytes())
}

/// Puts a new file in the place of the one there, if any.
fn replace(path: &Path, json: &str) -> io::Result<()> {
    static ATTEMPT: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the path of the report has no file name",
        ));
    };
    // Beside the file, so that the rename stays within one file system; one name per process and attempt.
    let mut beside = name.to_owned();
    let attempt = ATTEMPT.fetch_add(1, Relaxed);
    beside.push(format!(".{}-{attempt}.tmp", std::process::id()));
    let beside = path.with_file_name(beside);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)?;
    let written = file
        .write_all(json.as_bytes())
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside); // the first failure is the one to tell
    }
    written
}
