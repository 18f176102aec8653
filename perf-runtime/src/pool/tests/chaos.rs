//! Pools under chaos: callers that panic, are cancelled, are kept and not polled, block threads, poison and take what they
//! get, while factories fail, panic and hang, and limits change; and the books after every round.
//!
//! After what hangs or could not be made a pool waits, by the clock. So there are two kinds of rounds: the first and one in ten
//! after it storm, with all of that, and all callers come at once. In the others, which are longer, all waits are for somebody
//! but one: that after the end of a runtime that something was being made on.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinError;

use crate::chance::{self, Chance};
use crate::pool::{Pool, Pooled};

/// Calls in a round that storms, and in a calm one.
const STORMY: u64 = 4_000;
const CALM: u64 = 40_000;
/// Callers at once in a calm one.
const CROWD: u64 = 200;
/// One in so many rounds storms.
const STORM: u64 = 10;
const MOST: usize = 6;

/// The next number of a seed that many draw from.
fn random(seed: &AtomicU64) -> u64 {
    Chance(seed.fetch_add(Chance::STEP, SeqCst)).next()
}

#[derive(Default)]
struct World {
    seed: AtomicU64,
    /// Resources that are there, in the pool or out of it.
    living: AtomicUsize,
    out: AtomicUsize,
    /// Things hang, and cannot be made.
    storms: AtomicBool,
}

struct Resource(Arc<World>);

impl Drop for Resource {
    fn drop(&mut self) {
        self.0.living.fetch_sub(1, SeqCst);
        if random(&self.0.seed).is_multiple_of(50) && !std::thread::panicking() {
            chance::panic();
        }
    }
}

/// Counts who has something.
struct Held<'w>(&'w World);

impl<'w> Held<'w> {
    fn new(world: &'w World) -> Self {
        assert!(
            world.out.fetch_add(1, SeqCst) < MOST,
            "more are out than there may be"
        );
        Self(world)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.out.fetch_sub(1, SeqCst);
    }
}

fn pool(world: &Arc<World>) -> Pool<Resource> {
    let (makers, checkers, releasers) = (Arc::clone(world), Arc::clone(world), Arc::clone(world));
    Pool::builder("chaos")
        .max_size(MOST)
        .acquire_timeout(Duration::from_secs(600))
        .create_timeout(Duration::from_millis(20))
        .check_after(Duration::from_micros(50))
        .idle_timeout(Duration::from_millis(40))
        .max_lifetime(Duration::from_millis(200))
        .validate_every(Duration::from_millis(20))
        .validate_timeout(Duration::from_millis(10))
        .validate_async(move |_| {
            let chance = random(&checkers.seed) % 100;
            let storms = checkers.storms.load(SeqCst);
            assert!(chance != 0, "a check panics");
            Box::pin(async move {
                match chance {
                    1 if storms => pending().await,
                    2..5 => false,
                    _ => {
                        tokio::task::yield_now().await;
                        true
                    }
                }
            })
        })
        .on_release(move |_| {
            let chance = random(&releasers.seed) % 200;
            assert!(chance != 0, "a hook panics");
            chance != 1
        })
        .build(move || {
            let world = Arc::clone(&makers);
            // In calm it only takes its time, or not.
            let calm = if world.storms.load(SeqCst) { 0 } else { 14 };
            let chance = calm + random(&world.seed) % (100 - 2 * calm);
            assert!(chance > 2, "a factory panics");
            async move {
                match chance {
                    3..13 => return Err("refused"),
                    13 => pending().await,
                    14..60 => tokio::task::yield_now().await,
                    _ => {}
                }
                assert!(chance != 99, "a future of a factory panics");
                world.living.fetch_add(1, SeqCst);
                Ok(Resource(world))
            }
        })
        .expect("nothing is wrong")
}

/// What somebody does with what he got.
fn end(world: &World, mut guard: Pooled<Resource>) {
    match random(&world.seed) % 40 {
        0 => guard.poison(),
        1 => {
            let resource = Pooled::take(guard);
            let run = AssertUnwindSafe(|| drop(resource));
            catch_unwind(run).unwrap_or_else(chance::forgive);
            return;
        }
        2 => chance::panic(),
        _ => {}
    }
    drop(guard);
}

/// Polls a future a few times, and drops it when it has not ended by then.
async fn cancelled<F: Future>(future: F, polls: u64) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut polls = polls;
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if polls == 0 => Poll::Ready(None),
        Poll::Pending => {
            polls -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

async fn call(world: Arc<World>, pool: Pool<Resource>) {
    let chance = random(&world.seed) % 100;
    let guard = match chance {
        0..30 => cancelled(pool.acquire(), chance % 4)
            .await
            .and_then(Result::ok),
        30..40 => pool.try_acquire(),
        40 => {
            pool.evict_idle();
            None
        }
        41..45 => {
            // One who does not poll what he waits for, while others wait behind him.
            let mut forgotten = Box::pin(pool.acquire());
            let got = cancelled(forgotten.as_mut(), 0).await;
            if world.storms.load(SeqCst) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            } else {
                tokio::task::yield_now().await;
            }
            match got {
                Some(got) => got.ok(),
                None => forgotten.await.ok(),
            }
        }
        _ => pool.acquire().await.ok(),
    };
    if let Some(guard) = guard {
        let held = Held::new(&world);
        for _ in 0..random(&world.seed) % 3 {
            tokio::task::yield_now().await;
        }
        drop(held);
        end(&world, guard);
    }
}

/// What a thread does.
fn blocks(world: &World, pool: &Pool<Resource>, calls: u64) {
    for _ in 0..calls {
        let Ok(guard) = pool.acquire_blocking() else {
            continue;
        };
        drop(Held::new(world));
        let run = AssertUnwindSafe(|| end(world, guard));
        catch_unwind(run).unwrap_or_else(chance::forgive);
    }
}

/// A task that has panicked as it may.
fn forgiven(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        chance::forgive(error.into_panic());
    }
}

/// When nobody does anything any more, all that is there can be had, and the books agree.
async fn balance(world: &Arc<World>, pool: &Pool<Resource>) {
    poll_fn(|cx| {
        let mut state = pool.handle().lock();
        if state.is_at_rest() {
            return Poll::Ready(());
        }
        state.watch(cx.waker().clone());
        Poll::Pending
    })
    .await;
    let state = pool.handle().lock();
    let (levels, books) = (state.levels(), &state.books);
    assert_eq!(levels.waiting, 0);
    assert_eq!(levels.size, levels.idle + levels.checking + levels.in_use);
    let ended = books.acquired()
        + books.timeouts
        + books.cancelled
        + books.closed
        + books.failed
        + books.empty;
    assert_eq!(books.requests(), ended);
    assert_eq!(
        books.created + books.put,
        books.ended.iter().sum::<u64>() + levels.size as u64
    );
    drop(state);
    assert_eq!(world.out.load(SeqCst), 0);
}

#[test]
fn nothing_is_lost_in_chaos() {
    std::panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or_default();
        // Those that are part of it.
        if !message.contains("panics") {
            eprintln!("{info}");
        }
    }));
    let calls = chance::calls(12_000);
    let world = Arc::new(World::default());
    world.seed.store(Chance::seeded().0, SeqCst);
    let pool = pool(&world);
    let (mut done, mut rounds) = (0, 0_u64..);
    while done < calls {
        let storms = rounds.next().is_some_and(|round| round % STORM == 0);
        world.storms.store(storms, SeqCst);
        let most = if storms { STORMY } else { CALM };
        let round = (calls - done).min(most);
        let crowd = if storms { round } else { CROWD };
        // A runtime of its own for each round, and one that ends in the middle of it.
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        let dying = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        let threads = [0, 1].map(|_| {
            let (world, pool) = (Arc::clone(&world), pool.clone());
            std::thread::spawn(move || blocks(&world, &pool, round / 20))
        });
        let crowd_of_dying = (crowd / 10).max(1);
        for _ in 0..crowd_of_dying {
            let (world, pool) = (Arc::clone(&world), pool.clone());
            dying.spawn(async move {
                for _ in 0..round / 10 / crowd_of_dying {
                    // Its panics are not looked at, because it may be gone at any time.
                    let _ = tokio::spawn(call(Arc::clone(&world), pool.clone())).await;
                }
            });
        }
        let mut dying = Some(dying);
        runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for number in 0..round * 8 / 10 {
                tasks.spawn(call(Arc::clone(&world), pool.clone()));
                if tasks.len() as u64 >= crowd
                    && let Some(ended) = tasks.join_next().await
                {
                    forgiven(ended);
                }
                if !storms && number == round / 4 {
                    dying
                        .take()
                        .into_iter()
                        .for_each(Runtime::shutdown_background);
                }
            }
            if storms {
                for _ in 0..round / 4 {
                    if let Some(ended) = tasks.join_next().await {
                        forgiven(ended);
                    }
                }
            }
            dying
                .take()
                .into_iter()
                .for_each(Runtime::shutdown_background);
            while let Some(ended) = tasks.join_next().await {
                forgiven(ended);
            }
            let joined = tokio::task::spawn_blocking(move || {
                for thread in threads {
                    thread.join().expect("no thread panics outside");
                }
            });
            joined.await.unwrap();
            balance(&world, &pool).await;
        });
        drop(runtime);
        done += round;
    }
    let size = pool.stats().size;
    assert_eq!(
        world.living.load(SeqCst),
        size,
        "all that is there is in the pool"
    );
    drop(pool);
    assert_eq!(world.living.load(SeqCst), 0);
}
