//! What the file of a cache has brought, and what has become of its saves.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::is_worth_telling;
use crate::parts::persist::{Loaded, PersistError, Saved};
use crate::snapshot::{Metric, Unit, Value};

#[cfg(feature = "tracing")]
use crate::{parts::event_limit::EventLimit, rt};

/// All of it is rare, so plain counters do.
pub(crate) struct Numbers {
    loaded: AtomicU64,
    expired: AtomicU64,
    changed: AtomicU64,
    damaged: AtomicU64,
    no_room: AtomicU64,
    quarantined: AtomicU64,
    saves: AtomicU64,
    failures: AtomicU64,
    left_out: AtomicU64,
    /// In a word, how it stands with the file.
    state: Mutex<&'static str>,
    #[cfg(feature = "tracing")]
    events: EventLimit,
}

/// Nothing is wrong.
const OK: &str = "ok";

impl Numbers {
    pub(super) const fn new() -> Self {
        Self {
            loaded: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            changed: AtomicU64::new(0),
            damaged: AtomicU64::new(0),
            no_room: AtomicU64::new(0),
            quarantined: AtomicU64::new(0),
            saves: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
            state: Mutex::new(OK),
            #[cfg(feature = "tracing")]
            events: EventLimit::new(),
        }
    }

    /// Starts the numbers anew; how it stands with the file stays.
    pub(super) fn reset(&self) {
        let all = [
            &self.loaded,
            &self.expired,
            &self.changed,
            &self.damaged,
            &self.no_room,
            &self.quarantined,
            &self.saves,
            &self.failures,
        ];
        for number in all {
            number.store(0, Relaxed);
        }
    }

    fn stand(&self, word: &'static str) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = word;
    }

    /// The file is not this cache's.
    pub(super) fn refused(&self, op: &'static str, error: &PersistError) {
        self.stand(error.word());
        #[cfg(feature = "tracing")]
        EventLimit::new().tell(rt::now(), |_| {
            tracing::warn!(target: "perfkit::cache", op, %error, "cache is not persisted");
        });
        #[cfg(not(feature = "tracing"))]
        let _ = op;
    }

    /// The file was read, with this result.
    pub(super) fn read<K, V>(&self, op: &'static str, path: &Path, loaded: &Loaded<K, V>) {
        self.expired.store(loaded.dropped_expired, Relaxed);
        self.changed.store(loaded.dropped_changed, Relaxed);
        self.damaged.store(loaded.damaged, Relaxed);
        let moved = loaded.quarantined.is_some();
        self.quarantined.store(u64::from(moved), Relaxed);
        if let crate::parts::persist::Verdict::Unreadable(error) = &loaded.verdict {
            self.stand(error.word());
        }
        if !is_worth_telling(&loaded.verdict) {
            return;
        }
        #[cfg(feature = "tracing")]
        EventLimit::new().tell(rt::now(), |_| {
            tracing::warn!(
                target: "perfkit::cache",
                op,
                path = %path.display(),
                verdict = ?loaded.verdict,
                moved_to = loaded.quarantined.as_ref().map(|to| tracing::field::display(to.display())),
                used = loaded.entries.len(),
                "file of the cache cannot be used as it is"
            );
        });
        #[cfg(not(feature = "tracing"))]
        let _ = (op, path);
    }

    /// An entry was put in, and so many had to go for it, itself perhaps.
    pub(super) fn took(&self, displaced: usize) {
        self.loaded.fetch_add(1, Relaxed);
        let displaced = displaced as u64;
        self.no_room.fetch_add(displaced, Relaxed);
        self.loaded.fetch_sub(displaced, Relaxed);
    }

    /// An entry was not put in, because weighing it panicked.
    pub(super) fn failed_to_take(&self) {
        self.changed.fetch_add(1, Relaxed);
    }

    /// A save has ended.
    pub(super) fn saved(&self, op: &'static str, saved: &Result<Saved, PersistError>) {
        match saved {
            Ok(saved) => {
                self.saves.fetch_add(1, Relaxed);
                self.left_out.store(saved.left_out, Relaxed);
                self.stand(OK);
            }
            Err(error) => {
                self.failures.fetch_add(1, Relaxed);
                self.stand(error.word());
                #[cfg(feature = "tracing")]
                self.events.tell(rt::now(), |suppressed| {
                    let reason = std::error::Error::source(error).map(tracing::field::display);
                    tracing::warn!(
                        target: "perfkit::cache",
                        op,
                        %error,
                        reason,
                        suppressed,
                        "cache was not saved"
                    );
                });
                #[cfg(not(feature = "tracing"))]
                let _ = op;
            }
        }
    }
}

/// Those of all files of one row together; nothing where there is none.
pub(super) fn metrics(all: &[Arc<Numbers>]) -> Vec<Metric> {
    if all.is_empty() {
        return Vec::new();
    }
    let sum = |of: fn(&Numbers) -> &AtomicU64| -> u64 {
        let numbers = all.iter().map(|numbers| of(numbers).load(Relaxed));
        numbers.fold(0, u64::saturating_add)
    };
    let state =
        |numbers: &Arc<Numbers>| *numbers.state.lock().unwrap_or_else(PoisonError::into_inner);
    let trouble = all.iter().map(state).find(|word| *word != OK);
    let count = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
    let family =
        |name, label, parts| Metric::new(name, Unit::Count, Value::Counters { label, parts });
    vec![
        count("persist_loaded", sum(|n| &n.loaded)),
        family(
            "persist_dropped",
            "reason",
            vec![
                ("expired", sum(|n| &n.expired)),
                ("changed", sum(|n| &n.changed)),
                ("damaged", sum(|n| &n.damaged)),
                ("no_room", sum(|n| &n.no_room)),
            ],
        ),
        count("persist_quarantined", sum(|n| &n.quarantined)),
        family(
            "persist_saves",
            "outcome",
            vec![("ok", sum(|n| &n.saves)), ("failed", sum(|n| &n.failures))],
        ),
        Metric::new(
            "persist_left_out",
            Unit::Count,
            Value::Level(Some(sum(|n| &n.left_out))),
        ),
        Metric::new(
            "persist_state",
            Unit::Count,
            Value::State(trouble.unwrap_or(OK)),
        ),
    ]
}
