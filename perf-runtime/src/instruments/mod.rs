//! One file per attribute: its options, what a call does, and what it tells the report.

pub mod cached;
pub mod lazy;
pub mod measured;
pub mod memoized;
pub mod timeout;
