use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use super::{Memoized, memoize};

/// A function that counts its runs.
fn counted() -> (Memoized<u64, u64>, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let double = memoize(move |n: u64| {
        counter.fetch_add(1, Relaxed);
        2 * n
    });
    (double, runs)
}

#[test]
fn an_answer_is_made_once() {
    let (double, runs) = counted();
    assert!(double.is_empty());
    for _ in 0..3 {
        assert_eq!(double.call(21), 42);
        assert_eq!(double.call_ref(&21), 42);
    }
    assert_eq!(double.clone().call(21), 42);
    assert_eq!((double.len(), runs.load(Relaxed)), (1, 1));
}

#[test]
fn answers_are_told_apart() {
    let (double, runs) = counted();
    for n in (0..100).chain(0..100) {
        assert_eq!(double.call(n), 2 * n);
    }
    assert_eq!(runs.load(Relaxed), 100);
}

#[test]
fn no_more_are_kept_than_asked_for() {
    let (double, _) = counted();
    for most in [0, 1, 10] {
        let double = double.clone().max_size(most);
        for n in 0..100 {
            assert_eq!(double.call(n), 2 * n);
            assert!(double.len() <= most.max(1));
        }
        assert_eq!(double.len(), most.max(1));
    }
}

#[test]
fn all_are_kept_when_there_is_no_bound() {
    let (double, runs) = counted();
    let double = double.unbounded();
    let many = if cfg!(miri) { 100 } else { 110_000 };
    for n in (0..many).chain(0..many) {
        double.call(n);
    }
    assert_eq!(runs.load(Relaxed), usize::try_from(many).unwrap());
}

#[test]
fn cleared_answers_are_made_again() {
    let (double, runs) = counted();
    double.call(1);
    double.clear();
    assert!(double.is_empty());
    double.call(1);
    assert_eq!(runs.load(Relaxed), 2);
}

#[test]
fn text_is_looked_for_borrowed() {
    let len = memoize(|text: String| text.len());
    assert_eq!(len.call_ref("four"), 4);
    assert_eq!(len.call("four".to_owned()), 4);
    assert_eq!(len.len(), 1);
    let sum = memoize(|numbers: Vec<u32>| numbers.iter().sum::<u32>());
    assert_eq!(sum.call_ref([1, 2].as_slice()), 3);
}

#[test]
fn a_function_may_call_itself() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let fib = Memoized::recursive(move |fib, n: u32| {
        counter.fetch_add(1, Relaxed);
        match n {
            0 | 1 => u128::from(n),
            _ => fib.call(n - 1) + fib.call(n - 2),
        }
    });
    assert_eq!(
        fib.call(180),
        18_547_707_689_471_986_212_190_138_521_399_707_760
    );
    assert_eq!(runs.load(Relaxed), 181);
}

#[test]
fn a_function_may_clear_itself_and_drop_its_own_handle() {
    let nested = Memoized::recursive(|own: &Memoized<u8, u8>, n| {
        own.clear();
        if n > 0 { own.clone().call(n - 1) } else { 0 }
    });
    assert_eq!(nested.call(3), 0);
}

#[test]
fn a_panic_keeps_nothing() {
    let runs = AtomicUsize::new(0);
    let once = memoize(move |n: u8| {
        if runs.fetch_add(1, Relaxed) == 0 {
            // Without the hook's message, which would look like a failed test.
            resume_unwind(Box::new("first"));
        }
        n
    });
    let panic = catch_unwind(AssertUnwindSafe(|| once.call(1))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"first"));
    assert!(once.is_empty());
    assert_eq!(once.call(1), 1);
}

#[test]
fn threads_share_the_answers() {
    let (double, runs) = counted();
    let threads = 4;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..100).for_each(|n| assert_eq!(double.call(n), 2 * n)));
        }
    });
    assert_eq!(double.len(), 100);
    assert!((100..=100 * threads).contains(&runs.load(Relaxed)));
}
