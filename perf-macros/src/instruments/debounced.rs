//! `#[debounced]`: runs once for calls that come in a burst.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use crate::answers::types;
use crate::by;
use crate::errors::Errors;
use crate::function::{Answer, Shape, span_of};
use crate::handle::{self, HANDLE, Handle};
use crate::instruments::{Annotated, Beside, Call, Entry, Inner, Instrument, Site, start};
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
        options: &[MAX_WAIT, LEADING, TRAILING, BY, HANDLE],
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
        handle: handle::of_instance(given, on, errors),
        answer: answer_of(on.answer),
    })
}

/// The answer by a name that can stand beside the function; `()` where there is none.
fn answer_of(answer: &Answer) -> TokenStream {
    match answer {
        // An `impl Trait` is written `_` in it.
        Answer::Type(answer) if !handle::names(answer.clone(), &["_"]) => {
            types::without_lifetimes(answer.clone())
        }
        _ => quote!(()),
    }
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
    handle: bool,
    /// What the handle knows the function's answer by.
    answer: TokenStream,
}

impl Debounced {
    /// A `fn() -> Options`.
    fn options(&self, private: &TokenStream) -> TokenStream {
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
        if max_wait.is_none() && leading.is_none() && trailing.is_none() {
            return quote!(|| #options);
        }
        quote! {
            || {
                let mut __perfkit_options = #options;
                #max_wait
                #leading
                #trailing
                __perfkit_options
            }
        }
    }
}

impl Instrument for Debounced {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let options = self.options(private);
        Some(Site {
            ty: quote!(#private::debounced::Debounced),
            options: quote!(|| -> #private::debounced::GiveOptions { #options }),
        })
    }

    fn before(&self, call: &Call<'_>) -> TokenStream {
        let by = self.by.as_ref();
        by.map(|by| by::kept(by, call.local, call.private))
            .unwrap_or_default()
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        // What cannot be shared is underlined where it is written, an answer or a key.
        let answer = call.answer_type();
        let (site, key, span) = match &self.by {
            Some(by) => {
                let key = by::moved(call.local, by).into_token_stream();
                (by::moved(call.site, by), key, by::span(by))
            }
            None => (call.site.clone(), quote!(()), span_of(&answer)),
        };
        // What stands further in begins when the burst is over.
        let ending = if call.starts_within {
            let (private, start) = (call.private, start());
            let ended = inner.ended(call);
            quote!(async move { let #start = #private::Start::now(); #ended })
        } else {
            inner.ending(call)
        };
        Inner::Ending(
            quote_spanned!(span=> #site.get().call_ending::<#answer, _, _, _>(|| {}, #key, #ending)),
        )
    }

    fn beside(&self, at: &Beside<'_>) -> TokenStream {
        if !self.handle {
            return TokenStream::new();
        }
        let (private, answer) = (at.private, &self.answer);
        let handle = Handle {
            attribute: "debounced",
            word: "debounce",
            doc: "The calls that wait of",
            module: "debounced",
            settings: self.options(private),
            is_generic: true,
            inputs: TokenStream::new(),
            ty: quote!(#private::debounced::Debounce<#answer>),
            give: quote!(debounce::<#answer, _>(|| {})),
        };
        handle.written(at)
    }
}
