//! Annotated functions under chaos: calls that panic, fail, are cancelled, are kept and not polled, call each other in
//! circles, while what they have answered is invalidated; and the books after every round. And policies under chaos, each of which
//! lends something that must come back.
//!
//! What the harness does, and how to make it do more, says its own file.

#[path = "../../perf-runtime/src/chance.rs"]
#[allow(dead_code, reason = "not all of it is of use here")]
mod chance;
#[path = "../../perf-runtime/src/parts/flight/tests/harness.rs"]
mod harness;
mod kept;
mod policies;
mod world;
