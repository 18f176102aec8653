//! What a stack of attributes does to the future of a function: how much larger it is, and how deep they may be nested.

use std::hint::black_box;
use std::io::Error;
use std::mem::size_of_val;
use std::thread;

use perfkit::{breaker, bulkhead, measured, rate_limited, retry, timeout};
use tokio::runtime::Builder;
use tokio::task::yield_now;

/// What the body keeps while it waits.
async fn body<const BYTES: usize>(seed: u8) -> Result<u64, Error> {
    let kept = black_box([seed; BYTES]);
    yield_now().await;
    Ok(kept.iter().map(|byte| u64::from(*byte)).sum())
}

async fn plain<const BYTES: usize>(seed: u8) -> Result<u64, Error> {
    body::<BYTES>(seed).await
}

#[measured]
#[retry]
#[breaker]
#[rate_limited("1000/s")]
#[bulkhead(100, queue = 10)]
#[timeout("10s")]
async fn annotated<const BYTES: usize>(seed: u8) -> Result<u64, Error> {
    body::<BYTES>(seed).await
}

fn sizes<const BYTES: usize>() -> (usize, usize) {
    let plain = size_of_val(&plain::<BYTES>(1));
    let annotated = size_of_val(&annotated::<BYTES>(1));
    (plain, annotated)
}

#[test]
fn six_attributes_add_half_of_the_body_and_512_bytes_at_most() {
    let sizes = [
        sizes::<0>(),
        sizes::<64>(),
        sizes::<1_024>(),
        sizes::<16_384>(),
    ];
    for (plain, annotated) in sizes {
        assert!(
            annotated <= plain + plain / 2 + 512,
            "{annotated} bytes, and {plain} without attributes; of all: {sizes:?}"
        );
    }
}

// The compiler has a limit on how deep types are in each other, and an error for who passes it. What it knows of the future
// of a function it does not look for again: so it gets deeper where each function stands below those it calls. Finding
// out that a future is `Send` is another matter: that looks at every type in it, down to the parts of a timer, and comes
// to an end sooner.
macro_rules! six {
    ($name:ident, $depth:ident => $body:expr) => {
        #[measured]
        #[retry]
        #[breaker]
        #[rate_limited("1000/s")]
        #[bulkhead(100)]
        #[timeout("10s")]
        async fn $name($depth: u32) -> Result<u32, Error> {
            $body
        }
    };
}

macro_rules! last {
    ($name:ident) => {
        six!($name, depth => {
            yield_now().await;
            Ok(depth)
        });
    };
}

macro_rules! callees_first {
    ($name:ident) => {
        last!($name);
    };
    ($name:ident $next:ident $($rest:ident)*) => {
        callees_first!($next $($rest)*);
        six!($name, depth => $next(depth + 1).await);
    };
}

macro_rules! callers_first {
    ($name:ident) => {
        last!($name);
    };
    ($name:ident $next:ident $($rest:ident)*) => {
        six!($name, depth => $next(depth + 1).await);
        callers_first!($next $($rest)*);
    };
}

callees_first!(n1 n2 n3 n4 n5 n6 n7 n8 n9 n10 n11 n12 n13 n14 n15 n16 n17 n18 n19 n20
    n21 n22 n23 n24 n25 n26 n27 n28 n29 n30 n31 n32 n33 n34 n35 n36 n37 n38 n39 n40);
callees_first!(sent1 sent2 sent3 sent4 sent5 sent6 sent7);
callers_first!(down1 down2 down3 down4 down5 down6);

/// Runs it where there is room for the frames of a build that is not optimized: each has the future of its callee in it.
fn run<F: Future<Output = Result<u32, Error>> + 'static>(future: fn() -> F) -> u32 {
    let thread = thread::Builder::new().stack_size(64 << 20);
    let run = move || {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        runtime.block_on(future())
    };
    let thread = thread.spawn(run).expect("a thread");
    thread.join().expect("no panic").expect("nothing fails")
}

#[test]
fn forty_functions_of_six_attributes_call_each_other_without_a_higher_recursion_limit() {
    assert_eq!(run(|| n1(1)), 40);
}

#[test]
fn six_of_them_may_stand_above_those_they_call() {
    let task = || async { tokio::spawn(down1(1)).await.expect("no panic") };
    assert_eq!(run(task), 6);
}

#[test]
fn a_task_may_call_seven_of_them_in_each_other() {
    let task = || async { tokio::spawn(sent1(1)).await.expect("no panic") };
    assert_eq!(run(task), 7);
}
