//! Pools without a function: which there are, and what of them is there for good.
//!
//! A pool that is made by hand is gone with its last handle. Its row stays, as elsewhere in the report: there is room for
//! 1,000 names, and all others share the row `other`. Pools of one name are one row.

use std::any::{Any, TypeId};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::core::Core;
use super::report::{self, Counted, SECTION, Sum};
use super::{Handle, Pool, PoolError};
use crate::registry::Observed;
use crate::rows::ByName;
use crate::snapshot::Snapshot;

/// A row of the report.
pub(super) struct Row {
    pub(super) op: &'static str,
    pools: Mutex<Pools>,
}

struct Pools {
    living: Vec<Living>,
    /// What those have counted that are gone.
    gone: Sum,
}

struct Living {
    name: Box<str>,
    kind: TypeId,
    counted: Weak<dyn Counted>,
    whole: Weak<dyn Any + Send + Sync>,
}

impl Row {
    fn lock(&self) -> MutexGuard<'_, Pools> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn each(&self) -> Vec<Arc<dyn Counted>> {
        let pools = self.lock();
        let living = pools.living.iter();
        living
            .filter_map(|living| living.counted.upgrade())
            .collect()
    }

    /// The last that a pool has to say.
    pub(super) fn bury(&self, last: &Sum) {
        self.lock().gone.add(last);
    }
}

static ROWS: ByName<Row> = ByName::new();

/// What is counted under a name.
pub(super) fn row_of(name: &str) -> &'static Row {
    ROWS.row(name, |op| {
        Box::leak(Box::new(Row {
            op,
            pools: Mutex::new(Pools {
                living: Vec::new(),
                gone: Sum::new(),
            }),
        }))
    })
}

impl Observed for Row {
    fn snapshot(&self) -> Snapshot {
        let mut sum = Sum::new();
        for pool in self.each() {
            sum.add(&pool.sum());
        }
        sum.add(&self.lock().gone);
        Snapshot {
            op: self.op.into(),
            attribute: "pool",
            location: None,
            section: SECTION,
            metrics: report::rows(&sum),
            by: Vec::new(),
        }
    }

    fn reset(&self) {
        for pool in self.each() {
            pool.reset();
        }
        self.lock().gone = Sum::new();
    }
}

/// Puts a new pool where it is found; an error when there is one of that name for another type.
pub(super) fn put<T: Send + 'static>(
    name: &str,
    row: &'static Row,
    core: &Arc<Core<T>>,
) -> Result<(), PoolError> {
    let kind = TypeId::of::<T>();
    let counted: Weak<dyn Counted> = Arc::<Core<T>>::downgrade(core);
    let whole: Weak<dyn Any + Send + Sync> = Arc::<Core<T>>::downgrade(core);
    let mut pools = row.lock();
    pools
        .living
        .retain(|living| living.counted.strong_count() > 0);
    let other = |living: &Living| *living.name == *name && living.kind != kind;
    if pools.living.iter().any(other) {
        return Err(PoolError::OtherType);
    }
    pools.living.push(Living {
        name: name.into(),
        kind,
        counted,
        whole,
    });
    drop(pools);
    core.buried_in(row);
    Ok(())
}

/// The pool of that name and type that was made last by hand, while somebody has it; or that of a function with `#[pooled]`
/// and that name.
///
/// ```
/// use perfkit::{Pool, get_pool};
///
/// let made = Pool::builder("by_name: words").build_blocking(|| Ok::<_, String>(String::new()))?;
/// let found = get_pool::<String>("by_name: words").expect("it is there");
/// found.put("a word".to_owned()).ok();
/// assert_eq!(made.stats().idle, 1);
/// assert!(get_pool::<u8>("by_name: words").is_none());
/// # Ok::<(), perfkit::PoolError>(())
/// ```
#[must_use]
pub fn get_pool<T: Send + 'static>(name: &str) -> Option<Pool<T>> {
    let found = ROWS.get(name).and_then(|row| {
        let pools = row.lock();
        let mut wanted = pools
            .living
            .iter()
            .rev()
            .filter(|living| *living.name == *name && living.kind == TypeId::of::<T>());
        wanted.find_map(|living| living.whole.upgrade()?.downcast::<Core<T>>().ok())
    });
    match found {
        Some(core) => Some(Pool::of(Handle::Shared(core))),
        None => super::beside::find(name),
    }
}
