//! `#[breaker]`: leaves a function alone that fails too often.

mod checks;
mod key;
mod options;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Lifetime;

use crate::errors::Errors;
use crate::function::{Argument, span_of, spanned};
use crate::handle::{self, Handle};
use crate::instruments::breaker::key::Key;
use crate::instruments::breaker::options::{
    BY, CHOICES, FALLBACK, LAST_ERROR, ON_CHANGE, OPTIONAL, PLAIN, REJECT, SLOW, WHEN, WINDOW,
};
use crate::instruments::{Annotated, Beside, Call, Entry, Inner, Instrument, Site, start};
use crate::options::{Given, Grammar, Spec, Value};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "breaker",
        leading: None,
        options: options::ALL,
        absent: &[
            ("key", "each key has a breaker of its own with `by = …`"),
            ("reset_after", "how long it is open is `reset = \"60s\"`"),
            ("reset_timeout", "how long it is open is `reset = \"60s\"`"),
            ("failure_threshold", "failures in a row are `threshold = 5`"),
            (
                "timeout",
                "a call that takes too long is a failure where `#[timeout]` stands below `#[breaker]`",
            ),
        ],
    },
    keeps_answers: false,
    // A fallback is called with all of them.
    names_arguments: true,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    let plain: Vec<_> = PLAIN
        .iter()
        .filter_map(|spec| Some((*spec, given.take(spec)?)))
        .collect();
    checks::options(&plain, given, on, errors);
    let chosen = CHOICES
        .iter()
        .filter_map(|(spec, ty, words)| {
            let value = given.take(spec)?;
            let word = value.word(spec.name, words, "");
            let word = word.map_err(|why| errors.at(value.expr(), why));
            Some((*spec, *ty, word.ok()?))
        })
        .collect();
    let handle = handle::wanted(given, on);
    Box::new(Breaker {
        is_timed: plain.iter().any(|(spec, _)| *spec == SLOW),
        plain,
        chosen,
        when: given.take(&WHEN),
        key: given.take(&BY).map(|by| Key::read(by, on)),
        fallback: given.take(&FALLBACK),
        reject: given.take(&REJECT),
        on_change: given.take(&ON_CHANGE),
        tells: given.take(&LAST_ERROR).is_some_and(|tells| tells.is_on()),
        arguments: on.function.arguments(),
        handle,
    })
}

struct Breaker {
    plain: Vec<(Spec, Value)>,
    /// Options of words: the type and the variant.
    chosen: Vec<(Spec, &'static str, &'static str)>,
    is_timed: bool,
    when: Option<Value>,
    key: Option<Key>,
    fallback: Option<Value>,
    reject: Option<Value>,
    on_change: Option<Value>,
    /// Whether the last error may be told of.
    tells: bool,
    /// What the fallback is called with.
    arguments: Vec<Argument>,
    handle: bool,
}

/// The local that says why a call may not run.
fn rejected() -> Ident {
    Ident::new("__perfkit_rejected", Span::mixed_site())
}

impl Breaker {
    /// A `fn() -> Settings`.
    fn settings(&self, private: &TokenStream) -> TokenStream {
        let breaker = quote!(#private::breaker);
        if self.plain.is_empty() && self.chosen.is_empty() && self.on_change.is_none() {
            return quote!(#breaker::Settings::new);
        }
        let plain = self.plain.iter().map(|(spec, value)| {
            let (field, tokens) = (format_ident!("{}", spec.name), value.tokens());
            let value = if *spec == WINDOW {
                let span = span_of(&tokens).resolved_at(Span::mixed_site());
                let at = spanned(&breaker, span);
                quote_spanned!(span=> ::core::option::Option::Some(#at::Recent::from(#tokens)))
            } else if OPTIONAL.contains(spec) {
                quote!(::core::option::Option::Some(#tokens))
            } else {
                tokens
            };
            quote!(__perfkit_settings.#field = #value;)
        });
        let chosen = self.chosen.iter().map(|(spec, ty, variant)| {
            let [field, ty, variant] = [spec.name, ty, variant].map(|name| format_ident!("{name}"));
            quote!(__perfkit_settings.#field = #breaker::#ty::#variant;)
        });
        let on_change = self.on_change.as_ref().map(|on_change| {
            let on_change = on_change.tokens();
            quote!(__perfkit_settings.on_change(#on_change);)
        });
        quote! {
            || {
                let mut __perfkit_settings = #breaker::Settings::new();
                #(#plain)*
                #(#chosen)*
                #on_change
                __perfkit_settings
            }
        }
    }

    /// Whether a call may run.
    fn admitted(&self, call: &Call<'_>) -> TokenStream {
        let Call { site, private, .. } = call;
        let start = start();
        let key = self.key.as_ref().map(|key| key.lookup(call.local, private));
        match (key, self.is_timed) {
            (None, false) => quote!(#site.get().admit()),
            (None, true) => quote!(#site.get().admit_from(#start)),
            (Some(key), false) => quote!(#site.get().admit_key(#key)),
            (Some(key), true) => quote!(#site.get().admit_key_from(#key, #start)),
        }
    }

    /// What kind of failure an answer is; of a failure its text is kept where that is asked for.
    fn class(&self, call: &Call<'_>) -> TokenStream {
        let Call { site, private, .. } = call;
        let (class, answer) = (call.class(self.when.as_ref()), call.answer_type());
        if !self.tells {
            return class;
        }
        quote! {
            |__perfkit_answer: &#answer| {
                let __perfkit_judge = #class;
                let __perfkit_class = __perfkit_judge(__perfkit_answer);
                #site.get().told(__perfkit_class, || {
                    use #private::breaker::{ByDebug as _, ByDisplay as _, BySilence as _};
                    (&&&#private::breaker::Told(__perfkit_answer)).text()
                });
                __perfkit_class
            }
        }
    }

    /// The `Ended` of a call that may not run.
    fn rejected(&self, call: &Call<'_>) -> TokenStream {
        let rejected = rejected();
        let Some(fallback) = &self.fallback else {
            return call.rejected(self.reject.as_ref(), &quote!(#rejected));
        };
        let private = call.private;
        let fallback = fallback.tokens();
        // What it should have been called with, and what it should give, is said where it is named.
        let span = span_of(&fallback).resolved_at(Span::mixed_site());
        let arguments = self.arguments.iter().map(Argument::used);
        let called = quote_spanned!(span=> (#fallback)(#(#arguments,)* #rejected));
        let answer = call.answer_type();
        let answered = if call.is_async {
            let at = spanned(private, span);
            quote_spanned! {span=> {
                use #at::breaker::{ByFuture as _, ByValue as _};
                #at::breaker::Eventually::new(#called).eventually().await
            }}
        } else {
            called
        };
        quote! {{
            let __perfkit_answer: #answer = #answered;
            #private::Ended::Refused(__perfkit_answer, #rejected)
        }}
    }
}

impl Instrument for Breaker {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let settings = self.settings(private);
        Some(Site {
            ty: quote!(#private::breaker::Breaker),
            options: quote!(|| -> #private::breaker::GiveSettings { #settings }),
        })
    }

    fn before(&self, call: &Call<'_>) -> TokenStream {
        let key = self.key.as_ref();
        key.map(|key| key.kept(call.local, call.private))
            .unwrap_or_default()
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        let admitted = self.admitted(call);
        let (has_failed, class) = (call.has_failed(), self.class(call));
        let ended = inner.ended(call);
        let (rejected, answered) = (rejected(), self.rejected(call));
        let over = Lifetime::new("'__perfkit_over", Span::mixed_site());
        // The body does not stand in the match: a future would keep what is matched until its end.
        Inner::Ended(quote! {
            #over: {
                let __perfkit_permit = match #admitted {
                    ::core::result::Result::Ok(__perfkit_permit) => __perfkit_permit,
                    ::core::result::Result::Err(#rejected) => break #over #answered,
                };
                let __perfkit_ended = #ended;
                __perfkit_permit.judge(__perfkit_ended, #has_failed, #class)
            }
        })
    }

    fn rejects(&self) -> bool {
        self.reject.is_none() && self.fallback.is_none()
    }

    // The arguments are the fallback's where the body does not run, so the body must not have taken them before.
    fn repeats(&self) -> bool {
        self.fallback.is_some()
    }

    fn needs_start(&self) -> bool {
        self.is_timed
    }

    fn beside(&self, at: &Beside<'_>) -> TokenStream {
        if !self.handle {
            return TokenStream::new();
        }
        let private = at.private;
        let handle = Handle {
            attribute: "breaker",
            word: "breaker",
            doc: "The breaker of",
            module: "breaker",
            settings: self.settings(private),
            // One breaker for all instances.
            is_generic: false,
            inputs: TokenStream::new(),
            ty: quote!(#private::breaker::Handle),
            give: quote!(breaker()),
        };
        handle.written(at)
    }
}
