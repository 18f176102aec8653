//! The one word that a breaker's state is: a phase, the generation of it, and what the phase counts.
//!
//! `[phase 3][generation 21][payload 40]`. A closed breaker without a failure in its history is a word of one known
//! value, so that a success finds out with one comparison that it changes nothing.

/// Bits of what a phase counts.
pub(super) const PAYLOAD: u32 = 40;
const GENERATION: u32 = 21;
const PHASE: u32 = PAYLOAD + GENERATION;

pub(super) const PAYLOAD_MASK: u64 = (1 << PAYLOAD) - 1;
pub(super) const GENERATION_MASK: u64 = (1 << GENERATION) - 1;

/// What a breaker does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// They run.
    Closed = 0,
    /// They are rejected until a time.
    Open = 1,
    /// A few run, to find out.
    HalfOpen = 2,
    /// They are rejected until somebody says otherwise.
    ForcedOpen = 3,
    /// As [`Closed`](Self::Closed); when it opens, calls run all the same.
    ObservedClosed = 4,
    /// Would reject.
    ObservedOpen = 5,
    /// Would reject all but a few.
    ObservedHalfOpen = 6,
    /// They run, and nobody looks.
    Disabled = 7,
}

impl Phase {
    const ALL: [Self; 8] = [
        Self::Closed,
        Self::Open,
        Self::HalfOpen,
        Self::ForcedOpen,
        Self::ObservedClosed,
        Self::ObservedOpen,
        Self::ObservedHalfOpen,
        Self::Disabled,
    ];

    /// Whether nobody is rejected, and what would have been is counted.
    pub(crate) const fn is_observed(self) -> bool {
        matches!(
            self,
            Self::ObservedClosed | Self::ObservedOpen | Self::ObservedHalfOpen
        )
    }

    pub(super) const fn is_closed(self) -> bool {
        matches!(self, Self::Closed | Self::ObservedClosed)
    }

    pub(super) const fn is_half_open(self) -> bool {
        matches!(self, Self::HalfOpen | Self::ObservedHalfOpen)
    }

    /// The phase that follows, observed if this one is.
    pub(super) const fn closed(self) -> Self {
        if self.is_observed() {
            Self::ObservedClosed
        } else {
            Self::Closed
        }
    }

    pub(super) const fn open(self) -> Self {
        if self.is_observed() {
            Self::ObservedOpen
        } else {
            Self::Open
        }
    }

    pub(super) const fn half_open(self) -> Self {
        if self.is_observed() {
            Self::ObservedHalfOpen
        } else {
            Self::HalfOpen
        }
    }
}

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

impl Word {
    pub(super) const fn new(phase: Phase, generation: u64, payload: u64) -> Self {
        Self(
            (phase as u64) << PHASE
                | (generation & GENERATION_MASK) << PAYLOAD
                | (payload & PAYLOAD_MASK),
        )
    }

    pub(super) fn phase(self) -> Phase {
        let index = usize::try_from(self.0 >> PHASE).unwrap_or(0);
        Phase::ALL.get(index).copied().unwrap_or(Phase::Closed)
    }

    pub(super) const fn generation(self) -> u64 {
        self.0 >> PAYLOAD & GENERATION_MASK
    }

    pub(super) const fn payload(self) -> u64 {
        self.0 & PAYLOAD_MASK
    }

    /// Phase and generation, without what they count.
    pub(super) const fn tag(self) -> u64 {
        self.0 & !PAYLOAD_MASK
    }

    /// Whether calls run and are judged: the one state that has to be found out fast. Its phase is zero.
    pub(super) const fn is_closed(self) -> bool {
        self.0 >> PHASE == Phase::Closed as u64
    }

    /// Whether it is open, in this generation.
    pub(super) const fn is_open_in(self, generation: u64) -> bool {
        self.0 >> PAYLOAD == (Phase::Open as u64) << GENERATION | generation
    }

    pub(super) const fn with(self, payload: u64) -> Self {
        Self(self.tag() | payload & PAYLOAD_MASK)
    }

    /// The next generation.
    pub(super) const fn next(self, phase: Phase, payload: u64) -> Self {
        Self::new(phase, self.generation().wrapping_add(1), payload)
    }
}

/// Whether a generation is later than another one. They wrap around.
pub(crate) const fn is_later(generation: u64, than: u64) -> bool {
    let ahead = generation.wrapping_sub(than) & GENERATION_MASK;
    ahead != 0 && ahead <= GENERATION_MASK / 2
}

/// A number in some bits of a payload. It may run below zero for a moment, when what is taken off is seen before what was
/// added; that is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    shift: u32,
    width: u32,
}

impl Field {
    /// Bits that are not there: always zero.
    pub(super) const NONE: Self = Self { shift: 0, width: 0 };

    pub(super) const fn new(shift: u32, width: u32) -> Self {
        Self { shift, width }
    }

    const fn mask(self) -> u64 {
        (1 << self.width) - 1
    }

    /// The largest number that it holds.
    pub(super) const fn most(self) -> u64 {
        self.mask() >> 1
    }

    pub(super) const fn get(self, payload: u64) -> u64 {
        let number = payload >> self.shift & self.mask();
        if number > self.most() { 0 } else { number }
    }

    pub(super) const fn set(self, payload: u64, number: u64) -> u64 {
        payload & !(self.mask() << self.shift) | (number & self.mask()) << self.shift
    }

    /// One more, unless it is full.
    pub(super) const fn increased(self, payload: u64) -> u64 {
        let number = self.get(payload);
        if number < self.most() {
            self.set(payload, number + 1)
        } else {
            payload
        }
    }

    /// So much more, or less, with whatever that gives.
    pub(super) const fn moved(self, payload: u64, by: i64) -> u64 {
        let number = payload >> self.shift & self.mask();
        self.set(payload, number.wrapping_add_signed(by))
    }
}

/// What the payload of an open breaker is where nothing but a hand closes it.
pub(super) const NEVER: u64 = PAYLOAD_MASK;

/// Half-open: how often it has been opened without a success in between, the probes that are out, and those that
/// succeeded.
pub(super) const LEVEL: Field = Field::new(0, 6);
pub(super) const OUT: Field = Field::new(6, 11);
pub(super) const PASSED: Field = Field::new(17, 11);

/// A number that belongs to a generation: `[generation 21][number 43]`. Kept beside the word, by whoever has made that
/// generation; until they have, it is seen that it belongs to another one.
pub(super) const fn tagged(generation: u64, number: u64) -> u64 {
    (generation & GENERATION_MASK) << (64 - GENERATION) | number & TAGGED_MASK
}

pub(super) const TAGGED_MASK: u64 = (1 << (64 - GENERATION)) - 1;

pub(super) const fn tag_of(tagged: u64) -> u64 {
    tagged >> (64 - GENERATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_gives_back_what_it_was_made_of() {
        for phase in Phase::ALL {
            let word = Word::new(phase, GENERATION_MASK, 7);
            assert_eq!(
                (word.phase(), word.generation(), word.payload()),
                (phase, GENERATION_MASK, 7)
            );
            assert_eq!(word.is_closed(), phase == Phase::Closed);
            assert_eq!(word.is_open_in(GENERATION_MASK), phase == Phase::Open);
            assert!(!word.is_open_in(GENERATION_MASK - 1));
            assert_eq!(word.next(phase, 0).generation(), 0);
        }
    }

    #[test]
    fn generations_wrap_around() {
        assert!(is_later(0, GENERATION_MASK));
        assert!(!is_later(GENERATION_MASK, 0));
        assert!(!is_later(3, 3));
    }

    #[test]
    fn a_number_below_zero_is_zero_until_it_is_not() {
        let field = Field::new(4, 8);
        let below = field.moved(0xf, -1);
        assert_eq!((field.get(below), below & 0xf), (0, 0xf));
        assert_eq!(field.get(field.moved(below, 3)), 2);
        assert_eq!(field.get(field.increased(field.set(0, 127))), 127);
        assert_eq!(Field::NONE.get(u64::MAX), 0);
    }
}
