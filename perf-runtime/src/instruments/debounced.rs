//! `#[debounced]` at run time: calls that come in a burst are one run, and all get its answer.
//!
//! # How it works
//! 1. Calls that follow each other within the wait are one *burst*; when it is over is decided by
//!    [`parts::debounce`](crate::parts::debounce). Every caller keeps its own body, not begun, and a timer.
//! 2. When the burst is over, the newest caller that is still there runs its body, so the last arguments win. Where the newest
//!    is not polled, the next one runs instead, after a [`GRACE`].
//! 3. From then on it is a [flight](crate::parts::flight): who runs leads it, the others join and get a clone of the answer.
//!    After a panic, or when the runner is dropped, one of the others runs its own body.
//! 4. A caller that is dropped leaves the burst, and with the last of them the burst is gone: nothing runs.
//!
//! Each key has its burst. Where the last call runs, a key is forgotten when its burst is over; else when others need room.
//!
//! Nothing is spawned: bodies run in the tasks of their callers, so that they may borrow, and their panics are their own.
//!
//! # What is counted
//! Each of the `calls` `ran` the body, `joined` a run, `panicked`, or was `cancelled`; those of them that wait are `waiting`.
//! `keys_without_room` are those for whose key there was no room, so that they are a burst of their own.

use std::any::{Any, TypeId};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::parts::counter::Counters;
use crate::parts::debounce::Debounce;
use crate::parts::edge::Edge;
use crate::parts::key::Key;
use crate::site::Instrument;
use crate::snapshot::{Balance, Cell, Column, Meta, Metric, Section, Unit, Value};

mod burst;
mod call;
mod keyed;

use self::call::Call;
use self::keyed::Instance;
use crate::ended::Ended;

/// How long those who are not the newest leave it to the newest to run.
const GRACE: Duration = Duration::from_millis(20);

/// An answer that all callers of a burst can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shared by the callers of a burst",
    label = "each caller gets a clone of it, in its own task: `Clone + Send + Sync + 'static`",
    note = "derive `Clone` for it, or return it in an `Arc`, which all callers share"
)]
pub trait Shared: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<A: Clone + Send + Sync + 'static> Shared for A {}

/// The options of `#[debounced]`.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long there must be no call.
    pub wait: Duration,
    /// How long the first call of a burst waits at most.
    pub max_wait: Option<Duration>,
    /// Whether the first call of a burst runs at once.
    pub leading: bool,
    /// Whether the last one runs when it is over.
    pub trailing: bool,
}

impl Options {
    /// The defaults of `#[debounced]`.
    #[must_use]
    pub const fn new(wait: Duration) -> Self {
        Self {
            wait,
            max_wait: None,
            leading: false,
            trailing: true,
        }
    }

    fn pace(&self) -> Debounce {
        let mut pace = Debounce::new(self.wait);
        pace.max_wait = self.max_wait;
        pace.edge = match (self.leading, self.trailing) {
            (true, true) => Edge::Both,
            (true, false) => Edge::Leading,
            (false, _) => Edge::Trailing,
        };
        pace
    }
}

/// The instrument.
pub struct Debounced {
    options: Options,
    book: &'static Book,
    /// One for each instance of a generic function, by the type of a closure inside of it.
    instances: Mutex<Vec<(TypeId, &'static (dyn Any + Send + Sync))>>,
}

/// The counters, by index.
#[derive(Clone, Copy)]
enum Count {
    Runs,
    Ran,
    Joined,
    Panicked,
    Cancelled,
    WithoutRoom,
}

/// What is counted of one function.
struct Book {
    counters: Counters<6>,
    waiting: AtomicU64,
}

impl Book {
    fn count(&self, what: Count) {
        self.counters.add_one(what as usize);
    }
}

impl Debounced {
    /// A call with `body`; takes part when it is first polled, in the burst of its `key`. `instance` is a closure inside of the function, by which its
    /// instances are told apart.
    ///
    /// Cancel safe: dropped while it waits, it leaves the burst; dropped while it runs the body, another caller runs its own.
    /// A panic of the body passes through. Polled again after its answer it stays pending.
    pub fn call_async<A, K, F, I>(
        &self,
        _instance: I,
        key: K,
        body: F,
    ) -> impl Future<Output = A> + use<A, K, F, I>
    where
        A: Shared,
        K: Key,
        F: Future<Output = A>,
        I: FnOnce() + 'static,
    {
        let instance = self.instance(TypeId::of::<(I, K, A)>());
        Call::new(instance, key, body)
    }

    /// The same around policies, whose rejections are shared as answers are.
    pub fn call_ending<A, K, F, I>(
        &self,
        _instance: I,
        key: K,
        body: F,
    ) -> impl Future<Output = Ended<A>> + use<A, K, F, I>
    where
        A: Shared,
        K: Key,
        F: Future<Output = Ended<A>>,
        I: FnOnce() + 'static,
    {
        let instance = self.instance(TypeId::of::<(I, K, Ended<A>)>());
        Call::new(instance, key, body)
    }

    /// The bursts of one instance; there for good, as the function is.
    fn instance<K, A>(&self, kind: TypeId) -> &'static Instance<K, A>
    where
        K: Key,
        A: Clone + Send + Sync + 'static,
    {
        let known = |instances: &[(TypeId, &'static (dyn Any + Send + Sync))]| {
            let found = instances.iter().find(|(other, _)| *other == kind);
            found.and_then(|(_, instance)| instance.downcast_ref::<Instance<K, A>>())
        };
        let mut instances = self
            .instances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(instance) = known(&instances) {
            return instance;
        }
        let instance: &'static Instance<K, A> =
            Box::leak(Box::new(Instance::new(self.options.pace(), self.book)));
        instances.push((kind, instance));
        instance
    }
}

impl Instrument for Debounced {
    type Options = Options;
    const SECTION: &'static Section = &Section {
        key: "debounces",
        title: "Debounced",
        rate_of: Some("calls"),
        share_of: None,
        columns: &[
            Column::new("wait", Cell::Of("wait"), 0),
            Column::new("calls", Cell::Of("calls"), 0),
            Column::new("/s", Cell::Rate, 4),
            Column::new("runs", Cell::Of("runs"), 0),
            Column::new("joined", Cell::Of("joined"), 1),
            Column::new("waiting", Cell::Of("waiting"), 2).quiet(),
            Column::new("cancelled", Cell::Of("cancelled"), 2).quiet(),
            Column::new("panicked", Cell::Of("panicked"), 3).quiet(),
            Column::new("without room", Cell::Of("keys_without_room"), 3).quiet(),
        ],
        balance: &[Balance::equal(
            &["calls"],
            &["ran", "joined", "panicked", "cancelled"],
        )],
    };

    fn new(_: &'static Meta, options: Options) -> Self {
        Self {
            options,
            // Once per site, which is there for good anyway.
            book: Box::leak(Box::new(Book {
                counters: Counters::new(),
                waiting: AtomicU64::new(0),
            })),
            instances: Mutex::new(Vec::new()),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let of =
            |count: Count| this.map_or(0, |this| this.book.counters.since_reset(count as usize));
        let ends = [Count::Ran, Count::Joined, Count::Panicked, Count::Cancelled];
        let [ran, joined, panicked, cancelled] = ends.map(of);
        let wait = this.and_then(|this| u64::try_from(this.options.wait.as_nanos()).ok());
        let waiting = this.map_or(0, |this| this.book.waiting.load(Relaxed));
        let counter = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
        vec![
            Metric::new("wait", Unit::Nanoseconds, Value::Level(wait)),
            counter("calls", ran + joined + panicked + cancelled),
            counter("runs", of(Count::Runs)),
            counter("ran", ran),
            counter("joined", joined),
            counter("panicked", panicked),
            counter("cancelled", cancelled),
            counter("keys_without_room", of(Count::WithoutRoom)),
            Metric::new("waiting", Unit::Count, Value::Level(Some(waiting))),
        ]
    }

    fn reset(&self) {
        self.book.counters.reset();
    }
}
