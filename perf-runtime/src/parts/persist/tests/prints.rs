use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Debug;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::codec::{Encoded, decode};
use super::super::format::NEVER;
use super::super::print::{of, of_texts};

/// What a later version of a program makes of a value: the value, or nothing.
fn read_as<New: Serialize + DeserializeOwned>(old: impl Serialize) -> Option<New> {
    let mut encoded = Encoded::default();
    assert!(encoded.encode(&1_u8, &old));
    decode::<u8, New>(&encoded.record(NEVER)).map(|(_, value)| value)
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug + Clone>(value: T) {
    assert_eq!(read_as::<T>(value.clone()), Some(value));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    Created { id: u64 },
    Removed { id: u64 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sparse {
    id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(u32),
    Text(String),
}

#[test]
fn what_serde_can_say_comes_back() {
    comes_back((u128::MAX, i128::MIN, u64::MAX, i64::MIN, 'ß', true, ()));
    comes_back((f64::MIN_POSITIVE, 0.1_f32, f64::MAX, 1e-320));
    comes_back(vec![Event::Created { id: 1 }, Event::Removed { id: 2 }]);
    comes_back(vec![Either::Number(1), Either::Text("1".to_owned())]);
    comes_back([None, Some("note".to_owned())].map(|note| Sparse {
        id: 1,
        note,
        rest: BTreeMap::from([("more".to_owned(), 2)]),
    }));
    comes_back(Arc::new(String::from("shared")));
    comes_back(serde_json::json!({ "a": [1, 2.5, null, { "b": "c" }] }));
    comes_back((0..100).collect::<HashSet<u32>>());
    comes_back((0..100).map(|n| (n, n)).collect::<HashMap<u32, u32>>());
    comes_back(Ok::<Option<u8>, String>(None));
}

#[test]
fn a_negative_zero_stays_one() {
    let zero: f64 = read_as(-0.0_f64).unwrap();
    assert!(zero.is_sign_negative());
}

#[test]
fn what_json_mixes_up_is_dropped() {
    assert_eq!(read_as::<Option<Option<u8>>>(Some(None::<u8>)), None);
    assert_eq!(read_as::<Option<()>>(Some(())), None);
    assert_eq!(
        read_as::<Option<Option<u8>>>(None::<Option<u8>>),
        Some(None)
    );
}

mod versions {
    use super::{Deserialize, Serialize, read_as};

    /// The same name with other fields, as after an edit of the program.
    macro_rules! version {
        ($version:ident: $($item:tt)*) => {
            mod $version {
                use super::{Deserialize, Serialize};

                #[derive(Debug, PartialEq, Serialize, Deserialize)]
                $($item)*
            }
        };
    }

    version!(old: pub(super) struct Price { pub(super) net: u32, pub(super) gross: u32 });
    version!(swapped: pub(super) struct Price { pub(super) gross: u32, pub(super) net: u32 });
    version!(fewer: pub(super) struct Price { pub(super) net: u32 });
    version!(more: pub(super) struct Price {
        pub(super) net: u32, pub(super) gross: u32, #[serde(default)] pub(super) tax: u32
    });
    version!(wider: pub(super) struct Price { pub(super) net: u64, pub(super) gross: u32 });
    version!(aliased: pub(super) struct Price {
        pub(super) net: u32, #[serde(alias = "gross")] pub(super) total: u32
    });

    #[test]
    fn a_type_that_changed_under_its_name_is_not_read() {
        let price = || old::Price { net: 1, gross: 2 };
        assert_eq!(read_as(price()), Some(price()));
        assert_eq!(read_as::<swapped::Price>(price()), None);
        assert_eq!(read_as::<fewer::Price>(price()), None);
        assert_eq!(read_as::<more::Price>(price()), None);
        assert_eq!(read_as::<wider::Price>(price()), None);
        assert_eq!(read_as::<aliased::Price>(price()), None);
    }
}

#[test]
fn prints_tell_values_apart() {
    let print = |value: &dyn Fn() -> Option<u64>| value().unwrap();
    let prints = [
        print(&|| of(&1_u8, &1_u8)),
        print(&|| of(&1_u8, &2_u8)),
        print(&|| of(&2_u8, &1_u8)),
        print(&|| of(&1_u16, &1_u8)),
        print(&|| of(&1_u8, &1_i8)),
        print(&|| of(&1_u8, &Some(1_u8))),
        print(&|| of(&1_u8, &"1")),
        print(&|| of(&1_u8, &("", "ab"))),
        print(&|| of(&1_u8, &("a", "b"))),
        print(&|| of(&1_u8, &["a", "b"].as_slice())),
        print(&|| of(&1_u8, &["ab"].as_slice())),
        print(&|| of(&1_u8, &["ab", ""].as_slice())),
        print(&|| of(&1_u8, &[[1_u8].as_slice(), &[2, 3]].as_slice())),
        print(&|| of(&1_u8, &[[1_u8, 2].as_slice(), &[3]].as_slice())),
        print(&|| of(&1_u8, &HashMap::from([(1_u8, 2_u8)]))),
        print(&|| of(&1_u8, &HashMap::from([(2_u8, 1_u8)]))),
        print(&|| of(&1_u8, &HashMap::from([(1_u8, 2_u8), (2, 1)]))),
        print(&|| of(&1_u8, &HashMap::from([(1_u8, 1_u8), (2, 2)]))),
    ];
    let different: HashSet<u64> = prints.into_iter().collect();
    assert_eq!(different.len(), prints.len());
}

/// It is in files: if this fails, the codec needs another name.
#[test]
fn prints_do_not_change_between_versions() {
    assert_eq!(of_texts(&["json/1", "u64"]), 9_444_770_244_386_242_800);
    assert_eq!(of(&1_u8, &"ab"), Some(8_789_302_544_141_165_418));
}
