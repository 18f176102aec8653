//! What can be wrong with a pool that is made by hand.

use std::error::Error;
use std::fmt;

/// Why [`PoolBuilder::build`](crate::PoolBuilder::build) made no pool.
///
/// ```
/// use perfkit::{Pool, PoolError};
///
/// let built = Pool::builder("error: none").max_size(0).build_blocking(|| Ok::<_, String>(()));
/// assert_eq!(built.unwrap_err(), PoolError::NoRoom);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError {
    /// The upper limit is 0.
    NoRoom,
    /// The lower limit is above the upper one.
    MinAboveMax,
    /// A time is zero that has to be longer.
    NoTime,
    /// There is a pool of that name, for resources of another type.
    OtherType,
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRoom => "a pool has to have room for one resource at least; set `max_size` to 1 or more",
            Self::MinAboveMax => "a pool cannot keep more resources than there may be; set `min_size` to `max_size` or less",
            Self::NoTime => "nothing can be acquired, made or checked in no time; set a timeout that is longer than zero",
            Self::OtherType => "there is a pool of this name for another type; give this one another name",
        })
    }
}

impl Error for PoolError {}
