//! What the breakers of keys are told of a call, and what they say.

use std::sync::Arc;

use super::super::{Change, Judged, Machine, Pass};

/// Of a call that is not judged.
pub(super) const STRANGER: u64 = u64::MAX;

/// A call of a key that may run.
pub(crate) struct KeyPass {
    /// Of a key that something counts against.
    pub(super) machine: Option<Arc<Machine>>,
    /// How that has admitted the call.
    pub(super) own: Pass,
    pub(super) gone: u64,
    /// Its hash, where there were other entries and none that may be its own; not known while all were well.
    pub(super) hash: Option<u64>,
}

/// Whether a call of a key may run.
pub(crate) struct KeyAdmission {
    pub(crate) pass: Result<KeyPass, Refused>,
    pub(crate) change: Option<Change>,
}

/// Why a call of a key may not run, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// See [`Machine::refused_until`].
    Until(u64),
    /// After so many from `now` on; see [`Admission`](super::super::Admission).
    After { nanos: u64, now: u64 },
}

/// What the verdict on a call of a key has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyJudged {
    pub(crate) judged: Judged,
    /// There was no room for the key.
    pub(crate) is_crowded: bool,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct KeyCounts {
    /// With something that counts against them.
    pub(crate) keys: u64,
    /// Open or half-open.
    pub(crate) open: u64,
}

impl KeyPass {
    /// A call that is not judged.
    pub(crate) const fn of_a_stranger() -> Self {
        Self {
            machine: None,
            own: Pass::NONE,
            gone: STRANGER,
            hash: None,
        }
    }
}

impl KeyAdmission {
    /// Nothing is known of the key.
    #[inline]
    pub(super) const fn well(gone: u64) -> Self {
        Self {
            pass: Ok(KeyPass {
                machine: None,
                own: Pass::NONE,
                gone,
                hash: None,
            }),
            change: None,
        }
    }
}

impl KeyJudged {
    pub(super) const fn of(judged: Judged) -> Self {
        Self {
            judged,
            is_crowded: false,
        }
    }
}
