//! Who was evicted lately: fingerprints and when, without the entries.
//!
//! A table in which newer ghosts take the places of older ones, four bytes a place. It may forget a ghost early, take a
//! key for another once in 65,536 times, or believe one that is much older than the table is long to be of today: what
//! is decided by it is only how large a window is, a little at a time.

#[derive(Debug, Clone, Copy)]
struct Ghost {
    /// Never 0 but where nobody is.
    fingerprint: u16,
    /// When it was evicted: the number of the eviction, in the table's unit.
    when: u16,
}

const NOBODY: Ghost = Ghost {
    fingerprint: 0,
    when: 0,
};
/// The least number of places.
const LEAST: usize = 64;
/// The unit of time is as fine as lets `when` tell this many times the length of the table apart.
const LENGTHS: usize = 4;

/// See the module.
#[derive(Debug)]
pub(super) struct Ghosts {
    places: Vec<Ghost>,
    evicted: u32,
    /// Evictions for one unit of time, as a power of two.
    unit: u32,
}

impl Ghosts {
    pub(super) fn new() -> Self {
        Self {
            places: vec![NOBODY; LEAST],
            evicted: 0,
            unit: 0,
        }
    }

    /// Grows to so many places or up to twice that. Those that are there are forgotten then.
    pub(super) fn make_room_for(&mut self, count: usize) {
        if count > self.places.len() {
            let places = count.next_power_of_two();
            self.places = vec![NOBODY; places];
            self.unit = (places * LENGTHS).ilog2().saturating_sub(u16::BITS);
        }
    }

    /// An entry with this hash was evicted.
    pub(super) fn remember(&mut self, hash: u64) {
        self.evicted = self.evicted.wrapping_add(1);
        let ghost = Ghost {
            fingerprint: fingerprint(hash),
            when: self.now(),
        };
        if let Some(place) = self.place(hash) {
            *place = ghost;
        }
    }

    /// If an entry with this hash was evicted, how many were since, about; it is forgotten then.
    pub(super) fn recall(&mut self, hash: u64) -> Option<u32> {
        let (now, unit) = (self.now(), self.unit);
        let place = self.place(hash)?;
        if place.fingerprint != fingerprint(hash) {
            return None;
        }
        let Ghost { when, .. } = std::mem::replace(place, NOBODY);
        Some(u32::from(now.wrapping_sub(when)) << unit)
    }

    /// Bytes allocated.
    pub(super) fn memory(&self) -> usize {
        self.places.capacity() * size_of::<Ghost>()
    }

    fn now(&self) -> u16 {
        #[expect(clippy::cast_possible_truncation, reason = "time wraps around")]
        let now = (self.evicted >> self.unit) as u16;
        now
    }

    fn place(&mut self, hash: u64) -> Option<&mut Ghost> {
        let index = (u128::from(hash) * self.places.len() as u128) >> 64;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "less than the number of places"
        )]
        self.places.get_mut(index as usize)
    }
}

fn fingerprint(hash: u64) -> u16 {
    // From the middle: the high bits choose the place, the low ones may have chosen the shard.
    #[expect(clippy::cast_possible_truncation, reason = "16 of the bits")]
    let middle = (hash >> 16) as u16;
    middle.max(1)
}
