//! The times of a breaker: milliseconds in the word, nanoseconds outside of it, and no sum that could overflow.

use std::sync::atomic::Ordering::{AcqRel, Acquire};

use super::sync::AtomicU64;
use super::word::{NEVER, TAGGED_MASK, is_later, tag_of, tagged};

/// In nanoseconds.
pub(super) const MILLISECOND: u64 = 1_000_000;

const LEVEL: u32 = 6;
const LEVEL_MASK: u64 = (1 << LEVEL) - 1;
/// What the word keeps of it. Long before, the time has grown as far as it can.
const HIGHEST: u64 = super::word::LEVEL.most();
/// The longest time that a term keeps, in milliseconds: four years.
const LONGEST: u64 = TAGGED_MASK >> LEVEL;

/// Milliseconds, rounded up.
pub(super) const fn millis(nanos: u64) -> u64 {
    nanos.div_ceil(MILLISECOND)
}

/// When a time from now is over, as the payload of a word; [`NEVER`] where that is too far away for it.
pub(super) fn deadline(now: u64, time: u64) -> u64 {
    now.checked_add(time)
        .map_or(NEVER, |end| millis(end).min(NEVER))
}

/// The payload in nanoseconds.
#[inline]
pub(super) const fn until(payload: u64) -> u64 {
    payload.saturating_mul(MILLISECOND)
}

/// How many nanoseconds can be left of so many milliseconds. The end was rounded up; more is a clock that was set back.
#[inline]
pub(super) const fn most_left(millis: u64) -> u64 {
    until(millis.saturating_add(1))
}

/// `reset`, twice as long for each level, but at most `max`; where it grows, give or take a tenth, by chance.
pub(super) fn grown(reset: u64, max: u64, level: u64, seed: u64) -> u64 {
    let doublings = u32::try_from(level).unwrap_or(u32::MAX);
    let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
    let grown = reset.saturating_mul(factor).min(max);
    if level == 0 || max <= reset {
        return grown;
    }
    let tenth = grown / 10;
    let chance = mixed(seed) % (tenth.saturating_mul(2).saturating_add(1)).max(1);
    (grown - tenth).saturating_add(chance).min(max)
}

/// The output function of Steele, Lea and Flood's `SplitMix64`.
fn mixed(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A time that belongs to a generation of the word, and is kept beside it by whoever has made that generation.
///
/// Until they have, nobody finds it; and who was held up for so long that a later generation has begun keeps it no more.
pub(super) struct Term(AtomicU64);

impl Term {
    pub(super) fn new() -> Self {
        // Of the generation before the first one.
        Self(AtomicU64::new(tagged(u64::MAX, 0)))
    }

    /// A level, and a time in milliseconds, at most four years.
    pub(super) fn set(&self, generation: u64, level: u64, millis: u64) {
        let number = millis.min(LONGEST) << LEVEL | level.min(HIGHEST);
        self.put(generation, number);
    }

    /// The generation, and the time in milliseconds, at most four years.
    #[inline]
    pub(super) fn last(&self) -> (u64, u64) {
        let known = self.0.load(Acquire);
        (tag_of(known), (known & TAGGED_MASK) >> LEVEL)
    }

    /// The level, and the time in milliseconds; nothing where it belongs to another generation.
    pub(super) fn of(&self, generation: u64) -> Option<(u64, u64)> {
        let number = self.number(generation)?;
        let millis = number >> LEVEL;
        let time = if millis == LONGEST { u64::MAX } else { millis };
        Some((number & LEVEL_MASK, time))
    }

    /// Begins at `now` and takes so long.
    pub(super) fn begin(&self, generation: u64, now: u64, time: u64) {
        self.put(generation, deadline(now, time));
    }

    /// Nanoseconds until it is over; nothing where nobody has begun it.
    pub(super) fn left(&self, generation: u64, now: u64) -> Option<u64> {
        let end = self.number(generation)?;
        Some(if end == NEVER {
            u64::MAX
        } else {
            until(end).saturating_sub(now)
        })
    }

    fn number(&self, generation: u64) -> Option<u64> {
        let known = self.0.load(Acquire);
        (tag_of(known) == generation).then_some(known & TAGGED_MASK)
    }

    fn put(&self, generation: u64, number: u64) {
        let new = tagged(generation, number);
        let mut known = self.0.load(Acquire);
        while !is_later(tag_of(known), generation) {
            match self.0.compare_exchange_weak(known, new, AcqRel, Acquire) {
                Ok(_) => return,
                Err(other) => known = other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_overflows() {
        assert_eq!(deadline(u64::MAX, 1), NEVER);
        assert_eq!(deadline(1, u64::MAX), NEVER);
        assert_eq!(until(NEVER - 1), (NEVER - 1).saturating_mul(MILLISECOND));
        assert_eq!(grown(u64::MAX, u64::MAX, 63, 1), u64::MAX);
        assert_eq!(
            grown(3, 100, 64, 1).max(90),
            100.min(grown(3, 100, 64, 1).max(90))
        );
        assert_eq!(millis(u64::MAX), u64::MAX / MILLISECOND + 1);
    }

    #[test]
    fn an_open_time_doubles_give_or_take_a_tenth_and_only_where_it_grows() {
        let second = 1_000_000_000;
        assert_eq!(grown(second, 100 * second, 0, 7), second);
        assert_eq!(grown(second, second, 5, 7), second);
        for seed in 0..1000 {
            let twice = grown(second, 100 * second, 1, seed);
            assert!((1_800_000_000..=2_200_000_000).contains(&twice), "{twice}");
            let most = grown(second, 100 * second, 40, seed);
            assert!((90 * second..=100 * second).contains(&most), "{most}");
        }
    }

    #[test]
    fn a_term_of_an_earlier_generation_does_not_replace_a_later_one() {
        let term = Term::new();
        assert_eq!(term.of(0), None);
        term.set(5, 2, 1000);
        term.set(4, 1, 7);
        assert_eq!(term.of(5), Some((2, 1000)));
        assert_eq!(term.of(4), None);
        term.begin(6, 500, 1_000_000);
        assert_eq!(term.left(6, 1_000_000), Some(1_000_000));
        assert_eq!(term.left(6, u64::MAX), Some(0));
    }
}
