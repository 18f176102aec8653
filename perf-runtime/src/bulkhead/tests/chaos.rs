//! Chaos: calls that panic, are cancelled, are kept and not polled, and call themselves, from tasks and threads, while permits
//! become more and fewer; and the books after every round.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use crate::bulkhead::{Book, Core, Settings, metrics};
use crate::chance::{self, Chance};
use crate::snapshot::Value;

const TASKS: u64 = 32;
const THREADS: u64 = 2;
const CALLS: u64 = 200;
const DEPTH: u32 = 4;

struct World {
    core: Core,
    max: u64,
    /// Bodies that run with a permit of their own.
    inside: AtomicU64,
    calls: AtomicUsize,
}

/// Takes itself off when the body is over, however that is.
struct Body<'w>(Option<&'w World>);

impl<'w> Body<'w> {
    /// Those that pass through without a permit run inside of their callers.
    fn begins(world: &'w World, has_permit: bool) -> Self {
        world.calls.fetch_add(1, Relaxed);
        if !has_permit {
            return Self(None);
        }
        let inside = world.inside.fetch_add(1, Relaxed) + 1;
        assert!(inside <= world.max, "{inside} run, and {} may", world.max);
        Self(Some(world))
    }
}

impl Drop for Body<'_> {
    fn drop(&mut self) {
        if let Some(world) = self.0 {
            world.inside.fetch_sub(1, Relaxed);
        }
    }
}

type Called<'w> = Pin<Box<dyn Future<Output = ()> + Send + 'w>>;

fn call(world: &'static World, mut random: Chance, depth: u32) -> Called<'static> {
    Box::pin(async move {
        let Ok(permit) = Core::enter_async(&world.core).await else {
            world.calls.fetch_add(1, Relaxed);
            return;
        };
        let has_permit = permit.core.is_some();
        let body = async move {
            let _body = Body::begins(world, has_permit);
            for _ in 0..random.below(4) {
                tokio::task::yield_now().await;
            }
            if depth < DEPTH && random.below(100) < 20 {
                call(world, random.split(), depth + 1).await;
            }
            if random.below(100) < 5 {
                chance::panic();
            }
        };
        permit.around(body).await;
    })
}

fn blocking(world: &'static World, random: &mut Chance, depth: u32) {
    let Ok(permit) = Core::enter(&world.core) else {
        world.calls.fetch_add(1, Relaxed);
        return;
    };
    let has_permit = permit.core.is_some();
    let _here = permit.here();
    let _body = Body::begins(world, has_permit);
    if depth < DEPTH && random.below(100) < 20 {
        blocking(world, random, depth + 1);
    }
    if random.below(100) < 5 {
        chance::panic();
    }
}

async fn task(world: &'static World, mut random: Chance) {
    let mut kept = Vec::new();
    for _ in 0..CALLS {
        let mut called = call(world, random.split(), 0);
        // Some are cancelled after so many polls, and some of these kept instead, alive and not polled.
        let mut polls = match random.below(3) {
            0 => random.below(6),
            _ => u64::MAX,
        };
        let over = poll_fn(|cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| called.as_mut().poll(cx)));
            match polled {
                Err(panic) => {
                    chance::forgive(panic);
                    Poll::Ready(true)
                }
                Ok(Poll::Ready(())) => Poll::Ready(true),
                Ok(Poll::Pending) if polls == 0 => Poll::Ready(false),
                Ok(Poll::Pending) => {
                    polls = polls.saturating_sub(1);
                    Poll::Pending
                }
            }
        })
        .await;
        if !over && random.below(8) == 0 && kept.len() < 2 {
            kept.push(called);
        }
        if random.below(10) == 0 {
            kept.clear();
        }
    }
}

/// Changes how many permits there are, up to the most that the world has been promised.
fn resizes(world: &'static World, random: &mut Chance) {
    for _ in 0..CALLS {
        let max = u32::try_from(1 + random.below(world.max)).unwrap();
        Core::resize(&&world.core, max);
        let places = usize::try_from(random.below(40)).unwrap();
        world.core.permits.resize_queue(places);
        std::thread::yield_now();
    }
}

fn round(runtime: &tokio::runtime::Runtime, random: &mut Chance) -> usize {
    let max = 1 + random.below(4);
    let is_resized = random.below(2) == 0;
    let settings = Settings {
        max,
        queue: random.below(40),
        // A task that keeps a body alive keeps its permit, too: those who wait for it have to give up.
        wait: Duration::from_millis(1 + random.below(4)),
    };
    let book: &'static Book = Box::leak(Box::new(Book::new("chaos")));
    let world: &'static World = Box::leak(Box::new(World {
        core: Core::new(book, settings),
        max,
        inside: AtomicU64::new(0),
        calls: AtomicUsize::new(0),
    }));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| runtime.spawn(task(world, random.split())))
        .collect();
    let mut threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let mut random = random.split();
            std::thread::spawn(move || {
                for _ in 0..CALLS {
                    let run = AssertUnwindSafe(|| blocking(world, &mut random, 0));
                    catch_unwind(run).unwrap_or_else(chance::forgive);
                }
            })
        })
        .collect();
    if is_resized {
        let mut random = random.split();
        threads.push(std::thread::spawn(move || resizes(world, &mut random)));
    }
    runtime.block_on(async {
        for task in tasks {
            let ended = tokio::time::timeout(Duration::from_secs(120), task).await;
            ended.expect("a task hangs").unwrap();
        }
    });
    for thread in threads {
        thread.join().unwrap();
    }
    verify(world);
    world.calls.load(Relaxed)
}

fn verify(world: &World) {
    let permits = &world.core.permits;
    assert_eq!(permits.in_use(), 0, "permits are lost");
    assert_eq!(permits.waiting(), 0, "places are lost");
    assert!(!permits.has_grants(), "grants are left");
    assert_eq!(world.inside.load(Relaxed), 0);
    assert!(permits.peak() <= permits.highest() && permits.highest() <= world.max);
    assert!(permits.try_enter(), "the mark is left");
    permits.leave().deliver();
    let metrics = metrics(Some(world.core.book), &[&world.core]);
    let sum = |name| {
        let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
        match &metric.value {
            Value::Counter(count) => *count,
            Value::Counters { parts, .. } => parts.iter().map(|(_, count)| count).sum(),
            other => panic!("{name} is {other:?}"),
        }
    };
    let ended = sum("entered") + sum("rejected") + sum("cancelled");
    assert_eq!(sum("calls"), ended);
    assert!(sum("waited") <= sum("entered"));
}

#[test]
fn no_permit_and_no_place_is_ever_lost() {
    let calls = usize::try_from(chance::calls(50_000)).unwrap();
    let mut random = Chance::seeded();
    let runtime = Arc::new(
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap(),
    );
    let mut done = 0;
    while done < calls {
        done += round(&runtime, &mut random);
    }
    println!("{done} calls");
}
