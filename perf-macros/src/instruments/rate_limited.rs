//! `#[rate_limited]`: limits how often a function is called.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use crate::errors::Errors;
use crate::function::{Answer, span_of};
use crate::handle::{self, HANDLE, Handle};
use crate::instruments::{Annotated, Beside, Call, Entry, Inner, Instrument, Site, start};
use crate::options::common::{BY, CLOCK, REJECT};
use crate::options::{Given, Grammar, Kind, Spec, Value};

const RATE: Spec = Spec {
    name: "rate",
    kind: Kind::Rate,
    example: "\"100/s\"",
};
const BURST: Spec = Spec {
    name: "burst",
    kind: Kind::Count,
    example: "20",
};
const WAIT: Spec = Spec {
    name: "wait",
    kind: Kind::Flag,
    example: "",
};
const MAX_WAIT: Spec = Spec {
    name: "max_wait",
    kind: Kind::Duration,
    example: "\"50ms\"",
};
const MAX_WAITING: Spec = Spec {
    name: "max_waiting",
    kind: Kind::Count,
    example: "50",
};
const MAX_KEYS: Spec = Spec {
    name: "max_keys",
    kind: Kind::Count,
    example: "10_000",
};
const COST: Spec = Spec {
    name: "cost",
    kind: Kind::Expression,
    example: "items.len() as u32",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "rate_limited",
        leading: Some(RATE),
        options: &[
            BURST,
            WAIT,
            MAX_WAIT,
            MAX_WAITING,
            BY,
            MAX_KEYS,
            COST,
            REJECT,
            CLOCK,
            HANDLE,
        ],
        absent: &[
            (
                "per",
                "the time stands in the rate: `#[rate_limited(\"100/s\")]`",
            ),
            ("key", "each key has a rate of its own with `by = …`"),
            (
                "queue",
                "how many calls wait at most is `max_waiting = 50`, and how long `max_wait = \"50ms\"`",
            ),
        ],
    },
    keeps_answers: false,
    names_arguments: false,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    let waits = given.take(&WAIT).is_some_and(|wait| wait.is_on());
    if let (true, Some(word)) = (waits, given.word(&MAX_WAIT)) {
        errors.at(
            word,
            "with `wait` a call waits for as long as it takes, and with `max_wait` no longer than that; write one of the two",
        );
    }
    let has_room = given.word(&MAX_WAITING).is_none();
    if let (false, None, Some(word)) = (waits, given.word(&MAX_WAIT), given.word(&MAX_WAITING)) {
        errors.at(
            word,
            "`max_waiting` says how many calls wait at most, and none does; add `wait` or `max_wait = \"50ms\"`",
        );
    }
    if let (true, Some(word)) = (waits && has_room, given.word(&REJECT)) {
        errors.at(
            word,
            "with `wait` no call is rejected, so there is nothing to say of one; write `max_wait = \"50ms\"` or \
             `max_waiting = 50`, or leave `reject` out",
        );
    }
    if let (None, Some(word)) = (given.word(&BY), given.word(&MAX_KEYS)) {
        errors.at(
            word,
            "`max_keys` says how many keys have a rate of their own, and there are none; add `by = …`",
        );
    }
    if !(waits && has_room)
        && let Answer::Unit | Answer::Never | Answer::Opaque = on.answer
    {
        let way_out = if waits {
            "a call for which there is no room to wait has no answer here; leave `max_waiting` out"
        } else {
            "a call that comes too often has no answer here; let it wait for its turn with `wait`"
        };
        errors.at(
            on.function.name(),
            format!(
                "{way_out}, or return a `Result` whose error implements `From<perfkit::Rejected>`, or an `Option`"
            ),
        );
    }
    let settings = [BURST, MAX_WAIT, MAX_WAITING, MAX_KEYS, CLOCK]
        .into_iter()
        .filter_map(|spec| Some((spec, given.take(&spec)?)))
        .collect();
    Box::new(RateLimited {
        rate: given.take(&RATE),
        settings,
        waits,
        by: given.take(&BY),
        cost: given.take(&COST),
        reject: given.take(&REJECT),
        handle: handle::wanted(given, on),
    })
}

struct RateLimited {
    /// Nothing only after a complaint, and then nothing is expanded.
    rate: Option<Value>,
    settings: Vec<(Spec, Value)>,
    /// For as long as it takes.
    waits: bool,
    by: Option<Value>,
    cost: Option<Value>,
    reject: Option<Value>,
    handle: bool,
}

/// The local that says what a call costs.
fn cost(call: &Call<'_>) -> Ident {
    format_ident!("{}_cost", call.local, span = Span::mixed_site())
}

impl RateLimited {
    fn has(&self, spec: Spec) -> bool {
        self.settings.iter().any(|(given, _)| *given == spec)
    }

    fn may_wait(&self) -> bool {
        self.waits || self.has(MAX_WAIT)
    }

    /// Whether every call goes on in the end.
    fn never_rejects(&self) -> bool {
        self.waits && !self.has(MAX_WAITING)
    }

    /// A `fn() -> Options`.
    fn options(&self, private: &TokenStream) -> TokenStream {
        let rate = self.rate.as_ref().map(Value::tokens);
        let settings = self.settings.iter().map(|(spec, value)| {
            let (name, value) = (format_ident!("{}", spec.name), value.tokens());
            if [BURST, MAX_WAITING, CLOCK].contains(spec) {
                quote!(__perfkit_settings.#name = ::core::option::Option::Some(#value);)
            } else {
                quote!(__perfkit_settings.#name = #value;)
            }
        });
        // Where every call goes on in the end, the handle asks.
        let patience = self
            .waits
            .then(|| quote!(__perfkit_settings.max_wait = ::core::time::Duration::MAX;));
        let has_keys = self.by.is_some();
        let mutable = (!self.settings.is_empty() || self.waits).then(|| quote!(mut));
        quote! {
            || {
                let #mutable __perfkit_settings = #private::rate_limited::Settings::new(#rate);
                #(#settings)*
                #patience
                #private::rate_limited::Options {
                    settings: __perfkit_settings,
                    has_keys: #has_keys,
                }
            }
        }
    }
}

impl Instrument for RateLimited {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let options = self.options(private);
        Some(Site {
            ty: quote!(#private::rate_limited::RateLimited),
            options: quote!(|| -> #private::rate_limited::GiveOptions { #options }),
        })
    }

    fn before(&self, call: &Call<'_>) -> TokenStream {
        let Call { site, local, .. } = call;
        let key = self.by.as_ref().map(|by| {
            // A key that cannot be hashed is underlined where it stands.
            let by = by.tokens();
            let span = span_of(&by).resolved_at(Span::mixed_site());
            quote_spanned!(span=> let #local = #site.get().key(&(#by));)
        });
        let cost = self.cost.as_ref().map(|value| {
            let value = value.tokens();
            let local = cost(call);
            let span = span_of(&value).resolved_at(Span::mixed_site());
            quote_spanned!(span=> let #local: ::core::primitive::u32 = #value;)
        });
        quote!(#key #cost)
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        let Call { site, local, .. } = call;
        let start = start();
        let price = if self.cost.is_some() {
            cost(call).into_token_stream()
        } else {
            quote!(1)
        };
        let key = if self.by.is_some() {
            quote!(::core::option::Option::Some(#local))
        } else {
            quote!(::core::option::Option::None)
        };
        // What stands further in begins after the wait.
        let begun = if call.starts_within {
            start.to_token_stream()
        } else {
            quote!(_)
        };
        if self.never_rejects() {
            let pass = if call.is_async {
                quote!(let #begun = #site.get().pass_async(#start, #price, #key).await;)
            } else {
                quote!(let #begun = #site.get().pass(#start, #price, #key);)
            };
            // Nobody has answered in place of a plain body, and it goes on as it is, whatever it gives.
            return match inner {
                Inner::Block(body) => Inner::Block(quote!(#pass #body)),
                inner => {
                    let ended = inner.ended(call);
                    Inner::Ended(quote!({ #pass #ended }))
                }
            };
        }
        let ended = inner.ended(call);
        // Who does not wait needs no future for it.
        let entered = if call.is_async && self.may_wait() {
            quote!(#site.get().enter_async(#start, #price, #key).await)
        } else {
            quote!(#site.get().enter(#start, #price, #key))
        };
        let rejected = call.rejected(self.reject.as_ref(), &quote!(__perfkit_rejected));
        Inner::Ended(quote! {
            match #entered {
                ::core::result::Result::Ok(#begun) => #ended,
                ::core::result::Result::Err(__perfkit_rejected) => #rejected,
            }
        })
    }

    fn rejects(&self) -> bool {
        !self.never_rejects() && self.reject.is_none()
    }

    fn needs_start(&self) -> bool {
        true
    }

    fn beside(&self, at: &Beside<'_>) -> TokenStream {
        if !self.handle {
            return TokenStream::new();
        }
        let private = at.private;
        let handle = Handle {
            attribute: "rate_limited",
            word: "limiter",
            doc: "The limit of",
            module: "rate_limited",
            settings: self.options(private),
            // One limit for all instances.
            is_generic: false,
            inputs: TokenStream::new(),
            ty: quote!(#private::rate_limited::Handle),
            give: quote!(limiter()),
        };
        handle.written(at)
    }
}
