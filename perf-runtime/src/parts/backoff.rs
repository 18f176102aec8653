//! How long to wait before an attempt.
//!
//! A delay grows with the number of attempts up to a longest one, and then chance takes some of it away, so that those who
//! failed together do not come again together ("full jitter": Brooker, *Exponential Backoff And Jitter*, AWS, 2015). Plain
//! arithmetic: the random number is handed in, and every step saturates.

use std::time::Duration;

#[cfg(test)]
mod tests;

/// How the delays before the second, third, … attempt grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Growth {
    /// Each is so many times the one before it.
    Exponential(f64),
    /// All are the same.
    Constant,
    /// Each is the sum of the two before it: 1, 1, 2, 3, 5 times the first.
    Fibonacci,
}

/// What chance takes away from a delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Nothing.
    None,
    /// Anything: the delay is between zero and what it was.
    Full,
    /// Up to half of it.
    Equal,
}

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Backoff {
    pub(crate) growth: Growth,
    /// The delay before the second attempt.
    pub(crate) first: Duration,
}

impl Backoff {
    /// The delay before the attempt of that number, from 2 on, at most `longest`. At most 584 years.
    pub(crate) fn delay(&self, attempt: u32, longest: Duration) -> Duration {
        let before = attempt.saturating_sub(2);
        let first = nanos(self.first);
        let longest = nanos(longest);
        let grown = match self.growth {
            Growth::Constant => first,
            Growth::Exponential(factor) => exponential(first, factor, before),
            Growth::Fibonacci => fibonacci(first, before, longest),
        };
        Duration::from_nanos(grown.min(longest))
    }
}

impl Jitter {
    /// What chance leaves of a delay; `random` is anything, each value as likely as the others.
    pub(crate) fn apply(self, delay: Duration, random: u64) -> Duration {
        let delay = nanos(delay);
        let fixed = match self {
            Self::None => delay,
            Self::Full => 0,
            Self::Equal => delay - delay / 2,
        };
        let rest = delay - fixed;
        // The high half of the product: as likely to be any number from zero to the rest as 64 bits allow.
        let some = (u128::from(random) * (u128::from(rest) + 1)) >> 64;
        Duration::from_nanos(fixed.saturating_add(u64::try_from(some).unwrap_or(rest)))
    }
}

/// Anything below one, and what is no number, does not shrink a delay.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a delay needs no more than the 53 bits of its number, and the conversion saturates"
)]
fn exponential(first: u64, factor: f64, before: u32) -> u64 {
    let power = i32::try_from(before).unwrap_or(i32::MAX);
    (first as f64 * factor.max(1.0).powi(power)) as u64
}

fn fibonacci(first: u64, before: u32, longest: u64) -> u64 {
    let (mut this, mut next) = (first, first);
    for _ in 0..before {
        // It would not change any more; nor would it for a first delay of zero.
        if this >= longest || this == 0 {
            break;
        }
        (this, next) = (next, this.saturating_add(next));
    }
    this
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
