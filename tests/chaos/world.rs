//! What every function under chaos promises, and how it is found out.
//!
//! An answer says of which key it is, and what had been invalidated of it when its body began. A call that comes after an
//! invalidation has returned must not get what began before it. When a round is over, nothing may be left: a call of any
//! key runs its body at once.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use crate::harness::{Called, KEYS, Script, Subject};

/// One for each key.
type Counts = Box<[AtomicU64]>;

fn counts() -> Counts {
    (0..KEYS).map(|_| AtomicU64::new(0)).collect()
}

/// The key, and how often it had been invalidated when its body began.
pub(crate) type Answer = Result<(u64, u64), String>;

/// A function, and what else there is beside it.
pub(crate) trait Function: Send + Sync + Sized + 'static {
    /// Its name in the report.
    const NAME: &'static str;
    /// Calls it. Without a script, the body answers at once.
    fn call(
        world: &Arc<World<Self>>,
        key: u64,
        script: Option<Script>,
    ) -> impl Future<Output = Answer> + Send;
    /// Takes out what is kept of a key, or of all.
    fn invalidate(key: Option<u64>);
}

/// One round of a function.
pub(crate) struct World<F> {
    /// How often each key was invalidated: before it happens, and after it has.
    begun: Counts,
    done: Counts,
    /// Bodies that run.
    running: AtomicUsize,
    this: Weak<Self>,
    function: PhantomData<fn() -> F>,
}

impl<F: Function> World<F> {
    pub(crate) fn new() -> Arc<Self> {
        // What earlier rounds have left is of another world.
        F::invalidate(None);
        Arc::new_cyclic(|this| Self {
            begun: counts(),
            done: counts(),
            running: AtomicUsize::new(0),
            this: this.clone(),
            function: PhantomData,
        })
    }

    /// The body.
    pub(crate) async fn run(self: &Arc<Self>, key: u64, script: Option<Script>) -> Answer {
        let _running = Running::begin(&self.running);
        let begun = of(&self.begun, key).load(SeqCst);
        let Some(script) = script else {
            return Ok((key, begun));
        };
        script.run(self).await.map(|key| (key, begun))
    }

    /// The body of a sync function.
    pub(crate) fn run_here(self: &Arc<Self>, key: u64, script: Option<Script>) -> Answer {
        let mut body = pin!(self.run(key, script.map(Script::that_ends)));
        loop {
            if let Poll::Ready(answer) = poll(body.as_mut()) {
                return answer;
            }
        }
    }
}

impl<F: Function> Subject for World<F> {
    fn call(self: &Arc<Self>, key: u64, script: Script) -> Called<'_> {
        Box::pin(async move {
            let done = of(&self.done, key).load(SeqCst);
            let (of_key, begun) = F::call(self, key, Some(script)).await?;
            assert!(
                begun >= done,
                "{}: of before an invalidation: {begun} and {done}",
                F::NAME
            );
            Ok(of_key)
        })
    }

    fn invalidate(&self, key: Option<u64>) {
        let keys = key.map_or(0..KEYS, |key| key..key + 1);
        let begun: Vec<_> = keys
            .map(|key| (key, of(&self.begun, key).fetch_add(1, SeqCst) + 1))
            .collect();
        F::invalidate(key);
        for (key, begun) in begun {
            of(&self.done, key).fetch_max(begun, SeqCst);
        }
    }

    fn verify(&self) {
        assert!(self.comes_to_rest(), "a body runs after its calls");
        assert_eq!(self.running.load(SeqCst), 0);
        // A body is gone before its load is counted.
        let has_none = |_| Row::of::<F>().loading == 0;
        assert!((0..100_000).any(has_none), "a load has no end");
        let world = Self::new();
        let before = Row::of::<F>();
        for key in 0..KEYS {
            let mut call = pin!(F::call(&world, key, None));
            let answer = (0..8).find_map(|_| match poll(call.as_mut()) {
                Poll::Ready(answer) => Some(answer),
                Poll::Pending => None,
            });
            assert_eq!(
                answer,
                Some(Ok((key, 0))),
                "a call waits for a run that is over"
            );
        }
        let after = Row::of::<F>();
        assert_eq!(after.loads, before.loads + KEYS);
        assert_eq!(
            (after.coalesced, after.waited_in_vain),
            (before.coalesced, before.waited_in_vain)
        );
    }
}

impl<F> World<F> {
    /// Waits for what runs in the background and knows this round; whether there is an end to it.
    fn comes_to_rest(&self) -> bool {
        (0..10_000_000).any(|_| {
            std::thread::yield_now();
            self.this.strong_count() == 1
        })
    }
}

/// What the report says of a function.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) hits: u64,
    pub(crate) loads: u64,
    pub(crate) coalesced: u64,
    pub(crate) stale: u64,
    pub(crate) refreshes: u64,
    pub(crate) cycles: u64,
    pub(crate) waited_in_vain: u64,
    pub(crate) loading: u64,
}

impl Row {
    pub(crate) fn of<F: Function>() -> Self {
        let report = perfkit::report();
        let row = report
            .find("caches", F::NAME)
            .or_else(|| report.find("lazies", F::NAME));
        let row = row.expect("it is annotated");
        let count = |name| row.count(name).unwrap_or(0);
        let part = |family, part| row.part(family, part).unwrap_or(0);
        Self {
            hits: part("found", "hit"),
            loads: ["ok", "error", "panic", "cancelled"]
                .map(|end| part("loads", end))
                .iter()
                .sum(),
            coalesced: count("coalesced"),
            stale: count("stale"),
            refreshes: count("refreshes"),
            cycles: count("cycles"),
            waited_in_vain: count("wait_expired"),
            loading: count("loading"),
        }
    }
}

fn of(counts: &[AtomicU64], key: u64) -> &AtomicU64 {
    &counts[usize::try_from(key).expect("a small number")]
}

fn poll<T: Future + ?Sized>(future: std::pin::Pin<&mut T>) -> Poll<T::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

struct Running<'w>(&'w AtomicUsize);

impl<'w> Running<'w> {
    fn begin(running: &'w AtomicUsize) -> Self {
        running.fetch_add(1, SeqCst);
        Self(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
