//! `#[bulkhead]`: limits how many calls of a function run at once.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::by;
use crate::errors::Errors;
use crate::function::Answer;
use crate::handle::{self, HANDLE, Handle};
use crate::instruments::{Annotated, Beside, Call, Entry, Inner, Instrument, Site, start};
use crate::options::common::{BY, REJECT};
use crate::options::{Given, Grammar, Kind, Spec, Value};

const MAX: Spec = Spec {
    name: "max",
    kind: Kind::Count,
    example: "20",
};
const QUEUE: Spec = Spec {
    name: "queue",
    kind: Kind::Count,
    example: "50",
};
const WAIT: Spec = Spec {
    name: "wait",
    kind: Kind::Expiry,
    example: "\"30s\"",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "bulkhead",
        leading: Some(MAX),
        options: &[QUEUE, WAIT, BY, REJECT, HANDLE],
        absent: &[
            (
                "max_wait",
                "how long a call waits in the queue is `wait = \"30s\"`",
            ),
            ("key", "each key has permits of its own with `by = …`"),
        ],
    },
    keeps_answers: false,
    names_arguments: false,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    if let (None, Some(word)) = (given.word(&QUEUE), given.word(&WAIT)) {
        errors.at(
            word,
            "`wait` says how long a call waits in the queue, and there is none; add `queue = 50`",
        );
    }
    if let Answer::Unit | Answer::Never | Answer::Opaque = on.answer {
        errors.at(
            on.function.name(),
            "a call that finds no room has no answer here; return a `Result` whose error implements \
             `From<perfkit::Rejected>`, or an `Option`; or take a permit of a `perfkit::Bulkhead` inside of the function",
        );
    }
    let settings = [QUEUE, WAIT]
        .into_iter()
        .filter_map(|spec| Some((spec, given.take(&spec)?)))
        .collect();
    if let (Some(_), Some(word)) = (given.word(&BY), given.word(&HANDLE)) {
        errors.at(
            word,
            "the permits of a key are there while a call of it is, so there are none to have a handle to; leave `handle` out",
        );
    }
    let by = given.take(&BY);
    let handle = handle::wanted(given, on) && by.is_none();
    Box::new(Bulkhead {
        max: given.take(&MAX),
        settings,
        by,
        reject: given.take(&REJECT),
        handle,
    })
}

struct Bulkhead {
    /// Nothing only after a complaint, and then nothing is expanded.
    max: Option<Value>,
    settings: Vec<(Spec, Value)>,
    by: Option<Value>,
    reject: Option<Value>,
    handle: bool,
}

impl Bulkhead {
    fn has_queue(&self) -> bool {
        self.settings.iter().any(|(spec, _)| *spec == QUEUE)
    }

    /// A `fn() -> Settings`.
    fn options(&self, private: &TokenStream) -> TokenStream {
        let max = self.max.as_ref().map(Value::tokens);
        let settings = self.settings.iter().map(|(spec, value)| {
            let (name, value) = (format_ident!("{}", spec.name), value.tokens());
            quote!(__perfkit_settings.#name = #value;)
        });
        let mutable = (!self.settings.is_empty()).then(|| quote!(mut));
        quote! {
            || {
                let #mutable __perfkit_settings = #private::bulkhead::Settings::new(#max);
                #(#settings)*
                __perfkit_settings
            }
        }
    }
}

impl Instrument for Bulkhead {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let settings = self.options(private);
        Some(Site {
            ty: quote!(#private::bulkhead::Bulkhead),
            options: quote!(|| -> #private::bulkhead::GiveSettings { #settings }),
        })
    }

    fn before(&self, call: &Call<'_>) -> TokenStream {
        let by = self.by.as_ref();
        by.map(|by| by::kept(by, call.local, call.private))
            .unwrap_or_default()
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        let Call { site, local, .. } = call;
        let permit = Ident::new("__perfkit_permit", Span::mixed_site());
        // What stands further in begins after the wait.
        let begun = call.starts_within.then(|| {
            let start = start();
            quote!(let #start = #local.begun(#start);)
        });
        let entered = |method: &str| {
            let is_awaited = call.is_async && self.has_queue();
            let is_awaited = if is_awaited { "_async" } else { "" };
            let Some(by) = &self.by else {
                let method = format_ident!("{method}{is_awaited}");
                return quote!(#site.get().#method());
            };
            let (site, key, span) = (by::moved(site, by), by::moved(local, by), by::span(by));
            let method = format_ident!("{method}_key{is_awaited}", span = span);
            quote_spanned!(span=> #site.get().#method(#key))
        };
        // Where a call could wait for its own callers, the calls further in have to know of them.
        let (entered, ended) = match (self.has_queue(), call.is_async) {
            (false, _) => {
                let ended = inner.ended(call);
                (
                    entered("try_enter"),
                    quote!({ let #permit = #local; #ended }),
                )
            }
            (true, false) => {
                let ended = inner.ended(call);
                (
                    entered("enter"),
                    quote!({ #begun let #permit = #local.here(); #ended }),
                )
            }
            (true, true) => {
                let ending = inner.ending(call);
                let entered = entered("enter");
                (
                    quote!(#entered.await),
                    quote!({ #begun #local.around(#ending).await }),
                )
            }
        };
        let rejected = call.rejected(self.reject.as_ref(), &quote!(__perfkit_rejected));
        Inner::Ended(quote! {
            match #entered {
                ::core::result::Result::Ok(#local) => #ended,
                ::core::result::Result::Err(__perfkit_rejected) => #rejected,
            }
        })
    }

    fn rejects(&self) -> bool {
        self.reject.is_none()
    }

    fn beside(&self, at: &Beside<'_>) -> TokenStream {
        if !self.handle {
            return TokenStream::new();
        }
        let private = at.private;
        let handle = Handle {
            attribute: "bulkhead",
            word: "bulkhead",
            doc: "The bulkhead of",
            module: "bulkhead",
            settings: self.options(private),
            // One bulkhead for all instances.
            is_generic: false,
            inputs: TokenStream::new(),
            ty: quote!(#private::bulkhead::Handle),
            give: quote!(bulkhead()),
        };
        handle.written(at)
    }
}
