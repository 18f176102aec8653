//! Which bucket a duration belongs to.
//!
//! Durations below 64 ns have a bucket each. Above, every octave (from a power of two to the next) has the same number
//! of buckets, each as wide as 2 % of its lower bound, so that the middle of a bucket is within 1 % of everything in
//! it. The bounds lie on 1/512 of the octave, so one table of 512 bytes, read with the nine bits after the leading one,
//! gives the bucket: no logarithm, no search. This is the log-linear layout of `HdrHistogram` with the waste taken
//! out: equal steps would need 64 buckets per octave where 37 do.
//!
//! The bounds are the same on every machine and in every run, so histograms can be added and compared.

/// Durations from here on fall into the last bucket: one hour, in nanoseconds.
pub(crate) const LONGEST: u64 = 3_600_000_000_000;
/// Buckets in an octave.
pub(crate) const PER_OCTAVE: usize = bounds_in_octave().1;
/// Groups of buckets: the exact ones, and one per octave.
pub(crate) const GROUPS: usize = 1 + (LONGEST.ilog2() - EXACT_BITS) as usize + 1;
/// All buckets.
pub(crate) const BUCKETS: usize = index(LONGEST) + 1;

/// Durations below this have a bucket each.
const EXACT: usize = 64;
const EXACT_BITS: u32 = EXACT.ilog2();
const STEP_BITS: u32 = 9;
const STEPS: usize = 1 << STEP_BITS;
/// Where the buckets of an octave start, in steps, and the end of the last; the rest is unused.
const STARTS: [u16; 64] = bounds_in_octave().0;
/// The bucket of every step of an octave.
static BUCKET_OF_STEP: [u8; STEPS] = bucket_of_step();

#[expect(
    clippy::cast_possible_truncation,
    reason = "at most 512, at compile time"
)]
const fn bounds_in_octave() -> ([u16; 64], usize) {
    let mut starts = [STEPS as u16; 64];
    let mut buckets = 0;
    let mut start = 0;
    while start < STEPS {
        starts[buckets] = start as u16;
        buckets += 1;
        start += (STEPS + start) * 2 / 100;
    }
    (starts, buckets)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "at most 64, at compile time"
)]
const fn bucket_of_step() -> [u8; STEPS] {
    let mut table = [0; STEPS];
    let mut bucket = 0;
    let mut step = 0;
    while step < STEPS {
        if step == STARTS[bucket + 1] as usize {
            bucket += 1;
        }
        table[step] = bucket as u8;
        step += 1;
    }
    table
}

/// The bucket of a duration in nanoseconds; less than [`BUCKETS`].
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "an exact duration is below 64, a step below 512"
)]
pub(crate) const fn index(nanos: u64) -> usize {
    let nanos = if nanos < LONGEST { nanos } else { LONGEST };
    if nanos < EXACT as u64 {
        return nanos as usize;
    }
    let octave = (nanos.ilog2() - EXACT_BITS) as usize;
    let step = nanos << (nanos.leading_zeros() + 1) >> (u64::BITS - STEP_BITS);
    // Nine bits: always within the table.
    EXACT + octave * PER_OCTAVE + BUCKET_OF_STEP[step as usize] as usize
}

/// The group a bucket belongs to; less than [`GROUPS`].
#[inline]
pub(crate) const fn group(index: usize) -> usize {
    if index < EXACT {
        0
    } else {
        1 + (index - EXACT) / PER_OCTAVE
    }
}

/// The buckets of a group.
#[inline]
pub(crate) fn of_group(group: usize) -> std::ops::Range<usize> {
    match group.checked_sub(1) {
        None => 0..EXACT,
        Some(octave) => {
            let start = EXACT + octave * PER_OCTAVE;
            start.min(BUCKETS)..(start + PER_OCTAVE).min(BUCKETS)
        }
    }
}

/// The shortest duration in a bucket and the shortest above it, in nanoseconds.
pub(crate) fn bounds(index: usize) -> (u64, u64) {
    let Some(above) = index.checked_sub(EXACT) else {
        return (index as u64, index as u64 + 1);
    };
    let octave = above / PER_OCTAVE;
    let bound = |bucket: usize| {
        let step = STARTS.get(bucket).map_or(STEPS, |step| usize::from(*step));
        let at = ((STEPS + step) as u128 * EXACT as u128) << octave;
        u64::try_from(at.div_ceil(STEPS as u128)).unwrap_or(u64::MAX)
    };
    let bucket = above % PER_OCTAVE;
    (bound(bucket), bound(bucket + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether the middle of the durations of the bucket, which a report shows for it, is within 1 % of `nanos`.
    fn is_close(nanos: u64) -> bool {
        let (low, high) = bounds(index(nanos));
        let twice_the_middle = low + (high - 1);
        twice_the_middle.abs_diff(2 * nanos) * 100 <= 2 * nanos
    }

    #[test]
    fn every_bound_of_every_bucket_is_within_one_percent() {
        for bucket in 0..BUCKETS - 1 {
            let (low, high) = bounds(bucket);
            for nanos in low..high.min(low + 3) {
                assert_eq!(index(nanos), bucket);
            }
            for nanos in [low, high - 1] {
                if low < high {
                    assert_eq!(index(nanos), bucket);
                    assert!(is_close(nanos), "{nanos} ns");
                }
            }
        }
    }

    #[test]
    fn buckets_leave_no_gap() {
        for bucket in 1..BUCKETS {
            assert_eq!(bounds(bucket - 1).1, bounds(bucket).0);
        }
    }

    #[test]
    fn longer_than_an_hour_is_the_last_bucket() {
        assert_eq!(index(LONGEST), BUCKETS - 1);
        assert_eq!(index(LONGEST + 1), BUCKETS - 1);
        assert_eq!(index(u64::MAX), BUCKETS - 1);
        assert!(is_close(LONGEST));
    }

    #[test]
    fn groups_cover_all_buckets() {
        let all: Vec<_> = (0..GROUPS).flat_map(of_group).collect();
        assert_eq!(all, (0..BUCKETS).collect::<Vec<_>>());
        for bucket in 0..BUCKETS {
            assert!(of_group(group(bucket)).contains(&bucket));
        }
    }

    proptest! {
        #[test]
        fn any_duration_up_to_an_hour_is_within_one_percent(
            bits in 0_u32..42,
            random in any::<u64>(),
        ) {
            // Every magnitude as often as every other.
            let nanos = (random >> (63 - bits)).min(LONGEST);
            let (low, high) = bounds(index(nanos));
            prop_assert!(low <= nanos && nanos < high);
            prop_assert!(is_close(nanos));
        }

        #[test]
        fn a_longer_duration_is_never_in_a_lower_bucket(one: u64, other: u64) {
            let (shorter, longer) = (one.min(other), one.max(other));
            prop_assert!(index(shorter) <= index(longer));
            prop_assert!(index(longer) < BUCKETS);
        }
    }
}
