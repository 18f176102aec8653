//! How often a key was met lately, about, in four bits.
//!
//! The part of a count-min sketch (Cormode and Muthukrishnan 2005) that is in one block: three rows of counters, one of
//! each row for a key; its count is the least of them, and only the least are raised. All are halved now and then (the
//! aging of `TinyLFU`; Einziger, Friedman and Manes 2017), when the block is touched: it keeps, in a counter that no key
//! uses, the age it was last brought up to.

/// Words of 16 counters: a row each, but the last two are one.
const WORDS: usize = 4;
/// A counter of each.
const ROWS: usize = 3;
/// The largest count.
pub(super) const MOST: u64 = 15;
/// A one in each counter of a word.
const EVERY_COUNTER: u64 = 0x1111_1111_1111_1111;
/// Every other counter, with a bit to spare above each.
const EVERY_OTHER: u64 = 0x0f0f_0f0f_0f0f_0f0f;

/// See the module.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sketch([u64; WORDS]);

impl Sketch {
    /// As it is after so many halvings.
    ///
    /// It knows its age modulo 16. One that nobody has touched for that long is taken for younger than it is, and what
    /// it then says of a key is wrong by what all of its keys were not met for: little, and once.
    #[inline]
    pub(super) fn aged(&mut self, age: u64) -> &mut Self {
        if self.halvings(age) > 0 {
            self.halve(age);
        }
        self
    }

    /// The count of a key after so many halvings, at most [`MOST`]. `print` says which counters are its own.
    #[inline]
    pub(super) fn count(&self, print: u32, age: u64) -> u64 {
        // The half of the least is the least of the halves.
        least(self.turned(places(print))) >> self.halvings(age)
    }

    /// Raises the count of a key by one.
    #[inline]
    pub(super) fn raise(&mut self, print: u32) {
        let places = places(print);
        let turned = self.turned(places);
        // All of those below are the least, and one below.
        let to = (least(turned) + 1).min(MOST);
        for (Place { word, shift }, turned) in places.into_iter().zip(turned) {
            if let Some(word) = self.0.get_mut(word) {
                *word = (turned + u64::from(turned & MOST < to)).rotate_left(shift);
            }
        }
    }

    /// The words of a key, each with its counter in the lowest bits.
    #[inline]
    fn turned(&self, places: [Place; ROWS]) -> [u64; ROWS] {
        places.map(|Place { word, shift }| {
            let word = self.0.get(word);
            word.map_or(0, |word| word.rotate_right(shift))
        })
    }

    /// How many are still to be made.
    #[inline]
    fn halvings(&self, age: u64) -> u64 {
        let [first, ..] = &self.0;
        age.wrapping_sub(*first) & MOST
    }

    #[cold]
    fn halve(&mut self, age: u64) {
        let halvings = self.halvings(age);
        let kept = (MOST >> halvings) * EVERY_COUNTER;
        for word in &mut self.0 {
            *word = (*word >> halvings) & kept;
        }
        let [first, ..] = &mut self.0;
        *first = (*first & !MOST) | (age & MOST);
    }

    /// Of two of the same age, the larger of each two counts.
    pub(super) fn merged(self, other: Self) -> Self {
        let mut merged = self;
        for (word, other) in merged.0.iter_mut().zip(other.0) {
            let low = larger(*word & EVERY_OTHER, other & EVERY_OTHER);
            let high = larger((*word >> 4) & EVERY_OTHER, (other >> 4) & EVERY_OTHER);
            *word = high << 4 | low;
        }
        merged
    }
}

/// The larger of each two bytes, none of them more than 127.
fn larger(one: u64, other: u64) -> u64 {
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    let at_least = ((one | HIGH_BITS) - other) & HIGH_BITS;
    let ones = (at_least >> 7) * 0xff;
    one & ones | other & !ones
}

/// The least of the lowest counters.
#[inline]
fn least(words: [u64; ROWS]) -> u64 {
    let [first, second, third] = words.map(|word| word & MOST);
    first.min(second).min(third)
}

/// Where a counter is.
#[derive(Clone, Copy)]
struct Place {
    word: usize,
    shift: u32,
}

/// Where in each row the counter of a key is: four bits of each byte, and one that says which word of the last row.
///
/// The first counter of the block holds its age; for a key that would have it, the one beside it stands in.
#[inline]
fn places(print: u32) -> [Place; ROWS] {
    const COUNTERS: u32 = 0x3c_3c3c;
    let [first, second, third, _] = (print & COUNTERS).to_le_bytes();
    let last = 2 + (print >> 31) as usize;
    [(0, first.max(1 << 2)), (1, second), (last, third)].map(|(word, shift)| Place {
        word,
        shift: shift.into(),
    })
}
