//! The machine against a naive one, under threads, and under the schedules of a model checker.

use super::keys::{KeyAdmission, Keys};
use super::rules::{Failures, MILLION, Rules, Window};
use super::*;
use crate::chance::{Chance, calls};
use crate::clock::coarse::glance::UNKNOWN;
use crate::parts::key::{Key, Lookup};

mod at_once;
mod by_key;
#[cfg(perfkit_model)]
mod models;
#[cfg(perfkit_model)]
mod models_of_keys;
mod naive;
mod reference;

const SECOND: u64 = 1_000_000_000;

/// No time at a glance, and no margin.
const UNSEEN: (u64, u64) = (UNKNOWN, 0);

/// Five failures in a row, open for a second, one probe.
fn rules() -> Rules {
    Rules {
        failures: Failures::InARow(5),
        window: Window::None,
        min_calls: 1,
        slow_share: None,
        cancelled: None,
        reset: SECOND,
        max_reset: SECOND,
        probes: 1,
        successes: 1,
        lease: SECOND,
    }
}

impl Machine {
    fn seeded_with(rules: Rules) -> Self {
        Self::seeded(rules, Phase::Closed, 7)
    }
}

impl<K: Key> Keys<K> {
    /// Whether a call of this key may run.
    fn admit<L: Lookup<K>>(
        &self,
        lookup: &L,
        seen: (u64, u64),
        now: impl FnOnce() -> u64,
    ) -> KeyAdmission {
        match self.pass_if_well(lookup) {
            Some(pass) => KeyAdmission {
                pass: Ok(pass),
                change: None,
            },
            None => self.admit_among(lookup, seen, now),
        }
    }
}
