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

use std::cell::{Cell, RefCell};
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

/// So many bodies run within each other, most often: one, or a few.
const FEW: usize = 8;

/// The flights that a thread is in, the outermost first.
struct Stack {
    depth: Cell<usize>,
    outermost: [Cell<FlightId>; FEW],
}

impl Stack {
    const fn new() -> Self {
        const NOTHING: FlightId = FlightId {
            shard: 0,
            number: 0,
        };
        Self {
            depth: Cell::new(0),
            outermost: [const { Cell::new(NOTHING) }; FEW],
        }
    }
}

#[cfg(not(all(test, perfkit_model)))]
thread_local! {
    // Has no destructor, so that it is found in one step.
    static RUNNING: Stack = const { Stack::new() };
    /// Those further in.
    static INNERMOST: RefCell<Vec<FlightId>> = const { RefCell::new(Vec::new()) };
}

#[cfg(not(all(test, perfkit_model)))]
static WAITS: Mutex<Waits> = Mutex::new(Waits::new());

#[cfg(all(test, perfkit_model))]
shuttle::thread_local! {
    static RUNNING: Stack = Stack::new();
    static INNERMOST: RefCell<Vec<FlightId>> = RefCell::new(Vec::new());
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
        let outer = RUNNING.try_with(|running| {
            let outer = running.depth.get();
            match running.outermost.get(outer) {
                Some(place) => place.set(flight),
                None => enter_far_in(outer, flight),
            }
            running.depth.set(outer + 1);
            outer
        });
        Self {
            outer: outer.unwrap_or(0),
            of_this_thread: PhantomData,
        }
    }
}

#[cold]
#[inline(never)]
fn enter_far_in(outer: usize, flight: FlightId) {
    // Without it, while the thread ends, only the longest wait is left to break a cycle.
    let _ = INNERMOST.try_with(|innermost| {
        let mut innermost = innermost.borrow_mut();
        innermost.truncate(outer - FEW);
        innermost.push(flight);
    });
}

impl Drop for Running {
    #[inline]
    fn drop(&mut self) {
        let _ = RUNNING.try_with(|running| {
            if self.outer < running.depth.get() {
                running.depth.set(self.outer);
            }
        });
    }
}

/// The flights that this thread is in.
fn running() -> Vec<FlightId> {
    let running = RUNNING.try_with(|running| {
        let depth = running.depth.get();
        let outermost = running.outermost.iter().take(depth).map(Cell::get);
        let mut all: Vec<_> = outermost.collect();
        if let Some(further_in) = depth.checked_sub(FEW) {
            let _ = INNERMOST.try_with(|innermost| {
                all.extend(innermost.borrow().iter().take(further_in));
            });
        }
        all
    });
    running.unwrap_or_default()
}

/// The caller waits for a flight, until this is dropped.
pub(super) struct Waiting {
    callers: Vec<FlightId>,
    flight: FlightId,
}

impl Waiting {
    /// `None` when the wait would never end.
    pub(super) fn begin(flight: FlightId) -> Option<Self> {
        let callers = running();
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
    running().len()
}
