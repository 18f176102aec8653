//! The promises of `#[memoized]`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use perfkit::memoized;

#[test]
fn a_recursion_is_as_long_as_it_is_deep() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[memoized]
    fn fib(n: u64) -> u64 {
        RUNS.fetch_add(1, Relaxed);
        if n < 2 {
            return n;
        }
        fib(n - 1).wrapping_add(fib(n - 2))
    }

    assert_eq!(fib(90), 2_880_067_194_370_816_120);
    assert_eq!(RUNS.load(Relaxed), 91);
}

#[test]
fn a_recursion_may_be_deep() {
    #[memoized]
    fn depth(n: u32) -> u32 {
        if n == 0 { 0 } else { depth(n - 1) + 1 }
    }

    let deep = std::thread::Builder::new().stack_size(64 << 20);
    let answer = deep.spawn(|| depth(10_000)).unwrap().join().unwrap();
    assert_eq!(answer, 10_000);
}

#[tokio::test]
async fn an_async_recursion_too() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[memoized]
    async fn fib(n: u64) -> u64 {
        RUNS.fetch_add(1, Relaxed);
        if n < 2 {
            return n;
        }
        Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await
    }

    assert_eq!(fib(40).await, 102_334_155);
    assert_eq!(RUNS.load(Relaxed), 41);
}

#[test]
fn none_is_an_answer_like_others() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[memoized]
    fn root(n: u32) -> Option<u32> {
        RUNS.fetch_add(1, Relaxed);
        let root = n.isqrt();
        (root * root == n).then_some(root)
    }

    for _ in 0..2 {
        assert_eq!(root(3), None);
        assert_eq!(root(4), Some(2));
    }
    assert_eq!(RUNS.load(Relaxed), 2);
}

#[test]
fn no_more_is_kept_than_was_said() {
    #[memoized(unbounded)]
    fn cube(n: u64) -> u64 {
        n * n * n
    }

    #[memoized(max_size = 10)]
    fn square(n: u64) -> u64 {
        n * n
    }

    for n in 0..100 {
        square(n);
    }
    assert_eq!(square_cache().len(), 10);

    for n in 0..1000 {
        cube(n);
    }
    assert_eq!(cube_cache().len(), 1000);
}

#[test]
fn an_invalidation_beats_a_run() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[memoized]
    fn answer(n: u64) -> u64 {
        if RUNS.fetch_add(1, Relaxed) == 0 {
            answer_cache().invalidate(n);
        }
        n
    }

    for _ in 0..3 {
        assert_eq!(answer(1), 1);
    }
    assert_eq!(RUNS.load(Relaxed), 2);
}
