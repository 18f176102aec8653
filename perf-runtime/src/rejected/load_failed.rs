//! The error of a run that several calls waited for, as those get it that did not run.

use std::error::Error;
use std::fmt;

use super::Rejected;

/// The run of a cached function that this call waited for has failed.
///
/// A cache runs a function once for all who ask for the same key at the same time. When that run fails, its error is
/// cloned for those who waited. An error that is not `Clone` stays with the call that ran; the others get its text in
/// this, inside the function's own error type. It becomes one through `From<LoadFailed>`, which holds without any code
/// for `anyhow::Error`, `eyre::Report` and `Box<dyn Error + Send + Sync>`; an `io::Error` keeps its kind. An error of
/// your own that has `From<Rejected>` and not `From<LoadFailed>` carries the rejection alone, without the text.
/// [`rejection`](crate::rejection) finds it in all of them, with the reason
/// [`LoadFailed`](crate::Reason::LoadFailed).
///
/// ```
/// # use perfkit::{LoadFailed, Rejected};
/// #[derive(Debug)]
/// enum LoadError {
///     Decode(std::io::Error), // not `Clone`
///     Elsewhere(String),
/// }
///
/// impl From<LoadFailed> for LoadError {
///     fn from(failed: LoadFailed) -> Self {
///         Self::Elsewhere(failed.text().to_owned())
///     }
/// }
/// ```
#[derive(Debug)]
pub struct LoadFailed {
    rejected: Rejected,
    text: Box<str>,
}

impl LoadFailed {
    /// The alternate form is that in which errors with a chain print all of it.
    pub(crate) fn of(error: &impl fmt::Display, op: &'static str) -> Self {
        Self {
            rejected: Rejected::load_failed(op),
            text: format!("{error:#}").into(),
        }
    }

    /// What the error of the run said: its `Display`, alternate form.
    #[must_use]
    pub const fn text(&self) -> &str {
        &self.text
    }

    /// The same without the text.
    #[must_use]
    pub const fn rejected(&self) -> Rejected {
        self.rejected
    }
}

impl fmt::Display for LoadFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rejected, self.text)
    }
}

/// The source says the reason once more, in short, as that of a rejection does.
impl Error for LoadFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.rejected.source()
    }
}
