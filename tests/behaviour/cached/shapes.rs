//! Every shape of function whose answers can be kept.

#![expect(
    clippy::cast_possible_truncation,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::too_many_arguments,
    clippy::unused_self,
    clippy::unused_unit,
    reason = "shapes that users write, not the ones that we would"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use perfkit::{CacheKey, memoized, timeout};

use super::*;

/// Calls it twice, and says how often its body ran.
macro_rules! twice {
    ($runs:expr, $call:expr) => {{
        let (first, second) = ($call, $call);
        assert_eq!(first, second);
        $runs.count()
    }};
}

mod arguments {
    use super::*;

    #[test]
    fn texts_slices_and_paths() {
        static RUNS: Runs = Runs::new();

        #[cached]
        fn join(parts: &[u8], to: &str, path: &Path) -> String {
            RUNS.run();
            format!("{parts:?}{to}{}", path.display())
        }

        assert_eq!(twice!(RUNS, join(&[1], "a", Path::new("b"))), 1);
        let key = (vec![1], "a".to_owned(), PathBuf::from("b"));
        assert_eq!(join_cache().peek(&key).as_deref(), Some("[1]ab"));
    }

    #[test]
    fn what_borrows_further_in() {
        static RUNS: Runs = Runs::new();

        #[cached]
        fn join(parts: &[&str], more: Vec<&str>, last: Option<&str>) -> String {
            RUNS.run();
            [parts.concat(), more.concat(), last.unwrap_or("").to_owned()].concat()
        }

        let text = String::from("c");
        assert_eq!(twice!(RUNS, join(&["a", "b"], vec![&text], Some("d"))), 1);
        assert_eq!(twice!(RUNS, join(&["ab"], vec![&text], Some("d"))), 2);
        let key = (
            vec!["ab".to_owned()],
            vec!["c".to_owned()],
            Some("d".to_owned()),
        );
        assert!(join_cache().invalidate(&key));
    }

    struct Query<'a> {
        table: &'a str,
        limit: u64,
    }

    impl CacheKey for Query<'_> {
        type Owned = (String, u64);

        fn hash<H: Hasher>(&self, state: &mut H) {
            Hash::hash(&(self.table, self.limit), state);
        }

        fn is(&self, key: &Self::Owned) -> bool {
            self.table == key.0 && self.limit == key.1
        }

        fn to_key(&self) -> Self::Owned {
            (self.table.to_owned(), self.limit)
        }
    }

    #[test]
    fn types_of_their_own_that_borrow() {
        static RUNS: Runs = Runs::new();

        #[cached]
        fn rows(query: &Query<'_>) -> String {
            RUNS.run();
            format!("{} of {}", query.limit, query.table)
        }

        let table = String::from("users");
        let query = || Query {
            table: &table,
            limit: 1,
        };
        assert_eq!(twice!(RUNS, rows(&query())), 1);
    }

    #[test]
    fn floats_by_their_bits() {
        static RUNS: Runs = Runs::new();

        #[cached]
        fn root(x: f64, all: [f32; 2]) -> Option<u64> {
            RUNS.run();
            Some(x.to_bits() + u64::from(all[0].to_bits()))
        }

        assert_eq!(twice!(RUNS, root(0.5, [1.0, 2.0])), 1);
        root(-0.0, [1.0, 2.0]);
        root(0.0, [1.0, 2.0]);
        assert_eq!(twice!(RUNS, root(f64::NAN, [1.0, 2.0])), 4);
    }

    #[test]
    fn patterns() {
        static RUNS: Runs = Runs::new();

        #[cached]
        fn sum((a, b): (u32, u32), [c, ..]: [u32; 3], _: u8, mut d: u32, ref e: u32) -> u32 {
            RUNS.run();
            d += e;
            a + b + c + d
        }

        assert_eq!(twice!(RUNS, sum((1, 2), [3, 0, 0], 0, 4, 5)), 1);
        assert_eq!(twice!(RUNS, sum((1, 2), [3, 0, 0], 1, 4, 5)), 2);
        assert_eq!(sum((1, 2), [3, 0, 0], 1, 4, 5), 15);
    }

    #[tokio::test]
    async fn patterns_of_async_functions() {
        #[cached]
        async fn sum((a, b): (u32, u32), _: u8) -> u32 {
            a + b
        }

        assert_eq!(sum((1, 2), 0).await, 3);
        assert_eq!(sum((1, 2), 0).await, 3);
        assert_eq!(sum_cache().len(), 1);
    }

    #[test]
    fn names_that_are_words_of_ours() {
        #[cached]
        fn load(key: u32, cache: u32, result: u32, value: u32, site: &str, r#type: u32) -> u32 {
            key + cache + result + value + r#type + site.len() as u32
        }

        assert_eq!(load(1, 2, 3, 4, "a", 5), 16);
        assert_eq!(load(1, 2, 3, 4, "a", 5), 16);
        assert_eq!(load_cache().len(), 1);
    }

    #[test]
    fn none_at_all() {
        static RUNS: Runs = Runs::new();

        #[cached]
        fn load() -> String {
            RUNS.run();
            "once".to_owned()
        }

        assert_eq!(twice!(RUNS, load()), 1);
        load_cache().invalidate(());
        assert_eq!(twice!(RUNS, load()), 2);
    }

    #[test]
    fn many() {
        #[cached]
        fn sum(
            a: u8,
            b: u8,
            c: u8,
            d: u8,
            e: u8,
            f: u8,
            g: u8,
            h: u8,
            i: u8,
            j: u8,
            k: u8,
            l: u8,
        ) -> u32 {
            [a, b, c, d, e, f, g, h, i, j, k, l]
                .map(u32::from)
                .iter()
                .sum()
        }

        assert_eq!(sum(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 78);
        assert_eq!(sum(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13), 79);
    }

    #[test]
    fn some_that_are_no_key() {
        struct Pool(Rc<u32>);

        #[cached(ignore(pool, log))]
        fn load(pool: &Pool, id: u64, log: impl Fn(u64)) -> u64 {
            log(id);
            id + u64::from(*pool.0)
        }

        let (pool, logged) = (Pool(Rc::new(1)), Runs::new());
        let log = |_| _ = logged.run();
        assert_eq!(twice!(logged, load(&pool, 1, log)), 1);
    }

    #[test]
    fn impl_trait() {
        #[cached]
        fn text(of: impl Display + Hash + Eq + Clone + Send + Sync + 'static) -> String {
            of.to_string()
        }

        for _ in 0..2 {
            assert_eq!(text(1), "1");
            assert_eq!(text("1"), "1");
        }
    }

    #[test]
    fn owned_collections() {
        #[cached]
        fn total(of: BTreeMap<String, u32>, and: Cow<'static, str>, boxed: Box<[u8]>) -> u32 {
            of.values().sum::<u32>() + (and.len() + boxed.len()) as u32
        }

        let of = BTreeMap::from([("a".to_owned(), 1)]);
        for _ in 0..2 {
            assert_eq!(total(of.clone(), "b".into(), Box::new([1])), 3);
        }
    }
}

mod answers {
    use super::*;

    #[test]
    fn what_is_not_clone_is_shared() {
        struct Page(#[expect(dead_code, reason = "only its place counts")] String);

        #[cached]
        fn page(id: u64) -> Arc<Page> {
            Arc::new(Page(id.to_string()))
        }

        assert!(Arc::ptr_eq(&page(1), &page(1)));
    }

    #[test]
    fn an_error_need_not_be_clone_or_send() {
        #[cached]
        fn parse(text: &str) -> Result<u8, Box<dyn std::error::Error>> {
            Ok(text.parse()?)
        }

        parse("no").unwrap_err();
        assert_eq!(parse("1").unwrap(), 1);
        assert_eq!(parse("1").unwrap(), 1);
    }

    #[test]
    fn units_and_functions() {
        #[cached]
        fn check(id: u64) -> Result<(), String> {
            if id == 0 {
                Err("zero".to_owned())
            } else {
                Ok(())
            }
        }

        #[cached]
        fn unit(id: u64) -> () {
            assert!(id > 0);
        }

        #[cached]
        fn adder(n: u32) -> Arc<dyn Fn(&u32) -> u32 + Send + Sync> {
            Arc::new(move |m| m + n)
        }

        #[cached]
        fn name(id: u64) -> &'static str {
            if id == 0 { "zero" } else { "more" }
        }

        for _ in 0..2 {
            check(1).unwrap();
            check(0).unwrap_err();
            unit(1);
            assert_eq!(adder(1)(&2), 3);
            assert_eq!(name(1), "more");
        }
    }

    #[test]
    fn a_type_that_is_only_called_a_result() {
        #[derive(Clone, Debug, PartialEq)]
        struct QueryResult(u64);

        #[cached]
        fn query(id: u64) -> QueryResult {
            QueryResult(id)
        }

        assert_eq!(query(1), QueryResult(1));
        assert_eq!(query_cache().peek(1), Some(QueryResult(1)));
    }

    #[test]
    fn an_alias_with_an_error_that_is_not_clone() {
        type AppResult<T> = Result<T, std::io::Error>;

        #[cached]
        fn load(id: u64) -> AppResult<u64> {
            Ok(id)
        }

        assert_eq!(load(1).unwrap(), 1);
        assert_eq!(load_cache().peek(1), Some(1));
    }
}

mod places {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Shop {
        id: u32,
        stock: Vec<u32>,
    }

    static RUNS: Runs = Runs::new();

    impl Shop {
        #[cached(key = (self.id, item))]
        pub(super) fn price(&self, item: u32) -> u32 {
            RUNS.run();
            self.stock.len() as u32 + item
        }

        #[cached]
        fn total(&self) -> u32 {
            self.stock.iter().sum()
        }

        #[cached]
        fn consumed(self, more: u32) -> u32 {
            self.stock.iter().sum::<u32>() + more
        }

        #[cached]
        fn shared(self: Arc<Self>, more: u32) -> u32 {
            self.id + more
        }

        #[cached(ignore(self))]
        fn constant(&self, of: u32) -> u32 {
            of + 1
        }

        #[cached]
        pub(super) fn made(id: u32) -> Self {
            Self {
                id,
                stock: vec![id],
            }
        }

        #[cached(key = self.id)]
        pub(super) async fn later(&self, _more: &str) -> u32 {
            tokio::task::yield_now().await;
            self.id
        }
    }

    trait Priced {
        fn price_of(&self, item: u32) -> u32;
        fn made_of(id: u32) -> Option<u32>;
        async fn fetch(&self, item: &str) -> Result<u32, String>;

        #[memoized(ignore(self))]
        fn doubled(&self, n: u32) -> u32 {
            n * 2
        }
    }

    impl Priced for Shop {
        #[cached]
        fn price_of(&self, item: u32) -> u32 {
            self.stock.first().copied().unwrap_or(0) + item
        }

        #[cached(handle = false)]
        fn made_of(id: u32) -> Option<u32> {
            Some(id)
        }

        #[cached(key = (self.id, item))]
        async fn fetch(&self, item: &str) -> Result<u32, String> {
            item.parse()
                .map(|n: u32| n + self.id)
                .map_err(|_| "no".to_owned())
        }
    }

    impl<T: Debug> Priced for Vec<T> {
        #[cached(key = (self.len(), item))]
        fn price_of(&self, item: u32) -> u32 {
            format!("{self:?}").len() as u32 + item
        }

        #[cached(handle = false)]
        fn made_of(id: u32) -> Option<u32> {
            Some(id + size_of::<T>() as u32)
        }

        #[cached(ignore(self))]
        async fn fetch(&self, item: &str) -> Result<u32, String> {
            Ok(item.len() as u32)
        }
    }

    fn shop(id: u32) -> Shop {
        Shop {
            id,
            stock: vec![id, 2],
        }
    }

    #[test]
    fn methods_with_any_receiver() {
        assert_eq!(shop(1).price(1), 3);
        assert_eq!(shop(2).price(1), 3);
        assert_eq!(shop(1).price(1), 3);
        assert_eq!(RUNS.count(), 2);
        for _ in 0..2 {
            assert_eq!((shop(1).total(), shop(5).total()), (3, 7));
            assert_eq!((shop(1).consumed(1), shop(5).consumed(1)), (4, 8));
            assert_eq!(Arc::new(shop(1)).shared(1), 2);
            assert_eq!(Arc::new(shop(5)).shared(1), 6);
            assert_eq!(shop(1).constant(1), 2);
            assert_eq!(Shop::made(1).stock, [1]);
        }
        assert_eq!(Shop::made_cache().len(), 1);
    }

    #[tokio::test]
    async fn methods_of_traits() {
        for _ in 0..2 {
            assert_eq!((shop(1).price_of(1), shop(5).price_of(1)), (2, 6));
            assert_eq!(vec![1_u8].price_of(1), 4);
            assert_eq!(vec!["a"].price_of(1), 6);
            assert_eq!(Shop::made_of(1), Some(1));
            assert_eq!(Vec::<u16>::made_of(1), Some(3));
            assert_eq!(Vec::<u32>::made_of(1), Some(5));
            assert_eq!(shop(1).doubled(4), 8);
            assert_eq!(shop(1).fetch("1").await, Ok(2));
            assert_eq!(shop(2).fetch("1").await, Ok(3));
            shop(2).fetch("x").await.unwrap_err();
            assert_eq!(vec![1_u8].fetch("abc").await, Ok(3));
            assert_eq!(shop(3).later("a").await, 3);
        }
    }

    #[async_trait::async_trait]
    trait Remote {
        async fn get(&self, id: u64, name: &str) -> Result<String, String>;
    }

    #[async_trait::async_trait]
    impl Remote for Shop {
        #[cached(ignore(self))]
        async fn get(&self, id: u64, name: &str) -> Result<String, String> {
            tokio::task::yield_now().await;
            static RUNS: Runs = Runs::new();
            Ok(format!("{name}{id}{}", RUNS.run()))
        }
    }

    #[tokio::test]
    async fn methods_under_async_trait() {
        let remote: &dyn Remote = &shop(1);
        let first = remote.get(1, "a").await;
        assert_eq!(remote.get(1, "a").await, first);
        assert_ne!(remote.get(1, "b").await, first);
    }

    struct Wrapper<T>(T);

    impl<T> Wrapper<T>
    where
        T: Clone + Hash + Eq + Send + Sync + 'static,
    {
        #[cached]
        fn inner(value: T) -> Wrapped<T> {
            Wrapped(value)
        }

        #[cached(key = self.0.clone())]
        fn get(&self) -> T {
            self.0.clone()
        }
    }

    #[derive(Clone, Debug, PartialEq)]
    struct Wrapped<T>(T);

    #[test]
    fn an_impl_that_is_generic() {
        for _ in 0..2 {
            assert_eq!(Wrapper::inner(1_u8), Wrapped(1));
            assert_eq!(Wrapper::inner("a".to_owned()).0, "a");
            assert_eq!(Wrapper(3_u16).get(), 3);
        }
    }

    #[test]
    fn functions_that_are_unsafe_or_extern() {
        /// # Safety
        /// None needed.
        #[cached]
        unsafe fn danger(n: u32) -> u32 {
            n
        }

        #[cached]
        extern "C" fn foreign(n: u32) -> u32 {
            n
        }

        // SAFETY: none needed.
        assert_eq!(unsafe { danger(1) + danger(1) }, 2);
        assert_eq!(foreign(1) + foreign(1), 2);
    }
}

mod futures {
    use super::*;

    #[cached]
    fn made(n: u32) -> impl Future<Output = u32> + Send {
        async move { n + 1 }
    }

    #[cached]
    fn boxed(n: u32) -> Pin<Box<dyn Future<Output = Option<u32>> + Send>> {
        let more = n + 1;
        Box::pin(async move { Some(more) })
    }

    #[cached]
    fn pinned(n: &u32) -> Pin<Box<dyn Future<Output = u32> + Send + '_>> {
        Box::pin(async move { *n })
    }

    #[tokio::test]
    async fn functions_that_say_so() {
        for _ in 0..2 {
            assert_eq!(made(1).await, 2);
            assert_eq!(boxed(1).await, Some(2));
            assert_eq!(pinned(&1).await, 1);
        }
        assert_eq!(made_cache().len(), 1);
        assert_eq!(boxed_cache().len(), 1);
        assert_eq!(pinned_cache().len(), 1);
    }

    #[tokio::test]
    async fn futures_that_are_not_send() {
        #[cached]
        async fn local(n: u32) -> u32 {
            let rc = Rc::new(n);
            tokio::task::yield_now().await;
            *rc
        }

        assert_eq!(local(1).await + local(1).await, 2);
    }

    #[tokio::test]
    async fn futures_that_are_send_stay_so() {
        #[cached]
        async fn load(id: u64, name: &str) -> Result<u64, std::io::Error> {
            tokio::task::yield_now().await;
            Ok(id + name.len() as u64)
        }

        let spawned = tokio::spawn(async { load(1, "a").await.unwrap() });
        assert_eq!(spawned.await.unwrap(), 2);
        assert_eq!(load_cache().peek(&(1, "a".to_owned())), Some(2));
    }
}

mod stacks {
    use super::*;

    #[test]
    fn above_and_below_measured() {
        #[measured(name = "shapes: outside")]
        #[cached]
        fn outside(id: u64) -> Result<u64, String> {
            Ok(id)
        }

        #[cached]
        #[measured(name = "shapes: inside", by = id)]
        fn inside(id: u64) -> Result<u64, String> {
            Ok(id)
        }

        for _ in 0..3 {
            outside(1).unwrap();
            inside(1).unwrap();
        }
        #[cfg(feature = "measure")]
        {
            let report = perfkit::report();
            let calls = |op| report.operation(op).and_then(|row| row.count("calls"));
            assert_eq!(calls("shapes: outside"), Some(3));
            assert_eq!(calls("shapes: inside"), Some(1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn above_timeout() {
        static RUNS: Runs = Runs::new();

        #[measured]
        #[cached]
        #[timeout("1s")]
        async fn slow(id: u64) -> Result<u64, std::io::Error> {
            RUNS.run();
            if id == 0 {
                std::future::pending::<()>().await;
            }
            Ok(id)
        }

        slow(0).await.unwrap_err();
        slow(0).await.unwrap_err();
        slow(1).await.unwrap();
        slow(1).await.unwrap();
        assert_eq!(RUNS.count(), 3);
    }
}
