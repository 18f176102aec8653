//! What a stack of attributes does to the future of a function: how much larger it is, and how deep they may be nested.

use std::hint::black_box;
use std::io::Error;
use std::mem::size_of_val;

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

// The compiler has a limit on how deep futures are in each other, and an error for who passes it. Functions without
// attributes come to 63 where those that are called stand first, to 31 where they stand last; one async block in each,
// which a body needs that may return early, halves both.
macro_rules! chain {
    ($name:ident) => {
        #[measured]
        #[retry]
        #[breaker]
        #[timeout("10s")]
        async fn $name(depth: u32) -> Result<u32, Error> {
            yield_now().await;
            Ok(depth)
        }
    };
    ($name:ident $next:ident $($rest:ident)*) => {
        chain!($next $($rest)*);

        #[measured]
        #[retry]
        #[breaker]
        #[timeout("10s")]
        async fn $name(depth: u32) -> Result<u32, Error> {
            $next(depth + 1).await
        }
    };
}

chain!(n1 n2 n3 n4 n5 n6 n7 n8 n9 n10 n11 n12);

#[test]
fn annotated_functions_call_each_other_without_a_higher_recursion_limit() {
    let runtime = Builder::new_current_thread().enable_time().build();
    let answer = runtime.expect("a runtime").block_on(n1(1));
    assert_eq!(answer.expect("nothing fails"), 12);
}
