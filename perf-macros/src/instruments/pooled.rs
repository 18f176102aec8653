//! `#[pooled]`: keeps what a factory makes, and lends it.
//!
//! The function answers with a guard instead of the resource, and its body is run by the pool, when it needs another one,
//! beside whoever calls. Only with `overflow` it is run by the caller, who then never waits.

mod answer;
mod handle;
mod hooks;
mod making;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Expr, ExprLit, Lit, Token};

use crate::errors::Errors;
use crate::function::{Function, Shape};
use crate::handle::{HANDLE, wanted};
use crate::instruments::pooled::hooks::UserHooks;
use crate::instruments::pooled::making::Making;
use crate::instruments::{Annotated, Beside, Call, Entry, Inner, Instrument, Site};
use crate::options::common::REJECT;
use crate::options::{Given, Grammar, Kind, Spec, Value};

const fn spec(name: &'static str, kind: Kind, example: &'static str) -> Spec {
    Spec {
        name,
        kind,
        example,
    }
}

// An expression, because a pool may well keep none.
const MIN_SIZE: Spec = spec("min_size", Kind::Expression, "2");
const MAX_SIZE: Spec = spec("max_size", Kind::Count, "20");
const ACQUIRE_TIMEOUT: Spec = spec("acquire_timeout", Kind::Duration, "\"2s\"");
const CREATE_TIMEOUT: Spec = spec("create_timeout", Kind::Duration, "\"2s\"");
const IDLE_TIMEOUT: Spec = spec("idle_timeout", Kind::Expiry, "\"5m\"");
const MAX_LIFETIME: Spec = spec("max_lifetime", Kind::Expiry, "\"1h\"");
const VALIDATE_EVERY: Spec = spec("validate_every", Kind::Duration, "\"60s\"");
const VALIDATE_TIMEOUT: Spec = spec("validate_timeout", Kind::Duration, "\"1s\"");
const CHECK_AFTER: Spec = spec("check_after", Kind::Duration, "\"30s\"");
const MAX_CREATING: Spec = spec("max_creating", Kind::Count, "4");
const MAX_KEYS: Spec = spec("max_keys", Kind::Count, "200");
const ORDER: Spec = spec("order", Kind::Expression, "\"fifo\"");
const FAIL_FAST: Spec = spec("fail_fast", Kind::Flag, "");
const OVERFLOW: Spec = spec("overflow", Kind::Flag, "");

/// The options that are plain values of `pooled::Settings`.
const PLAIN: &[Spec] = &[
    MIN_SIZE,
    MAX_SIZE,
    ACQUIRE_TIMEOUT,
    CREATE_TIMEOUT,
    IDLE_TIMEOUT,
    MAX_LIFETIME,
    VALIDATE_EVERY,
    VALIDATE_TIMEOUT,
    CHECK_AFTER,
    MAX_CREATING,
    MAX_KEYS,
    FAIL_FAST,
];

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "pooled",
        leading: None,
        options: &[
            MIN_SIZE,
            MAX_SIZE,
            ACQUIRE_TIMEOUT,
            CREATE_TIMEOUT,
            IDLE_TIMEOUT,
            MAX_LIFETIME,
            hooks::VALIDATE,
            VALIDATE_EVERY,
            VALIDATE_TIMEOUT,
            CHECK_AFTER,
            hooks::ON_CREATE,
            hooks::ON_RELEASE,
            hooks::ON_DESTROY,
            FAIL_FAST,
            OVERFLOW,
            ORDER,
            MAX_CREATING,
            MAX_KEYS,
            REJECT,
            HANDLE,
        ],
        absent: &[
            ("min", "it is called `min_size`"),
            ("max", "it is called `max_size`"),
            ("size", "write `min_size` and `max_size`"),
            ("timeout", "it is called `acquire_timeout`"),
            ("ttl", "it is called `max_lifetime`"),
            ("check", "it is called `validate`"),
            ("reset", "it is called `on_release`"),
            ("on_close", "it is called `on_destroy`"),
        ],
    },
    keeps_answers: false,
    names_arguments: true,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    let overflow = given.take(&OVERFLOW).is_some_and(|flag| flag.is_on());
    let making = Making::read(overflow, on, errors);
    let plain: Vec<_> = PLAIN
        .iter()
        .filter_map(|spec| Some((*spec, given.take(spec)?)))
        .collect();
    check_sizes(&plain, given, errors);
    check_overflow(overflow, given, errors);
    check_validation(given, errors);
    if let (Some(word), true) = (given.word(&MAX_KEYS), making.arguments.is_empty()) {
        errors.at(
            word,
            "there is one pool, because this function has no arguments",
        );
    }
    Box::new(Pooled {
        is_fifo: is_fifo(given, errors),
        hooks: UserHooks::read(given, errors),
        reject: given.take(&REJECT),
        handle: wanted(given, on),
        making,
        plain,
    })
}

/// A pool cannot keep more than it may have.
fn check_sizes(plain: &[(Spec, Value)], given: &Given, errors: &mut Errors) {
    let number = |wanted: Spec| {
        let (_, value) = plain.iter().find(|(spec, _)| *spec == wanted)?;
        match value.expr()? {
            Expr::Lit(ExprLit {
                lit: Lit::Int(number),
                ..
            }) => number.base10_parse::<u64>().ok(),
            _ => None,
        }
    };
    let default = given.word(&MAX_SIZE).is_none().then_some(10);
    let (min, max) = (number(MIN_SIZE), number(MAX_SIZE).or(default));
    if let (Some(min), Some(max), Some(word)) = (min, max, given.word(&MIN_SIZE))
        && min > max
    {
        errors.at(
            word,
            format!("a pool of at most {max} cannot keep {min}; write `max_size = {min}` as well"),
        );
    }
}

/// What is made by whoever comes is made by nobody else.
fn check_overflow(overflow: bool, given: &Given, errors: &mut Errors) {
    if !overflow {
        return;
    }
    for (spec, why) in [
        (MIN_SIZE, "nothing is made before somebody comes"),
        (ACQUIRE_TIMEOUT, "nobody waits"),
        (CREATE_TIMEOUT, "the caller runs the body himself"),
        (FAIL_FAST, "the caller has its error anyway"),
        (MAX_CREATING, "each caller makes his own"),
        (REJECT, "no call is rejected"),
        (hooks::ON_CREATE, "write it at the end of the body"),
    ] {
        if let Some(word) = given.word(&spec) {
            let name = spec.name;
            errors.at(
                word,
                format!("with `overflow`, {why}; leave `{name}` or `overflow` out"),
            );
        }
    }
}

/// How a resource is checked says nothing where none is.
fn check_validation(given: &Given, errors: &mut Errors) {
    if given.word(&hooks::VALIDATE).is_some() {
        return;
    }
    for spec in [VALIDATE_EVERY, VALIDATE_TIMEOUT, CHECK_AFTER] {
        if let Some(word) = given.word(&spec) {
            let name = spec.name;
            errors.at(
                word,
                format!("`{name}` says how resources are checked, and none is; add `validate = is_alive`, or leave `{name}` out"),
            );
        }
    }
}

fn is_fifo(given: &mut Given, errors: &mut Errors) -> bool {
    const WORDS: [(&str, bool); 2] = [("lifo", false), ("fifo", true)];
    let Some(order) = given.take(&ORDER) else {
        return false;
    };
    let why = ": the resource that came back last, or the one that has been idle longest";
    order.word(ORDER.name, &WORDS, why).unwrap_or_else(|why| {
        errors.at(order.expr(), why);
        false
    })
}

struct Pooled {
    making: Making,
    plain: Vec<(Spec, Value)>,
    is_fifo: bool,
    hooks: UserHooks,
    reject: Option<Value>,
    handle: bool,
}

impl Pooled {
    fn fails_fast(&self) -> bool {
        let flag = self.plain.iter().find(|(spec, _)| *spec == FAIL_FAST);
        flag.is_some_and(|(_, value)| value.is_on())
    }

    /// A `fn() -> Settings`.
    fn settings(&self, private: &TokenStream) -> TokenStream {
        let settings = quote!(#private::pooled::Settings::new);
        if self.plain.is_empty() && !self.is_fifo {
            return settings;
        }
        let plain = self.plain.iter().map(|(spec, value)| {
            let (field, value) = (format_ident!("{}", spec.name), value.tokens());
            quote!(__perfkit_settings.#field = #value;)
        });
        let fifo = self
            .is_fifo
            .then(|| quote!(__perfkit_settings.is_fifo = true;));
        quote! {
            || {
                let mut __perfkit_settings = #settings();
                #(#plain)*
                #fifo
                __perfkit_settings
            }
        }
    }

    /// A closure that gives what the pool has of the user's: over the key, where there is one.
    fn hooks(&self, private: &TokenStream) -> TokenStream {
        let made = self.making.hooks(self.fails_fast(), private);
        let changed = self.hooks.changed(&made, private);
        self.making.closure(&changed)
    }

    /// The pool of a call.
    fn source(&self, call: &Call<'_>) -> TokenStream {
        let (site, hooks) = (call.site, self.hooks(call.private));
        match self.making.key() {
            None => quote!(#site.get().only(#hooks)),
            Some(key) => quote!(#site.get().keyed(#key, #hooks)),
        }
    }
}

/// Where the call came from.
fn at() -> Ident {
    Ident::new("__perfkit_at", Span::mixed_site())
}

impl Instrument for Pooled {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let settings = self.settings(private);
        Some(Site {
            ty: quote!(#private::pooled::Factory),
            options: quote!(|| -> fn() -> #private::pooled::Settings { #settings }),
        })
    }

    fn before(&self, _: &Call<'_>) -> TokenStream {
        // A statement of the function's own: within a closure it would be told the place of that.
        let at = at();
        quote!(let #at = ::core::panic::Location::caller();)
    }

    fn signature(&self, function: &mut Function, private: &TokenStream) {
        self.making.sign(function, private);
    }

    fn body(&self, call: &Call<'_>) -> Option<Inner> {
        let (private, at) = (call.private, at());
        let source = self.source(call);
        if self.making.overflow {
            return Some(Inner::Ended(self.making.overflowing(&source, &at, private)));
        }
        let error = self.making.error(private);
        let wait = if self.making.is_async {
            quote!(__perfkit_waiter.acquire::<#error>().await)
        } else {
            quote!(__perfkit_waiter.acquire_blocking::<#error>())
        };
        let acquired = quote! {
            match #source.at_once(#at) {
                ::core::result::Result::Ok(__perfkit_guard) => {
                    #private::Ended::Answered(::core::result::Result::Ok(__perfkit_guard))
                }
                ::core::result::Result::Err(__perfkit_waiter) => #wait,
            }
        };
        if self.reject.is_none() {
            return Some(Inner::Ended(acquired));
        }
        let rejected = call.rejected(self.reject.as_ref(), &quote!(__perfkit_refused));
        Some(Inner::Ended(quote! {
            match #acquired {
                #private::Ended::Rejected(__perfkit_refused) => #rejected,
                __perfkit_ended => __perfkit_ended,
            }
        }))
    }

    fn wrap(&self, _: &Call<'_>, inner: Inner) -> Inner {
        inner
    }

    fn rejects(&self) -> bool {
        !self.making.overflow && self.reject.is_none()
    }

    fn beside(&self, at: &Beside<'_>) -> TokenStream {
        if !self.handle {
            return TokenStream::new();
        }
        handle::written(
            &self.making,
            self.settings(at.private),
            &self.hooks(at.private),
            at,
        )
    }
}

/// Whether a function has to be a free one, and is.
fn refuse_receiver(on: &Annotated<'_>, errors: &mut Errors) {
    if let Some(receiver) = on.function.sig.receiver() {
        errors.at(
            receiver,
            "the pool makes resources when nobody calls, and has no `self` then; write `#[pooled]` on a function without it that \
             this method calls, with what it needs as arguments, or keep a `perfkit::Pool` in `self`, made by `Pool::builder`",
        );
    }
}

/// Whether a function gives its answer in one of the two ways that a pool can.
fn refuse_shape(on: &Annotated<'_>, errors: &mut Errors) -> bool {
    if !matches!(on.shape, Shape::Sync | Shape::Async) {
        let fn_token: Token![fn] = on.function.sig.fn_token;
        errors.at(
            fn_token,
            "the pool runs the body itself, and has to know what it gives; make this an `async fn`",
        );
        return true;
    }
    false
}
