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
    assert_eq!(taken::plain(1), 1);
    assert_eq!(
        taken::arguments_like_our_words(1, 2, 3).ok(),
        ::core::option::Option::Some(6)
    );
    assert_eq!(taken::arguments_like_our_locals(1, 2, 3), 6);
    assert_eq!(documented::Cart.labelled(), 2);
    let runtime = ::tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        taken::later().await;
        assert_eq!(
            taken::kept_later((1, 2), ::std::string::String::new(), &3).await,
            2
        );
        assert_eq!(taken::both(1).await.ok(), ::core::option::Option::Some(1));
        assert_eq!(
            taken::rejected_by_hand().await,
            ::core::option::Option::Some(1)
        );
        assert_eq!(taken::future().await.ok(), ::core::option::Option::Some(1));
        assert_eq!(taken::boxed().await, 1);
        assert_eq!(
            documented::Cart.fetch().await.ok(),
            ::core::option::Option::Some(3)
        );
    });
}
