use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::ffi::{CString, OsStr, OsString};
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[expect(
    clippy::needless_pass_by_value,
    reason = "the functions of users take what they like"
)]
mod sites;

/// Keeps every call, so that equal records mean equal hashes under any hasher.
#[derive(Default, PartialEq, Debug)]
struct Calls(Vec<(&'static str, Vec<u8>)>);

macro_rules! keep {
    ($($method:ident $type:ty),+) => {$(
        fn $method(&mut self, value: $type) {
            self.0.push((stringify!($method), value.to_ne_bytes().to_vec()));
        }
    )+};
}

impl Hasher for Calls {
    fn write(&mut self, bytes: &[u8]) {
        self.0.push(("write", bytes.to_vec()));
    }

    keep!(write_u8 u8, write_u16 u16, write_u32 u32, write_u64 u64, write_u128 u128, write_usize usize);
    keep!(write_i8 i8, write_i16 i16, write_i32 i32, write_i64 i64, write_i128 i128, write_isize isize);

    fn finish(&self) -> u64 {
        0
    }
}

/// A lookup and the key it becomes are one to a store: every call to the hasher, and `is`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a lookup is made where it is used"
)]
fn agrees<K: Key + Debug>(lookup: impl Lookup<K>) -> K {
    let key = lookup.to_key();
    let (mut borrowed, mut owned) = (Calls::default(), Calls::default());
    lookup.hash(&mut borrowed);
    Hash::hash(&key, &mut owned);
    assert_eq!(borrowed, owned, "{key:?}");
    // std's hasher overrides what no other can on stable.
    let (mut borrowed, mut owned) = (DefaultHasher::new(), DefaultHasher::new());
    lookup.hash(&mut borrowed);
    Hash::hash(&key, &mut owned);
    assert_eq!(borrowed.finish(), owned.finish(), "{key:?}");
    assert!(lookup.is(&key), "{key:?}");
    key
}

/// The same for two, with which `is` must say what `==` of their keys says.
fn agree<K: Key + Debug, L: Lookup<K>>(one: L, other: L) {
    let (left, right) = (one.to_key(), other.to_key());
    assert_eq!(one.is(&right), left == right, "{left:?} {right:?}");
    assert_eq!(other.is(&left), left == right, "{left:?} {right:?}");
    agrees(one);
    agrees(other);
}

/// By structure and, where it can be had, by reference.
fn both<T>(one: &T, other: &T)
where
    T: CacheKey<Owned: Debug> + Key + Clone + Debug,
{
    agree(Deep(one), Deep(other));
    agree(one, other);
}

fn texts(strings: &[String]) -> Vec<&str> {
    strings.iter().map(String::as_str).collect()
}

/// Few letters, so that equal ones and prefixes of each other are drawn.
fn text() -> impl Strategy<Value = String> {
    "[ab]{0,3}"
}

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        prop::sample::select(vec![0.0, -0.0, 1.0, f64::INFINITY, f64::NAN, -f64::NAN]),
    ]
}

macro_rules! integers {
    ($($name:ident $integer:ty),+) => {
        proptest! {$(
            #[test]
            fn $name(one: $integer, other: $integer, many in vec(any::<$integer>(), 0..80)) {
                both(&one, &other);
                both(&one, &one);
                both(&many, &vec![one, other]);
                agree(many.as_slice(), &[one]);
                // Behind pointers, fewer and more than are gathered on the stack.
                let pointers: Vec<&$integer> = many.iter().collect();
                let boxes: Vec<Box<&$integer>> = many.iter().map(Box::new).collect();
                assert_eq!(agrees(Deep(pointers.as_slice())), many);
                assert_eq!(agrees(Deep(boxes.as_slice())), many);
                agree(Deep(&[&one, &other]), Deep(&[&other, &one]));
            }
        )+}
    };
}

integers!(
    u8_is_its_own_key u8,
    u16_is_its_own_key u16,
    u32_is_its_own_key u32,
    u64_is_its_own_key u64,
    u128_is_its_own_key u128,
    usize_is_its_own_key usize,
    i8_is_its_own_key i8,
    i16_is_its_own_key i16,
    i32_is_its_own_key i32,
    i64_is_its_own_key i64,
    i128_is_its_own_key i128,
    isize_is_its_own_key isize,
    bool_is_its_own_key bool,
    char_is_its_own_key char
);

proptest! {
    #[test]
    fn text_is_looked_for_borrowed(one in text(), other in text(), many in vec(text(), 0..4)) {
        both(&one, &other);
        agree(one.as_str(), other.as_str());
        agree(Deep(one.as_str()), Deep(other.as_str()));
        let many_borrowed = texts(&many);
        let both_borrowed = [one.as_str(), other.as_str()];
        agree(Deep(many_borrowed.as_slice()), Deep(both_borrowed.as_slice()));
        assert_eq!(agrees(Deep(&many_borrowed)), many);
        agree(Deep(&both_borrowed), Deep(&[other.as_str(), one.as_str()]));
        agree(Deep(&Cow::Borrowed(one.as_str())), Deep(&Cow::Owned(other.clone())));
        let shared: (Box<str>, Rc<str>, Arc<str>) = (one.as_str().into(), one.as_str().into(), one.as_str().into());
        assert_eq!(agrees(Deep(&shared)), (one.clone(), one.clone(), one));
    }

    #[test]
    fn paths_and_system_strings_are_looked_for_borrowed(one in "[a/.]{0,6}", other in "[a/.]{0,6}") {
        both(&PathBuf::from(&one), &PathBuf::from(&other));
        agree(Path::new(&one), Path::new(&other));
        agree(Deep(Path::new(&one)), Deep(Path::new(&other)));
        agree(Deep(&[Path::new(&one)]), Deep(&[Path::new(&other)]));
        both(&OsString::from(&one), &OsString::from(&other));
        agree(Deep(OsStr::new(&one)), Deep(OsStr::new(&other)));
        let (one, other) = (CString::new(one).unwrap(), CString::new(other).unwrap());
        both(&one, &other);
        agree(Deep(one.as_c_str()), Deep(other.as_c_str()));
    }

    #[test]
    fn floats_are_told_apart_by_their_bits(one in float(), other in float(), many in vec(float(), 0..4)) {
        agree(Deep(&one), Deep(&other));
        agree(Deep(&one), Deep(&one));
        prop_assert_eq!(agrees(Deep(&one)) == agrees(Deep(&other)), one.to_bits() == other.to_bits());
        agree(Deep(&(one, other)), Deep(&(other, one)));
        agree(Deep(many.as_slice()), Deep([one, other].as_slice()));
        let scattered: Vec<&f64> = many.iter().collect();
        assert_eq!(agrees(Deep(&scattered)), agrees(Deep(&many)));
        both(&ByBits(one), &ByBits(other));
        #[expect(clippy::cast_possible_truncation, reason = "any f32 will do")]
        let (one, other) = (one as f32, other as f32);
        agree(Deep(&one), Deep(&other));
        both(&ByBits(one), &ByBits(other));
    }

    #[test]
    fn options_and_results_keep_their_shape(
        one: Option<Option<u8>>, other: Option<Option<u8>>,
        fine: Result<u8, u8>, failed: Result<u8, u8>, words: Option<String>,
    ) {
        both(&one, &other);
        both(&fine, &failed);
        both(&vec![one, other], &vec![other]);
        agree(Deep(&words.as_deref()), Deep(&Some("a")));
        agree(Deep(&one.as_ref().map(Option::as_ref)), Deep(&other.as_ref().map(Option::as_ref)));
    }

    #[test]
    fn slices_of_slices_and_arrays_agree(one in vec(vec(any::<u8>(), 0..3), 0..3), array: [u16; 3], other: [u16; 3]) {
        both(&one, &Vec::new());
        let slices: Vec<&[u8]> = one.iter().map(Vec::as_slice).collect();
        assert_eq!(agrees(Deep(slices.as_slice())), one);
        both(&array, &other);
        both(&[array, other], &[other, array]);
        agree(Deep(&array.each_ref()), Deep(&other.each_ref()));
        agree(Deep(&[array.each_ref(), other.each_ref()]), Deep(&[other.each_ref(), array.each_ref()]));
    }

    #[test]
    fn collections_agree(one in vec((text(), any::<u8>()), 0..4), other in vec((text(), any::<u8>()), 0..4)) {
        let deque = |from: &[(String, u8)]| from.iter().cloned().collect::<VecDeque<_>>();
        both(&deque(&one), &deque(&other));
        let set = |from: &[(String, u8)]| from.iter().cloned().collect::<BTreeSet<_>>();
        both(&set(&one), &set(&other));
        let map = |from: &[(String, u8)]| from.iter().cloned().collect::<BTreeMap<_, _>>();
        both(&map(&one), &map(&other));
        let borrowed: BTreeMap<&str, f64> = one.iter().map(|(k, v)| (k.as_str(), f64::from(*v))).collect();
        agrees(Deep(&borrowed));
    }

    #[test]
    fn what_is_a_key_as_it_is_agrees(one: NonZero<u32>, other: NonZero<u32>, ip: IpAddr, time: Duration) {
        both(&one, &other);
        both(&vec![one, other], &vec![other]);
        agrees(Deep(&[&one, &other]));
        both(&(ip, time), &(ip, Duration::ZERO));
        agrees(Deep(&[&ip]));
    }

    #[test]
    fn tuples_agree_up_to_twelve(parts: [u8; 12], words in text()) {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = &parts;
        let s = words.as_str();
        both(&(*a,), &(*b,));
        agree((s, a), ("a", b));
        agree((a, s, Deep(&1.5)), (b, s, Deep(&1.5)));
        agrees::<(u8, u8, u8, u8)>((a, b, c, d));
        agrees((a, b, c, d, e));
        agrees((a, b, c, d, e, f));
        agrees((a, b, c, d, e, f, g));
        agrees((a, b, c, d, e, f, g, h));
        agrees((a, b, c, d, e, f, g, h, i));
        agrees((a, b, c, d, e, f, g, h, i, j));
        agrees((a, b, c, d, e, f, g, h, i, j, k));
        let key = agrees((a, b, c, d, e, f, g, h, i, j, k, l));
        both(&key, &(*l, *k, *j, *i, *h, *g, *f, *e, *d, *c, *b, *a));
        agrees(Deep(&(s, b, c, d, e, f, g, h, i, j, k, Some(l))));
    }

    #[test]
    fn no_two_argument_lists_share_a_key(left in vec(text(), 0..3), right in vec(text(), 0..3)) {
        let (l, r) = (texts(&left), texts(&right));
        let (one, other) = (agrees(Deep(l.as_slice())), agrees(Deep(r.as_slice())));
        prop_assert_eq!(one == other, left == right);
        if let ([a, b], [c, d]) = (l.as_slice(), r.as_slice()) {
            let same = left == right;
            prop_assert_eq!(Lookup::is(&(*a, *b), &Lookup::to_key(&(*c, *d))), same);
        }
    }
}

#[test]
fn what_joined_text_would_mix_up_is_kept_apart() {
    let pairs = [
        ("a", "bc"),
        ("ab", "c"),
        ("", "abc"),
        ("a:b", "c"),
        ("a", "b:c"),
    ];
    let keys: HashSet<(String, String)> = pairs.iter().map(Lookup::to_key).collect();
    assert_eq!(keys.len(), pairs.len());
    let records: Vec<Calls> = pairs
        .iter()
        .map(|pair| {
            let mut calls = Calls::default();
            Lookup::hash(pair, &mut calls);
            calls
        })
        .collect();
    for (at, record) in records.iter().enumerate() {
        assert!(!records[..at].contains(record), "{record:?}");
    }
    // A slice is not the tuple of its elements, nor nothing the same as an empty one.
    let mut slice = Calls::default();
    Deep(&["a", "bc"]).hash(&mut slice);
    assert_ne!(slice, records[0]);
    let nested = [Some(Some(0_u8)), Some(None), None];
    let keys: HashSet<_> = nested.iter().map(|option| Deep(option).to_key()).collect();
    assert_eq!(keys.len(), 3);
    let split: [&[&[u8]]; 3] = [&[&[1, 2]], &[&[1], &[2]], &[&[], &[1, 2]]];
    let keys: HashSet<_> = split.iter().map(|slices| Deep(*slices).to_key()).collect();
    assert_eq!(keys.len(), 3);
}

#[test]
fn no_arguments_are_one_key() {
    agrees(());
    agrees(Deep(&()));
}
