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
//! 5. The [handle](handle) ends a burst before its time: now, and then 2. follows, or without a run, and then every caller has a
//!    rejection.
//!
//! Each key has its burst. Where the last call runs, a key is forgotten when its burst is over; else when others need room.
//!
//! Nothing is spawned: bodies run in the tasks of their callers, so that they may borrow, and their panics are their own.
//!
//! # What is counted
//! Each of the `calls` `ran` the body, `joined` a run, `panicked`, was `cancelled` (dropped), or was `rejected`, because its burst was
//! taken back by the handle; those of them that wait are `waiting`.
//! `keys_without_room` are those for whose key there was no room, so that they are a burst of their own.

use std::any::{TypeId, type_name};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::beside::{Shared as _, instance};
use crate::parts::counter::Counters;
use crate::parts::debounce as part;
use crate::parts::edge::Edge;
use crate::parts::key::Key;
use crate::site::Instrument;
use crate::snapshot::{Balance, Cell, Column, Meta, Metric, Section, Unit, Value};

mod burst;
mod call;
mod core;
mod handle;
mod keyed;

use self::call::Call;
use self::core::Core;
pub use self::handle::{Beside, Debounce, DebounceKey};
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

    fn pace(&self) -> part::Debounce {
        let mut pace = part::Debounce::new(self.wait);
        pace.max_wait = self.max_wait;
        pace.edge = match (self.leading, self.trailing) {
            (true, true) => Edge::Both,
            (true, false) => Edge::Leading,
            (false, _) => Edge::Trailing,
        };
        pace
    }
}

/// Asks the user, once.
pub type GiveOptions = fn() -> Options;

/// The instrument.
pub struct Debounced {
    core: &'static Core,
}

/// The counters, by index.
#[derive(Clone, Copy)]
enum Count {
    Runs,
    Ran,
    Joined,
    Panicked,
    Cancelled,
    Rejected,
    WithoutRoom,
}

/// What is counted of one function.
struct Book {
    counters: Counters<7>,
    waiting: AtomicU64,
}

impl Book {
    fn new() -> Self {
        Self {
            counters: Counters::new(),
            waiting: AtomicU64::new(0),
        }
    }

    fn count(&self, what: Count) {
        self.counters.add_one(what as usize);
    }
}

impl Debounced {
    /// A call with `body`; takes part when it is first polled, in the burst of its `key`. `instance` is a closure inside of the
    /// function, by which its instances are told apart.
    ///
    /// Cancel safe: dropped while it waits, it leaves the burst; dropped while it runs the body, another caller runs its own.
    /// A panic of the body passes through. Polled again after its answer it stays pending. Rejections of policies further in
    /// are shared as answers are.
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
        let kind = TypeId::of::<(I, K, A)>();
        let name = || instance(type_name::<I>());
        Call::new(self.core.instance::<K, A>(kind, name), key, body)
    }
}

impl Instrument for Debounced {
    // Asked for them only if the handle of the function has not made the bursts.
    type Options = GiveOptions;
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
            Column::new("rejected", Cell::Of("rejected"), 2).quiet(),
            Column::new("panicked", Cell::Of("panicked"), 3).quiet(),
            Column::new("without room", Cell::Of("keys_without_room"), 3).quiet(),
        ],
        balance: &[Balance::equal(
            &["calls"],
            &["ran", "joined", "panicked", "cancelled", "rejected"],
        )],
    };

    fn new(meta: &'static Meta, options: GiveOptions) -> Self {
        Self {
            core: Core::of_function(meta, options),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let core = this.map(|this| this.core);
        let of =
            |count: Count| core.map_or(0, |core| core.book.counters.since_reset(count as usize));
        let ends = [
            Count::Ran,
            Count::Joined,
            Count::Panicked,
            Count::Cancelled,
            Count::Rejected,
        ];
        let ends = ends.map(of);
        let [ran, joined, panicked, cancelled, rejected] = ends;
        let wait = core.and_then(|core| u64::try_from(core.options.wait.as_nanos()).ok());
        let waiting = core.map_or(0, |core| core.book.waiting.load(Relaxed));
        let counter = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
        vec![
            Metric::new("wait", Unit::Nanoseconds, Value::Level(wait)),
            counter("calls", ends.iter().sum()),
            counter("runs", of(Count::Runs)),
            counter("ran", ran),
            counter("joined", joined),
            counter("panicked", panicked),
            counter("cancelled", cancelled),
            counter("rejected", rejected),
            counter("keys_without_room", of(Count::WithoutRoom)),
            Metric::new("waiting", Unit::Count, Value::Level(Some(waiting))),
        ]
    }

    fn reset(&self) {
        self.core.book.counters.reset();
    }
}
