//! A breaker for each key, of those keys alone that something counts against.
//!
//! A key that is well has no entry: while all are, a call loads one number, before and after the body, and neither hashes
//! nor locks nor allocates. While some are not, it hashes, and loads two: it locks where an entry may be its own. The first failure of a key makes its entry, and what wipes out its history takes it away. So
//! the history of a key begins with a failure, also where it is a window.
//!
//! Entries are bounded. When they are too many, one goes that is closed, the one whose last failure is the longest ago;
//! where all are open, a new key gets none, and its calls run. Nobody gets rid of an open breaker by making others.
//!
//! `Hash` runs outside of the lock, `Eq` under it, and nothing else of the user's: keys are made before, and dropped after.

use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, PoisonError};

mod census;
mod said;
mod table;

use self::census::Census;
use self::said::STRANGER;
pub(crate) use self::said::{KeyAdmission, KeyCounts, KeyJudged, KeyPass, Refused};
use self::table::{Entry, Table};
use super::rules::Rules;
use super::sync::{AtomicU64, Hashing, Mutex, MutexGuard};
use super::{Change, Judged, Machine, Pass, Phase, Verdict, View};
use crate::parts::key::{Key, Lookup};

const COUNT_MASK: u64 = u32::MAX as u64;

/// See the module.
pub(crate) struct Keys<K> {
    /// How many entries there are, and how many that had been open have gone: `[gone 32][entries 32]`.
    state: AtomicU64,
    rules: Rules,
    most: usize,
    hasher: Hashing,
    census: Arc<Census>,
    table: Mutex<Table<K>>,
}

/// See [`Keys::entry`].
type Locked<'k, K> = (MutexGuard<'k, Table<K>>, Arc<Machine>, Left<K>);

/// What is the user's and not needed any more: a key that was made, and an entry that was evicted.
type Left<K> = (Option<K>, Option<Entry<K>>);

impl<K> Keys<K> {
    /// Whether a success of a call that was quick enough leaves everything as it is.
    #[inline]
    pub(crate) fn is_unchanged(&self, pass: &KeyPass) -> bool {
        let is_well = || self.state.load(Acquire) & COUNT_MASK == 0;
        let is_still_well = |hash| self.census.has_none(hash);
        pass.machine.is_none()
            && (pass.gone == STRANGER || pass.hash.map_or_else(is_well, is_still_well))
    }
}

impl<K: Key> Keys<K> {
    /// Of at most so many keys, each with a breaker of these rules.
    pub(crate) fn new(rules: Rules, most: u64) -> Self {
        let census = Arc::new(Census::new());
        Self {
            state: AtomicU64::new(0),
            rules,
            most: usize::try_from(most)
                .unwrap_or(usize::MAX)
                .clamp(1, u32::MAX as usize),
            hasher: Hashing::default(),
            table: Mutex::new(Table::new(census.clone())),
            census,
        }
    }

    /// The pass of a key that nobody has to look for.
    #[inline]
    pub(crate) fn pass_if_well<L: Lookup<K>>(&self, lookup: &L) -> Option<KeyPass> {
        let state = self.state.load(Acquire);
        let hash = if state & COUNT_MASK == 0 {
            None
        } else {
            Some(self.hash_if_well(lookup)?)
        };
        Some(KeyPass {
            machine: None,
            own: Pass::NONE,
            gone: state >> 32,
            hash,
        })
    }

    /// Its hash, if there is no entry that may be its own.
    // Two numbers in registers, and the hashing out of the way of those who need none.
    #[inline(never)]
    fn hash_if_well<L: Lookup<K>>(&self, lookup: &L) -> Option<u64> {
        let hash = self.hash(lookup);
        self.census.has_none(hash).then_some(hash)
    }

    /// Whether a call of this key may run, of which [`Self::pass_if_well`] does not know. The time is asked for where a time
    /// that is not later than now, and a margin, do not say enough; see [`Machine::refused_until`].
    pub(crate) fn admit_among<L: Lookup<K>>(
        &self,
        lookup: &L,
        (at_least, margin): (u64, u64),
        now: impl FnOnce() -> u64,
    ) -> KeyAdmission {
        let gone = self.state.load(Acquire) >> 32;
        let hash = self.hash(lookup);
        let table = self.table();
        let Some(machine) = table.find(hash, lookup) else {
            drop(table);
            return KeyAdmission::well(gone);
        };
        if let Some(until) = machine.refused_until(at_least, margin) {
            return KeyAdmission {
                pass: Err(Refused::Until(until)),
                change: None,
            };
        }
        let machine = machine.clone();
        drop(table);
        let now = now();
        let admission = machine.admit(|| now);
        let pass = match admission.pass {
            Ok(own) => Ok(KeyPass {
                machine: Some(machine),
                own,
                gone,
                hash: None,
            }),
            Err(nanos) => Err(Refused::After { nanos, now }),
        };
        KeyAdmission {
            pass,
            change: admission.change,
        }
    }

    /// What became of a call of this key.
    #[inline]
    pub(crate) fn judge<L: Lookup<K>>(
        &self,
        lookup: &L,
        pass: KeyPass,
        verdict: Verdict,
        is_slow: bool,
        now: impl Fn() -> u64,
    ) -> KeyJudged {
        let says_nothing = match verdict {
            Verdict::Success => !is_slow,
            Verdict::Neutral => true,
            Verdict::Failure | Verdict::Cancelled => false,
        };
        if pass.gone == STRANGER {
            return KeyJudged::of(Judged::Ignored);
        }
        if says_nothing && self.is_unchanged(&pass) {
            return KeyJudged::of(Judged::Taken(None));
        }
        self.judge_what_changes(lookup, pass, verdict, is_slow, now())
    }

    #[inline(never)]
    fn judge_what_changes<L: Lookup<K>>(
        &self,
        lookup: &L,
        pass: KeyPass,
        verdict: Verdict,
        is_slow: bool,
        now: u64,
    ) -> KeyJudged {
        let hash = self.hash(lookup);
        let bad = is_slow || matches!(verdict, Verdict::Failure | Verdict::Cancelled);
        let own = pass.own;
        if let Some(machine) = pass.machine {
            // The lock keeps it in the table while it is told.
            let mut table = self.table();
            if table.has(hash, &machine) {
                let judged = machine.judge(own, verdict, is_slow, || now);
                let gone = table.settle(hash, &machine, bad, now);
                self.publish(&table);
                drop(table);
                drop(gone);
                return KeyJudged::of(judged);
            }
            drop(table);
            if !machine.is_of(own) {
                return KeyJudged::of(Judged::Late);
            }
            // It went because nothing counted against the key. Another one may have come since.
        }
        // What counts against nobody makes no entry, but is told to the one that has come to be meanwhile.
        let entry = if bad {
            self.entry(lookup, hash)
        } else {
            self.known(lookup, hash)
        };
        let Some((mut table, machine, left)) = entry else {
            return KeyJudged {
                judged: Judged::Taken(None),
                is_crowded: bad,
            };
        };
        // The key has been open since the call was admitted, or is.
        let is_late = table.has_gone(hash, pass.gone) || machine.has_been_open();
        let judged = if is_late {
            Judged::Late
        } else {
            let own = machine.admit(|| now).pass;
            own.map_or(Judged::Late, |own| {
                machine.judge(own, verdict, is_slow, || now)
            })
        };
        let gone = table.settle(hash, &machine, bad && !is_late, now);
        self.publish(&table);
        drop(table);
        drop((left, gone));
        KeyJudged::of(judged)
    }

    /// The machine of a key, a new one if it has none, with the table locked; nothing where there is no room. What comes
    /// with it is to be dropped when the table is not locked any more.
    fn entry<L: Lookup<K>>(&self, lookup: &L, hash: u64) -> Option<Locked<'_, K>> {
        if let Some(known) = self.known(lookup, hash) {
            return Some(known);
        }
        let (key, machine) = (lookup.to_key(), Arc::new(Machine::new(self.rules)));
        let mut table = self.table();
        if let Some(machine) = table.find(hash, lookup).cloned() {
            return Some((table, machine, (Some(key), None)));
        }
        let mut evicted = None;
        if table.len() >= self.most {
            evicted = table.evict();
            if evicted.is_none() {
                drop(table);
                drop(key);
                return None;
            }
        }
        table.insert(hash, key, machine.clone());
        Some((table, machine, (None, evicted)))
    }

    fn known<L: Lookup<K>>(&self, lookup: &L, hash: u64) -> Option<Locked<'_, K>> {
        let table = self.table();
        let machine = table.find(hash, lookup)?.clone();
        Some((table, machine, (None, None)))
    }

    /// What is known of a key; nothing of one that is well.
    pub(crate) fn view<L: Lookup<K>>(&self, lookup: &L, now: u64) -> Option<View> {
        Some(self.machine(lookup)?.view(now))
    }

    /// Opens the breaker of a key; nothing where there is no room for it.
    pub(crate) fn trip<L: Lookup<K>>(&self, lookup: &L, now: u64, time: u64) -> Option<Change> {
        let hash = self.hash(lookup);
        let (mut table, machine, left) = self.entry(lookup, hash)?;
        let change = machine.trip(now, time);
        let gone = table.settle(hash, &machine, true, now);
        self.publish(&table);
        drop(table);
        drop((left, gone));
        Some(change)
    }

    /// Forgets what counts against a key; its calls that run now are late.
    pub(crate) fn forget<L: Lookup<K>>(&self, lookup: &L) -> Option<Change> {
        let hash = self.hash(lookup);
        let mut table = self.table();
        let machine = table.find(hash, lookup)?.clone();
        let change = machine.put(Phase::Closed);
        let gone = table.remove(hash, &machine);
        self.publish(&table);
        drop(table);
        drop(gone);
        Some(change)
    }

    /// The same of all of them.
    pub(crate) fn forget_all(&self) {
        let mut table = self.table();
        let gone = table.clear();
        self.publish(&table);
        drop(table);
        drop(gone);
    }

    pub(crate) fn counts(&self) -> KeyCounts {
        let table = self.table();
        let unhealthy = table
            .machines()
            .filter(|machine| !machine.phase().is_closed());
        KeyCounts {
            open: unhealthy.fold(0, |open, _| open + 1),
            keys: table.len() as u64,
        }
    }

    fn machine<L: Lookup<K>>(&self, lookup: &L) -> Option<Arc<Machine>> {
        let hash = self.hash(lookup);
        self.table().find(hash, lookup).cloned()
    }

    fn hash<L: Lookup<K>>(&self, lookup: &L) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        lookup.hash(&mut hasher);
        hasher.finish()
    }

    /// Which part of the census it is counted in.
    #[cfg(all(test, perfkit_model))]
    pub(super) fn part<L: Lookup<K>>(&self, lookup: &L) -> usize {
        census::part(self.hash(lookup))
    }

    /// What is remembered of a key that has gone.
    #[cfg(test)]
    pub(super) fn bucket<L: Lookup<K>>(&self, lookup: &L) -> usize {
        table::bucket(self.hash(lookup))
    }

    fn table(&self) -> MutexGuard<'_, Table<K>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how many there are, to those who do not lock.
    fn publish(&self, table: &Table<K>) {
        let len = table.len() as u64 & COUNT_MASK;
        self.state.store(table.gone() << 32 | len, Release);
    }
}
