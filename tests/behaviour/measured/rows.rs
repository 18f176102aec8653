//! The rows of the report: everything annotated, under the name a user knows it by.

use std::fmt::Debug;

use perfkit::measured;

use super::{answer, outcomes, report, row};

/// The whole name of something in this file.
macro_rules! op {
    ($($rest:tt)*) => { concat!(module_path!(), "::", $($rest)*) };
}

struct Basket;
struct Drawer<T>(Vec<T>);

trait Priced {
    fn price(&self) -> u32;

    #[measured]
    fn taxed(&self) -> u32 {
        self.price() * 2
    }
}

impl Basket {
    #[measured]
    fn new() -> Self {
        Self
    }
}

impl Priced for Basket {
    #[measured]
    fn price(&self) -> u32 {
        4
    }
}

impl<T> Drawer<T> {
    #[measured]
    fn new() -> Self {
        Self(Vec::new())
    }
}

impl<T> Priced for Drawer<T> {
    #[measured]
    fn price(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

#[test]
fn methods_are_named_after_their_type() {
    let basket = Basket::new();
    let drawer = Drawer::<u8>::new();
    let other = Drawer::<String>::new();
    assert_eq!(basket.price() + drawer.price() + other.price(), 4);
    assert_eq!(basket.taxed() + drawer.taxed(), 8);
    let calls = [
        ("Basket::new", 1),
        ("Drawer::new", 2),
        ("Basket::price", 2),
        ("Drawer::price", 3),
        ("Priced::taxed", 2),
    ];
    for (op, calls) in calls {
        assert_eq!(outcomes(&row(op)), [calls, 0, 0, 0], "{op}");
    }
    assert_eq!(row("Basket::new").op(), op!("Basket::new"));
    let price = format!("<{} as {}>::price", op!("Basket"), op!("Priced"));
    assert_eq!(row("Basket::price").op(), price);
}

#[test]
fn a_generic_function_is_one_row() {
    #[measured]
    fn is_generic<T: Debug, const N: usize>(things: [T; N]) -> String {
        format!("{things:?}")
    }
    assert_eq!(is_generic([1, 2]), "[1, 2]");
    assert_eq!(is_generic(["a"]), "[\"a\"]");
    assert_eq!(outcomes(&row("is_generic")), [2, 0, 0, 0]);
}

#[test]
fn functions_of_one_name_are_rows_of_their_own() {
    mod one {
        #[perfkit::measured]
        pub(super) fn same_name() {}
    }
    mod other {
        #[perfkit::measured]
        pub(super) async fn same_name() {}
    }
    one::same_name();
    answer(other::same_name());
    answer(other::same_name());
    assert_eq!(outcomes(&row("one::same_name")), [1, 0, 0, 0]);
    assert_eq!(outcomes(&row("other::same_name")), [2, 0, 0, 0]);
    // By what both end with nobody can tell which is meant.
    assert!(report().operation("same_name").is_none());
}

#[test]
fn a_name_that_is_given_is_the_name() {
    #[measured(name = "GET /a name/{of its own}")]
    fn has_a_name() {}
    has_a_name();
    let line = line!() - 2;
    let row = row("GET /a name/{of its own}");
    assert_eq!(outcomes(&row), [1, 0, 0, 0]);
    assert_eq!(row.attributes().collect::<Vec<_>>(), ["measured"]);
    let place = row.location().expect("it stands somewhere");
    assert_eq!((place.file.as_ref(), place.line), (file!(), line));
    assert!(report().operation("has_a_name").is_none());
}

#[test]
fn functions_that_share_a_name_are_added_up() {
    #[measured(name = "shared by two functions")]
    fn succeeds() -> Option<()> {
        Some(())
    }
    #[measured(name = "shared by two functions")]
    fn fails() -> Option<()> {
        None
    }
    assert_eq!((succeeds(), fails(), fails()), (Some(()), None, None));
    let row = row("shared by two functions");
    assert_eq!(outcomes(&row), [1, 2, 0, 0]);
    assert_eq!(row.location(), None);
}

#[test]
fn a_function_that_nothing_called_is_listed_with_zeros() {
    #[measured(slow = "1s", by = label)]
    #[expect(dead_code, reason = "what the test is about")]
    fn is_never_called(label: &str) -> Option<()> {
        None
    }
    let row = row("is_never_called");
    assert_eq!(outcomes(&row), [0; 4]);
    for count in ["timed", "slow", "label_overflow"] {
        assert_eq!(row.count(count), Some(0), "{count}");
    }
    for time in ["self", "busy"] {
        assert_eq!(row.seconds(time), Some(0.0), "{time}");
    }
    let latency = row.histogram("latency").expect("it is there");
    assert_eq!(
        (latency.count, latency.p99_ns, latency.max_ns),
        (0, None, None)
    );
    assert_eq!(row.labels().count(), 0);
    assert!(row.location().is_some());
}

#[test]
fn a_call_changes_values_and_no_names() {
    #[measured]
    #[expect(dead_code, reason = "what the test is about")]
    fn has_no_calls() {}
    #[measured]
    fn has_a_call() {}
    has_a_call();
    let names = |op: &str| -> Vec<String> {
        let row = row(op);
        row.fields().map(|(name, _)| name.to_owned()).collect()
    };
    assert_eq!(names("has_no_calls"), names("has_a_call"));
}
