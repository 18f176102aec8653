//! The bursts of one function, by key, and when each of them is over.
//!
//! One lock is around all of them: under it there is arithmetic, and of the user's only `Hash` and `Eq` of a key.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::burst::{Burst, Member, Withdrawn, lock};
use super::{Book, Count};
use crate::parts::debounce::Debounce;
use crate::parts::edge::{Pace, Runner, Verdict};
use crate::parts::flight::Flights;
use crate::parts::key::Key;
use crate::rt::{self, wake};

/// How many keys have a burst; the call of another one is a burst of its own.
const MOST: usize = 10_000;
/// So many keys are not looked through for those whose burst is over.
const FEW: usize = 32;

/// The bursts of one instance of a function, one for each key.
pub(super) struct Instance<K, A> {
    pub(super) book: &'static Book,
    pub(super) flights: Flights<u64, ()>,
    pace: Debounce,
    bursts: Mutex<Bursts<K, A>>,
}

struct Bursts<K, A> {
    keys: HashMap<Shared<K>, State<A>>,
    issued: u64,
    /// From so many keys on they are looked through.
    sweep_at: usize,
}

struct State<A> {
    pace: Debounce,
    /// It was over at this time, before its own.
    flushed: Option<Instant>,
    /// The burst that is going on, or the next.
    current: Arc<Burst<A>>,
}

/// A key, of all members of its burst.
pub(super) struct Shared<K>(Arc<K>);

impl<K> Borrow<K> for Shared<K> {
    fn borrow(&self) -> &K {
        &self.0
    }
}

impl<K: Hash> Hash for Shared<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Eq> PartialEq for Shared<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: Eq> Eq for Shared<K> {}

/// Whose burst a member is in.
pub(super) enum Of<K> {
    Key(Shared<K>),
    /// There was no room for its key: it is over at that time.
    Itself(Option<Instant>),
}

impl<K: Key, A> Instance<K, A> {
    pub(super) fn new(pace: Debounce, book: &'static Book) -> Self {
        Self {
            book,
            // A run may take as long as it takes; one that nobody polls is found out.
            flights: Flights::new(Duration::MAX),
            pace,
            bursts: Mutex::new(Bursts {
                keys: HashMap::new(),
                issued: 0,
                sweep_at: FEW,
            }),
        }
    }

    /// A call at `now`; true when it does not wait.
    pub(super) fn join(&'static self, now: Instant, key: K) -> (Member<K, A>, bool) {
        let key = Shared(Arc::new(key));
        let mut gone = Vec::new();
        let joined = lock(&self.bursts).join(&self.pace, now, &key, &mut gone);
        drop(gone);
        self.book.waiting.fetch_add(1, Relaxed);
        let (of, joined) = match joined {
            Ok(joined) => (Of::Key(joined.0), joined.1),
            Err((due, joined)) => {
                self.book.count(Count::WithoutRoom);
                (Of::Itself(due), joined)
            }
        };
        let member = Member {
            instance: self,
            of,
            burst: joined.burst,
            number: joined.number,
            is_over: false,
        };
        (member, joined.runs_now)
    }

    /// When the burst is over, if it is going on.
    pub(super) fn due(&self, of: &Of<K>, burst: &Arc<Burst<A>>) -> Option<Instant> {
        match of {
            Of::Itself(due) => *due,
            Of::Key(key) => {
                let mut bursts = lock(&self.bursts);
                let state = bursts.current(key, burst)?;
                state.flushed.or_else(|| state.pace.due())
            }
        }
    }

    /// Ends the burst at `now`, in favour of one of its members. False when somebody else has.
    pub(super) fn end(&self, of: &Of<K>, burst: &Arc<Burst<A>>, now: Instant) -> bool {
        let Of::Key(key) = of else {
            return true;
        };
        let mut bursts = lock(&self.bursts);
        let next = bursts.issued.wrapping_add(1);
        let Some(state) = bursts.current(key, burst) else {
            return false;
        };
        if self.pace.edge.is_leading() {
            state.pace.run(now);
            state.flushed = None;
            state.current = Burst::new(next);
            bursts.issued = next;
            return true;
        }
        // Nothing depends on what has been.
        let gone = bursts.keys.remove_entry(&*key.0);
        drop(bursts);
        drop(gone);
        true
    }

    /// Nobody waits any more.
    pub(super) fn forget(&self, of: &Of<K>, burst: &Arc<Burst<A>>) {
        let Of::Key(key) = of else {
            return;
        };
        let mut bursts = lock(&self.bursts);
        // Where no last call runs, the first one's answer is that of those who still come.
        let waits = bursts
            .current(key, burst)
            .is_some_and(|state| state.pace.edge.is_trailing());
        let gone = (waits && lock(&burst.members).waiting.is_empty())
            .then(|| bursts.keys.remove_entry(&*key.0));
        drop(bursts);
        drop(gone);
    }
}

impl<K: Key, A> Instance<K, A> {
    /// How many wait, of one key or of all.
    pub(super) fn waiting(&self, only: Option<&K>) -> usize {
        let mut count = 0;
        self.each_that_waits(only, |state| count += state.current.waiting());
        count
    }

    /// The bursts are over now. Gives how many wait in them.
    pub(super) fn flush(&self, only: Option<&K>) -> usize {
        let (now, mut wakers, mut count) = (rt::now(), Vec::new(), 0);
        self.each_that_waits(only, |state| {
            state.flushed = Some(now);
            count += state.current.called(&mut wakers);
        });
        wakers.into_iter().for_each(wake);
        count
    }

    /// The bursts are over, and nobody runs. Gives how many have waited in them.
    pub(super) fn cancel(&self, only: Option<&K>, answer: &Withdrawn<A>) -> usize {
        let gone: Vec<_> = {
            let keys = &mut lock(&self.bursts).keys;
            match only {
                Some(key) if !keys.get(key).is_some_and(|state| state.pace.waits()) => Vec::new(),
                Some(key) => keys.remove_entry(key).into_iter().collect(),
                None => keys.extract_if(|_, state| state.pace.waits()).collect(),
            }
        };
        let withdrawn = gone.iter().map(|(_, state)| state.current.withdraw(answer));
        withdrawn.sum()
    }

    fn each_that_waits(&self, only: Option<&K>, mut work: impl FnMut(&mut State<A>)) {
        let keys = &mut lock(&self.bursts).keys;
        match only {
            Some(key) => {
                let state = keys.get_mut(key);
                state.filter(|state| state.pace.waits()).map(work);
            }
            None => {
                for state in keys.values_mut().filter(|state| state.pace.waits()) {
                    work(state);
                }
            }
        }
    }
}

/// What a call has joined.
struct Joined<A> {
    burst: Arc<Burst<A>>,
    number: u64,
    runs_now: bool,
}

impl<K: Key, A> Bursts<K, A> {
    /// Joins the burst of a key; where there is no room for it, begins one that nobody else can join.
    #[expect(
        clippy::type_complexity,
        reason = "the key's own form is nobody else's, and the way out is one line above"
    )]
    fn join(
        &mut self,
        pace: &Debounce,
        now: Instant,
        key: &Shared<K>,
        gone: &mut Vec<(Shared<K>, State<A>)>,
    ) -> Result<(Shared<K>, Joined<A>), (Option<Instant>, Joined<A>)> {
        self.issued = self.issued.wrapping_add(1);
        let number = self.issued;
        let shared = |key: &Shared<K>| Shared(Arc::clone(&key.0));
        let known = self.keys.get_key_value(&*key.0).map(|(key, _)| shared(key));
        let key = if let Some(known) = known {
            known
        } else {
            self.make_room(now, gone);
            if self.keys.len() >= MOST {
                let mut pace = pace.clone();
                let joined = Joined::at(&mut pace, &mut Burst::new(number), now, number);
                return Err((pace.due(), joined));
            }
            // The first call may run at once, in a burst of its own.
            self.issued = self.issued.wrapping_add(1);
            let state = State {
                pace: pace.clone(),
                flushed: None,
                current: Burst::new(self.issued),
            };
            self.keys.insert(shared(key), state);
            shared(key)
        };
        match self.keys.get_mut(&*key.0) {
            Some(state) => {
                let joined = Joined::at(&mut state.pace, &mut state.current, now, number);
                Ok((key, joined))
            }
            // Never: it has just been put there.
            None => Err((
                Some(now),
                Joined::at(&mut pace.clone(), &mut Burst::new(number), now, number),
            )),
        }
    }

    fn current(&mut self, key: &Shared<K>, burst: &Arc<Burst<A>>) -> Option<&mut State<A>> {
        let state = self.keys.get_mut(&*key.0)?;
        Arc::ptr_eq(&state.current, burst).then_some(state)
    }

    /// Takes out the keys whose burst is over.
    fn make_room(&mut self, now: Instant, gone: &mut Vec<(Shared<K>, State<A>)>) {
        if self.keys.len() >= self.sweep_at {
            gone.extend(self.keys.extract_if(|_, state| state.pace.is_at_rest(now)));
            self.sweep_at = (2 * self.keys.len()).clamp(FEW, MOST);
        }
    }
}

impl<A> Joined<A> {
    fn at(pace: &mut Debounce, current: &mut Arc<Burst<A>>, now: Instant, number: u64) -> Self {
        let verdict = pace.call(now, Runner::Idle);
        let burst = match verdict {
            Verdict::Now if pace.edge.is_trailing() => Burst::new(number),
            // The others have its answer.
            Verdict::Now => {
                *current = Burst::new(number);
                Arc::clone(current)
            }
            Verdict::Later => {
                lock(&current.members).waiting.insert(number, None);
                Arc::clone(current)
            }
            Verdict::Never => Arc::clone(current),
        };
        Self {
            burst,
            number,
            runs_now: verdict != Verdict::Later,
        }
    }
}
