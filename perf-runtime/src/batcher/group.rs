//! The callers of one group: a line, the lock around it, and what they have in common with other groups.

use std::any::TypeId;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::books::Books;
use super::inside::Inside;
use super::settings::Settings;
use super::sync::{AtomicBool, MODELLED, Mutex, MutexGuard, lock};
use crate::clock;
use crate::parts::batch::linger::Worth;
use crate::parts::batch::{Bounds, Line};

/// A batch that takes less is not waited for.
const WORTH_A_WAIT: Duration = Duration::from_micros(32);
/// Longer than this nobody waits for others without being told.
const LONGEST_LULL: Duration = Duration::from_millis(1);

/// Groups that are kept though nobody waits in them.
const KEPT: usize = 1000;

/// What all groups of a batcher have in common.
pub(crate) struct Common {
    pub(super) op: &'static str,
    pub(super) settings: Settings,
    pub(super) bounds: Bounds,
    pub(super) max_queue: usize,
    pub(super) worth: Worth,
    pub(super) books: &'static Books,
    is_closed: AtomicBool,
}

impl Common {
    pub(super) fn new(op: &'static str, settings: Settings, books: &'static Books) -> Self {
        Self {
            op,
            settings,
            bounds: Bounds {
                size: whole(settings.max_size.max(1)),
                concurrency: whole(settings.concurrency.max(1)),
            },
            worth: Worth {
                cost: if MODELLED {
                    u64::MAX
                } else {
                    clock::ticks_in(WORTH_A_WAIT)
                },
                most: clock::ticks_in(LONGEST_LULL),
            },
            books,
            max_queue: whole(settings.max_queue),
            is_closed: AtomicBool::new(false),
        }
    }

    /// To be asked under the lock of a group: who locks it after [`close`](Self::close) sees that.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Acquire)
    }

    pub(super) fn close(&self) {
        self.is_closed.store(true, Release);
    }
}

fn whole(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

pub(super) type Queue<I, A> = Line<I, A, Arc<Inside>>;

/// See the module.
pub(crate) struct Group<K, I, A> {
    pub(super) key: K,
    pub(super) common: Arc<Common>,
    /// A batch of it whose callers were in none.
    pub(super) inside: Arc<Inside>,
    line: Mutex<Queue<I, A>>,
}

impl<K, I, A> Group<K, I, A> {
    fn new(key: K, common: &Arc<Common>) -> Arc<Self> {
        Arc::new(Self {
            key,
            common: Arc::clone(common),
            inside: Inside::of_a_group(),
            line: Mutex::new(Line::new()),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Queue<I, A>> {
        lock(&self.line)
    }
}

/// The groups of a batcher, by their keys.
///
/// One that nobody is in may be dropped: of those at most [`KEPT`] stay, or as many as there are in use.
pub(crate) struct Groups<K, I, A> {
    pub(super) common: Arc<Common>,
    /// The one of a batcher without keys.
    only: OnceLock<Arc<Group<K, I, A>>>,
    keyed: Mutex<Keyed<K, I, A>>,
}

type Known<K, I, A> = Arc<Group<K, I, A>>;

struct Keyed<K, I, A> {
    groups: HashMap<K, Known<K, I, A>>,
    room: usize,
}

impl<K: Hash + Eq + Clone + 'static, I, A> Groups<K, I, A> {
    pub(super) fn new(common: Arc<Common>) -> Self {
        Self {
            common,
            only: OnceLock::new(),
            keyed: Mutex::new(Keyed {
                groups: HashMap::new(),
                room: KEPT,
            }),
        }
    }

    /// The group of a key, made on its first call.
    #[inline]
    pub(super) fn find(&self, key: K) -> Arc<Group<K, I, A>> {
        if TypeId::of::<K>() == TypeId::of::<()>() {
            let only = self.only.get_or_init(|| Group::new(key, &self.common));
            return Arc::clone(only);
        }
        let known = self.lock().groups.get(&key).map(Arc::clone);
        known.unwrap_or_else(|| self.add(key))
    }

    fn add(&self, key: K) -> Arc<Group<K, I, A>> {
        let new = Group::new(key.clone(), &self.common);
        let mut keyed = self.lock();
        let idle = keyed.make_room();
        let group = Arc::clone(keyed.groups.entry(key).or_insert(new));
        drop(keyed);
        drop(idle);
        group
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Arc<Group<K, I, A>>> {
        let keyed = self.lock();
        let keyed = keyed.groups.values();
        self.only.get().into_iter().chain(keyed).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Keyed<K, I, A>> {
        // Of the user's only `Hash` and `Eq` run under the lock, before anything is changed.
        lock(&self.keyed)
    }
}

impl<K: Hash + Eq, I, A> Keyed<K, I, A> {
    /// Takes out whom nobody is in, when it is time to; to be dropped.
    fn make_room(&mut self) -> Vec<(K, Known<K, I, A>)> {
        if self.groups.len() < self.room {
            return Vec::new();
        }
        // Who is in a group, or on the way to it, holds it.
        let idle = |_: &K, group: &mut Arc<Group<K, I, A>>| Arc::strong_count(group) == 1;
        let idle = self.groups.extract_if(idle).collect();
        self.room = KEPT.max(self.groups.len().saturating_mul(2));
        idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_nobody_is_in_go_and_the_others_stay() {
        let books: &'static Books = Box::leak(Box::new(Books::new()));
        let common = Common::new("groups", Settings::new(), books);
        let groups: Groups<usize, (), ()> = Groups::new(Arc::new(common));
        let held = groups.find(7);
        for key in 0..5 * KEPT {
            groups.find(key);
        }
        assert!(groups.all().len() <= KEPT);
        assert!(Arc::ptr_eq(&held, &groups.find(7)));
    }
}
