//! Breakers without a function, and finding one by its name.
//!
//! A breaker that is made by hand is gone with its last handle. What it counted stays, as the row of its name: as elsewhere
//! in the report, there is room for 1,000 names, and all others share the row `other`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Core;
use super::books::Books;
use super::handle::Breaker;
use super::report::{self, SECTION};
use crate::beside::Shared;
use crate::registry::Observed;
use crate::rows::ByName;
use crate::snapshot::Snapshot;

static BREAKERS: Mutex<Option<HashMap<Box<str>, Weak<Core>>>> = Mutex::new(None);

/// What is counted under a name, and shown of it.
pub(super) struct Row {
    pub(super) op: &'static str,
    pub(super) books: &'static Books,
    /// The one that was made last.
    living: Mutex<Weak<Core>>,
}

impl Row {
    /// The row of that name.
    pub(super) fn of(name: &str) -> &'static Self {
        static ROWS: ByName<Row> = ByName::new();

        ROWS.row(name, |op| {
            Box::leak(Box::new(Self {
                op,
                books: Box::leak(Box::new(Books::new())),
                living: Mutex::new(Weak::new()),
            }))
        })
    }

    fn core(&self) -> Option<Arc<Core>> {
        let living = self.living.lock().unwrap_or_else(PoisonError::into_inner);
        living.upgrade()
    }
}

impl Observed for Row {
    fn snapshot(&self) -> Snapshot {
        let core = self.core();
        let metrics = match &core {
            Some(core) => report::metrics(Some(core)),
            None => report::numbers(Some(self.books), None, None, 0),
        };
        Snapshot {
            op: self.op.into(),
            attribute: "breaker",
            location: None,
            section: SECTION,
            metrics,
            by: Vec::new(),
        }
    }

    fn reset(&self) {
        match self.core() {
            Some(core) => core.reset_numbers(),
            None => self.books.reset(0),
        }
    }
}

/// Puts a new breaker where it is found; false when there is one of that name.
pub(super) fn put(name: &str, row: &Row, core: &Arc<Core>) -> bool {
    {
        let mut breakers = breakers();
        let breakers = breakers.get_or_insert_default();
        // Names of those that are gone go before more room is made.
        if breakers.len() >= breakers.capacity() {
            breakers.retain(|_, core| core.strong_count() > 0);
        }
        let place = breakers.entry(name.into()).or_default();
        if place.strong_count() > 0 {
            return false;
        }
        *place = Arc::downgrade(core);
    }
    let mut living = row.living.lock().unwrap_or_else(PoisonError::into_inner);
    *living = Arc::downgrade(core);
    true
}

fn breakers() -> MutexGuard<'static, Option<HashMap<Box<str>, Weak<Core>>>> {
    BREAKERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The breaker of that name: of one made by hand, of an annotated function by its `name = …` or its path, as in the report.
///
/// Nothing when there is none, or when several functions have the name; that of a function is there once it was called, or
/// asked for its handle.
///
/// ```
/// use perfkit::{Breaker, BreakerState, get_breaker};
///
/// let payments = Breaker::builder("by_hand: payments").build()?;
/// payments.force_open();
/// let found = get_breaker("by_hand: payments");
/// assert_eq!(found.map(|breaker| breaker.state()), Some(BreakerState::ForcedOpen));
/// # Ok::<(), perfkit::BreakerError>(())
/// ```
#[must_use]
pub fn get_breaker(name: &str) -> Option<Breaker> {
    let by_hand = breakers().as_ref().and_then(|all| all.get(name)?.upgrade());
    if let Some(core) = by_hand {
        return Some(Breaker::shared(core));
    }
    let all = Core::places().all().into_iter();
    let mut named = all.filter(|(path, core)| core.op == name || path == name);
    let (_, core) = named.next()?;
    named.next().is_none().then(|| Breaker::for_good(core))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;
    use crate::rows::MOST;

    #[test]
    fn a_name_is_free_again_when_its_breaker_is_gone() {
        let made = || Breaker::builder("by_hand: again").build();
        let first = made().expect("nothing is wrong");
        assert!(made().is_err());
        drop(first);
        assert!(get_breaker("by_hand: again").is_none());
        assert!(made().is_ok());
    }

    #[test]
    fn short_lived_breakers_leave_a_thousand_rows_and_no_name() {
        for number in 0..1500 {
            let name = format!("by_hand: short-lived: {number}");
            drop(Breaker::builder(name).build().expect("nothing is wrong"));
        }
        let all = registry::all();
        let rows = all.iter().map(|observed| observed.snapshot());
        let rows: Vec<_> = rows.filter(|row| row.attribute == "breaker").collect();
        assert!(rows.len() <= MOST + 1);
        let names = breakers().as_ref().map_or(0, HashMap::len);
        assert!(names < 1500, "{names} are left");
    }
}
