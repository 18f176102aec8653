//! `debounce` and `throttle`: functions that run less often than they are called.
//!
//! The decision when a call runs is a [`Pace`] and knows no time but what it is told. Here is what it leaves open: the
//! argument that waits, the function, and one task per burst that waits until the call is due. The function runs for one
//! call at a time, outside the lock: at once in the thread that calls it, later in that task.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::parts::debounce::Debounce;
use crate::parts::edge::{Edge, Pace, Runner, Verdict};
use crate::parts::throttle::Throttle;
use crate::rt;

/// Runs `f` for the last of many calls, when there was none for `wait`.
///
/// For what only the last call matters of: saving a document while it is edited, searching while somebody types.
///
/// The function runs in the background: on the tokio runtime of the call, else on a thread of perfkit's that all
/// debounced and throttled functions share, so it should be short; start a task or a thread in it for what is not. It
/// never runs twice at the same time: a call that is due meanwhile runs when it is over. Calling costs a lock and a
/// look at the clock, and never runs the function, unless [`edge`](Debounced::edge) asks for the first call.
///
/// What waits when the last handle is dropped still runs in its time. At the end of the program it does not:
/// [`flush`](Debounced::flush) it; nor after the shutdown of its tokio runtime, until the next call. A panic of `f` ends
/// that run alone, and unwinds in the call or flush that ran it.
///
/// ```
/// use std::time::Duration;
///
/// let save = perfkit::debounce(Duration::from_millis(300), |text: String| println!("saved {text}"));
/// for end in 1..=5 {
///     save.call("hello"[..end].to_owned()); // five calls, one run: "saved hello"
/// }
/// # assert!(save.is_pending());
/// # assert_eq!(save.cancel().as_deref(), Some("hello"));
/// ```
pub fn debounce<T, F>(wait: Duration, f: F) -> Debounced<T>
where
    T: Send + 'static,
    F: FnMut(T) + Send + 'static,
{
    Debounced(Paced::new(Debounce::new(wait), f))
}

/// Runs `f` at most once in `every`: for a first call at once, and for the last of those that follow within `every`
/// when it is over.
///
/// For what is called all the time and need not be done each time: showing progress, reacting to a scroll or a sensor.
///
/// A first call runs `f` before it returns; the others run it in the background, where [`debounce()`] runs it, which also
/// says what happens at the end and to panics. Runs begin at least `every` apart, unless a
/// [`flush`](Throttled::flush) asks for one, and never overlap.
///
/// ```
/// use std::time::Duration;
///
/// let progress = perfkit::throttle(Duration::from_millis(100), |done: usize| println!("{done} of 1000"));
/// for item in 1..=1000 {
///     progress.call(item); // the first now, the last in 100 ms
/// }
/// progress.flush(); // … or here
/// # assert!(!progress.is_pending());
/// ```
pub fn throttle<T, F>(every: Duration, f: F) -> Throttled<T>
where
    T: Send + 'static,
    F: FnMut(T) + Send + 'static,
{
    Throttled(Paced::new(Throttle::new(every), f))
}

/// A function that runs for the last of many calls; made by [`debounce()`]. Clones are handles to the same one.
#[must_use = "it runs when it is called"]
pub struct Debounced<T>(Paced<Debounce, T>);

/// A function that runs at most once in a time; made by [`throttle()`]. Clones are handles to the same one.
#[must_use = "it runs when it is called"]
pub struct Throttled<T>(Paced<Throttle, T>);

impl<T: Send + 'static> Debounced<T> {
    /// Runs it this long after the first call that has not run yet, even if the calls do not pause.
    ///
    /// Default: it waits as long as they come. Not for [`Edge::Leading`], where no call waits.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let save = perfkit::debounce(Duration::from_millis(300), |text: String| println!("saved {text}"))
    ///     .max_wait(Duration::from_secs(5)); // whoever types without a pause loses five seconds at most
    /// # let _ = save;
    /// ```
    pub fn max_wait(self, most: Duration) -> Self {
        self.0.state().pace.max_wait = Some(most);
        self
    }
}

macro_rules! handle {
    ($handle:ident, $default:literal) => {
        impl<T: Send + 'static> $handle<T> {
            #[doc = concat!("Which calls it runs for. Default: [`Edge::", $default, "`].")]
            pub fn edge(self, edge: Edge) -> Self {
                self.0.state().pace.edge = edge;
                self
            }

            /// One call. The argument of the last one wins; those before it are dropped.
            pub fn call(&self, argument: T) {
                self.0.call(argument);
            }

            /// Takes back the call that waits, with its argument. A run that has begun is not stopped.
            pub fn cancel(&self) -> Option<T> {
                self.0.cancel()
            }

            /// Runs the call that waits now, before this returns; without one, does nothing.
            ///
            /// While the function runs for an earlier call, this does not wait for it: the call runs right after.
            pub fn flush(&self) {
                self.0.flush();
            }

            /// Whether a call waits.
            #[must_use]
            pub fn is_pending(&self) -> bool {
                self.0.state().waiting.is_some()
            }
        }

        impl<T> Clone for $handle<T> {
            fn clone(&self) -> Self {
                Self(Paced(Arc::clone(&self.0.0)))
            }
        }

        impl<T> fmt::Debug for $handle<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let state = self.0.state();
                f.debug_struct(stringify!($handle))
                    .field("pending", &state.waiting.is_some())
                    .field("running", &state.function.is_none())
                    .finish_non_exhaustive()
            }
        }
    };
}

handle!(Debounced, "Trailing");
handle!(Throttled, "Both");

type Function<T> = Box<dyn FnMut(T) + Send>;

struct Paced<P, T>(Arc<Mutex<State<P, T>>>);

struct State<P, T> {
    pace: P,
    waiting: Option<T>,
    /// What waits was flushed while the function ran.
    is_urgent: bool,
    /// Out while it runs.
    function: Option<Function<T>>,
    /// A task waits until the call is due.
    is_driven: bool,
}

/// What the task does next.
enum Next<T> {
    Run(Function<T>, T),
    Wait(Instant),
    End,
}

impl<P: Pace, T> State<P, T> {
    fn runner(&self) -> Runner {
        match self.function {
            Some(_) => Runner::Idle,
            None => Runner::Busy,
        }
    }

    /// Takes what is to run before its time; leaves it to the run that is not over otherwise.
    fn take(&mut self, now: Instant) -> Option<(Function<T>, T)> {
        let function = self.function.take()?;
        let Some(argument) = self.waiting.take() else {
            self.function = Some(function);
            return None;
        };
        self.is_urgent = false;
        self.pace.run(now);
        Some((function, argument))
    }

    fn next(&mut self, now: Instant) -> Next<T> {
        let due = match self.pace.due() {
            _ if self.waiting.is_none() => None,
            _ if self.is_urgent => Some(now),
            due => due,
        };
        match due {
            Some(due) if due > now => Next::Wait(due),
            // Whoever runs it now sees what is due when it is over.
            Some(_) => self.take(now).map_or(Next::End, |(function, argument)| {
                Next::Run(function, argument)
            }),
            None => Next::End,
        }
    }
}

impl<P, T> Paced<P, T> {
    fn state(&self) -> MutexGuard<'_, State<P, T>> {
        // Nothing of the user's runs under the lock, so there is no half-done state to fear.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P, T> Paced<P, T>
where
    P: Pace + Send + 'static,
    T: Send + 'static,
{
    fn new(pace: P, f: impl FnMut(T) + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(State {
            pace,
            waiting: None,
            is_urgent: false,
            function: Some(Box::new(f)),
            is_driven: false,
        })))
    }

    fn call(&self, argument: T) {
        let now = rt::now();
        let mut state = self.state();
        let runner = state.runner();
        match state.pace.call(now, runner) {
            Verdict::Now => {
                let function = state.function.take();
                drop(state);
                if let Some(function) = function {
                    self.run(function, argument);
                }
            }
            Verdict::Later => {
                let before = state.waiting.replace(argument);
                self.drive(state);
                drop(before);
            }
            Verdict::Never => drop(state),
        }
    }

    fn cancel(&self) -> Option<T> {
        let mut state = self.state();
        state.pace.cancel();
        state.is_urgent = false;
        state.waiting.take()
    }

    fn flush(&self) {
        let now = rt::now();
        let mut state = self.state();
        state.is_urgent = state.waiting.is_some();
        let taken = state.take(now);
        drop(state);
        if let Some((function, argument)) = taken {
            self.run(function, argument);
        }
    }

    /// In the thread of the caller, who gets the panic.
    fn run(&self, mut function: Function<T>, argument: T) {
        let mut next = argument;
        loop {
            let ran = catch_unwind(AssertUnwindSafe(|| function(next)));
            let mut state = self.state();
            state.function = Some(function);
            match ran {
                Ok(()) if state.is_urgent => {}
                ran => {
                    self.drive(state);
                    return ran.unwrap_or_else(|panic| resume_unwind(panic));
                }
            }
            let Some(taken) = state.take(rt::now()) else {
                return;
            };
            drop(state);
            (function, next) = taken;
        }
    }

    /// Sees to it that what waits is run in its time.
    fn drive(&self, mut state: MutexGuard<'_, State<P, T>>) {
        let waits = state.waiting.is_some() && (state.is_urgent || state.pace.due().is_some());
        if !waits || mem::replace(&mut state.is_driven, true) {
            return;
        }
        drop(state);
        let driving = Driving {
            paced: Self(Arc::clone(&self.0)),
            is_over: false,
        };
        rt::spawn(driving.drive());
    }
}

/// The one task that waits, as long as something does.
struct Driving<P: Pace, T> {
    paced: Paced<P, T>,
    is_over: bool,
}

impl<P, T> Driving<P, T>
where
    P: Pace + Send + 'static,
    T: Send + 'static,
{
    async fn drive(mut self) {
        loop {
            match self.next() {
                Next::Run(mut function, argument) => {
                    // Nobody waits for its panic; the hook has told of it.
                    let _ = catch_unwind(AssertUnwindSafe(|| function(argument)));
                    self.paced.state().function = Some(function);
                }
                Next::Wait(until) => rt::sleep_until(until).await,
                Next::End => return,
            }
        }
    }

    fn next(&mut self) -> Next<T> {
        let now = rt::now();
        let mut state = self.paced.state();
        let next = state.next(now);
        if let Next::End = next {
            state.is_driven = false;
            self.is_over = true;
        }
        next
    }
}

/// Before it is over only when its runtime has shut down: what waits is then driven by the next call.
impl<P: Pace, T> Drop for Driving<P, T> {
    fn drop(&mut self) {
        if !self.is_over {
            self.paced.state().is_driven = false;
        }
    }
}

#[cfg(test)]
mod tests;
