//! Callers that go, are looked at late, ask for many; bodies that panic, fail, give too little: everybody is answered, with
//! his own answer, and the books balance.

use std::sync::atomic::AtomicU64;

use super::*;

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

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
fn calls(batcher: &Doubler, dice: &mut Dice, turns: u64) -> u64 {
    let mut handed_in = 0;
    let mut kept: Vec<std::pin::Pin<Box<dyn Future<Output = _> + '_>>> = Vec::new();
    let right = |item: u64, answer: Result<Result<u64, Rejected>, _>| match answer {
        Ok(Ok(answer)) => assert_eq!(answer, item * 2),
        Ok(Err(rejected)) => assert_eq!(rejected.reason(), Reason::BatchLost),
        Err(panic) => {
            let panic: Box<dyn std::any::Any + Send> = panic;
            assert_eq!(panic.downcast_ref(), Some(&"ninety-seven"));
        }
    };
    for _ in 0..turns {
        let item = dice.roll(1000);
        match dice.roll(8) {
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
                } else if dice.roll(2) == 0 {
                    kept.push(call);
                }
                handed_in += 1;
            }
            1 => kept.clear(),
            2 => {
                let items: Vec<_> = (0..dice.roll(6)).map(|_| dice.roll(1000)).collect();
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

fn chaos(batcher: &Doubler) {
    let seed = from_env("PERFKIT_SEED", 0x5eed_ba7c);
    let turns = from_env("PERFKIT_CHAOS_CALLS", 8_000) / 4;
    println!("seed {seed}, {turns} calls of each of four threads");
    let handed_in = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 1..=4 {
            let handed_in = &handed_in;
            scope.spawn(move || {
                let mut dice = Dice(seed.wrapping_mul(thread) | 1);
                handed_in.fetch_add(calls(batcher, &mut dice, turns), Relaxed);
            });
        }
    });
    block_on(batcher.flush());
    let stats = batcher.stats();
    assert_eq!((stats.items, stats.queued), (handed_in.into_inner(), 0));
    assert_eq!(batcher.call_blocking(1), Ok(2));
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
