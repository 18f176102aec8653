//! Finding a rejection in the error that carries it.

use std::error::Error;
use std::io;
use std::ops::Deref;

use super::{Cause, Rejected};

/// No honest chain is longer; one that leads back to itself must not be followed for ever.
const LONGEST_CHAIN: usize = 256;

/// Finds the rejection in an error, or in whatever caused it.
///
/// Takes a reference to any error: your own type, `anyhow::Error`, `eyre::Report`, `Box<dyn Error>` with or without
/// `Send + Sync`, `io::Error`, `dyn Error`. Looks into the sources, through `#[error(transparent)]`, and into what an
/// `io::Error` carries. An `Arc<dyn Error>` is an error in two ways; give `&**error` there.
///
/// ```
/// use std::error::Error;
/// use std::io;
///
/// fn status(error: &(dyn Error + 'static)) -> u16 {
///     match perfkit::rejection(error) {
///         Some(rejected) if rejected.is_timeout() => 504,
///         Some(_) => 503,
///         None => 500,
///     }
/// }
///
/// let boxed: Box<dyn Error + Send + Sync> = "disk full".into();
/// assert!(perfkit::rejection(&boxed).is_none());
/// assert_eq!(status(&io::Error::other(boxed)), 500);
/// ```
#[must_use]
pub fn rejection<E, K>(error: &E) -> Option<Rejected>
where
    E: Chain<K> + ?Sized,
{
    let mut next = Some(error.first());
    for _ in 0..LONGEST_CHAIN {
        let error = next?;
        if let Some(rejected) = error.downcast_ref() {
            return Some(*rejected);
        }
        // All that is left of it behind an error that gives its source for its own.
        if let Some(cause) = error.downcast_ref::<Cause>() {
            return Some(Rejected { cause: *cause });
        }
        next = match error.downcast_ref::<io::Error>().map(io::Error::get_ref) {
            // What it carries, which `source` would skip.
            Some(Some(carried)) => Some(carried),
            _ => error.source(),
        };
    }
    None
}

/// What [`rejection`] can look into: an error, or a pointer to one. `K` is for the compiler, which finds it itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error that can be searched",
    label = "neither an error nor a pointer to one",
    note = "`perfkit::rejection` takes `&E`, where `E` implements `std::error::Error + 'static` or dereferences to `dyn Error`"
)]
pub trait Chain<K> {
    /// The error at the head of the chain.
    fn first(&self) -> &(dyn Error + 'static);
}

/// An error as it is.
pub struct Itself;
/// A pointer to a `dyn Error`, like `Box<dyn Error>`.
pub struct Pointer;
/// The same for `dyn Error + Send`.
pub struct SendPointer;
/// The same for `dyn Error + Send + Sync`, like `anyhow::Error`.
pub struct SyncPointer;

macro_rules! chain {
    ($kind:ident, $object:ty) => {
        impl Chain<Itself> for $object {
            fn first(&self) -> &(dyn Error + 'static) {
                self
            }
        }

        impl<P: Deref<Target = $object>> Chain<$kind> for P {
            fn first(&self) -> &(dyn Error + 'static) {
                &**self
            }
        }
    };
}

impl<E: Error + 'static> Chain<Itself> for E {
    fn first(&self) -> &(dyn Error + 'static) {
        self
    }
}

chain!(Pointer, dyn Error + 'static);
chain!(SendPointer, dyn Error + Send + 'static);
chain!(SyncPointer, dyn Error + Send + Sync + 'static);
