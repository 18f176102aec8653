//! Rows of the report for what is made by hand.
//!
//! A thing that is made by hand is gone with its last handle. What it counted stays, as the row of its name: there is room
//! for 1,000 names of a kind, and all others share the row `other`. Things of one kind and one name are one row.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use crate::parts::names::{Names, cut};
use crate::registry::{self, Observed};
use crate::snapshot::{Metric, Section, Snapshot};

/// Rows that a program may have of one kind.
pub(crate) const MOST: usize = 1000;
/// What counts of a name, in bytes.
const LONGEST: usize = 256;
/// The row of all others.
pub(crate) const OTHER: &str = "other";

/// What is counted under names, one row of the report for each.
pub(crate) struct ByName<R: 'static> {
    named: OnceLock<Names<&'static R>>,
    rest: OnceLock<&'static R>,
}

impl<R: Observed> ByName<R> {
    /// No rows yet.
    pub(crate) const fn new() -> Self {
        Self {
            named: OnceLock::new(),
            rest: OnceLock::new(),
        }
    }

    /// The row of that name. Where there is none, `make` makes one, which is there for good.
    pub(crate) fn row(&self, name: &str, make: impl Fn(&'static str) -> &'static R) -> &'static R {
        let listed = |name: &str| {
            let row = make(name.to_owned().leak());
            registry::add(row);
            row
        };
        let rest = || *self.rest.get_or_init(|| listed(OTHER));
        let name = cut(name, LONGEST);
        if name == OTHER {
            return rest();
        }
        let names = self.named.get_or_init(|| Names::new(MOST));
        let found = names.find(name.as_bytes(), || listed(name));
        found.copied().unwrap_or_else(rest)
    }

    /// The row of that name, where it has one of its own.
    pub(crate) fn get(&self, name: &str) -> Option<&'static R> {
        let names = self.named.get()?;
        names.get(cut(name, LONGEST).as_bytes()).copied()
    }
}

/// What is made by hand.
pub(crate) trait ByHand: Send + Sync + Sized + 'static {
    /// What is counted of it, for good.
    type Book: Send + Sync;
    /// What the report calls such a thing.
    const ATTRIBUTE: &'static str;
    /// Where its rows stand.
    const SECTION: &'static Section;
    /// An empty book.
    fn book(op: &'static str) -> Self::Book;
    /// The numbers of the things that are there, and of the book they share.
    fn metrics(book: &Self::Book, living: &[Arc<Self>]) -> Vec<Metric>;
    /// Starts the book anew, and what the things know themselves.
    fn reset(book: &Self::Book, living: &[Arc<Self>]);
}

/// All rows of one kind.
pub(crate) struct Rows<T: ByHand>(ByName<Row<T>>);

/// What is counted under one name.
pub(crate) struct Row<T: ByHand> {
    op: &'static str,
    pub(crate) book: T::Book,
    living: Mutex<Vec<Weak<T>>>,
}

impl<T: ByHand> Rows<T> {
    /// No rows yet.
    pub(crate) const fn new() -> Self {
        Self(ByName::new())
    }

    /// The row of that name.
    pub(crate) fn row(&self, name: &str) -> &'static Row<T> {
        self.0.row(name, |op| {
            Box::leak(Box::new(Row {
                op,
                book: T::book(op),
                living: Mutex::new(Vec::new()),
            }))
        })
    }
}

impl<T: ByHand> Row<T> {
    /// Takes in another one.
    pub(crate) fn add(&self, thing: &Arc<T>) {
        let mut living = self.living.lock().unwrap_or_else(PoisonError::into_inner);
        living.retain(|thing| thing.strong_count() > 0);
        living.push(Arc::downgrade(thing));
    }

    fn living(&self) -> Vec<Arc<T>> {
        let living = self.living.lock().unwrap_or_else(PoisonError::into_inner);
        living.iter().filter_map(Weak::upgrade).collect()
    }
}

impl<T: ByHand> Observed for Row<T> {
    fn snapshot(&self) -> Snapshot {
        Snapshot {
            op: self.op.into(),
            attribute: T::ATTRIBUTE,
            location: None,
            section: T::SECTION,
            metrics: T::metrics(&self.book, &self.living()),
            by: Vec::new(),
        }
    }

    fn reset(&self) {
        T::reset(&self.book, &self.living());
    }
}
