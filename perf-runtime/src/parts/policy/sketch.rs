//! How often a key was met lately, about, in four bits for each of many more keys than a cache holds.
//!
//! A count-min sketch (Cormode and Muthukrishnan 2005) with the aging of `TinyLFU` (Einziger, Friedman and Manes 2017):
//! every key has four counters, its count is the least of them, and only the least are raised. After a number of events
//! in proportion to the entries all counts are halved, so that what was popular once does not stay so for ever.
//!
//! The four counters of a key lie in one block of 64 bytes, one line of the processor's cache. Halving costs no pass
//! over the table: a block keeps, in a counter that no key uses, the age it was last brought up to, and is halved when
//! it is touched.

/// Words of a block; 128 counters of four bits.
const WORDS: usize = 8;
/// Counters for each entry of the cache: 4 bytes an entry, at most twice that right after the table has doubled.
const COUNTERS_PER_ENTRY: usize = 8;
/// Counters on top of that, a kilobyte, with which a small cache meets few collisions.
const COUNTERS_AT_LEAST: usize = 2048;
const COUNTERS_PER_BLOCK: usize = WORDS * 16;
/// Events for each entry of the cache between two halvings.
const EVENTS_PER_ENTRY: u32 = 10;
/// Fewer entries than this age as if there were so many.
const ENTRIES_AT_LEAST: u32 = 16;
/// The largest count.
const MOST: u64 = 15;
/// A one in each counter of a word.
const EVERY_COUNTER: u64 = 0x1111_1111_1111_1111;

#[repr(align(64))]
#[derive(Debug, Clone, Copy)]
struct Block([u64; WORDS]);

/// See the module.
#[derive(Debug)]
pub(super) struct Sketch {
    blocks: Vec<Block>,
    /// Halvings so far.
    age: u64,
    /// Events until the next halving.
    left: u32,
    entries: usize,
}

impl Sketch {
    pub(super) fn new() -> Self {
        Self {
            blocks: vec![Block([0; WORDS]); COUNTERS_AT_LEAST / COUNTERS_PER_BLOCK],
            age: 0,
            left: ENTRIES_AT_LEAST * EVENTS_PER_ENTRY,
            entries: ENTRIES_AT_LEAST as usize,
        }
    }

    /// Grows with the cache; counts stay as they are. It never shrinks.
    pub(super) fn make_room_for(&mut self, entries: usize) {
        if entries <= self.entries {
            return;
        }
        // An eighth more, so that not every new entry puts off the next halving.
        self.entries = entries + entries / 8;
        self.left = self.events();
        let counters = entries * COUNTERS_PER_ENTRY + COUNTERS_AT_LEAST;
        while self.blocks.len() * COUNTERS_PER_BLOCK < counters {
            // The top bits of a hash choose the block: either half of a doubled block was the block.
            self.blocks = self.blocks.iter().flat_map(|block| [*block; 2]).collect();
        }
    }

    /// How often the key of this hash was met lately, at most 15.
    #[inline]
    pub(super) fn count(&mut self, hash: u64) -> u32 {
        let age = self.age;
        let count = self
            .block(hash)
            .map_or(0, |block| block.aged(age).least(hash));
        #[expect(clippy::cast_possible_truncation, reason = "at most 15")]
        let count = count as u32;
        count
    }

    /// The key of this hash was met so many times more.
    #[inline]
    pub(super) fn add(&mut self, hash: u64, times: u8) {
        if times == 0 {
            return;
        }
        let age = self.age;
        if let Some(block) = self.block(hash) {
            block.aged(age).raise(hash, u64::from(times));
        }
        self.left = self.left.saturating_sub(u32::from(times));
        if self.left == 0 {
            self.age += 1;
            // What was counted counts half from here on, and so do the events.
            self.left = self.events() / 2;
        }
    }

    /// Bytes allocated.
    pub(super) fn memory(&self) -> usize {
        self.blocks.capacity() * size_of::<Block>()
    }

    fn events(&self) -> u32 {
        u32::try_from(self.entries)
            .unwrap_or(u32::MAX)
            .saturating_mul(EVENTS_PER_ENTRY)
    }

    fn block(&mut self, hash: u64) -> Option<&mut Block> {
        let index = (u128::from(hash) * self.blocks.len() as u128) >> 64;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "less than the number of blocks"
        )]
        self.blocks.get_mut(index as usize)
    }
}

impl Block {
    /// This block as it is after so many halvings.
    ///
    /// It knows its age modulo 16. One that nobody has touched for that long is taken for younger than it is, and what
    /// it then says of a key is wrong by what all of its keys were not met for: little, and once.
    fn aged(&mut self, age: u64) -> &mut Self {
        let [first, ..] = &self.0;
        let halvings = age.wrapping_sub(*first) & MOST;
        if halvings > 0 {
            let kept = (MOST >> halvings) * EVERY_COUNTER;
            for word in &mut self.0 {
                *word = (*word >> halvings) & kept;
            }
            let [first, ..] = &mut self.0;
            *first = (*first & !MOST) | (age & MOST);
        }
        self
    }

    fn least(&self, hash: u64) -> u64 {
        let counts = places(hash).map(|(word, shift)| {
            let word = self.0.get(word).copied().unwrap_or(0);
            (word >> shift) & MOST
        });
        counts.into_iter().fold(MOST, u64::min)
    }

    fn raise(&mut self, hash: u64, times: u64) {
        let to = (self.least(hash) + times).min(MOST);
        for (word, shift) in places(hash) {
            if let Some(word) = self.0.get_mut(word) {
                let count = ((*word >> shift) & MOST).max(to);
                *word = (*word & !(MOST << shift)) | (count << shift);
            }
        }
    }
}

/// The four counters of a key: the word of each, and where in it. Each is in two words of its own.
///
/// The first counter of the block holds its age; for a key that would have it, the one beside it stands in.
fn places(hash: u64) -> [(usize, u32); 4] {
    [0, 1, 2, 3].map(|row| {
        // Five bits each, from the middle: the top ones chose the block, the low ones may have chosen the shard.
        let counter = (hash >> (row * 5 + 16)) & 31;
        let counter = counter.max(u64::from(row == 0));
        let (word, place) = (row * 2 + counter / 16, counter % 16);
        #[expect(clippy::cast_possible_truncation, reason = "less than 8 and 16")]
        let place = (word as usize, place as u32 * 4);
        place
    })
}
