//! What is known of keys that need not be here: how often they were met lately, and when they were evicted.
//!
//! A table of blocks, each a line of the processor's cache: half of it a part of a [`Sketch`], half of it a few
//! [`Ghosts`]. All that is known of a key is in one block, so that a miss costs one line, and an eviction another. A key
//! is known by what is [kept](super::queues::KEPT) of its hash.

use super::ghosts::{Clock, Ghosts, unit};
use super::queues::Queue;
use super::sketch::Sketch;

/// How many entries a block is for: seven bytes for each of them.
const ENTRIES_PER_BLOCK: usize = 9;
/// Blocks on top of that, at most one for each entry, with which a small cache meets few collisions.
const MORE_BLOCKS: usize = 64;
/// Events for each entry of the cache between two halvings.
const EVENTS_PER_ENTRY: u32 = 16;

#[repr(align(64))]
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    sketch: Sketch,
    ghosts: Ghosts,
}

/// See the module.
#[derive(Debug)]
pub(super) struct History {
    blocks: Vec<Block>,
    /// Halvings so far.
    age: u64,
    /// Events until the next halving.
    left: u32,
    entries: usize,
    /// Evictions from the window, and from the main queue.
    from_window: Clock,
    from_main: Clock,
    /// Of their times.
    unit: u32,
}

impl History {
    /// Without any room.
    pub(super) fn new() -> Self {
        Self {
            blocks: Vec::new(),
            age: 0,
            left: 1,
            entries: 0,
            from_window: Clock::default(),
            from_main: Clock::default(),
            unit: 0,
        }
    }

    /// Grows with the cache: no count falls, ghosts are forgotten. It never shrinks.
    pub(super) fn make_room_for(&mut self, entries: usize) {
        let (before, after) = (
            self.blocks.len(),
            entries.div_ceil(ENTRIES_PER_BLOCK) + entries.min(MORE_BLOCKS),
        );
        if after <= before {
            return;
        }
        for block in &mut self.blocks {
            block.sketch.aged(self.age);
        }
        let mut fresh = Block::default();
        fresh.sketch.aged(self.age);
        let old = |at: usize| self.blocks.get(at).unwrap_or(&fresh).sketch;
        let blocks = (0..after).map(|at| {
            // The hashes of a new block are those of one or of two old ones.
            let (first, end) = (at * before / after, (at + 1) * before);
            let last = end.saturating_sub(1) / after;
            let sketch = old(first).merged(old(last));
            Block { sketch, ..fresh }
        });
        self.blocks = blocks.collect();
        self.entries = entries;
        self.left = self.events();
        self.unit = unit(entries);
    }

    /// How often the key of this hash was met lately, at most 15.
    #[inline]
    pub(super) fn count(&self, hash: u64) -> u64 {
        let block = self.blocks.get(place(hash, self.blocks.len()));
        block.map_or(0, |block| block.sketch.count(print(hash), self.age))
    }

    /// The key of this hash was met so many times more.
    #[inline]
    pub(super) fn add(&mut self, hash: u64, times: u8) {
        if times == 0 {
            return;
        }
        let age = self.age;
        if let Some(block) = self.block(hash) {
            let sketch = block.sketch.aged(age);
            for _ in 0..times {
                sketch.raise(print(hash));
            }
        }
        self.pass(u32::from(times));
    }

    /// The same, once, of a key that is not here. If its entry was evicted, from which queue and how many were from there
    /// since, about; that is forgotten then.
    #[inline]
    pub(super) fn add_missed(&mut self, hash: u64) -> Option<(Queue, u32)> {
        self.pass(1);
        let age = self.age;
        let block = self.block(hash)?;
        let print = print(hash);
        block.sketch.aged(age).raise(print);
        let ghost = block.ghosts.recall(print)?;
        let clock = match ghost.from() {
            Queue::Window => self.from_window,
            Queue::Main => self.from_main,
        };
        Some((ghost.from(), ghost.distance(clock, self.unit)))
    }

    #[inline]
    fn pass(&mut self, events: u32) {
        match self.left.checked_sub(events) {
            Some(left) if left > 0 => self.left = left,
            _ => self.grow_old(),
        }
    }

    #[cold]
    fn grow_old(&mut self) {
        self.age += 1;
        // What was counted counts half from here on, and so do the events.
        self.left = self.events() / 2;
    }

    /// The entry of this hash was evicted from a queue.
    #[inline]
    pub(super) fn remember(&mut self, hash: u64, from: Queue) {
        let clock = match from {
            Queue::Window => &mut self.from_window,
            Queue::Main => &mut self.from_main,
        };
        clock.advance();
        let (clock, unit) = (*clock, self.unit);
        if let Some(block) = self.block(hash) {
            block.ghosts.remember(print(hash), from, clock, unit);
        }
    }

    /// The same with the window, unless the key was met often enough to stay; true when it was.
    #[inline]
    pub(super) fn remember_unless(&mut self, hash: u64, stays: impl FnOnce(u64) -> bool) -> bool {
        let (age, mut clock, unit) = (self.age, self.from_window, self.unit);
        let print = print(hash);
        if let Some(block) = self.block(hash) {
            if stays(block.sketch.count(print, age)) {
                return true;
            }
            clock.advance();
            block.ghosts.remember(print, Queue::Window, clock, unit);
            self.from_window = clock;
        }
        false
    }

    /// Bytes allocated.
    pub(super) fn memory(&self) -> usize {
        self.blocks.capacity() * size_of::<Block>()
    }

    fn events(&self) -> u32 {
        u32::try_from(self.entries)
            .unwrap_or(u32::MAX)
            .saturating_mul(EVENTS_PER_ENTRY)
            .max(2)
    }

    #[inline]
    fn block(&mut self, hash: u64) -> Option<&mut Block> {
        let at = place(hash, self.blocks.len());
        self.blocks.get_mut(at)
    }

    /// Where it all is.
    #[inline]
    pub(super) fn whereabouts(&self) -> Whereabouts {
        Whereabouts {
            first: self.blocks.as_ptr().cast(),
            blocks: self.blocks.len(),
        }
    }
}

#[inline]
fn place(hash: u64, blocks: usize) -> usize {
    // The high half of the product of two halves: even, without a division, for any number of blocks.
    (((hash >> 32) * blocks as u64) >> 32) as usize
}

/// Where a history is in memory, as long as it does not grow; for who fetches a part of it before it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    pub(crate) first: *const u8,
    pub(crate) blocks: usize,
}

impl Whereabouts {
    /// The address of what is known of the key of this hash.
    #[inline]
    pub(crate) fn of(self, hash: u64) -> *const u8 {
        let offset = place(hash, self.blocks) * size_of::<Block>();
        self.first.wrapping_add(offset)
    }
}

/// What stands for a key in its block: all of the hash, spread over the bits; those that chose the block say little else.
#[inline]
fn print(hash: u64) -> u32 {
    (hash.rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}
