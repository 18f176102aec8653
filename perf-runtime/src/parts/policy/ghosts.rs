//! Who was evicted lately: fingerprints, from where and when, without the entries.
//!
//! A few of one block, four bytes each, and one place for a key: who comes there later takes it over. They may forget a
//! ghost early, take a key for another once in 65,536 times, or believe one that is much older than the cache is long to
//! be of today: what is decided by it is only how large a window is, a little at a time.

use super::queues::Queue;

/// How many there are.
pub(super) const PLACES: usize = 8;
/// Says when.
const WHEN: u32 = 0xfff;
/// Set of those that left the window.
const WINDOW: u32 = WHEN + 1;
/// What is left is the fingerprint.
const FINGERPRINT: u32 = !(WINDOW | WHEN);

/// Counts evictions from a queue.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock(u32);

impl Clock {
    pub(super) fn advance(&mut self) {
        self.0 = self.0.wrapping_add(1);
    }

    /// The time to be kept with a ghost, in units of a power of two of evictions.
    fn now(self, unit: u32) -> u32 {
        (self.0 >> unit) & WHEN
    }
}

/// The unit that lets the bits of [`WHEN`] tell evictions apart that are less than four times `entries` ago.
pub(super) fn unit(entries: usize) -> u32 {
    let most = entries.saturating_mul(4).max(1).ilog2() + 1;
    most.saturating_sub(WHEN.count_ones())
}

/// See the module.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ghosts([u32; PLACES]);

impl Ghosts {
    /// An entry was evicted from this queue.
    #[inline]
    pub(super) fn remember(&mut self, print: u32, from: Queue, clock: Clock, unit: u32) {
        let queue = match from {
            Queue::Window => WINDOW,
            Queue::Main => 0,
        };
        if let Some(place) = self.0.get_mut(place(print)) {
            *place = (print & FINGERPRINT) | queue | clock.now(unit);
        }
    }

    /// What is known of an entry if it was evicted; it is forgotten then.
    #[inline]
    pub(super) fn recall(&mut self, print: u32) -> Option<Ghost> {
        let place = self.0.get_mut(place(print))?;
        let ghost = *place;
        if (ghost ^ print) & FINGERPRINT != 0 {
            return None;
        }
        *place = !print & FINGERPRINT;
        Some(Ghost(ghost))
    }
}

/// Somebody who was evicted.
pub(super) struct Ghost(u32);

impl Ghost {
    /// The queue it left.
    pub(super) fn from(&self) -> Queue {
        match self.0 & WINDOW {
            0 => Queue::Main,
            _ => Queue::Window,
        }
    }

    /// How many left its queue since, about.
    pub(super) fn distance(&self, clock: Clock, unit: u32) -> u32 {
        (clock.now(unit).wrapping_sub(self.0) & WHEN) << unit
    }
}

/// Where the ghost of a key is.
#[inline]
fn place(print: u32) -> usize {
    (print >> 28) as usize % PLACES
}
