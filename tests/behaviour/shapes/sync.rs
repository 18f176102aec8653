use super::*;

#[measured]
fn unit() {}

#[measured]
fn explicit_unit() -> () {}

#[measured]
fn plain(a: u32, b: u32) -> u32 {
    a + b
}

#[measured]
fn early_return(n: i32) -> Answer<i32> {
    if n < 0 {
        return Err(Failure::Empty);
    }
    Ok(n)
}

#[measured]
fn question_mark(text: &str) -> Result<i32, Box<dyn std::error::Error>> {
    let n: i32 = text.parse()?;
    Ok(n + 1)
}

#[measured]
fn unit_with_return(cell: &Cell<u32>) {
    if cell.get() > 0 {
        return;
    }
    cell.set(7);
}

#[measured]
fn never(message: &str) -> ! {
    panic!("{message}")
}

#[measured]
fn tuple_and_struct_patterns((a, b): (u32, u32), [c, ..]: [u32; 3], _: String) -> u32 {
    a + b + c
}

#[measured]
fn mutable_argument(mut items: Vec<u32>) -> Vec<u32> {
    items.push(4);
    items
}

#[measured]
fn moved_argument(text: String) -> usize {
    let owned = text;
    drop(owned.clone());
    owned.len()
}

#[measured]
fn unused_argument(_text: String) -> u8 {
    1
}

#[measured]
fn elided(text: &str) -> &str {
    text.trim()
}

#[measured]
fn elided_in_a_type(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

#[measured]
fn named_lifetimes<'a, 'b: 'a>(a: &'a str, b: &'b str) -> Option<&'a str> {
    [a, b].into_iter().find(|text| !text.is_empty())
}

#[measured]
fn reborrows(items: &mut Vec<u32>) -> &mut u32 {
    items.push(1);
    &mut items[0]
}

#[measured]
fn reborrows_early(items: &mut [u32]) -> Option<&mut u32> {
    if items.is_empty() {
        return None;
    }
    items.last_mut()
}

#[measured]
fn slices(items: &[u32]) -> &[u32] {
    &items[1..]
}

#[measured]
fn generic<T, const N: usize>(items: [T; N]) -> Vec<T>
where
    T: Clone + Debug,
{
    items.to_vec()
}

#[measured]
fn generic_answer<T: Default>() -> T {
    T::default()
}

#[measured]
fn impl_in(show: impl Display, each: impl Fn(u32) -> u32) -> String {
    format!("{show}{}", each(1))
}

#[measured]
fn impl_out(n: u32) -> impl Iterator<Item = u32> + Clone {
    0..n
}

#[measured]
fn impl_of_a_closure() -> impl Fn(&u8) -> u8 {
    |n| *n + 1
}

#[measured(by = n)]
fn impl_that_borrows<'a>(text: &'a str, n: usize) -> impl Fn(&str) -> Option<&'a str> + 'a {
    move |prefix| text.strip_prefix(prefix)?.get(..n)
}

#[measured(name = "impl_judged_by_nothing")]
fn impl_judged_by_nothing(n: u32) -> impl Debug {
    assert!(n < 2, "too many");
    if n == 0 { Err(Failure::Empty) } else { Ok(n) }
}

#[measured]
fn impl_inside(n: u32) -> Answer<impl Iterator<Item = u32>> {
    if n == 0 {
        return Err(Failure::Empty);
    }
    Ok((0..n).map(|n| n * 2))
}

#[measured]
fn impl_of_closures(n: u32) -> Box<dyn Fn(u32) -> u32> {
    Box::new(move |m| n + m)
}

#[measured]
fn impl_twice(n: u32) -> (impl Fn(u32) -> u32, Vec<impl Display>) {
    (move |m| n + m, vec![n])
}

#[measured]
fn coerces(items: &Vec<u32>) -> Option<&[u32]> {
    Some(items)
}

#[measured]
fn boxes_a_trait(wide: bool) -> Box<dyn Display> {
    if wide {
        return Box::new(1u64);
    }
    Box::new("narrow")
}

#[measured]
fn fn_pointer(up: bool) -> fn(u32) -> u32 {
    if up { |n| n + 1 } else { |n| n - 1 }
}

#[measured]
unsafe fn not_safe(at: *const u32) -> u32 {
    // SAFETY: the caller gives a pointer to a live number.
    unsafe { *at }
}

#[measured]
extern "C" fn foreign(n: u32) -> u32 {
    n + 1
}

#[measured]
#[track_caller]
fn tracked() -> u32 {
    3
}

#[measured]
fn recursion(n: u32) -> u32 {
    if n == 0 { 0 } else { n + recursion(n - 1) }
}

#[measured]
fn r#match(r#type: u32) -> u32 {
    r#type
}

#[measured]
fn nested(n: u32) -> u32 {
    #[measured]
    fn inner(n: u32) -> u32 {
        n * 2
    }
    inner(n) + 1
}

#[measured]
fn inner_attributes() -> u32 {
    #![allow(unused_variables)]
    let unused = 1;
    2
}

#[measured]
fn items_inside() -> usize {
    use std::mem::size_of;
    struct Local(#[expect(dead_code)] u64);
    size_of::<Local>()
}

/// A documented function with attributes of others around ours.
#[inline]
#[measured]
#[must_use]
#[allow(clippy::let_and_return)]
#[cfg(test)]
fn neighbours() -> u32 {
    let n = 5;
    n
}

macro_rules! makes {
    ($(#[$attr:meta])* $vis:vis fn $name:ident($arg:ident: $ty:ty) -> $out:ty $body:block) => {
        $(#[$attr])* $vis fn $name($arg: $ty) -> $out $body
    };
}

makes! {
    #[measured(slow = "1s")]
    fn from_a_macro(n: u32) -> Option<u32> { n.checked_add(1) }
}

macro_rules! slow {
    ($slow:literal, $sample:expr, $name:ident) => {
        #[measured(slow = $slow, sample = $sample)]
        fn $name() -> u32 {
            8
        }
    };
}
slow!("1s", 2, values_from_a_macro);

#[test]
fn every_sync_shape_answers_as_it_would_alone() {
    unit();
    explicit_unit();
    assert_eq!(plain(1, 2), 3);
    assert_eq!(early_return(-1), Err(Failure::Empty));
    assert_eq!(early_return(1), Ok(1));
    assert_eq!(question_mark("1").expect("a number"), 2);
    assert!(question_mark("x").is_err());
    let cell = Cell::new(0);
    unit_with_return(&cell);
    unit_with_return(&cell);
    assert_eq!(cell.get(), 7);
    assert_eq!(
        tuple_and_struct_patterns((1, 2), [3, 0, 0], String::new()),
        6
    );
    assert_eq!(mutable_argument(vec![1]), [1, 4]);
    assert_eq!(moved_argument("four".into()), 4);
    assert_eq!(unused_argument(String::new()), 1);
    assert_eq!(elided(" a "), "a");
    assert_eq!(elided_in_a_type("a"), "a");
    assert_eq!(named_lifetimes("", "b"), Some("b"));
    *reborrows(&mut vec![]) += 1;
    let mut items = [1, 2];
    *reborrows_early(&mut items).expect("not empty") = 5;
    assert_eq!(items, [1, 5]);
    assert_eq!(slices(&items), [5]);
    assert_eq!(generic([1, 2]), [1, 2]);
    assert_eq!(generic_answer::<Option<u32>>(), None);
    assert_eq!(impl_in(1, |n| n + 1), "12");
    assert_eq!(impl_out(3).clone().count(), 3);
    assert_eq!(impl_of_a_closure()(&1), 2);
    assert_eq!(impl_that_borrows("a: bc", 2)("a: "), Some("bc"));
    assert_eq!(
        impl_inside(2).map(Iterator::collect::<Vec<_>>),
        Ok(vec![0, 2])
    );
    assert!(impl_inside(0).is_err());
    assert_eq!(impl_of_closures(1)(2), 3);
    assert_eq!(impl_twice(1).0(2), 3);
    assert_eq!(impl_twice(1).1[0].to_string(), "1");
    assert_eq!(coerces(&vec![1]), Some(&[1][..]));
    assert_eq!(boxes_a_trait(true).to_string(), "1");
    assert_eq!(boxes_a_trait(false).to_string(), "narrow");
    assert_eq!(fn_pointer(true)(1), 2);
    // SAFETY: the number lives through the call.
    assert_eq!(unsafe { not_safe(&4) }, 4);
    assert_eq!(foreign(1), 2);
    assert_eq!(tracked(), 3);
    assert_eq!(recursion(4), 10);
    assert_eq!(r#match(9), 9);
    assert_eq!(nested(2), 5);
    assert_eq!(inner_attributes(), 2);
    assert_eq!(items_inside(), 8);
    assert_eq!(neighbours(), 5);
    assert_eq!(from_a_macro(1), Some(2));
    assert_eq!(values_from_a_macro(), 8);
}

#[test]
fn an_opaque_answer_is_given_as_it_is_and_counted_as_ok() {
    let calls = [0, 1].map(|n| format!("{:?}", impl_judged_by_nothing(n)));
    assert_eq!(calls, ["Err(Empty)", "Ok(1)"]);
    std::panic::catch_unwind(|| impl_judged_by_nothing(2)).expect_err("it panics");
    if cfg!(feature = "measure") {
        let report = perfkit::report();
        let row = report
            .operation("impl_judged_by_nothing")
            .expect("it is listed");
        let ended = ["ok", "error", "panic", "cancelled"].map(|how| row.part("outcomes", how));
        assert_eq!(ended, [Some(2), Some(0), Some(1), Some(0)]);
        assert_eq!(row.count("calls"), Some(3));
    }
}

#[test]
fn a_panic_stays_the_callers() {
    let payload = std::panic::catch_unwind(|| never("mine")).expect_err("it panics");
    assert_eq!(
        payload.downcast_ref::<String>().map(String::as_str),
        Some("mine")
    );
}
