//! The scenes of the pools that threads wait for.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::scenes::{count, judged, nanoseconds};
use super::{Blocking, Figures, Room, Scene, Where, bare};
use crate::harness::median;

const BLOCKS: u64 = 20;
const CALLERS: u64 = 64;

/// Plays a scene; a spike and an outage are scenes of tasks.
pub fn play<P: Blocking>(at: Where, scene: Scene, calls: u64) -> Option<Figures> {
    match (at, scene) {
        (Where::Threads, Scene::Lone) => Some(lone::<P>(calls)),
        (Where::Threads, Scene::Few) => Some(crowd::<P>(calls)),
        _ => None,
    }
}

fn lone<P: Blocking>(calls: u64) -> Figures {
    const ROOM: Room = Room { idle: 8, max: 8 };
    let (pool, baseline) = (P::start(ROOM), <bare::Stack as Blocking>::start(ROOM));
    let calls = (calls / BLOCKS).max(1);
    block(&pool, calls);
    let pairs: Vec<_> = (0..BLOCKS)
        .map(|_| (block(&baseline, calls), block(&pool, calls)))
        .collect();
    Figures::Cost(
        median(pairs.iter().map(|(_, cost)| *cost).collect()),
        median(pairs.iter().map(|(beside, _)| *beside).collect()),
    )
}

fn block<P: Blocking>(pool: &P, calls: u64) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        pool.lend(|| {});
    }
    nanoseconds(start.elapsed()) / count(calls)
}

fn crowd<P: Blocking>(calls: u64) -> Figures {
    let pool = Arc::new(P::start(Room { idle: 8, max: 8 }));
    // A thread that waits is put to sleep and woken, which takes fifty times what a task takes.
    let each = (calls / CALLERS / 2).max(20);
    let start = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let clock = quanta::Clock::new();
                let mut waits = Vec::new();
                for _ in 0..each {
                    let came = clock.raw();
                    pool.lend(|| {
                        waits.push(clock.raw().saturating_sub(came));
                        thread::yield_now();
                    });
                }
                (start.elapsed(), waits)
            })
        })
        .collect();
    let stories = callers
        .into_iter()
        .map(|caller| caller.join().expect("a caller does not panic"))
        .collect();
    judged(start.elapsed(), stories)
}
