//! The expansions survive a module that has taken every name there is, and no lint has a word to say about them.

#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, clippy::all, clippy::pedantic)]
#![cfg_attr(
    not(feature = "measure"),
    allow(
        clippy::must_use_candidate,
        clippy::unused_async,
        reason = "what is left is the function itself, too small to be without a word"
    )
)]

/// Names that expansions must not trip over.
pub mod taken {
    #![allow(missing_docs, clippy::missing_errors_doc)]

    pub mod core {}
    pub mod std {}
    pub mod alloc {}
    pub mod perfkit {}
    pub mod linkme {}

    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Result;
    pub struct Ok;
    pub struct Err;
    pub struct Box;
    pub struct Future;
    pub struct Site;
    pub struct Meta;
    pub struct Duration;
    pub struct Answer;
    pub struct String;
    pub struct FnOnce;
    #[allow(non_camel_case_types)]
    pub struct u64;
    #[allow(non_camel_case_types)]
    pub struct str;
    #[allow(non_camel_case_types)]
    pub struct bool;
    pub const SITES: () = ();
    #[allow(non_upper_case_globals)]
    pub const answer: () = ();
    #[allow(non_upper_case_globals)]
    pub const rejected: () = ();
    #[allow(unused_macros)]
    macro_rules! line {
        () => {};
    }
    #[allow(unused_macros)]
    macro_rules! file {
        () => {};
    }

    type Asked = ::core::result::Result<::core::primitive::u32, ::std::io::Error>;

    #[::perfkit::measured]
    pub fn unit() {}

    #[::perfkit::measured]
    pub fn plain(slow: ::core::primitive::u32) -> ::core::primitive::u32 {
        slow
    }

    #[::perfkit::measured(slow = "1s", sample = 2, by = site, name = "named")]
    pub fn arguments_like_our_words(
        site: ::core::primitive::u32,
        body: ::core::primitive::u32,
        running: ::core::primitive::u32,
    ) -> Asked {
        ::core::result::Result::Ok(site + body + running)
    }

    #[::perfkit::measured(by = __perfkit_measured)]
    pub fn arguments_like_our_locals(
        __perfkit_measured: ::core::primitive::u32,
        __perfkit_answer: ::core::primitive::u32,
        __perfkit_value: ::core::primitive::u32,
    ) -> ::core::primitive::u32 {
        __perfkit_measured + __perfkit_answer + __perfkit_value
    }

    #[::perfkit::measured(slow = ::core::time::Duration::from_secs(1))]
    #[::perfkit::timeout("1s")]
    pub async fn both(call: ::core::primitive::u32) -> Asked {
        ::core::result::Result::Ok(call)
    }

    #[::perfkit::timeout(::core::time::Duration::from_secs(1), reject = |_| ())]
    #[::perfkit::measured]
    pub async fn rejected_by_hand() -> ::core::option::Option<::core::primitive::u32> {
        if plain(1) == 2 {
            return ::core::option::Option::None;
        }
        ::core::option::Option::Some(1)
    }

    #[::perfkit::measured]
    pub async fn later() {}

    #[::perfkit::cached]
    pub fn kept(
        site: ::core::primitive::u32,
        __perfkit_cached: &::core::primitive::str,
        __perfkit_body: ::core::primitive::f64,
    ) -> ::core::result::Result<::core::primitive::u32, ::std::io::Error> {
        ::core::result::Result::Ok(site + __perfkit_cached.len().count_ones())
    }

    #[::perfkit::cached(
        ttl = "1m", tti = "1m", max_size = 10, max_bytes = "1KB", weigh = |_| 1, if = number > 0, errors = "1s",
        stale = "1s", refresh_ahead = 0.5, jitter = 0.5, wait = "1s", on_evict = |_, _, _| {}, name = "kept",
        key = (number, text.len()), key_type = (::core::primitive::u32, ::core::primitive::usize)
    )]
    pub fn kept_with_everything(
        number: ::core::primitive::u32,
        text: &::core::primitive::str,
    ) -> ::core::option::Option<::core::primitive::usize> {
        ::core::option::Option::Some(text.len())
    }

    #[::perfkit::cached(stale = "1s", ignore(_other))]
    pub async fn kept_later(
        (number, _): (::core::primitive::u32, ::core::primitive::u32),
        mut text: ::std::string::String,
        _other: &::core::primitive::u32,
    ) -> ::core::primitive::usize {
        text.push('!');
        text.len() + (number as ::core::primitive::usize)
    }

    #[::perfkit::rate_limited(
        "1000/s", burst = 10, max_wait = "1s", by = (site, __perfkit_start), max_keys = 10, cost = site, clock = ::perfkit::Clock::system(),
        reject = |_| (), name = "limited"
    )]
    pub fn limited(
        site: ::core::primitive::u32,
        __perfkit_start: ::core::primitive::u32,
    ) -> ::core::option::Option<::core::primitive::u32> {
        ::core::option::Option::Some(site + __perfkit_start)
    }

    #[::perfkit::rate_limited("1000000/s", wait)]
    pub fn limited_without_an_answer() {}

    #[::perfkit::rate_limited("1000000/s", wait, max_waiting = 10)]
    #[::perfkit::bulkhead(20, queue = 5, wait = "1s", by = __perfkit_permit, name = "held")]
    pub async fn held(__perfkit_permit: ::core::primitive::u32) -> Asked {
        ::core::result::Result::Ok(__perfkit_permit)
    }

    #[::perfkit::bulkhead(20, queue = 5)]
    pub fn held_in_a_thread(__perfkit_permit: ::core::primitive::u32) -> Asked {
        ::core::result::Result::Ok(__perfkit_permit)
    }

    #[::perfkit::bulkhead(20, by = (__perfkit_permit, 1))]
    pub fn held_at_once(__perfkit_permit: ::core::primitive::u32) -> Asked {
        ::core::result::Result::Ok(__perfkit_permit)
    }

    #[::perfkit::throttled("1s", by = __perfkit_answer, clock = ::perfkit::Clock::system(), name = "throttled")]
    pub fn throttled(__perfkit_answer: ::core::primitive::u32) -> ::core::primitive::u32 {
        __perfkit_answer
    }

    #[::perfkit::throttled("1s", leading = false, trailing)]
    pub async fn throttled_without_an_answer() {}

    #[::perfkit::throttled("1s", by = __perfkit_answer, trailing)]
    pub fn throttled_later(
        __perfkit_answer: ::core::primitive::u32,
        __perfkit_body: &::core::primitive::str,
    ) -> ::core::primitive::usize {
        let _ = __perfkit_answer;
        __perfkit_body.len()
    }

    #[::perfkit::debounced("1ms", max_wait = "1s", leading, by = __perfkit_answer, name = "debounced")]
    #[::perfkit::rate_limited("1000/s")]
    pub async fn debounced(
        __perfkit_answer: ::core::primitive::u32,
    ) -> ::core::option::Option<::core::primitive::u32> {
        ::core::option::Option::Some(__perfkit_answer)
    }

    #[::perfkit::debounced("1ms", leading, trailing = false)]
    pub async fn debounced_without_an_answer() {}

    #[::perfkit::memoized(unbounded)]
    pub fn memoized<T>(number: &T) -> ::core::option::Option<T>
    where
        T: ::core::clone::Clone
            + ::core::hash::Hash
            + ::core::cmp::Eq
            + ::core::marker::Send
            + ::core::marker::Sync
            + 'static,
    {
        ::core::option::Option::Some(::core::clone::Clone::clone(number))
    }

    #[::perfkit::fallback(value = ::core::result::Result::Ok(__perfkit_ended), when = |_| true, name = "again")]
    #[::perfkit::retry(
        attempts = 2, backoff = "fibonacci", delay = "1ms", jitter = "equal", max_delay = "1s", when = |_| true,
        retry_after = |_| ::core::option::Option::None, deadline = "1s", budget = 0.5, rejected, on_retry = |_| (),
        clock = ::perfkit::Clock::system()
    )]
    pub fn again(
        __perfkit_ended: ::core::primitive::u32,
        __perfkit_retry: &mut ::core::primitive::u32,
        text: ::std::string::String,
    ) -> Asked {
        *__perfkit_retry += 1;
        ::core::mem::drop(text);
        ::core::result::Result::Ok(__perfkit_ended)
    }

    #[::perfkit::retry(backoff = |_| ::core::time::Duration::ZERO)]
    pub fn again_with_a_copy(
        mut text: ::std::string::String,
        _unused: ::core::primitive::u8,
    ) -> Asked {
        text.push('!');
        ::core::result::Result::Ok(text.len().count_ones())
    }

    #[::perfkit::fallback(|_| ::core::result::Result::Ok(*site), on_panic = false)]
    #[::perfkit::retry(factor = 3, jitter = "none", budget = false)]
    #[::perfkit::hedged(after = "p95", max = 2, idempotent, budget = "5%")]
    #[::perfkit::timeout("1s")]
    pub async fn again_later(
        site: &::core::primitive::u32,
        (_first, _): (::std::string::String, ::core::primitive::u8),
    ) -> Asked {
        ::core::result::Result::Ok(*site)
    }

    fn instead(
        site: ::core::primitive::u32,
        _: ::std::string::String,
        (): (),
    ) -> ::core::option::Option<::core::primitive::u32> {
        site.checked_add(0)
    }

    #[::perfkit::fallback(instead)]
    pub fn or_instead(
        site: ::core::primitive::u32,
        text: ::std::string::String,
    ) -> ::core::option::Option<::core::primitive::u32> {
        ::core::mem::drop(text);
        site.checked_sub(1)
    }

    #[::perfkit::fallback(value = ::core::option::Option::Some(0), on_panic)]
    pub async fn or_caught(
        text: ::std::string::String,
    ) -> ::core::option::Option<::core::primitive::usize> {
        ::core::option::Option::Some(text.len())
    }

    #[::perfkit::measured]
    #[::perfkit::timeout("1s")]
    pub fn future() -> impl ::core::future::Future<Output = Asked> {
        async { ::core::result::Result::Ok(1) }
    }

    #[::perfkit::measured]
    pub fn boxed() -> ::core::pin::Pin<
        ::std::boxed::Box<dyn ::core::future::Future<Output = ::core::primitive::u32>>,
    > {
        let future = async { 1 };
        ::std::boxed::Box::pin(future)
    }
}

/// Public items need documentation, items inside them do not.
pub mod documented {
    use ::core::primitive::u32;
    use ::core::result::Result::{self, Ok};
    use ::perfkit::{measured, timeout};
    use ::std::string::String;

    /// A type.
    #[derive(Debug)]
    pub struct Cart;

    impl Cart {
        /// Lints about the function speak of the function.
        #[measured(by = self.total(1), slow = "2s")]
        #[must_use]
        pub fn labelled(&self) -> u32 {
            self.total(2)
        }

        #[measured]
        #[expect(clippy::unused_self, reason = "and are silenced there")]
        fn total(&self, n: u32) -> u32 {
            n
        }

        /// So do those about its body.
        ///
        /// # Errors
        ///
        /// None.
        #[measured]
        #[timeout("2s", name = "fetch")]
        #[cfg_attr(all(), must_use = "nothing runs without it")]
        pub async fn fetch(&self) -> Result<u32, String> {
            #[expect(
                clippy::no_effect_underscore_binding,
                reason = "and are silenced there"
            )]
            let _unused = 1;
            Ok(self.total(3))
        }
    }
}

#[test]
fn an_expansion_needs_no_name_but_its_own() {
    use ::core::assert_eq;

    taken::unit();
    assert_eq!(
        taken::kept(1, "a", 0.5).ok(),
        ::core::option::Option::Some(2)
    );
    assert_eq!(taken::kept_cache().len(), 1);
    assert_eq!(
        taken::kept_with_everything(1, "a"),
        ::core::option::Option::Some(1)
    );
    assert_eq!(taken::kept_with_everything_cache().len(), 1);
    assert_eq!(taken::memoized(&1), ::core::option::Option::Some(1));
    assert_eq!(taken::memoized_cache::<::core::primitive::i32>().len(), 1);
    assert_eq!(taken::limited(1, 2), ::core::option::Option::Some(3));
    taken::limited_without_an_answer();
    assert_eq!(taken::throttled(1), 1);
    assert_eq!(taken::throttled_later(1, "ab"), 2);
    assert_eq!(taken::throttled_later(1, "abc"), 2);
    assert_eq!(taken::throttled_later_throttle().cancel(), 1);
    assert_eq!(
        taken::held_in_a_thread(3).ok(),
        ::core::option::Option::Some(3)
    );
    assert_eq!(taken::held_at_once(3).ok(), ::core::option::Option::Some(3));
    assert_eq!(taken::plain(1), 1);
    assert_eq!(
        taken::arguments_like_our_words(1, 2, 3).ok(),
        ::core::option::Option::Some(6)
    );
    assert_eq!(taken::arguments_like_our_locals(1, 2, 3), 6);
    let text = ::std::string::String::new;
    assert_eq!(
        taken::again(1, &mut 2, text()).ok(),
        ::core::option::Option::Some(1)
    );
    assert_eq!(
        taken::again_with_a_copy(text(), 0).ok(),
        ::core::option::Option::Some(1)
    );
    assert_eq!(
        taken::or_instead(0, text()),
        ::core::option::Option::Some(0)
    );
    assert_eq!(documented::Cart.labelled(), 2);
    let runtime = ::tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        taken::later().await;
        taken::throttled_without_an_answer().await;
        assert_eq!(taken::debounced(3).await, ::core::option::Option::Some(3));
        assert_eq!(taken::debounced_debounce().cancel(), 0);
        taken::debounced_without_an_answer().await;
        assert_eq!(taken::debounced_without_an_answer_debounce().flush(), 0);
        assert_eq!(taken::held(3).await.ok(), ::core::option::Option::Some(3));
        assert_eq!(
            taken::kept_later((1, 2), ::std::string::String::new(), &3).await,
            2
        );
        assert_eq!(taken::both(1).await.ok(), ::core::option::Option::Some(1));
        assert_eq!(
            taken::rejected_by_hand().await,
            ::core::option::Option::Some(1)
        );
        assert_eq!(
            taken::again_later(&1, (text(), 2)).await.ok(),
            ::core::option::Option::Some(1)
        );
        assert_eq!(
            taken::or_caught(text()).await,
            ::core::option::Option::Some(0)
        );
        assert_eq!(taken::future().await.ok(), ::core::option::Option::Some(1));
        assert_eq!(taken::boxed().await, 1);
        assert_eq!(
            documented::Cart.fetch().await.ok(),
            ::core::option::Option::Some(3)
        );
    });
}
