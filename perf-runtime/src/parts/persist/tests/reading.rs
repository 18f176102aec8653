use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use super::super::format::{self, Head, Record, Seal};
use super::*;
use crate::parts::persist::Verdict;

/// A snapshot of these records, with the given head; whoever wrote it knew how.
fn forged(head: &Head<'_>, records: &[Record<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let seal = head.write(&mut bytes);
    for (number, record) in (0..).zip(records) {
        assert!(seal.write(number, record, &mut bytes));
    }
    close(seal, records.len() as u64, &mut bytes);
    bytes
}

fn close(seal: Seal, records: u64, bytes: &mut Vec<u8>) {
    let (length, sum) = (bytes.len() as u64, crc32fast::hash(bytes));
    seal.write_end(records, length, sum, bytes);
}

fn head(schema: &Schema) -> Head<'_> {
    Head {
        name: schema.name.as_bytes(),
        schema: schema.hash,
        created: format::nanos(start()),
        nonce: 7,
    }
}

#[test]
fn a_lifetime_goes_on_while_the_program_does_not_run() {
    let bytes = snapshot(&users(3));

    let loaded: Loaded<u64, User> = parse(&bytes, &schema(), after(HOUR / 4));

    let left: Vec<_> = loaded.entries.iter().map(|entry| entry.left).collect();
    assert_eq!(left, [None, Some(HOUR / 4 * 3), Some(HOUR / 4 * 3)]);
}

#[test]
fn what_has_expired_meanwhile_is_dropped_and_counted() {
    let bytes = snapshot(&users(9));
    let last = HOUR.saturating_sub(Duration::from_nanos(1));
    let kept = |now| {
        let loaded: Loaded<u64, User> = parse(&bytes, &schema(), now);
        (loaded.entries.len(), loaded.dropped_expired)
    };
    assert_eq!(kept(after(last)), (9, 0));
    assert_eq!(kept(after(HOUR)), (3, 6));
    assert_eq!(kept(after(HOUR * 24 * 365 * 500)), (3, 6));
}

#[test]
fn a_clock_that_went_backwards_revives_nothing() {
    let bytes = snapshot(&users(9));
    for back in [Duration::from_nanos(1), HOUR, HOUR * 24 * 365 * 50] {
        let loaded: Loaded<u64, User> = parse(&bytes, &schema(), start() - back);
        assert_eq!(loaded.entries.len(), 3, "those that never expire");
        assert_eq!(loaded.dropped_expired, 6);
    }
}

#[test]
fn the_longest_lifetimes_neither_overflow_nor_end() {
    let lives = [Duration::MAX, Duration::from_secs(1 << 34)];
    for left in lives {
        let disk = Disk::new();
        save_to(&disk, &[(1, user(1), Some(left))]).unwrap();
        let loaded: Loaded<u64, User> =
            parse(&disk.bytes(PATH).unwrap(), &schema(), after(HOUR * 1000));
        assert!(loaded.entries[0].left.is_none_or(|kept| kept <= left));
        assert_eq!(loaded.dropped_expired, 0);
    }
}

#[test]
fn no_file_and_an_empty_one_are_a_first_start() {
    let disk = Disk::new();
    assert!(matches!(load_from(&disk).verdict, Verdict::Nothing));
    disk.put(PATH, b"");
    assert!(matches!(load_from(&disk).verdict, Verdict::Nothing));
    assert_eq!(disk.names(), [PATH]);
}

#[test]
fn a_useless_file_is_moved_away_and_three_of_them_are_kept() {
    let disk = Disk::new();
    for number in 0..5_u8 {
        disk.put(PATH, &[b'x', number]);
        let loaded = load_from(&disk);
        assert!(matches!(loaded.verdict, Verdict::Foreign));
        let bad = PathBuf::from(format!("{PATH}.bad"));
        assert_eq!(loaded.quarantined, Some(bad));
    }
    let kept: Vec<_> = [".bad", ".bad.1", ".bad.2"]
        .iter()
        .map(|ending| disk.bytes(&format!("{PATH}{ending}")).unwrap()[1])
        .collect();
    assert_eq!(kept, [4, 3, 2]);
    assert_eq!(disk.names().len(), 3);
    assert!(save_to(&disk, &users(1)).is_ok());
}

#[test]
fn a_file_of_something_else_is_told_apart() {
    let schema = schema();
    let verdict = |bytes: &[u8]| parsed(bytes).verdict;
    let whole = snapshot(&users(3));

    let mut newer = whole.clone();
    newer[8] += 1;
    assert!(matches!(verdict(&newer), Verdict::OtherFormat(2)));

    let other = Schema::of::<u64, User>("orders");
    let bytes = forged(&head(&other), &[]);
    assert!(matches!(verdict(&bytes), Verdict::OtherCache(name) if name == "orders"));

    let other = Schema::of::<u32, User>("users");
    let bytes = forged(&head(&other), &[]);
    assert!(matches!(verdict(&bytes), Verdict::OtherTypes));

    assert!(matches!(verdict(b""), Verdict::Foreign));
    assert!(matches!(verdict(&whole[..40]), Verdict::Foreign));
    assert!(matches!(
        verdict(&forged(&head(&schema), &[])),
        Verdict::Whole
    ));
}

#[test]
fn long_names_are_cut_in_the_file_and_told_apart_all_the_same() {
    let name = |last: char| "ö".repeat(200) + &last.to_string();
    let [one, other] = ['a', 'b'].map(|last| Schema::of::<u64, User>(&name(last)));
    let bytes = forged(&head(&one), &[]);
    assert!(matches!(
        parse::<u64, User>(&bytes, &one, start()).verdict,
        Verdict::Whole
    ));
    assert!(matches!(
        parse::<u64, User>(&bytes, &other, start()).verdict,
        Verdict::OtherTypes
    ));
}

#[test]
fn a_torn_tail_costs_what_it_held() {
    let users = users(9);
    let bytes = snapshot(&users);
    let loaded = parsed(&bytes[..bytes.len() - 50]);
    assert!(matches!(loaded.verdict, Verdict::Torn));
    assert_eq!(given(loaded.entries), users[..8]);

    let disk = Disk::new();
    disk.put(PATH, &bytes[..bytes.len() - 50]);
    assert!(load_from(&disk).quarantined.is_none());
}

#[test]
fn more_after_the_end_is_noticed() {
    let mut bytes = snapshot(&users(2));
    bytes.push(0);
    let loaded = parsed(&bytes);
    assert!(matches!(loaded.verdict, Verdict::Torn));
    assert_eq!(loaded.entries.len(), 2);
}

#[test]
fn a_damaged_record_costs_itself() {
    let users = users(9);
    let bytes = snapshot(&users);
    let name = b"user \\\"4\\\"";
    let at = bytes.windows(name.len()).position(|part| part == name);
    let mut damaged = bytes.clone();
    damaged[at.unwrap()] ^= 0x20;

    let loaded = parsed(&damaged);

    assert!(matches!(loaded.verdict, Verdict::Torn));
    assert_eq!((loaded.entries.len(), loaded.damaged), (8, 1));
    assert!(loaded.entries.iter().all(|entry| entry.key != 4));
}

#[test]
fn records_of_another_snapshot_or_place_are_not_taken() {
    let schema = schema();
    let records = [b"1", b"2"].map(|key| Record {
        key,
        value: b"{}",
        deadline: format::NEVER,
        print: 0,
    });
    let mine = forged(&head(&schema), &records);
    let older = forged(
        &Head {
            nonce: 8,
            ..head(&schema)
        },
        &records,
    );
    let size = format::BLOCK + 3;
    let start = format::HEAD + schema.name.len();
    let found = |bytes: &[u8]| {
        let (_, seal, start) = Head::read(bytes).unwrap();
        seal.records(bytes, start).count()
    };
    assert_eq!(found(&mine), 2);

    let mut mixed = mine.clone();
    mixed[start + size..start + 2 * size].copy_from_slice(&older[start + size..start + 2 * size]);
    assert_eq!(found(&mixed), 1);

    let mut swapped = mine.clone();
    swapped[start..start + size].copy_from_slice(&mine[start + size..start + 2 * size]);
    assert_eq!(found(&swapped), 0);
}

/// Checksums of the records that agree, and one of the file that does not: nobody's disk does that.
#[test]
fn a_file_that_contradicts_itself_is_not_believed() {
    let schema = schema();
    let mut bytes = Vec::new();
    let seal = head(&schema).write(&mut bytes);
    let (length, sum) = (bytes.len() as u64, crc32fast::hash(&bytes));
    for (length, sum) in [(length, !sum), (length + 1, sum)] {
        let mut bytes = bytes.clone();
        seal.write_end(0, length, sum, &mut bytes);
        assert!(matches!(parsed(&bytes).verdict, Verdict::Foreign));
    }
    seal.write_end(0, length, sum, &mut bytes);
    assert!(matches!(parsed(&bytes).verdict, Verdict::Whole));
}

fn any_user() -> impl Strategy<Value = User> {
    let finite = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    let kind = prop_oneof![
        Just(Kind::Near),
        any::<(u32, i64)>().prop_map(|(a, b)| Kind::Far(a, b)),
        any::<Duration>().prop_map(|since| Kind::Lost { since }),
    ];
    (
        any::<String>(),
        any::<Option<String>>(),
        any::<u8>(),
        prop::collection::vec(finite, 0..5),
        prop::collection::hash_map(any::<u32>(), kind, 0..5),
    )
        .prop_map(|(name, mail, age, scores, friends)| User {
            name,
            mail,
            age,
            scores,
            friends,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_entries_come_back(users in prop::collection::vec((any::<u64>(), any_user()), 0..6)) {
        let users: Vec<Given> = users.into_iter().map(|(key, user)| (key, user, None)).collect();
        let loaded = parsed(&snapshot(&users));
        prop_assert!(matches!(loaded.verdict, Verdict::Whole));
        prop_assert_eq!(given(loaded.entries), users);
    }

    #[test]
    fn any_lifetime_comes_back_no_longer_than_it_was(
        left in any::<Duration>(), passed in any::<u32>(), backwards in any::<bool>()
    ) {
        let bytes = snapshot(&[(1, user(1), Some(left))]);
        let passed = Duration::from_millis(u64::from(passed));
        let now = if backwards { start() - passed } else { after(passed) };
        let loaded: Loaded<u64, User> = parse(&bytes, &schema(), now);
        let expected = left.saturating_sub(passed);
        for entry in loaded.entries {
            prop_assert!(entry.left.is_none_or(|left| left <= expected && !left.is_zero()));
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(parsed(&bytes).entries.is_empty());
        let mut ours = snapshot(&[]);
        ours.truncate(format::HEAD + 5);
        ours.extend(&bytes);
        prop_assert!(parsed(&ours).entries.is_empty());
    }

    /// All checksums are right: what is left to refuse it is the codec and the print.
    #[test]
    fn any_forged_record_is_refused(
        key in prop::collection::vec(any::<u8>(), 0..40), value in "[\\[{\"0-9:,truefalsn}\\]]{0,60}",
        deadline: u64, print: u64,
    ) {
        let schema = schema();
        let record = Record { key: &key, value: value.as_bytes(), deadline, print };
        let bytes = forged(&head(&schema), &[record]);
        prop_assert!(parsed(&bytes).entries.is_empty());
    }

    #[test]
    fn any_lengths_are_checked_against_the_bytes_that_are_there(key: u32, value: u32, kind: u32) {
        let schema = schema();
        let mut bytes = Vec::new();
        let seal = head(&schema).write(&mut bytes);
        let start = bytes.len();
        let record = Record { key: b"1", value: b"1", deadline: 0, print: 0 };
        seal.write(0, &record, &mut bytes);
        seal.reseal(0, start, [kind, key, value], &mut bytes);
        prop_assert!(parsed(&bytes).entries.is_empty());
    }
}
