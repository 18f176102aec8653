//! `#[cached]`: keeps the answers of a function for a while, and finds them by its arguments.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Expr;

use crate::answers::background::Background;
use crate::answers::handle::{self, Gives, Handle};
use crate::answers::key::Key;
use crate::answers::persist::{self, PERSIST};
use crate::answers::{Answers, IGNORE, KEY, KEY_TYPE, Keeps, Look, MAX_SIZE, function_of, judge};
use crate::errors::Errors;
use crate::handle::HANDLE;
use crate::instruments::{Annotated, Beside, Call, Entry, Inner, Instrument, Site};
use crate::options::{Given, Grammar, Kind, Spec, Value};

const TTL: Spec = Spec {
    name: "ttl",
    kind: Kind::Expiry,
    example: "\"5m\"",
};
const TTI: Spec = Spec {
    name: "tti",
    kind: Kind::Duration,
    example: "\"1m\"",
};
const MAX_BYTES: Spec = Spec {
    name: "max_bytes",
    kind: Kind::Size,
    example: "\"64MiB\"",
};
const WEIGH: Spec = Spec {
    name: "weigh",
    kind: Kind::Expression,
    example: "|page| page.len() as u64",
};
const IF: Spec = Spec {
    name: "if",
    kind: Kind::Expression,
    example: "limit < 100",
};
const ERRORS: Spec = Spec {
    name: "errors",
    kind: Kind::Duration,
    example: "\"10s\"",
};
const STALE: Spec = Spec {
    name: "stale",
    kind: Kind::Duration,
    example: "\"1m\"",
};
const REFRESH_AHEAD: Spec = Spec {
    name: "refresh_ahead",
    kind: Kind::Ratio,
    example: "0.8",
};
const JITTER: Spec = Spec {
    name: "jitter",
    kind: Kind::Ratio,
    example: "0.1",
};
const WAIT: Spec = Spec {
    name: "wait",
    kind: Kind::Duration,
    example: "\"10s\"",
};
const TTL_FROM: Spec = Spec {
    name: "ttl_from",
    kind: Kind::Expression,
    example: "|token| token.lifetime",
};
const TAGS: Spec = Spec {
    name: "tags",
    kind: Kind::Texts,
    example: "[\"users\", \"user:{id}\"]",
};
const ON_EVICT: Spec = Spec {
    name: "on_evict",
    kind: Kind::Expression,
    example: "|key, page, cause| log(key, cause)",
};
const CLOCK: Spec = Spec {
    name: "clock",
    kind: Kind::Expression,
    example: "&TEST_CLOCK",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "cached",
        leading: None,
        options: &[
            TTL,
            TTI,
            MAX_SIZE,
            MAX_BYTES,
            WEIGH,
            KEY,
            KEY_TYPE,
            IGNORE,
            IF,
            ERRORS,
            STALE,
            REFRESH_AHEAD,
            JITTER,
            WAIT,
            ON_EVICT,
            TTL_FROM,
            TAGS,
            PERSIST,
            CLOCK,
            HANDLE,
        ],
        absent: &[(
            "unbounded",
            "what changes with time does not stay; choose a `max_size`, or `#[memoized(unbounded)]` for a pure function",
        )],
    },
    keeps_answers: true,
    names_arguments: true,
    read,
};

/// The options that are plain values of `cached::Settings`.
const PLAIN: &[Spec] = &[
    TTL,
    TTI,
    MAX_SIZE,
    MAX_BYTES,
    ERRORS,
    STALE,
    REFRESH_AHEAD,
    JITTER,
    WAIT,
    CLOCK,
];

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    let key = Key::read(given, on, errors);
    let plain: Vec<_> = PLAIN
        .iter()
        .filter_map(|spec| Some((*spec, given.take(spec)?)))
        .collect();
    let is_given = |spec: &Spec| plain.iter().any(|(given, _)| given == spec);
    let keeps = if is_given(&ERRORS) {
        Keeps::Whole
    } else {
        Keeps::Success
    };
    let answers = Answers::new(key, keeps, on, errors);
    if let (Some(word), true) = (given.word(&ERRORS), answers.cannot_fail()) {
        errors.at(
            word,
            "this function gives no errors that could be kept; return a `Result` or an `Option`",
        );
    }
    if let (Some(word), Some(ratio)) = (
        given.word(&REFRESH_AHEAD),
        plain
            .iter()
            .find_map(|(spec, value)| value.ratio().filter(|_| *spec == REFRESH_AHEAD)),
    ) && (ratio <= 0.0 || ratio >= 1.0)
    {
        errors.at(
            word,
            "`refresh_ahead` is the share of the `ttl` after which a new answer is made, more than 0 and less than 1; \
             write `refresh_ahead = 0.8`",
        );
    }
    if let (Some(word), true) = (given.word(&TTL_FROM), is_given(&REFRESH_AHEAD)) {
        errors.at(
            word,
            "`refresh_ahead` is a share of the `ttl`, and with `ttl_from` each answer has its own time; write `stale = \"1m\"` \
             to refresh when that is over",
        );
    }
    let background = [STALE, REFRESH_AHEAD].iter().find(|spec| is_given(spec));
    let background = background.and_then(|spec| {
        let word = given.word(spec)?;
        Some(Background::read(spec.name, word, on, errors))
    });
    let lives_on =
        |(spec, value): &(Spec, Value)| *spec == TTL && value.duration() == Some(Duration::MAX);
    if plain.iter().any(lives_on) && given.word(&TTL_FROM).is_none() {
        check_endless(given, errors);
    }
    check_weigh(given, errors);
    let persist = persist::read(given, on, errors);
    if let (Some(_), Some(word)) = (&persist, given.word(&TAGS)) {
        errors.at(
            word,
            "tags are not in the file of a cache, so what comes back after a restart could not be taken out by them; write one \
             of `tags` and `persist`",
        );
    }
    Box::new(Cached {
        condition: given.take(&IF),
        on_evict: given.take(&ON_EVICT),
        ttl_from: given.take(&TTL_FROM),
        tags: given.take(&TAGS),
        persist,
        weigh: given.take(&WEIGH),
        handle: handle::wanted(given, &answers, on, errors),
        answers,
        plain,
        background,
    })
}

/// A share says nothing of a time without an end. How long errors are kept may have one, and `stale` is of use to what is put
/// in with a time of its own.
fn check_endless(given: &Given, errors: &mut Errors) {
    for (spec, has_use) in [
        (REFRESH_AHEAD, false),
        (JITTER, given.word(&ERRORS).is_some()),
    ] {
        if let (Some(word), false) = (given.word(&spec), has_use) {
            let name = spec.name;
            errors.at(
                word,
                format!("`{name}` is a share of the `ttl`, and `\"never\"` has none; leave `{name}` out, or give a time"),
            );
        }
    }
}

/// Bytes are counted, or they are not.
fn check_weigh(given: &Given, errors: &mut Errors) {
    match (given.word(&WEIGH), given.word(&MAX_BYTES)) {
        (Some(word), None) => errors.at(
            word,
            "`weigh` says how many bytes an answer takes, and nothing asks; add `max_bytes = \"64MiB\"`",
        ),
        (None, Some(word)) => errors.at(
            word,
            "`max_bytes` needs to know how many bytes an answer takes; add `weigh = |answer| …`",
        ),
        _ => {}
    }
}

struct Cached {
    answers: Answers,
    plain: Vec<(Spec, Value)>,
    weigh: Option<Value>,
    condition: Option<Value>,
    on_evict: Option<Value>,
    ttl_from: Option<Value>,
    tags: Option<Value>,
    persist: Option<Value>,
    background: Option<Background>,
    handle: bool,
}

impl Cached {
    /// A `fn() -> Settings`.
    fn settings(&self, private: &TokenStream) -> TokenStream {
        let settings = quote!(#private::cached::Settings);
        if self.plain.is_empty() {
            return quote!(#settings::new);
        }
        let plain = self.plain.iter().map(|(spec, value)| {
            let (field, value) = (format_ident!("{}", spec.name), value.tokens());
            match *spec {
                TTL | JITTER | WAIT | CLOCK => {
                    quote!(__perfkit_settings.#field = #value;)
                }
                _ => quote!(__perfkit_settings.#field = ::core::option::Option::Some(#value);),
            }
        });
        quote! {
            || {
                let mut __perfkit_settings = #settings::new();
                #(#plain)*
                __perfkit_settings
            }
        }
    }

    /// What is typed by the key and the answer. A closure also where there is nothing in it: its type tells the
    /// instances of a generic function apart.
    fn hooks(&self, private: &TokenStream) -> TokenStream {
        let typed = [&self.weigh, &self.on_evict, &self.ttl_from, &self.persist];
        let is_error = self.answers.keeps_errors().then(|| {
            // What is put in by the handle can be an error, too.
            let judge = judge(private);
            quote!(is_error: ::core::option::Option::Some(#judge),)
        });
        if typed.into_iter().all(Option::is_none) && is_error.is_none() {
            return quote!(|| #private::cache::Hooks::new());
        }
        let some = |value: &Option<Value>, make: &dyn Fn(&Value) -> TokenStream| {
            value.as_ref().map_or_else(
                || quote!(::core::option::Option::None),
                |value| {
                    let made = make(value);
                    quote!(::core::option::Option::Some(#made))
                },
            )
        };
        let weigh = some(&self.weigh, &|weigh| {
            let arity = match weigh.expr() {
                Some(Expr::Closure(closure)) if closure.inputs.len() == 1 => "Value",
                _ => "Entry",
            };
            let (arity, weigh) = (format_ident!("{arity}"), weigh.tokens());
            quote!(#private::cache::Weigh::#arity(#weigh))
        });
        let on_evict = some(&self.on_evict, &Value::tokens);
        let ttl_from = some(&self.ttl_from, &|ttl_from| {
            let ttl_from = ttl_from.tokens();
            quote!(#private::cache::ttl_from(#ttl_from))
        });
        let persist = self.persist.as_ref().map(|path| {
            let persist = persist::written(path, &self.answers, private);
            quote!(persist: ::core::option::Option::Some(#persist),)
        });
        // A literal, so that the types of what is in it are known when closures are read.
        quote! {
            || #private::cache::Hooks {
                weigh: #weigh,
                on_evict: #on_evict,
                ttl_from: #ttl_from,
                #is_error
                #persist
                ..#private::cache::Hooks::new()
            }
        }
    }

    fn look(&self, call: &Call<'_>) -> Look<'_> {
        Look {
            answers: &self.answers,
            condition: self.condition.as_ref(),
            background: self.background.as_ref(),
            hooks: self.hooks(call.private),
            tags: self.tags.as_ref(),
        }
    }
}

impl Instrument for Cached {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        Some(Site {
            ty: quote!(#private::cached::Cached),
            options: function_of(&self.settings(private), private),
        })
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        self.look(call).wrap(call, inner)
    }

    fn beside(&self, at: &Beside<'_>) -> TokenStream {
        let handle = Handle {
            answers: &self.answers,
            gives: Gives::Cache,
            attribute: "cached",
            settings: self.settings(at.private),
            hooks: self.hooks(at.private),
        };
        let handle = self.handle.then(|| handle.written(at));
        handle.flatten().unwrap_or_default()
    }
}
