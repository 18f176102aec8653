//! The bytes of a snapshot, and which of them can be believed.
//!
//! ```text
//! head    magic 8 · format 4 · name's length 4 · schema 8 · created 8 · nonce 8 · checksum of the name 4 · checksum 4 · name
//! record  1: 4 · key's length 4 · value's length 4 · checksum of both 4 · deadline 8 · print 8 · checksum 4 · key · value
//! end     2: 4 · 0: 4 · 0: 4 · checksum of the file 4 · number of records 8 · bytes before 8 · checksum 4
//! ```
//!
//! Numbers are little-endian; times are nanoseconds since 1970, and a deadline of `u64::MAX` is none. Checksums are
//! CRC-32 (IEEE 802.3), which finds every single bit that flipped and every burst of up to 32 bits, for certain and not
//! just probably. Lengths are covered by a checksum of their own before they are believed, so that certainty holds for
//! them, too. Each checksum of a record begins with the one of the head and with the number of the record: one that was
//! left over from an older snapshot, or that changed places, is not valid here.
//!
//! Everything is a pure function of the bytes, allocates nothing, and takes any bytes.

use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crc32fast::Hasher;

/// No text begins with the first byte; a tool that takes the file for text is found out.
pub(super) const MAGIC: [u8; 8] = *b"\x89perfkit";
/// Of the layout. A file of any other one is not read.
pub(super) const FORMAT: u32 = 1;
/// The part of a head before the name.
pub(super) const HEAD: usize = 48;
/// The part of a record before the key.
pub(super) const BLOCK: usize = 36;
/// Names are cut here.
pub(super) const LONGEST_NAME: usize = 256;
/// The deadline of what never expires.
pub(super) const NEVER: u64 = u64::MAX;

const RECORD: u32 = 1;
const END: u32 = 2;

/// What a snapshot says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head<'a> {
    /// The cache, by the name its user knows.
    pub(super) name: &'a [u8],
    /// What is in it: types and codec.
    pub(super) schema: u64,
    /// The wall clock when it was begun.
    pub(super) created: u64,
    /// Tells snapshots of one moment apart.
    pub(super) nonce: u64,
}

/// One entry, as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) deadline: u64,
    pub(super) print: u64,
}

/// Why the head of a file is not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotOurs {
    /// Something else altogether, or its head is damaged.
    Foreign,
    /// Ours, in another layout.
    OtherFormat(u32),
}

/// A moment as a snapshot writes it; before 1970 there is only 1970.
pub(super) fn nanos(at: SystemTime) -> u64 {
    saturated(at.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// The longest duration that can be written is 584 years.
pub(super) fn saturated(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl<'a> Head<'a> {
    pub(super) fn write(&self, to: &mut Vec<u8>) -> Seal {
        let name = self.name.get(..LONGEST_NAME).unwrap_or(self.name);
        let start = to.len();
        to.extend(MAGIC);
        to.extend(FORMAT.to_le_bytes());
        // At most `LONGEST_NAME`.
        to.extend(u32::try_from(name.len()).unwrap_or(0).to_le_bytes());
        to.extend(self.schema.to_le_bytes());
        to.extend(self.created.to_le_bytes());
        to.extend(self.nonce.to_le_bytes());
        to.extend(crc32fast::hash(name).to_le_bytes());
        let sum = crc32fast::hash(to.get(start..).unwrap_or_default());
        to.extend(sum.to_le_bytes());
        to.extend(name);
        Seal(sum)
    }

    /// The head that `bytes` begin with, what seals its records, and where they begin.
    pub(super) fn read(bytes: &'a [u8]) -> Result<(Self, Seal, usize), NotOurs> {
        let mut fields = Fields(bytes);
        if fields.take() != Some(MAGIC) {
            return Err(NotOurs::Foreign);
        }
        match fields.number() {
            Some(FORMAT) => {}
            Some(other) => return Err(NotOurs::OtherFormat(other)),
            None => return Err(NotOurs::Foreign),
        }
        Self::rest(bytes, fields).ok_or(NotOurs::Foreign)
    }

    fn rest(bytes: &'a [u8], mut fields: Fields<'a>) -> Option<(Self, Seal, usize)> {
        let length = usize::try_from(fields.number()?).ok()?;
        let schema = fields.long()?;
        let created = fields.long()?;
        let nonce = fields.long()?;
        let name_sum = fields.number()?;
        let sum = fields.number()?;
        if sum != crc32fast::hash(bytes.get(..HEAD - 4)?) || length > LONGEST_NAME {
            return None;
        }
        let name = fields.0.get(..length)?;
        if name_sum != crc32fast::hash(name) {
            return None;
        }
        let head = Self {
            name,
            schema,
            created,
            nonce,
        };
        Some((head, Seal(sum), HEAD + length))
    }
}

/// What ties the records to their head: its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seal(u32);

impl Seal {
    fn sum(self, number: u64, parts: &[&[u8]]) -> [u8; 4] {
        let mut hasher = Hasher::new_with_initial(self.0);
        hasher.update(&number.to_le_bytes());
        for part in parts {
            hasher.update(part);
        }
        hasher.finalize().to_le_bytes()
    }

    /// Writes the record of that number; false when it is longer than a record can be, and nothing was written.
    pub(super) fn write(self, number: u64, record: &Record<'_>, to: &mut Vec<u8>) -> bool {
        let (Ok(key), Ok(value)) = (
            u32::try_from(record.key.len()),
            u32::try_from(record.value.len()),
        ) else {
            return false;
        };
        let start = to.len();
        to.extend(RECORD.to_le_bytes());
        to.extend(key.to_le_bytes());
        to.extend(value.to_le_bytes());
        to.extend(self.sum(number, &[record.key, record.value]));
        to.extend(record.deadline.to_le_bytes());
        to.extend(record.print.to_le_bytes());
        self.close(number, start, to);
        to.extend(record.key);
        to.extend(record.value);
        true
    }

    /// Writes the end of a file of so many records and bytes, whose checksum is `file`.
    pub(super) fn write_end(self, records: u64, bytes: u64, file: u32, to: &mut Vec<u8>) {
        let start = to.len();
        to.extend(END.to_le_bytes());
        to.extend([0; 8]);
        to.extend(file.to_le_bytes());
        to.extend(records.to_le_bytes());
        to.extend(bytes.to_le_bytes());
        self.close(records, start, to);
    }

    fn close(self, number: u64, start: usize, to: &mut Vec<u8>) {
        let sum = self.sum(number, &[to.get(start..).unwrap_or_default()]);
        to.extend(sum);
    }

    /// Overwrites the kind and the lengths of a record, with a checksum that agrees.
    #[cfg(test)]
    pub(super) fn reseal(self, number: u64, start: usize, fields: [u32; 3], bytes: &mut [u8]) {
        for (at, field) in (start..).step_by(4).zip(fields) {
            bytes[at..at + 4].copy_from_slice(&field.to_le_bytes());
        }
        let end = start + BLOCK - 4;
        let sum = self.sum(number, &[&bytes[start..end]]);
        bytes[end..end + 4].copy_from_slice(&sum);
    }

    /// The records of a file, from the first on.
    pub(super) fn records(self, bytes: &[u8], start: usize) -> Records<'_> {
        Records {
            seal: self,
            bytes,
            at: start,
            number: 0,
            end: None,
        }
    }
}

/// What stands where a record should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Record(Record<'a>),
    /// The key or the value is not what was written; the next record is known.
    Damaged,
}

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// With its end, which agrees with everything before it.
    Whole,
    /// With its end, and everything before it is not what was written.
    Altered,
    /// Without it.
    Torn,
}

/// The records of a file, as far as they can be believed.
#[derive(Debug, Clone)]
pub(super) struct Records<'a> {
    seal: Seal,
    bytes: &'a [u8],
    at: usize,
    number: u64,
    end: Option<Tail>,
}

impl<'a> Iterator for Records<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        if self.end.is_some() {
            return None;
        }
        let found = self.step();
        if found.is_none() {
            self.end.get_or_insert(Tail::Torn);
        }
        found
    }
}

impl<'a> Records<'a> {
    /// How the file ends, asked after the last record.
    pub(super) fn tail(&self) -> Tail {
        self.end.unwrap_or(Tail::Torn)
    }

    fn step(&mut self) -> Option<Found<'a>> {
        let block = self.slice(self.at..self.at.checked_add(BLOCK)?)?;
        let (fields, sum) = block.split_last_chunk::<4>()?;
        if *sum != self.seal.sum(self.number, &[fields]) {
            return None;
        }
        let mut fields = Fields(fields);
        let kind = fields.number()?;
        let key = usize::try_from(fields.number()?).ok()?;
        let value = usize::try_from(fields.number()?).ok()?;
        let content_sum: [u8; 4] = fields.take()?;
        let first = fields.long()?;
        let second = fields.long()?;
        if kind != RECORD {
            let agrees = u32::from_le_bytes(content_sum)
                == crc32fast::hash(self.slice(0..self.at)?)
                && first == self.number
                && second == self.at as u64;
            let is_last = self.bytes.len() == self.at + BLOCK;
            self.end = (kind == END).then_some(match (agrees, is_last) {
                (true, true) => Tail::Whole,
                (true, false) => Tail::Torn,
                (false, _) => Tail::Altered,
            });
            return None;
        }
        let key_at = self.at + BLOCK;
        let value_at = key_at.checked_add(key)?;
        let next = value_at.checked_add(value)?;
        let record = Record {
            key: self.slice(key_at..value_at)?,
            value: self.slice(value_at..next)?,
            deadline: first,
            print: second,
        };
        let is_whole = content_sum == self.seal.sum(self.number, &[record.key, record.value]);
        self.at = next;
        self.number = self.number.wrapping_add(1);
        Some(if is_whole {
            Found::Record(record)
        } else {
            Found::Damaged
        })
    }

    fn slice(&self, range: Range<usize>) -> Option<&'a [u8]> {
        self.bytes.get(range)
    }
}

/// Reads field after field.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}
