//! One row for each label, `by = …`.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::sync::Arc;
use std::thread;

use perfkit::__private::Observed;
use perfkit::measured;

use super::site::{by, outcomes_of, plain};
use super::{answer, outcomes, row};

/// The labels of a row with their outcomes.
fn labels(op: &str) -> Vec<(String, [u64; 4])> {
    let row = row(op);
    let labels = row.labels();
    labels
        .map(|(label, row)| (label.to_owned(), outcomes(row)))
        .collect()
}

#[test]
fn a_function_is_split_by_label_and_adds_up() {
    #[measured(by = tenant)]
    fn serves(tenant: &str, number: u32) -> Option<u32> {
        number.checked_sub(1)
    }
    for number in 0..10 {
        serves(if number < 4 { "red" } else { "green" }, number);
    }
    assert_eq!(
        labels("serves"),
        [
            ("green".to_owned(), [6, 0, 0, 0]),
            ("red".to_owned(), [3, 1, 0, 0])
        ]
    );
    let row = row("serves");
    assert_eq!(outcomes(&row), [9, 1, 0, 0]);
    assert_eq!(row.count("label_overflow"), Some(0));
    assert_eq!(row.by("red").and_then(|red| red.count("calls")), Some(4));
    assert!(row.by("blue").is_none());
}

#[test]
fn labels_beyond_the_hundredth_are_other() {
    #[measured(by = number)]
    async fn serves_many(number: u32) {}
    for _ in 0..2 {
        for number in 0..250 {
            answer(serves_many(number));
        }
    }
    let row = row("serves_many");
    assert_eq!(row.labels().count(), 101);
    let other = row.by("other").expect("there are more than a hundred");
    assert_eq!(outcomes(other), [300, 0, 0, 0]);
    assert_eq!(outcomes(&row), [500, 0, 0, 0]);
    assert_eq!(row.count("label_overflow"), Some(300));
}

/// Shows another text than it lends.
struct TwoFaced;

impl Display for TwoFaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("shown")
    }
}

impl AsRef<str> for TwoFaced {
    fn as_ref(&self) -> &'static str {
        "lent"
    }
}

#[test]
fn a_label_is_what_any_type_shows() {
    macro_rules! labelled {
        ($($name:ident: $label:ty),*) => {$(
            #[measured(by = label, name = concat!("labelled by ", stringify!($name)))]
            fn $name(label: $label) {
                let _ = label;
            }
        )*};
    }
    labelled!(a_string: String, a_cow: Cow<'_, str>, shared: Arc<str>, boxed: Box<str>);
    labelled!(a_number: i8, a_character: char, another: TwoFaced);
    a_string("text".to_owned());
    a_cow(Cow::Borrowed("text"));
    shared("text".into());
    boxed("text".into());
    a_number(-7);
    a_character('é');
    another(TwoFaced);
    for (name, label) in [
        ("a_string", "text"),
        ("a_cow", "text"),
        ("shared", "text"),
        ("boxed", "text"),
        ("a_number", "-7"),
        ("a_character", "é"),
        ("another", "shown"),
    ] {
        let labels = labels(&format!("labelled by {name}"));
        assert_eq!(labels, [(label.to_owned(), [1, 0, 0, 0])], "{name}");
    }
}

#[test]
fn a_long_label_is_cut_at_a_character_however_it_is_shown() {
    #[measured(by = label)]
    fn has_a_long_label(label: &str) {}
    #[measured(by = format_args!("{label}{label}"))]
    fn shows_a_long_label(label: &str) {}
    // 64 bytes end in the middle of a character of two bytes.
    let long = format!("x{}", "é".repeat(40));
    has_a_long_label(&long);
    has_a_long_label(&format!("{long}{long}"));
    shows_a_long_label(&long);
    let cut = format!("x{}", "é".repeat(31));
    assert_eq!(labels("has_a_long_label"), [(cut.clone(), [2, 0, 0, 0])]);
    assert_eq!(labels("shows_a_long_label"), [(cut, [1, 0, 0, 0])]);
}

#[test]
fn other_by_name_is_the_other() {
    #[measured(by = label)]
    fn uses_the_name(label: &str) {}
    uses_the_name("other");
    assert_eq!(
        labels("uses_the_name"),
        [("other".to_owned(), [1, 0, 0, 0])]
    );
    assert_eq!(row("uses_the_name").count("label_overflow"), Some(1));
}

#[test]
fn threads_that_see_a_label_first_together_agree() {
    let site = plain();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..50 {
                    by(site, &round).call(|| (), |()| false);
                }
            });
        }
    });
    let by = site.snapshot().by;
    assert_eq!(by.len(), 50);
    assert!(by.iter().all(|(_, row)| outcomes_of(row) == [4, 0, 0, 0]));
}
