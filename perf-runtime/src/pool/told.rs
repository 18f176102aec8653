//! What somebody is told who got nothing: what the pool was busy with, and who has its resources.

use std::fmt::Write as _;
use std::time::Duration;

use super::core::Core;
use crate::clock;
use crate::rejected::{Reason, Rejected};

/// Who waited too long.
pub(super) fn timed_out<T: Send + 'static>(core: &Core<T>) -> Rejected {
    Rejected::pool(core.op, Reason::PoolTimeout, why(core))
}

/// Who would have waited for himself.
pub(super) fn deadlock<T: Send + 'static>(core: &Core<T>, around: usize) -> Rejected {
    let text = format!(
        "has nothing more to give: this call is inside of {around} others that have all there are, and would wait for them"
    );
    Rejected::pool(core.op, Reason::PoolDeadlock, text)
}

fn why<T: Send + 'static>(core: &Core<T>) -> String {
    let now = clock::ticks();
    let state = core.lock();
    let levels = state.levels();
    let last = state.making.last().cloned();
    let failures = state.making.failures();
    let oldest = state.holders().min_by_key(|holder| holder.since).copied();
    drop(state);
    let mut text = String::new();
    let limit = core.settings.acquire_timeout;
    let written = write!(
        text,
        "had nothing to give within {limit:?}: {} of at most {} in use, {} idle, {} waiting, {} being created, {} checked",
        levels.in_use, levels.max, levels.idle, levels.waiting, levels.creating, levels.checking
    );
    // Writing to a text does not fail.
    if written.is_err() {
        return text;
    }
    if let Some(last) = last {
        let _ = write!(
            text,
            "; creating one failed {failures} times in a row, the last time with: {last}"
        );
    }
    if cfg!(debug_assertions)
        && let Some(oldest) = oldest
    {
        let held = duration(now.saturating_sub(oldest.since));
        let _ = write!(
            text,
            "; one has been held for {held:.1?}, since {}",
            oldest.at
        );
    }
    text
}

/// Ticks as a duration.
pub(super) fn duration(ticks: u64) -> Duration {
    Duration::from_nanos(clock::nanos(ticks, clock::factor()))
}
