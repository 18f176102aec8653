//! perfkit beside its peers, in one run.
//!
//! A figure of one tool means little on its own: the processor, its clock and the neighbours on the machine change it
//! from minute to minute. So every bench here measures all tools in turn, round after round, each beside the same
//! baseline, and prints ratios: the median over the rounds of the ratio within one round.
//!
//! - [`harness`]: rounds, the baseline, medians.
//! - [`rows`]: what a row and a tool are.
//! - [`child`]: the process of each tool.
//! - [`tools`]: what is measured, one file per tool.
//! - [`caches`]: the same for caches.
//! - [`batches`]: the same for batches and workers.
//! - [`policies`]: the same for breakers, limits, retries and timeouts.
//! - [`pools`]: the same for pools of resources.
//! - [`probes`]: what is tried in a process that may hang.
//! - [`runtimes`]: what async tools run in.
//! - [`table`]: what is printed: rows and verdicts.
//! - [`process`]: what the system says about this process: processor time, resident memory.
//! - [`allocations`]: the allocator that counts.
//! - [`leaf`]: the generated crates of the `compile` bench.

pub mod allocations;
pub mod batches;
pub mod caches;
pub mod child;
pub mod harness;
pub mod leaf;
pub mod policies;
pub mod pools;
pub mod probes;
pub mod process;
pub mod rows;
pub mod runtimes;
pub mod table;
pub mod tools;
