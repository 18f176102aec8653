//! Machines that know nothing of sites.

pub(crate) mod counter;
pub(crate) mod deadline;
#[cfg(feature = "tracing")]
pub(crate) mod event_limit;
