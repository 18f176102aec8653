//! Who runs inside whom, and who waits for whom: what tells a wait that would never end.
//!
//! Each thread has a stack of the flights whose bodies it is running; an async one is on it only while it is polled, so
//! the stack follows the task from thread to thread. A call that is about to wait needs its whole stack to go on, and
//! with an empty stack nothing can wait for it: that is the usual case, and costs a look at a thread-local. Else the
//! global graph is asked whether the flight it wants waits, through others, for one on the stack; if it does, the call
//! must not wait, and if not, its own waits are added to the graph in the same breath. Of two calls that close a cycle
//! together the second one finds it.
//!
//! An edge is conservative: a body that waits and could do without (a `select`, say) counts as one that cannot. The
//! price is a run that is not shared.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::lock::{Mutex, lock};

/// A flight, among all of the process: the address of its shard, and its number there.
///
/// It is known to others only while a call borrows its `Flights`, so that no address is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FlightId {
    pub(super) shard: usize,
    pub(super) number: u64,
}

#[cfg(not(all(test, perfkit_model)))]
thread_local! {
    static RUNNING: RefCell<Vec<FlightId>> = const { RefCell::new(Vec::new()) };
}

#[cfg(not(all(test, perfkit_model)))]
static WAITS: Mutex<Waits> = Mutex::new(Waits::new());

#[cfg(all(test, perfkit_model))]
shuttle::thread_local! {
    static RUNNING: RefCell<Vec<FlightId>> = RefCell::new(Vec::new());
}

#[cfg(all(test, perfkit_model))]
shuttle::lazy_static! {
    static ref WAITS: Mutex<Waits> = Mutex::new(Waits::new());
}

/// This thread runs the body of a flight, from [`enter`](Self::enter) to the drop.
pub(crate) struct Running {
    outer: usize,
    of_this_thread: PhantomData<*const ()>,
}

impl Running {
    #[inline]
    pub(super) fn enter(flight: FlightId) -> Self {
        // Without its stack, while the thread ends, only the longest wait is left to break a cycle.
        let outer = RUNNING.try_with(|running| {
            let mut running = running.borrow_mut();
            let outer = running.len();
            running.push(flight);
            outer
        });
        Self {
            outer: outer.unwrap_or(0),
            of_this_thread: PhantomData,
        }
    }
}

impl Drop for Running {
    #[inline]
    fn drop(&mut self) {
        let _ = RUNNING.try_with(|running| running.borrow_mut().truncate(self.outer));
    }
}

/// The caller waits for a flight, until this is dropped.
pub(super) struct Waiting {
    callers: Vec<FlightId>,
    flight: FlightId,
}

impl Waiting {
    /// `None` when the wait would never end.
    pub(super) fn begin(flight: FlightId) -> Option<Self> {
        let callers = RUNNING.try_with(|running| running.borrow().clone());
        let callers = callers.unwrap_or_default();
        let may_wait = callers.is_empty()
            || (!callers.contains(&flight) && lock(&WAITS).add(&callers, flight));
        may_wait.then(|| Self { callers, flight })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.callers.is_empty() {
            lock(&WAITS).remove(&self.callers, self.flight);
        }
    }
}

/// Which flights wait for which.
struct Waits {
    of: BTreeMap<FlightId, Vec<FlightId>>,
}

impl Waits {
    const fn new() -> Self {
        Self {
            of: BTreeMap::new(),
        }
    }

    /// All `callers` wait for `flight`; false, and no change, when it waits for one of them.
    fn add(&mut self, callers: &[FlightId], flight: FlightId) -> bool {
        if self.reaches(flight, callers) {
            return false;
        }
        for caller in callers {
            self.of.entry(*caller).or_default().push(flight);
        }
        true
    }

    fn remove(&mut self, callers: &[FlightId], flight: FlightId) {
        for caller in callers {
            let Some(waits) = self.of.get_mut(caller) else {
                continue;
            };
            if let Some(place) = waits.iter().position(|other| *other == flight) {
                waits.swap_remove(place);
            }
            if waits.is_empty() {
                self.of.remove(caller);
            }
        }
    }

    fn reaches(&self, from: FlightId, goals: &[FlightId]) -> bool {
        let mut seen = vec![from];
        let mut next = 0;
        while let Some(flight) = seen.get(next).copied() {
            next += 1;
            for waited in self.of.get(&flight).into_iter().flatten() {
                if goals.contains(waited) {
                    return true;
                }
                if !seen.contains(waited) {
                    seen.push(*waited);
                }
            }
        }
        false
    }
}

/// How many of some flights wait for another one.
#[cfg(test)]
pub(super) fn waits(of: impl Fn(&FlightId) -> bool) -> usize {
    lock(&WAITS).of.keys().filter(|flight| of(flight)).count()
}

/// How many flights this thread is in.
#[cfg(test)]
pub(super) fn depth() -> usize {
    RUNNING.with(|running| running.borrow().len())
}
