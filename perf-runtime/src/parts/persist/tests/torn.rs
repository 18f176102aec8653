use super::super::format::{Found, Head, Record, Tail};
use super::*;

/// Everything that is believed of these bytes.
fn believed(bytes: &[u8]) -> (Vec<(usize, Record<'_>)>, Option<Tail>) {
    let Ok((_, seal, start)) = Head::read(bytes) else {
        return (Vec::new(), None);
    };
    let mut records = seal.records(bytes, start);
    let mut found = Vec::new();
    for (number, record) in records.by_ref().enumerate() {
        if let Found::Record(record) = record {
            found.push((number, record));
        }
    }
    (found, Some(records.tail()))
}

/// Records of a large file, each as it was written and where it was.
fn assert_only_what_was_written(bytes: &[u8], written: &[(usize, Record<'_>)], what: usize) {
    let (found, tail) = believed(bytes);
    for (number, record) in found {
        assert_eq!((number, record), written[number], "{what}");
    }
    assert_ne!(tail, Some(Tail::Whole), "{what}");
}

fn large() -> Vec<u8> {
    let bytes = snapshot(&users(80));
    assert!(bytes.len() > 20 * 1024);
    bytes
}

#[test]
fn no_cut_gives_a_record_that_was_not_written() {
    let bytes = large();
    let (written, _) = believed(&bytes);
    assert_eq!(written.len(), 80);
    for length in 0..bytes.len() {
        assert_only_what_was_written(&bytes[..length], &written, length);
    }
}

#[test]
fn no_flipped_bit_gives_a_record_that_was_not_written() {
    let bytes = large();
    let (written, _) = believed(&bytes);
    let mut flipped = bytes.clone();
    for bit in 0..bytes.len() * 8 {
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_only_what_was_written(&flipped, &written, bit);
        flipped[bit / 8] ^= 1 << (bit % 8);
    }
}

/// What a disk loses is a sector: of zeros, or of what was there before.
#[test]
fn no_lost_sector_gives_a_record_that_was_not_written() {
    let bytes = large();
    let (written, _) = believed(&bytes);
    let older = snapshot(&users(81));
    let (written_before, _) = believed(&older);
    for sector in (0..bytes.len()).step_by(512) {
        let end = bytes.len().min(sector + 512);
        let mut lost = bytes.clone();
        lost[sector..end].fill(0);
        assert_only_what_was_written(&lost, &written, sector);
        lost[sector..end].copy_from_slice(&older[sector..end]);
        // The first sector brings the older head with it, and with that what follows of the older file.
        let of_one_file = if sector == 0 {
            &written_before
        } else {
            &written
        };
        assert_only_what_was_written(&lost, of_one_file, sector);
    }
}
