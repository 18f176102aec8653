//! The scenes of the pools that tasks wait for, written once for all tools.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Barrier, watch};
use tokio::task::{JoinHandle, yield_now};

use super::{BACKEND, Crowd, Figures, Pool, Room, Scene, Where, bare};
use crate::harness::median;

/// Blocks of a lone caller's calls, the tool's and the baseline's in turn.
const BLOCKS: u64 = 20;
/// How long connecting takes in a spike, in milliseconds, and how long each caller needs what he gets.
const CONNECTING: u64 = 150;
const QUERY: Duration = Duration::from_millis(2);
/// How long an attempt takes to fail, in milliseconds, and for how long callers try.
const FAILING: u64 = 10;
const OUTAGE: Duration = Duration::from_secs(2);

/// Plays a scene.
pub fn play<P: Pool>(at: Where, scene: Scene, calls: u64) -> Option<Figures> {
    let runtime = runtime(at)?;
    Some(match scene {
        Scene::Lone => run(&runtime, lone::<P>(calls)),
        Scene::Few => run(&runtime, crowd::<P>(64, 8, calls)),
        Scene::Many => run(&runtime, crowd::<P>(1_000, 50, calls)),
        Scene::Spike => run(&runtime, spike::<P>()),
        Scene::Dead => run(&runtime, dead::<P>()),
    })
}

fn runtime(at: Where) -> Option<Runtime> {
    let mut builder = match at {
        Where::CurrentThread => Builder::new_current_thread(),
        Where::TwoWorkers => Builder::new_multi_thread(),
        Where::Threads => return None,
    };
    let runtime = builder.worker_threads(2).enable_time().build();
    Some(runtime.expect("the system has threads to give"))
}

/// Runs it where tasks run: what is given to `block_on` is no task of a runtime of workers.
fn run(runtime: &Runtime, scene: impl Future<Output = Figures> + Send + 'static) -> Figures {
    runtime
        .block_on(runtime.spawn(scene))
        .expect("a scene does not panic")
}

async fn lone<P: Pool>(calls: u64) -> Figures {
    const ROOM: Room = Room { idle: 8, max: 8 };
    let pool = P::start(ROOM).await;
    let baseline = bare::Stack::start(ROOM).await;
    let calls = (calls / BLOCKS).max(1);
    block(&pool, calls).await;
    let mut pairs = Vec::new();
    for _ in 0..BLOCKS {
        let beside = block(&baseline, calls).await;
        pairs.push((block(&pool, calls).await, beside));
    }
    Figures::Cost(
        median(pairs.iter().map(|(cost, _)| *cost).collect()),
        median(pairs.iter().map(|(_, beside)| *beside).collect()),
    )
}

async fn block<P: Pool>(pool: &P, calls: u64) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        assert!(pool.lend(ready(())).await, "there are enough");
    }
    nanoseconds(start.elapsed()) / count(calls)
}

/// When a caller was done, and how long he waited each time, in ticks.
type Story = (Duration, Vec<u64>);

async fn crowd<P: Pool>(callers: u64, resources: usize, calls: u64) -> Figures {
    let pool = P::start(Room {
        idle: resources,
        max: resources,
    });
    let pool = Arc::new(pool.await);
    let each = (calls / callers).max(20);
    // What the first crowd pays once is not what a crowd costs.
    tell(&pool, callers, resources, each / 4 + 1).await;
    let (elapsed, stories) = tell(&pool, callers, resources, each).await;
    judged(elapsed, stories)
}

/// All wait in line before the first of them gets anything: one who came while the others are still being spawned would be
/// done before they have begun.
async fn tell<P: Pool>(
    pool: &Arc<P>,
    callers: u64,
    resources: usize,
    each: u64,
) -> (Duration, Vec<Story>) {
    let clock = quanta::Clock::new();
    let (open, opened) = watch::channel(false);
    let all_taken = Arc::new(Barrier::new(resources + 1));
    for _ in 0..resources {
        let (pool, all_taken, mut opened) =
            (Arc::clone(pool), Arc::clone(&all_taken), opened.clone());
        tokio::spawn(async move {
            let held = async {
                all_taken.wait().await;
                opened.wait_for(|is_open| *is_open).await.ok();
            };
            assert!(pool.lend(held).await, "there are enough");
        });
    }
    all_taken.wait().await;
    let here = Arc::new(AtomicU64::new(0));
    let running: Vec<JoinHandle<(Instant, Vec<u64>)>> = (0..callers)
        .map(|_| {
            let (pool, here, clock) = (Arc::clone(pool), Arc::clone(&here), clock.clone());
            tokio::spawn(async move {
                let mut waits = Vec::with_capacity(usize::try_from(each).unwrap_or(0));
                here.fetch_add(1, Relaxed);
                assert!(pool.lend(yield_now()).await, "nobody waits for too long");
                for _ in 0..each {
                    let came = clock.raw();
                    let held = async {
                        waits.push(clock.raw().saturating_sub(came));
                        yield_now().await;
                    };
                    assert!(pool.lend(held).await, "nobody waits for too long");
                }
                (Instant::now(), waits)
            })
        })
        .collect();
    while here.load(Relaxed) < callers {
        yield_now().await;
    }
    let start = Instant::now();
    open.send_replace(true);
    let mut stories = Vec::new();
    for caller in running {
        let (end, waits) = caller.await.expect("a caller does not panic");
        stories.push((end - start, waits));
    }
    (start.elapsed(), stories)
}

/// What a crowd met.
pub(super) fn judged(elapsed: Duration, stories: Vec<Story>) -> Figures {
    let clock = quanta::Clock::new();
    let ends = || stories.iter().map(|(end, _)| end.as_secs_f64());
    let first = ends().fold(f64::INFINITY, f64::min);
    let last = ends().fold(0.0, f64::max);
    let mut waits: Vec<u64> = stories.into_iter().flat_map(|(_, waits)| waits).collect();
    waits.sort_unstable();
    let quantile = |per_cent: usize| {
        let place = waits.len() * per_cent / 100;
        let wait = waits.get(place.min(waits.len().saturating_sub(1)));
        count(clock.delta_as_nanos(0, wait.copied().unwrap_or(0))) / 1e3
    };
    Figures::Crowd(Crowd {
        per_second: count(waits.len() as u64) / elapsed.as_secs_f64(),
        p50: quantile(50),
        p99: quantile(99),
        spread: last / first,
    })
}

async fn spike<P: Pool>() -> Figures {
    let pool = Arc::new(P::start(Room { idle: 5, max: 50 }).await);
    BACKEND.set(CONNECTING, false);
    BACKEND.attempts();
    let start = Instant::now();
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.lend(tokio::time::sleep(QUERY)).await })
        })
        .collect();
    for caller in callers {
        assert!(caller.await.expect("a caller does not panic"), "it is up");
    }
    let elapsed = start.elapsed();
    // Those that are still being made count as well.
    tokio::time::sleep(Duration::from_millis(2 * CONNECTING)).await;
    let made = BACKEND.attempts();
    BACKEND.set(0, false);
    Figures::Made(made, elapsed.as_secs_f64() * 1e3)
}

async fn dead<P: Pool>() -> Figures {
    BACKEND.set(FAILING, true);
    let pool = Arc::new(P::start(Room { idle: 0, max: 10 }).await);
    BACKEND.attempts();
    let callers: Vec<_> = (0..64)
        .map(|_| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move {
                loop {
                    pool.lend(ready(())).await;
                    yield_now().await;
                }
            })
        })
        .collect();
    tokio::time::sleep(OUTAGE).await;
    let attempts = BACKEND.attempts();
    for caller in callers {
        caller.abort();
    }
    BACKEND.set(0, false);
    Figures::Attempts(count(attempts as u64) / OUTAGE.as_secs_f64())
}

/// Takes so many resources out of a pool at once, for a tool that makes none before it is asked.
pub(super) async fn fill<P: Pool>(pool: P, idle: usize) -> P {
    let pool = Arc::new(pool);
    let all = Arc::new(Barrier::new(idle.max(1)));
    let takers: Vec<_> = (0..idle)
        .map(|_| {
            let (pool, all) = (Arc::clone(&pool), Arc::clone(&all));
            tokio::spawn(async move {
                let held = async {
                    all.wait().await;
                };
                pool.lend(held).await
            })
        })
        .collect();
    for taker in takers {
        assert!(taker.await.expect("nobody panics"), "there is room");
    }
    // A tool that gives back in a task of its own may have the last reference but ours for a moment.
    let mut pool = pool;
    loop {
        match Arc::try_unwrap(pool) {
            Ok(pool) => return pool,
            Err(shared) => pool = shared,
        }
        yield_now().await;
    }
}

pub(super) fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of calls and nanoseconds stay far below 2^52"
)]
pub(super) fn count(count: u64) -> f64 {
    count as f64
}
