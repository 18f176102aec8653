//! What a call is made inside of.
//!
//! A batch whose body asks its own batcher for an item waits for that item, which waits for the batch to end. So the
//! thread knows which batch it polls, and each batch knows what its callers were in when they came; an item from inside of
//! a batch of its own group does not wait for a place to run. What a body starts as a task of its own is not inside.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::sync::thread_local;

/// More than this is not searched: it counts as inside, which costs no more than a batch besides.
const SEARCHED: usize = 256;

/// A batch that runs, and what its callers were in.
pub(crate) struct Inside {
    group: u64,
    around: Vec<Arc<Inside>>,
}

thread_local! {
    static INSIDE: Cell<Option<Arc<Inside>>> = const { Cell::new(None) };
}

impl Inside {
    /// A batch of a new group, whose callers were in none.
    pub(super) fn of_a_group() -> Arc<Self> {
        static GROUPS: AtomicU64 = AtomicU64::new(0);
        Arc::new(Self {
            group: GROUPS.fetch_add(1, Relaxed),
            around: Vec::new(),
        })
    }

    /// A batch of the same group.
    pub(super) fn with(self: &Arc<Self>, mut around: Vec<Arc<Self>>) -> Arc<Self> {
        around.dedup_by(|a, b| Arc::ptr_eq(a, b));
        if around.is_empty() {
            return Arc::clone(self);
        }
        Arc::new(Self {
            group: self.group,
            around,
        })
    }

    /// Whether it is a batch of that group, or its callers were in one.
    pub(super) fn is_of(&self, group: &Self) -> bool {
        let mut all = vec![self];
        let mut searched = 0;
        while let Some(next) = all.pop() {
            searched += 1;
            if next.group == group.group || searched > SEARCHED {
                return true;
            }
            all.extend(next.around.iter().map(|around| &**around));
        }
        false
    }
}

/// What this thread polls.
pub(super) fn current() -> Option<Arc<Inside>> {
    INSIDE
        .try_with(|inside| {
            let current = inside.take();
            inside.set(current.clone());
            current
        })
        .ok()
        .flatten()
}

/// Until it is dropped, this thread polls that.
pub(super) struct Polling(Option<Arc<Inside>>);

impl Polling {
    pub(super) fn begin(inside: Arc<Inside>) -> Self {
        let before = INSIDE.try_with(|current| current.replace(Some(inside)));
        Self(before.ok().flatten())
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        let before = self.0.take();
        let _ = INSIDE.try_with(|current| current.set(before));
    }
}

#[cfg(test)]
mod tests {
    use super::{Inside, Polling, current};

    #[test]
    fn a_batch_knows_what_its_callers_were_in() {
        let (a, b, c) = (
            Inside::of_a_group(),
            Inside::of_a_group(),
            Inside::of_a_group(),
        );
        let within = c.with(vec![b.with(vec![a.clone(), a.clone()])]);
        assert!(within.is_of(&a) && within.is_of(&b) && within.is_of(&c));
        assert!(!a.is_of(&b));
    }

    #[test]
    fn a_thread_is_inside_as_long_as_it_polls() {
        assert!(current().is_none());
        let outer = Inside::of_a_group();
        let polling = Polling::begin(outer.clone());
        drop(Polling::begin(Inside::of_a_group()));
        assert!(current().is_some_and(|inside| inside.is_of(&outer)));
        drop(polling);
        assert!(current().is_none());
    }
}
