//! When it is worth asking again, in one number, and what is left until then when somebody wants to know.
//!
//! Who rejects a call knows a moment. How long that is from now is worked out for those who ask, when they ask: an error
//! that has stood in a queue for a while tells what is left. With a clock that users move there is no moment that could be
//! compared with anything later, so what was left when the call was rejected is kept instead.

use std::time::Duration;

use super::Reason;
use crate::clock::{self, steady};

/// That it is not a moment: what was left is beside it.
const LEFT: u64 = 1 << 63;

/// See the module. The moments of each reason are those of a clock of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct When(u64);

impl When {
    /// Nobody knows.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// In so many nanoseconds, whenever somebody asks; [`u64::MAX`] is never.
    #[inline]
    pub(crate) const fn after(nanos: u64) -> Self {
        if nanos >= LEFT {
            Self::NEVER
        } else {
            Self(nanos | LEFT)
        }
    }

    /// At that moment: of a breaker in nanoseconds of [`steady`], of a rate limit in ticks. Never, after some centuries.
    #[inline]
    pub(crate) const fn at(moment: u64) -> Self {
        if moment >= LEFT {
            Self::NEVER
        } else {
            Self(moment)
        }
    }

    pub(super) const fn number(self) -> u64 {
        self.0
    }

    pub(super) const fn of_number(number: u64) -> Self {
        Self(number)
    }

    /// What is left of it.
    pub(super) fn left(self, reason: Reason) -> Option<Duration> {
        let nanos = match self {
            Self::NEVER => return None,
            Self(kept) if kept >= LEFT => kept & !LEFT,
            Self(moment) if matches!(reason, Reason::RateLimited) => {
                match moment.saturating_sub(clock::ticks()) {
                    0 => 0,
                    // Rounded up: after so long it is there.
                    ticks => clock::nanos(ticks, clock::factor()).saturating_add(1),
                }
            }
            Self(moment) => moment.saturating_sub(steady::now()),
        };
        Some(Duration::from_nanos(nanos))
    }
}
