//! `#[measured]`: counts and times the calls of any function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::errors::Errors;
use crate::function::{Answer, span_of};
use crate::instruments::{Annotated, Call, Entry, Instrument, Site};
use crate::options::common::BY;
use crate::options::{Given, Grammar, Kind, Spec, Value};

const SLOW: Spec = Spec {
    name: "slow",
    kind: Kind::Duration,
    example: "\"250ms\"",
};
const SAMPLE: Spec = Spec {
    name: "sample",
    kind: Kind::Count,
    example: "10",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "measured",
        leading: None,
        options: &[SLOW, SAMPLE, BY],
        absent: &[],
    },
    keeps_answers: false,
    names_arguments: false,
    read,
};

fn read(given: &mut Given, _: &Annotated<'_>, _: &mut Errors) -> Box<dyn Instrument> {
    Box::new(Measured {
        slow: given.take(&SLOW),
        sample: given.take(&SAMPLE),
        by: given.take(&BY),
    })
}

struct Measured {
    slow: Option<Value>,
    sample: Option<Value>,
    by: Option<Value>,
}

impl Measured {
    fn options(&self, private: &TokenStream) -> TokenStream {
        let options = quote!(#private::measured::Options);
        if self.slow.is_none() && self.sample.is_none() {
            return quote!(#options::new);
        }
        let slow = self.slow.as_ref().map(|slow| {
            let slow = slow.tokens();
            quote!(__perfkit_options.slow = ::core::option::Option::Some(#slow);)
        });
        let sample = self.sample.as_ref().map(|sample| {
            let sample = sample.tokens();
            quote!(__perfkit_options.sample = #sample;)
        });
        quote! {
            || {
                let mut __perfkit_options = #options::new();
                #slow
                #sample
                __perfkit_options
            }
        }
    }

    /// The instrument, with the label of this call when it has one.
    fn handle(&self, call: &Call<'_>) -> TokenStream {
        let Call { site, local, .. } = call;
        if self.by.is_some() {
            quote!(#local)
        } else {
            quote!(#site.get())
        }
    }
}

impl Instrument for Measured {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        cfg!(feature = "measure").then(|| Site {
            ty: quote!(#private::measured::Measured),
            options: self.options(private),
        })
    }

    fn before(&self, call: &Call<'_>) -> TokenStream {
        let Call {
            private,
            site,
            local,
            ..
        } = call;
        // A label that cannot be shown is underlined where it stands.
        let by = self.by.as_ref().map(|by| {
            let by = by.tokens();
            let span = span_of(&by).resolved_at(Span::mixed_site());
            quote_spanned!(span=> &(#by))
        });
        if cfg!(feature = "measure") {
            // By autoref, the method of a type that has `Outcome` is found before the one of every type.
            let judge = matches!(call.answer, Answer::Type(_))
                .then(|| quote!(use #private::{WithOutcome as _, WithoutOutcome as _};));
            // The same way, a label that is a text is found before one that has to show itself.
            let label = by.map(|by| {
                quote! {
                    let #local = {
                        use #private::measured::{WithText as _, WithoutText as _};
                        #site.get().by(#by, |__perfkit_label| (&#private::measured::Label(__perfkit_label)).text())
                    };
                }
            });
            return quote!(#judge #label);
        }
        // Nothing is measured, but what does not compile with the feature does not compile without it either.
        let by = by.map(|by| quote!(if false { #private::label(#by); }));
        let options = (self.slow.is_some() || self.sample.is_some()).then(|| {
            let options = self.options(private);
            quote!(const _: fn() -> #private::measured::Options = #options;)
        });
        quote!(#options #by)
    }

    fn around(&self, call: &Call<'_>, body: TokenStream) -> TokenStream {
        let handle = self.handle(call);
        let Call {
            private,
            local,
            answer,
            ..
        } = call;
        match answer {
            // Without an answer there is nothing to judge, and a guard needs no closure around the body. An `impl Trait`
            // goes without a judge to have its body in place too.
            Answer::Unit | Answer::Never | Answer::Opaque => quote! {
                let #local = #handle.enter();
                #body
            },
            // A judge that is no closure: the compiler checks each closure as a function of its own.
            Answer::Type(_) => {
                let made = Ident::new("__perfkit_answer", Span::mixed_site());
                let body = call.made(&body);
                quote! {
                    let #local = #handle.begin();
                    let #made = #body;
                    #local.end((&#private::Answer(&#made)).is_error());
                    #made
                }
            }
        }
    }

    fn around_future(&self, call: &Call<'_>, future: TokenStream) -> TokenStream {
        let handle = self.handle(call);
        let private = call.private;
        match call.answer {
            Answer::Unit | Answer::Never | Answer::Opaque => {
                quote!(#handle.call_async(#future, |_| false))
            }
            Answer::Type(_) => quote! {
                #handle.call_async(#future, |__perfkit_answer| (&#private::Answer(__perfkit_answer)).is_error())
            },
        }
    }
}
