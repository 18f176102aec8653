//! perfkit beside its peers, in one run.
//!
//! A figure of one tool means little on its own: the processor, its clock and the neighbours on the machine change it
//! from minute to minute. So every bench here measures all tools in turn, round after round, each beside the same
//! baseline, and prints ratios: the median over the rounds of the ratio within one round.
//!
//! - [`harness`]: rounds, the baseline, medians.
//! - [`child`]: the process of each tool.
//! - [`tools`]: what is measured, one file per tool.
//! - [`table`]: what is printed: rows and verdicts.
//! - [`process`]: what the system says about this process: processor time, resident memory.
//! - [`leaf`]: the generated crates of the `compile` bench.

pub mod child;
pub mod harness;
pub mod leaf;
pub mod process;
pub mod table;
pub mod tools;
