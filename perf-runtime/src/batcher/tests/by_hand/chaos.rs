//! Callers that go, are looked at late, ask for many; bodies that panic, fail, give too little: everybody is answered, with
//! his own answer, and the books balance.

use std::sync::atomic::AtomicU64;

use super::*;
use crate::chance::{self, Chance};

/// A batch of some of these numbers does what they say.
fn answers(items: &[u64]) -> Vec<u64> {
    if items.iter().any(|item| item % 97 == 0) {
        std::panic::resume_unwind(Box::new("ninety-seven"));
    }
    let short = items.iter().any(|item| item % 89 == 0);
    let most = items.len() - usize::from(short);
    items[..most].iter().map(|item| item * 2).collect()
}

/// One thread's calls; gives how many items it has handed in.
fn calls(batcher: &Doubler, random: &mut Chance, turns: u64) -> u64 {
    let mut handed_in = 0;
    let mut kept: Vec<(u64, std::pin::Pin<Box<dyn Future<Output = _> + '_>>)> = Vec::new();
    let right = |item: u64, answer: Result<Result<u64, Rejected>, _>| match answer {
        Ok(Ok(answer)) => assert_eq!(answer, item * 2),
        Ok(Err(rejected)) => assert_eq!(rejected.reason(), Reason::BatchLost),
        Err(panic) => {
            let panic: Box<dyn std::any::Any + Send> = panic;
            assert_eq!(panic.downcast_ref(), Some(&"ninety-seven"));
        }
    };
    for _ in 0..turns {
        let item = random.below(1000);
        match random.below(8) {
            0 => {
                let mut call = Box::pin(batcher.call(item));
                let polled = catch_unwind(AssertUnwindSafe(|| poll(&mut call)));
                if !matches!(polled, Ok(Poll::Pending)) {
                    right(
                        item,
                        polled.map(|polled| match polled {
                            Poll::Ready(answer) => answer,
                            Poll::Pending => unreachable!(),
                        }),
                    );
                } else if random.below(2) == 0 {
                    kept.push((item, call));
                }
                handed_in += 1;
            }
            // Some are looked at once more before they go, wherever they have come by then.
            1 => {
                for (item, mut call) in kept.drain(..) {
                    if random.below(2) == 0 {
                        continue;
                    }
                    match catch_unwind(AssertUnwindSafe(|| poll(&mut call))) {
                        Ok(Poll::Pending) => {}
                        Ok(Poll::Ready(answer)) => right(item, Ok(answer)),
                        Err(panic) => right(item, Err(panic)),
                    }
                }
            }
            2 => {
                let items: Vec<_> = (0..random.below(6)).map(|_| random.below(1000)).collect();
                handed_in += items.len() as u64;
                let many = items.clone();
                match catch_unwind(AssertUnwindSafe(|| batcher.many_blocking(many))) {
                    Ok(answers) => {
                        assert_eq!(answers.len(), items.len());
                        for (item, answer) in items.into_iter().zip(answers) {
                            right(item, Ok(answer));
                        }
                    }
                    Err(panic) => right(0, Err(panic)),
                }
            }
            _ => {
                let answer = catch_unwind(AssertUnwindSafe(|| batcher.call_blocking(item)));
                right(item, answer);
                handed_in += 1;
            }
        }
    }
    handed_in
}

/// Calls of one thread in a round, after which the books are to balance.
const ROUND: u64 = 1_000;

fn chaos(batcher: &Doubler) {
    let rounds = chance::calls(8_000).div_ceil(4 * ROUND);
    let mut random = Chance::seeded();
    let mut chances = [(); 4].map(|()| random.split());
    let mut handed_in = 0;
    for _ in 0..rounds {
        let of_round = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for random in &mut chances {
                let of_round = &of_round;
                scope.spawn(move || of_round.fetch_add(calls(batcher, random, ROUND), Relaxed));
            }
        });
        block_on(batcher.flush());
        handed_in += of_round.into_inner();
        let stats = batcher.stats();
        assert_eq!((stats.items, stats.queued), (handed_in, 0));
        assert_eq!(batcher.call_blocking(1), Ok(2));
        handed_in += 1;
    }
}

#[test]
fn chaos_of_a_body_that_blocks() {
    let builder = Batcher::builder("chaos: blocks").max_size(5);
    chaos(&builder.build_blocking(|items: Vec<u64>| answers(&items)));
}

#[test]
fn chaos_of_a_body_that_awaits() {
    let builder = Batcher::builder("chaos: awaits").max_size(5).concurrency(2);
    chaos(&builder.build(|items: Vec<u64>| async move {
        once_more().await;
        answers(&items)
    }));
}
