//! Who was evicted lately: fingerprints, from where and when, without the entries.
//!
//! The last few of one block, four bytes each, newer ones in the places of older ones. They may forget a ghost early,
//! take a key for another once in 65,536 times, or believe one that is much older than the cache is long to be of today:
//! what is decided by it is only how large a window is, a little at a time.

use super::queues::Queue;

/// How many there are.
pub(super) const PLACES: usize = 8;
/// Bits that say when.
const WHEN: u32 = 12;
/// Set of those that left the window.
const WINDOW: u32 = 1 << WHEN;
/// Where the fingerprint begins: it is what is left, and not zero where somebody is.
const FINGERPRINT: u32 = WHEN + 1;

/// Counts evictions from a queue.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock(u32);

impl Clock {
    pub(super) fn advance(&mut self) {
        self.0 = self.0.wrapping_add(1);
    }

    /// The time to be kept with a ghost, in units of a power of two of evictions.
    fn now(self, unit: u32) -> u32 {
        (self.0 >> unit) & ((1 << WHEN) - 1)
    }
}

/// The unit that lets [`WHEN`] bits tell evictions apart that are less than four times `entries` ago.
pub(super) fn unit(entries: usize) -> u32 {
    let most = entries.saturating_mul(4).max(1).ilog2() + 1;
    most.saturating_sub(WHEN)
}

/// See the module: the newest first.
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
        let ghost = fingerprint(print) << FINGERPRINT | queue | clock.now(unit);
        // Not part by part: the processor waits when it reads as a whole what it has written in parts.
        let newer = self.0;
        let at = |place: usize| newer.get(place.wrapping_sub(1)).copied().unwrap_or(ghost);
        self.0 = std::array::from_fn(at);
    }

    /// If an entry was evicted, the queue it left and how many left that since, about; it is forgotten then.
    #[inline]
    pub(super) fn recall(
        &mut self,
        print: u32,
        window: Clock,
        main: Clock,
        unit: u32,
    ) -> Option<(Queue, u32)> {
        let print = fingerprint(print);
        // Most often nobody is, which is seen at once when all are compared.
        let is = |ghost: &u32| *ghost >> FINGERPRINT == print;
        if !self.0.iter().fold(false, |any, ghost| any | is(ghost)) {
            return None;
        }
        let ghost = self.take(print)?;
        let (queue, clock) = match ghost & WINDOW {
            0 => (Queue::Main, main),
            _ => (Queue::Window, window),
        };
        let since = clock.now(unit).wrapping_sub(ghost) & ((1 << WHEN) - 1);
        Some((queue, since << unit))
    }

    // Apart, or the comparisons of the two are made one.
    #[inline(never)]
    fn take(&mut self, print: u32) -> Option<u32> {
        let mut ghosts = self.0.iter_mut();
        let ghost = ghosts.find(|ghost| **ghost >> FINGERPRINT == print)?;
        Some(std::mem::take(ghost))
    }
}

fn fingerprint(print: u32) -> u32 {
    (print >> FINGERPRINT).max(1)
}
