//! Which bucket a duration belongs to.
//!
//! A duration is shown as the middle of its bucket, in whole nanoseconds, and that is within 1 % of it:
//!
//! - below 256 ns a bucket holds as many whole nanoseconds as are within 1 % of the one in its middle: one each up to
//!   100 ns, then three, then five;
//! - above, every octave (from a power of two to the next) has the same 38 buckets, each at most as wide as 2 % of its
//!   lower bound. Bounds lie on 1/256 of the octave, so a table read with the eight bits after the leading one gives
//!   the bucket: no logarithm, no search.
//!
//! This is the log-linear layout of `HdrHistogram` with the waste taken out: equal steps would need 64 buckets in an
//! octave. The bounds are the same on every machine and in every run, so histograms can be added and compared.

/// Durations from here on fall into the last bucket: one hour, in nanoseconds.
pub(crate) const LONGEST: u64 = 3_600_000_000_000;
/// All buckets.
pub(crate) const BUCKETS: usize = index(LONGEST) + 1;
/// Neighbours that are kept together or not at all: the fewest of which all groups have a bit in a word of 64, and
/// whole cache lines of counts.
pub(crate) const GROUP: usize = 24;
/// Groups of buckets; the last one is not full.
pub(crate) const GROUPS: usize = BUCKETS.div_ceil(GROUP);

const STEP_BITS: u32 = 8;
/// In how many steps an octave is divided; durations below are short.
const STEPS: usize = 1 << STEP_BITS;

/// The buckets of short durations.
const SHORT: Part = Part::short();
/// The buckets of an octave.
const OCTAVE: Part = Part::octave();
/// Where each bucket starts, in nanoseconds, and where the last one ends.
static STARTS: [u64; BUCKETS + 1] = starts();
/// The bucket of each short duration.
static BUCKET_OF_SHORT: [u8; STEPS] = SHORT.table();
/// The bucket of each step of an octave.
static BUCKET_OF_STEP: [u8; STEPS] = OCTAVE.table();

/// A stretch of [`STEPS`] in buckets.
struct Part {
    /// Where the buckets start; unused ones at the end.
    starts: [u16; STEPS + 1],
    buckets: usize,
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "at most 256, at compile time"
)]
impl Part {
    const fn short() -> Self {
        let mut part = Self::empty();
        let mut start = 0;
        while start < STEPS {
            part.push(start);
            start += 1 + 2 * (start / 100);
        }
        part
    }

    const fn octave() -> Self {
        let mut part = Self::empty();
        let mut start = 0;
        while start < STEPS {
            part.push(start);
            start += (STEPS + start) * 2 / 100;
        }
        part
    }

    const fn empty() -> Self {
        Self {
            starts: [STEPS as u16; STEPS + 1],
            buckets: 0,
        }
    }

    const fn push(&mut self, start: usize) {
        self.starts[self.buckets] = start as u16;
        self.buckets += 1;
    }

    const fn table(&self) -> [u8; STEPS] {
        let mut table = [0; STEPS];
        let mut bucket = 0;
        let mut step = 0;
        while step < STEPS {
            if step == self.starts[bucket + 1] as usize {
                bucket += 1;
            }
            table[step] = bucket as u8;
            step += 1;
        }
        table
    }
}

/// The bucket of a duration in nanoseconds; less than [`BUCKETS`].
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the lowest eight bits are wanted"
)]
pub(crate) const fn index(nanos: u64) -> usize {
    let nanos = if nanos < LONGEST { nanos } else { LONGEST };
    // Eight bits in both cases: always within the table.
    if nanos < STEPS as u64 {
        return BUCKET_OF_SHORT[nanos as u8 as usize] as usize;
    }
    let power = nanos.ilog2();
    let step = (nanos >> (power - STEP_BITS)) as u8;
    let octave = (power - STEP_BITS) as usize;
    SHORT.buckets + octave * OCTAVE.buckets + BUCKET_OF_STEP[step as usize] as usize
}

/// The group a bucket belongs to; less than [`GROUPS`].
#[inline]
pub(crate) const fn group(index: usize) -> usize {
    index / GROUP
}

/// The buckets of a group.
#[inline]
pub(crate) fn of_group(group: usize) -> std::ops::Range<usize> {
    let start = group.saturating_mul(GROUP);
    start.min(BUCKETS)..start.saturating_add(GROUP).min(BUCKETS)
}

/// The shortest duration in a bucket and the shortest above it, in nanoseconds.
#[inline]
pub(crate) fn bounds(index: usize) -> (u64, u64) {
    match STARTS.get(index..) {
        Some([low, high, ..]) => (*low, *high),
        _ => (LONGEST, u64::MAX),
    }
}

const fn starts() -> [u64; BUCKETS + 1] {
    let mut starts = [0; BUCKETS + 1];
    let mut index = 0;
    while index <= BUCKETS {
        starts[index] = match index.checked_sub(SHORT.buckets) {
            None => SHORT.starts[index] as u64,
            Some(long) => {
                let step = OCTAVE.starts[long % OCTAVE.buckets] as u64;
                (STEPS as u64 + step) << (long / OCTAVE.buckets)
            }
        };
        index += 1;
    }
    starts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether what a report shows for the bucket is within 1 % of `nanos`.
    fn is_close(nanos: u64) -> bool {
        let (low, high) = bounds(index(nanos));
        let shown = low + (high - low) / 2;
        shown.abs_diff(nanos) * 100 <= nanos
    }

    #[test]
    fn every_short_duration_and_every_bound_is_within_one_percent() {
        let bounds = (0..BUCKETS - 1).map(bounds);
        let at_bounds = bounds.flat_map(|(low, high)| [low, high - 1]);
        for nanos in (0..100_000).chain(at_bounds) {
            assert!(is_close(nanos), "{nanos} ns");
        }
    }

    #[test]
    fn every_bucket_holds_what_lies_between_its_bounds() {
        for bucket in 0..BUCKETS {
            let (low, high) = bounds(bucket);
            assert_eq!(index(low), bucket);
            if bucket < BUCKETS - 1 {
                assert_eq!(index(high - 1), bucket);
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
