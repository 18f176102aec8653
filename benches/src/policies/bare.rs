//! No policy: the function itself. The baseline of every row.

use std::hint::black_box;

use super::{Answer, KEYS, body, each, read};
use crate::policy;
use crate::rows::{Row, Shape, Tool};

/// The function as it is.
pub const TOOL: Tool = Tool {
    name: "none",
    start: || {},
    rows,
    background: false,
};

#[inline(never)]
fn plain(x: u64) -> Answer {
    body(x)
}

#[inline(never)]
fn keyed(key: u64, x: u64) -> Answer {
    black_box(key);
    body(x)
}

async fn ready(x: u64) -> Answer {
    body(x)
}

/// The baseline of the rows of this shape.
#[must_use]
pub fn beside(shape: Shape) -> fn(u64) {
    match shape {
        Shape::BreakerSeldom => |turns| {
            each(Shape::BreakerSeldom, turns, |x| {
                let _ = black_box(plain(x));
            });
        },
        Shape::Keyed | Shape::KeyedOpen => |turns| {
            each(Shape::Keyed, turns, |x| {
                let _ = black_box(keyed(x % KEYS, x));
            });
        },
        Shape::BreakerAsync
        | Shape::OpenAsync
        | Shape::RetryAsync
        | Shape::Timeout
        | Shape::Stack3
        | Shape::Stack5 => |turns| {
            each(Shape::BreakerAsync, turns, |x| {
                read(ready(x));
            });
        },
        _ => |turns| {
            each(Shape::Breaker, turns, |x| {
                let _ = black_box(plain(x));
            });
        },
    }
}

fn rows() -> Vec<Row> {
    vec![
        policy!(Breaker, "bare function", |x| plain(x)),
        policy!(BreakerSeldom, "bare function, 1 % fail", |x| plain(x)),
        policy!(async BreakerAsync, "bare async fn", |x| ready(x)),
        policy!(Keyed, "bare function of a key", |x| keyed(x % KEYS, x)),
    ]
}
