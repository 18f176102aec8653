//! Chaos: many calls that go wrong in every way there is, and the books after every round.
//!
//! The harness knows a [`Subject`] that can be asked for a key, and nothing of what answers. What happens is drawn from
//! one seed, which is printed; how the threads interleave is not, so a seed makes a failure likely, not certain.
//!
//! It is part of two tests: of the flight alone, and of annotated functions (`tests/chaos`).

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::Poll;
use std::time::Duration;

use crate::chance::{self, Chance};

const TASKS: u64 = 64;
const CALLS: u64 = 200;
pub(super) const KEYS: u64 = 32;
const DEPTH: u32 = 5;
/// A round takes well under a second; this is for the slowest machine there is.
const HANGS: Duration = Duration::from_secs(120);

pub(super) type Called<'c> = Pin<Box<dyn Future<Output = Result<u64, String>> + Send + 'c>>;

/// What the chaos is let loose on.
pub(super) trait Subject: Send + Sync + Sized + 'static {
    /// Asks for `key`, whose body is `script`.
    fn call(self: &Arc<Self>, key: u64, script: Script) -> Called<'_>;

    /// What was answered for `key` is not to be answered any more; `None` is all keys.
    fn invalidate(&self, key: Option<u64>);

    /// Nothing is left of the calls, and the books balance. Panics when they do not.
    fn verify(&self);
}

/// What a body does.
#[derive(Clone, Copy)]
pub(super) struct Script {
    random: Chance,
    key: u64,
    depth: u32,
    /// Whether it ends at all.
    ends: bool,
}

/// What the rounds have seen, beside what the subject counts.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) calls: AtomicUsize,
    pub(super) answers: AtomicUsize,
    pub(super) errors: AtomicUsize,
    pub(super) panics: AtomicUsize,
    pub(super) cancelled: AtomicUsize,
    pub(super) unpolled: AtomicUsize,
}

impl Script {
    /// The same, but for that it comes to an end.
    #[allow(
        dead_code,
        reason = "the flight alone has no body that nobody waits for"
    )]
    pub(super) fn that_ends(mut self) -> Self {
        self.ends = true;
        self
    }

    /// Runs the body: yields, calls another key, then answers, fails, panics or never ends.
    pub(super) async fn run<S: Subject>(mut self, subject: &Arc<S>) -> Result<u64, String> {
        for _ in 0..self.random.below(4) {
            go_around().await;
        }
        if self.random.below(100) < 32 && self.depth < DEPTH {
            let key = self.random.below(KEYS);
            let script = Self {
                random: self.random.split(),
                key,
                depth: self.depth + 1,
                ends: self.ends,
            };
            _ = subject.call(key, script).await;
        }
        match self.random.below(100) {
            0..5 => chance::panic(),
            5..10 => Err(format!("of {}", self.key)),
            10..13 if !self.ends => std::future::pending().await,
            _ => Ok(self.key),
        }
    }
}

/// Lets loose at least `calls` calls on fresh subjects, round by round, on two threads.
pub(super) fn run<S: Subject>(
    calls: u64,
    new: impl Fn() -> Arc<S>,
    mut after: impl FnMut(&S),
) -> Tally {
    let calls = usize::try_from(chance::calls(calls)).unwrap();
    let mut random = Chance::seeded();
    let tally = Arc::new(Tally::default());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    while tally.calls.load(Relaxed) < calls {
        let subject = new();
        round(&runtime, &subject, &tally, &mut random);
        subject.verify();
        after(&subject);
    }
    drop(runtime);
    Arc::into_inner(tally).expect("all tasks have ended")
}

fn round<S: Subject>(
    runtime: &tokio::runtime::Runtime,
    subject: &Arc<S>,
    tally: &Arc<Tally>,
    random: &mut Chance,
) {
    let (done, is_done) = mpsc::channel();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (subject, tally, random, done) =
                (subject.clone(), tally.clone(), random.split(), done.clone());
            runtime.spawn(async move {
                task(&subject, &tally, random).await;
                drop((subject, tally));
                _ = done.send(());
            })
        })
        .collect();
    drop(done);
    // Over when all are done, or have panicked.
    loop {
        match is_done.recv_timeout(HANGS) {
            Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => panic!("a call hangs"),
        }
    }
    for task in tasks {
        runtime.block_on(task).expect("a task ends well");
    }
}

async fn task<S: Subject>(subject: &Arc<S>, tally: &Tally, mut random: Chance) {
    let mut unpolled: Vec<Called<'_>> = Vec::new();
    for _ in 0..CALLS {
        tally.calls.fetch_add(1, Relaxed);
        let key = random.below(KEYS);
        // Most are cancelled. The others are polled when they are woken, and never else: what forgets them hangs.
        let patience = (random.below(16) > 0).then(|| random.below(30));
        let script = Script {
            random: random.split(),
            key,
            depth: 0,
            ends: patience.is_none(),
        };
        let mut call = subject.call(key, script);
        match patiently(&mut call, patience).await {
            Some(Ended::Answered(answer)) => {
                let counter = if answer.is_ok() {
                    &tally.answers
                } else {
                    &tally.errors
                };
                counter.fetch_add(1, Relaxed);
                assert!(
                    answer.is_err() || answer == Ok(key),
                    "the answer of another key"
                );
            }
            Some(Ended::Panicked) => _ = tally.panics.fetch_add(1, Relaxed),
            None => {
                tally.cancelled.fetch_add(1, Relaxed);
                if random.below(8) == 0 {
                    tally.unpolled.fetch_add(1, Relaxed);
                    unpolled.push(call);
                }
            }
        }
        match random.below(64) {
            0 => subject.invalidate(None),
            1..5 => subject.invalidate(Some(random.below(KEYS))),
            5..20 => drop(unpolled.pop()),
            _ => {}
        }
        if unpolled.len() > 4 {
            drop(unpolled.remove(0));
        }
    }
}

enum Ended {
    Answered(Result<u64, String>),
    Panicked,
}

/// Polls a call again and again while the caller's patience lasts; with no end to it, when the call is woken.
async fn patiently(call: &mut Called<'_>, mut patience: Option<u64>) -> Option<Ended> {
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)));
        match polled {
            Err(panic) => {
                chance::forgive(panic);
                return Poll::Ready(Some(Ended::Panicked));
            }
            Ok(Poll::Ready(answer)) => return Poll::Ready(Some(Ended::Answered(answer))),
            Ok(Poll::Pending) => {}
        }
        match &mut patience {
            Some(0) => return Poll::Ready(None),
            Some(patience) => {
                *patience -= 1;
                cx.waker().wake_by_ref();
            }
            None => {}
        }
        Poll::Pending
    })
    .await
}

async fn go_around() {
    let mut is_second = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_second, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
