//! `#[bulkhead]`: limits how many calls of a function run at once.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use crate::errors::Errors;
use crate::function::Answer;
use crate::instruments::{Annotated, Call, Entry, Inner, Instrument, Site, start};
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
const REJECT: Spec = Spec {
    name: "reject",
    kind: Kind::Expression,
    example: "|rejected| MyError::Busy",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "bulkhead",
        leading: Some(MAX),
        options: &[QUEUE, WAIT, REJECT],
        absent: &[
            (
                "max_wait",
                "how long a call waits in the queue is `wait = \"30s\"`",
            ),
            (
                "by",
                "all calls share its permits; make one for each key by hand, with `perfkit::Bulkhead`",
            ),
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
    Box::new(Bulkhead {
        max: given.take(&MAX),
        settings,
        reject: given.take(&REJECT),
    })
}

struct Bulkhead {
    /// Nothing only after a complaint, and then nothing is expanded.
    max: Option<Value>,
    settings: Vec<(Spec, Value)>,
    reject: Option<Value>,
}

impl Bulkhead {
    fn has_queue(&self) -> bool {
        self.settings.iter().any(|(spec, _)| *spec == QUEUE)
    }
}

impl Instrument for Bulkhead {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let max = self.max.as_ref().map(Value::tokens);
        let settings = self.settings.iter().map(|(spec, value)| {
            let (name, value) = (format_ident!("{}", spec.name), value.tokens());
            quote!(__perfkit_settings.#name = #value;)
        });
        let mutable = (!self.settings.is_empty()).then(|| quote!(mut));
        Some(Site {
            ty: quote!(#private::bulkhead::Bulkhead),
            options: quote! {
                || {
                    let #mutable __perfkit_settings = #private::bulkhead::Settings::new(#max);
                    #(#settings)*
                    __perfkit_settings
                }
            },
        })
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        let Call { site, local, .. } = call;
        let permit = Ident::new("__perfkit_permit", Span::mixed_site());
        // What stands further in begins after the wait.
        let begun = call.starts_within.then(|| {
            let start = start();
            quote!(let #start = #local.begun(#start);)
        });
        // Where a call could wait for its own callers, the calls further in have to know of them.
        let (entered, ended) = match (self.has_queue(), call.is_async) {
            (false, _) => {
                let ended = inner.ended(call);
                (
                    quote!(#site.get().try_enter()),
                    quote!({ let #permit = #local; #ended }),
                )
            }
            (true, false) => {
                let ended = inner.ended(call);
                (
                    quote!(#site.get().enter()),
                    quote!({ #begun let #permit = #local.here(); #ended }),
                )
            }
            (true, true) => {
                let ending = inner.ending(call);
                (
                    quote!(#site.get().enter_async().await),
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
}
