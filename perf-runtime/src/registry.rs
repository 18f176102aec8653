//! The list of everything annotated: sites found at link time, and those made while the program runs.
//!
//! The linker collects one pointer per annotation (`linkme`), so the report lists what was never called; what is made
//! by hand is added as it is made. Nobody asks an instrument while the list is locked.

use std::sync::{Mutex, PoisonError};

use crate::snapshot::Snapshot;

/// Something that can be asked for its numbers.
pub trait Observed: Sync {
    /// Its numbers now. Nothing for an entry that should not be listed.
    fn snapshot(&self) -> Snapshot;
    /// Starts its numbers anew; what is running stays in flight.
    fn reset(&self);
}

/// Every annotation of the program and its dependencies.
#[linkme::distributed_slice]
pub static SITES: [&'static dyn Observed];

static ADDED: Mutex<Vec<&'static dyn Observed>> = Mutex::new(Vec::new());

/// Lists what the linker cannot know.
#[cfg_attr(
    not(feature = "measure"),
    allow(dead_code, reason = "so far only what is measured by hand")
)]
pub(crate) fn add(observed: &'static dyn Observed) {
    ADDED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(observed);
}

/// Everything listed now. The list is copied, so that an answer may take its time or add to it.
pub(crate) fn all() -> Vec<&'static dyn Observed> {
    let mut all: Vec<_> = SITES.iter().copied().collect();
    all.extend_from_slice(&ADDED.lock().unwrap_or_else(PoisonError::into_inner));
    all
}
