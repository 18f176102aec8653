//! Calls that panic, go, are looked at late, and call their own workers: each has its own answer, and the books balance.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use super::super::books::Count;
use super::super::{Core, Full, Settings, Workers};
use super::by_hand::{call, given, poll};
use crate::carried::Answer;
use crate::chance::{self, Chance};
use crate::rejected::Reason;
use crate::rt::park::block_on;

type Call = Pin<Box<dyn Future<Output = Answer<u64>>>>;

/// A body does what its number says.
fn asked(core: &'static Core, number: u64) -> impl FnOnce() -> u64 + Send + 'static {
    move || {
        if number.is_multiple_of(97) {
            std::panic::resume_unwind(Box::new(number));
        }
        if number.is_multiple_of(11) {
            return given(block_on(call(core, move || number))) * 2;
        }
        number * 2
    }
}

fn right(number: u64, ended: std::thread::Result<Answer<u64>>) {
    match ended {
        Ok(Answer::Given(answer)) => assert_eq!(answer, number * 2),
        Ok(Answer::Rejected(rejected)) => assert_eq!(rejected.reason(), Reason::QueueFull),
        Ok(Answer::Panicked(..)) => panic!("a call has its panic for itself"),
        Err(panic) => assert_eq!(panic.downcast_ref(), Some(&number)),
    }
}

/// One thread's calls; gives how many it has made.
fn calls(core: &'static Core, random: &mut Chance, turns: u64) -> u64 {
    let mut kept: Vec<(u64, Call)> = Vec::new();
    for _ in 0..turns {
        let number = random.below(1000);
        let mut asks: Call = Box::pin(call(core, asked(core, number)));
        match random.below(8) {
            0 => {
                let polled = catch_unwind(AssertUnwindSafe(|| poll(&mut asks)));
                match polled {
                    Ok(Poll::Pending) if random.below(2) == 0 => kept.push((number, asks)),
                    Ok(Poll::Pending) => {}
                    Ok(Poll::Ready(answer)) => right(number, Ok(answer)),
                    Err(panic) => right(number, Err(panic)),
                }
            }
            1 => {
                kept.clear();
                right(number, catch_unwind(AssertUnwindSafe(|| block_on(asks))));
            }
            2 => {
                for (number, asks) in kept.drain(..) {
                    right(number, catch_unwind(AssertUnwindSafe(|| block_on(asks))));
                }
                right(number, catch_unwind(AssertUnwindSafe(|| block_on(asks))));
            }
            _ => right(number, catch_unwind(AssertUnwindSafe(|| block_on(asks)))),
        }
    }
    turns
}

#[test]
fn chaos_of_workers() {
    let core = Core::new(
        "workers: chaos",
        Settings {
            threads: Some(2),
            queue: 6,
            full: Full::Reject,
        },
    );
    let mut random = Chance::seeded();
    let turns = chance::calls(8_000) / 4;
    let made = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (made, mut random) = (&made, random.split());
            scope.spawn(move || {
                made.fetch_add(calls(core, &mut random, turns), Relaxed);
            });
        }
    });
    let workers = Workers::of(core);
    assert_eq!(block_on(workers.shutdown(Duration::MAX)), 0);
    let stats = workers.stats();
    assert_eq!((stats.queued, stats.busy), (0, 0));
    // Those that bodies have made come on top; each of them ended where it was made.
    let inline = core.books.since_reset(Count::Inline);
    assert_eq!(stats.calls, made.into_inner() + inline);
}
