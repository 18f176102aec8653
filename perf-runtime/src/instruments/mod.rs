//! One file per attribute: its options, what a call does, and what it tells the report.

pub mod measured;
pub mod timeout;
