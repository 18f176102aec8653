//! Every shape of function a user has can be annotated, and answers as it would alone.

#![allow(
    clippy::let_and_return,
    clippy::needless_lifetimes,
    clippy::non_minimal_cfg,
    clippy::ptr_arg,
    clippy::unused_unit,
    reason = "functions are written as users write them"
)]

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use perfkit::{measured, timeout};

type Answer<T> = Result<T, Failure>;

#[derive(Debug, PartialEq)]
enum Failure {
    Empty,
    Rejected,
}

impl From<perfkit::Rejected> for Failure {
    fn from(_: perfkit::Rejected) -> Self {
        Self::Rejected
    }
}

mod sync {
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
    #[cfg(all())]
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
    fn a_panic_stays_the_callers() {
        let payload = std::panic::catch_unwind(|| never("mine")).expect_err("it panics");
        assert_eq!(
            payload.downcast_ref::<String>().map(String::as_str),
            Some("mine")
        );
    }
}

mod methods {
    use super::*;

    #[derive(Clone, Default)]
    struct Cart {
        items: Vec<u32>,
    }

    impl Cart {
        const FIRST: u32 = 1;

        #[measured]
        fn new() -> Self {
            Self {
                items: vec![Self::FIRST],
            }
        }

        #[measured]
        fn by_reference(&self) -> &[u32] {
            &self.items
        }

        #[measured]
        fn by_mutable_reference(&mut self, n: u32) -> &mut Self {
            self.items.push(n);
            self
        }

        #[measured]
        fn by_value(self) -> Vec<u32> {
            self.items
        }

        #[measured]
        fn by_mutable_value(mut self) -> Self {
            self.items.clear();
            self
        }

        #[measured]
        fn by_arc(self: Arc<Self>) -> usize {
            self.items.len()
        }

        #[measured]
        fn by_pin(self: Pin<&mut Self>, n: u32) {
            self.get_mut().items.push(n);
        }

        #[measured(by = self.items.len())]
        fn with_a_label(&self) -> usize {
            self.items.len()
        }

        #[measured]
        async fn later(&self, n: u32) -> Answer<u32> {
            self.items.get(n as usize).copied().ok_or(Failure::Empty)
        }

        #[measured]
        #[timeout("1s")]
        async fn later_mutably(&mut self) -> Answer<&mut u32> {
            self.items.first_mut().ok_or(Failure::Empty)
        }

        #[measured]
        async fn later_by_arc(self: Arc<Self>) -> usize {
            self.items.len()
        }
    }

    trait Priced {
        fn price(&self) -> u32;

        #[measured]
        fn twice(&self) -> u32 {
            self.price() * 2
        }

        #[measured]
        fn made() -> Option<Self>
        where
            Self: Sized,
        {
            None
        }

        async fn fetch(&self) -> Answer<u32>;

        #[measured]
        #[timeout("1s")]
        async fn fetch_twice(&self) -> Answer<u32> {
            Ok(self.fetch().await? * 2)
        }
    }

    impl Priced for Cart {
        #[measured]
        fn price(&self) -> u32 {
            self.items.iter().sum()
        }

        #[timeout("1s")]
        #[measured]
        async fn fetch(&self) -> Answer<u32> {
            Ok(self.price())
        }
    }

    impl<T> Priced for Vec<T>
    where
        T: Into<u32> + Copy,
    {
        #[measured]
        fn price(&self) -> u32 {
            self.iter().map(|&n| n.into()).sum()
        }

        async fn fetch(&self) -> Answer<u32> {
            Err(Failure::Empty)
        }
    }

    #[test]
    fn every_receiver_works() {
        let mut cart = Cart::new();
        cart.by_mutable_reference(2).by_mutable_reference(3);
        assert_eq!(cart.by_reference(), [1, 2, 3]);
        assert_eq!(cart.with_a_label(), 3);
        assert_eq!(cart.clone().by_value(), [1, 2, 3]);
        assert_eq!(Arc::new(cart.clone()).by_arc(), 3);
        Pin::new(&mut cart).by_pin(4);
        assert_eq!(cart.price(), 10);
        assert_eq!(cart.twice(), 20);
        assert!(cart.by_mutable_value().items.is_empty());
        assert!(Cart::made().is_none());
        assert_eq!(vec![1u8, 2].twice(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn every_async_receiver_works() {
        let mut cart = Cart::new();
        assert_eq!(cart.later(0).await, Ok(1));
        assert_eq!(cart.later(1).await, Err(Failure::Empty));
        *cart.later_mutably().await.expect("one item") = 6;
        assert_eq!(cart.fetch_twice().await, Ok(12));
        assert_eq!(vec![1u8].fetch_twice().await, Err(Failure::Empty));
        assert_eq!(Arc::new(cart).later_by_arc().await, 1);
    }
}

mod asynchronous {
    use super::*;

    #[measured]
    async fn unit() {}

    #[measured]
    async fn unit_with_return(cell: &Cell<u32>) {
        if cell.get() > 0 {
            return;
        }
        cell.set(7);
    }

    #[measured]
    #[timeout("1s")]
    async fn early_return(n: i32) -> Answer<i32> {
        if n < 0 {
            return Err(Failure::Empty);
        }
        Ok(n)
    }

    #[timeout(Duration::from_secs(1))]
    #[measured(slow = Duration::from_millis(5) * 2, sample = 1 + 1)]
    async fn question_mark(text: &str) -> anyhow::Result<i32> {
        let n: i32 = text.parse()?;
        Ok(n + 1)
    }

    #[timeout("1s", reject = |_| ())]
    async fn rejected_by_a_closure() -> Option<u32> {
        Some(1)
    }

    #[timeout("1s", reject = Failure::from)]
    async fn rejected_by_a_path() -> Answer<u32> {
        Ok(1)
    }

    #[measured(by = tenant)]
    #[timeout("1s")]
    async fn moved_argument(tenant: String, (a, b): (u32, u32)) -> Answer<String> {
        let _ = a + b;
        Ok(tenant)
    }

    #[measured]
    async fn mutable_argument(mut items: Vec<u32>, _unused: String) -> Vec<u32> {
        tokio::task::yield_now().await;
        items.push(4);
        items
    }

    #[measured]
    async fn elided(text: &str) -> &str {
        text.trim()
    }

    #[measured]
    async fn reborrows(items: &mut Vec<u32>) -> &mut u32 {
        items.push(1);
        &mut items[0]
    }

    #[measured]
    async fn coerces(items: &Vec<u32>) -> Option<&[u32]> {
        Some(items)
    }

    #[measured]
    async fn boxes_a_trait(wide: bool) -> Box<dyn Display> {
        if wide {
            return Box::new(1u64);
        }
        Box::new("narrow")
    }

    #[measured]
    async fn boxes_a_closure(n: u32) -> Result<Box<dyn Fn(u32) -> u32>, Failure> {
        if n == 0 {
            return Err(Failure::Empty);
        }
        Ok(Box::new(move |m| n + m))
    }

    #[measured]
    #[timeout("1s")]
    async fn generic<T, const N: usize>(items: [T; N]) -> Answer<Vec<T>>
    where
        T: Clone,
    {
        Ok(items.to_vec())
    }

    #[measured]
    #[timeout("1s")]
    async fn impl_inside(n: u32) -> Answer<impl Iterator<Item = u32>> {
        if n == 0 {
            return Err(Failure::Empty);
        }
        Ok(0..n)
    }

    #[measured]
    async fn impl_in(show: impl Display) -> String {
        show.to_string()
    }

    #[measured]
    async fn not_send(shared: Rc<RefCell<u32>>) -> u32 {
        *shared.borrow_mut() += 1;
        tokio::task::yield_now().await;
        let n = *shared.borrow();
        n
    }

    #[measured]
    #[timeout("1s")]
    async fn recursion(n: u32) -> Answer<u32> {
        if n == 0 {
            return Ok(0);
        }
        Ok(n + Box::pin(recursion(n - 1)).await?)
    }

    #[measured]
    async fn never() -> ! {
        std::future::pending::<()>().await;
        unreachable!("pending for ever")
    }

    #[measured]
    async unsafe fn not_safe(at: *const u32) -> u32 {
        // SAFETY: the caller gives a pointer to a live number.
        unsafe { *at }
    }

    #[measured(by = n)]
    #[timeout("1s")]
    fn returns_a_future(n: u32) -> impl Future<Output = Answer<u32>> + Send {
        let doubled = n * 2;
        async move { Ok(doubled) }
    }

    #[measured]
    fn returns_a_borrowing_future<'a>(
        text: &'a str,
    ) -> impl std::future::Future<Output = &'a str> + 'a {
        async move { text.trim() }
    }

    #[measured]
    #[timeout("1s")]
    fn returns_a_boxed_future<'a>(
        map: &'a BTreeMap<u32, String>,
        key: u32,
    ) -> Pin<Box<dyn Future<Output = Option<&'a str>> + Send + 'a>> {
        if key == 0 {
            return Box::pin(std::future::ready(None));
        }
        Box::pin(async move { map.get(&key).map(String::as_str) })
    }

    #[measured]
    fn is_a_boxed_block(n: u32) -> Pin<Box<dyn Future<Output = Option<u32>> + Send>> {
        Box::pin(async move {
            if n == 0 {
                return None;
            }
            Some(n)
        })
    }

    #[test]
    fn async_answers_as_it_would_alone() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            unit().await;
            let cell = Cell::new(0);
            unit_with_return(&cell).await;
            assert_eq!(cell.get(), 7);
            assert_eq!(early_return(-1).await, Err(Failure::Empty));
            assert_eq!(early_return(1).await, Ok(1));
            assert_eq!(question_mark("1").await.expect("a number"), 2);
            assert!(question_mark("x").await.is_err());
            assert_eq!(rejected_by_a_closure().await, Some(1));
            assert_eq!(rejected_by_a_path().await, Ok(1));
            assert_eq!(moved_argument("a".into(), (1, 2)).await, Ok("a".into()));
            assert_eq!(mutable_argument(vec![], String::new()).await, [4]);
            assert_eq!(elided(" a ").await, "a");
            *reborrows(&mut vec![]).await += 1;
            assert_eq!(coerces(&vec![1]).await, Some(&[1][..]));
            assert_eq!(boxes_a_trait(true).await.to_string(), "1");
            assert_eq!(boxes_a_trait(false).await.to_string(), "narrow");
            assert_eq!(boxes_a_closure(1).await.expect("not zero")(2), 3);
            assert_eq!(generic([1, 2]).await, Ok(vec![1, 2]));
            assert_eq!(impl_inside(2).await.map(Iterator::count), Ok(2));
            assert_eq!(impl_in(1).await, "1");
            assert_eq!(not_send(Rc::default()).await, 1);
            assert_eq!(recursion(4).await, Ok(10));
            // SAFETY: the number lives through the call.
            assert_eq!(unsafe { not_safe(&4) }.await, 4);
            assert_eq!(returns_a_future(1).await, Ok(2));
            assert_eq!(returns_a_borrowing_future(" a ").await, "a");
            let map = BTreeMap::from([(1, "one".into())]);
            assert_eq!(returns_a_boxed_future(&map, 1).await, Some("one"));
            assert_eq!(returns_a_boxed_future(&map, 0).await, None);
            assert_eq!(is_a_boxed_block(1).await, Some(1));
            assert_eq!(is_a_boxed_block(0).await, None);
        });
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_that_never_ends_can_be_dropped() {
        let waited = tokio::time::timeout(Duration::from_secs(1), never()).await;
        assert!(waited.is_err());
    }

    #[test]
    fn a_future_stays_send_when_its_body_is() {
        fn send<T: Send>(future: T) -> T {
            future
        }
        drop(send(early_return(1)));
        drop(send(moved_argument(String::new(), (1, 2))));
        drop(send(returns_a_future(1)));
        drop(send(question_mark("1")));
    }
}

mod boxed_by_async_trait {
    use super::*;

    #[async_trait::async_trait]
    trait Store: Sync {
        async fn load(&self, key: u32) -> Answer<&str>;

        #[measured]
        #[timeout("1s")]
        async fn load_twice(&self, key: u32, (a, b): (u32, u32)) -> Answer<String> {
            let first = self.load(key + a - b).await?;
            let second = self.load(key).await?;
            Ok(format!("{first}{second}"))
        }

        #[measured]
        async fn unit(&self) {}
    }

    struct Memory(String);

    #[async_trait::async_trait]
    impl Store for Memory {
        #[measured(by = key)]
        #[timeout("1s")]
        async fn load(&self, key: u32) -> Answer<&str> {
            if key == 0 {
                return Err(Failure::Empty);
            }
            Ok(&self.0)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn methods_answer_as_they_would_alone() {
        let store: Box<dyn Store> = Box::new(Memory("x".into()));
        assert_eq!(store.load(1).await, Ok("x"));
        assert_eq!(store.load(0).await, Err(Failure::Empty));
        assert_eq!(store.load_twice(1, (1, 1)).await, Ok("xx".into()));
        store.unit().await;
    }
}
