//! `#[debounced]`: runs once for calls that come in a burst.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::answers::types;
use crate::by;
use crate::errors::Errors;
use crate::function::{Answer, Shape, span_of};
use crate::instruments::{Annotated, Call, Entry, Inner, Instrument, Site, start};
use crate::options::{Given, Grammar, Kind, Spec, Value};

const WAIT: Spec = Spec {
    name: "wait",
    kind: Kind::Duration,
    example: "\"200ms\"",
};
const MAX_WAIT: Spec = Spec {
    name: "max_wait",
    kind: Kind::Duration,
    example: "\"1s\"",
};
const LEADING: Spec = Spec {
    name: "leading",
    kind: Kind::Flag,
    example: "",
};

const TRAILING: Spec = Spec {
    name: "trailing",
    kind: Kind::Flag,
    example: " = false",
};
const BY: Spec = Spec {
    name: "by",
    kind: Kind::Expression,
    example: "document",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "debounced",
        leading: Some(WAIT),
        options: &[MAX_WAIT, LEADING, TRAILING, BY],
        absent: &[("key", "each key has a burst of its own with `by = …`")],
    },
    keeps_answers: false,
    names_arguments: false,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    if let Shape::Sync = on.shape {
        errors.at(
            on.function.sig.fn_token,
            "`#[debounced]` needs callers that can wait for the run, and threads would all be blocked; make this an \
             `async fn`, or call it through `perfkit::debounce`, which runs it in the background",
        );
    } else if let Answer::Never = on.answer {
        errors.at(
            &on.function.sig.output,
            "there is no answer that callers could share: this function does not return",
        );
    } else if let Some(borrow) = borrowed(on.answer) {
        errors.at_span(
            borrow,
            "an answer that is borrowed cannot be shared by the callers of a burst, because it ends with one of the calls; \
             return it owned, or as an `Arc<T>`",
        );
    }
    let leading = given.take(&LEADING).is_some_and(|leading| leading.is_on());
    let trailing = given
        .take(&TRAILING)
        .is_none_or(|trailing| trailing.is_on());
    if let (false, false, Some(word)) = (leading, trailing, given.word(&TRAILING)) {
        errors.at(
            word,
            "a function that runs for neither the first call nor the last never runs; add `leading`",
        );
    }
    if let (false, Some(word)) = (trailing, given.word(&MAX_WAIT)) {
        errors.at(
            word,
            "`max_wait` says how long the last call waits at most, and with `trailing = false` none does; leave it out",
        );
    }
    Box::new(Debounced {
        wait: given.take(&WAIT),
        max_wait: given.take(&MAX_WAIT),
        leading,
        trailing,
        by: given.take(&BY),
    })
}

/// Where an answer is borrowed.
fn borrowed(answer: &Answer) -> Option<Span> {
    let Answer::Type(answer) = answer else {
        return None;
    };
    types::borrowed(&syn::parse2(answer.clone()).ok()?)
}

struct Debounced {
    /// Nothing only after a complaint, and then nothing is expanded.
    wait: Option<Value>,
    max_wait: Option<Value>,
    leading: bool,
    trailing: bool,
    by: Option<Value>,
}

impl Instrument for Debounced {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let wait = self.wait.as_ref().map(Value::tokens);
        let options = quote!(#private::debounced::Options::new(#wait));
        let max_wait = self.max_wait.as_ref().map(|max_wait| {
            let max_wait = max_wait.tokens();
            quote!(__perfkit_options.max_wait = ::core::option::Option::Some(#max_wait);)
        });
        let leading = self
            .leading
            .then(|| quote!(__perfkit_options.leading = true;));
        let trailing = (!self.trailing).then(|| quote!(__perfkit_options.trailing = false;));
        let is_plain = max_wait.is_none() && leading.is_none() && trailing.is_none();
        let options = if is_plain {
            quote!(|| #options)
        } else {
            quote! {
                || {
                    let mut __perfkit_options = #options;
                    #max_wait
                    #leading
                    #trailing
                    __perfkit_options
                }
            }
        };
        Some(Site {
            ty: quote!(#private::debounced::Debounced),
            options,
        })
    }

    fn before(&self, call: &Call<'_>) -> TokenStream {
        let by = self.by.as_ref();
        by.map(|by| by::kept(by, call.local, call.private))
            .unwrap_or_default()
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        let (site, local) = (call.site, call.local);
        let key = if self.by.is_some() {
            quote!(#local)
        } else {
            quote!(())
        };
        // An answer that cannot be shared is underlined where it is written.
        let answer = call.answer_type();
        let span = span_of(&answer);
        // What stands further in begins when the burst is over.
        let inner = if call.starts_within {
            let (private, start) = (call.private, start());
            let ended = inner.ended(call);
            Inner::Ending(quote!(async move { let #start = #private::Start::now(); #ended }))
        } else {
            inner
        };
        match inner {
            Inner::Future(future) => Inner::Future(
                quote_spanned!(span=> #site.get().call_async::<#answer, _, _, _>(|| {}, #key, #future)),
            ),
            inner => {
                let ending = inner.ending(call);
                Inner::Ending(
                    quote_spanned!(span=> #site.get().call_ending::<#answer, _, _, _>(|| {}, #key, #ending)),
                )
            }
        }
    }
}
