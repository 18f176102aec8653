//! Machines that know nothing of sites: they keep, count and decide, and are told what happened.
//!
//! The engine under `#[measured]`, from the bottom: a [`histogram`] says which bucket a duration belongs to; a
//! [`block`] is what one thread knows of one series, [`copied`] what a reader took of it; [`shared`] is what the threads
//! know that cannot have a block; a [`series`] adds them up into [`totals`] and [`buckets`]; the [`pool`] keeps blocks
//! for the next thread; [`local`] is a thread's way to its blocks; a [`frame`] is one call, and [`names`] finds a series
//! by a text.
//!
//! Under `#[timeout]`: a [`counter`] that threads do not fight over, and the [`deadline`] that calls inside inherit.

pub(crate) mod block;
pub(crate) mod buckets;
pub(crate) mod copied;
pub(crate) mod counter;
pub(crate) mod deadline;
#[cfg(feature = "tracing")]
pub(crate) mod event_limit;
pub(crate) mod frame;
pub(crate) mod histogram;
pub(crate) mod local;
pub(crate) mod names;
pub(crate) mod pool;
pub(crate) mod series;
pub(crate) mod shared;
pub(crate) mod totals;
