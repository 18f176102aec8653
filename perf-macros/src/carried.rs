//! What the attributes share whose bodies others run: the queue in front of them, and what becomes of their answers.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::call::Call;
use crate::errors::Errors;
use crate::options::common::REJECT;
use crate::options::{Given, Kind, Spec, Value};

/// `full`: what becomes of a call when the queue is full.
pub(crate) const FULL: Spec = Spec {
    name: "full",
    kind: Kind::Expression,
    example: "\"reject\"",
};
/// What such an attribute was given.
pub(crate) struct Queue {
    plain: Vec<(Spec, Value)>,
    /// Whether a full one rejects.
    pub(crate) rejects: bool,
    pub(crate) reject: Option<Value>,
}

impl Queue {
    /// `plain` are the options that are plain values of the `Settings`.
    pub(crate) fn read(given: &mut Given, plain: &[Spec], errors: &mut Errors) -> Self {
        Self {
            rejects: is_rejecting(given, errors),
            reject: given.take(&REJECT),
            plain: plain
                .iter()
                .filter_map(|spec| Some((*spec, given.take(spec)?)))
                .collect(),
        }
    }

    /// A `fn() -> Settings` of a module; `optional` is an `Option` there, `more` says what is not written by the user.
    pub(crate) fn settings(
        &self,
        module: &TokenStream,
        optional: Spec,
        more: Option<&TokenStream>,
    ) -> TokenStream {
        if self.plain.is_empty() && !self.rejects && more.is_none() {
            return quote!(#module::Settings::new);
        }
        let plain = self.plain.iter().map(|(spec, value)| {
            let (field, value) = (format_ident!("{}", spec.name), value.tokens());
            if *spec == optional {
                quote!(__perfkit_settings.#field = ::core::option::Option::Some(#value);)
            } else {
                quote!(__perfkit_settings.#field = #value;)
            }
        });
        let full = self
            .rejects
            .then(|| quote!(__perfkit_settings.full = #module::Full::Reject;));
        quote! {
            || {
                let mut __perfkit_settings = #module::Settings::new();
                #(#plain)*
                #full
                #more
                __perfkit_settings
            }
        }
    }

    /// The `Ended` of a call that others have run; where the answer has no sure place for a rejection, its type is asked.
    pub(crate) fn ended(
        &self,
        call: &Call<'_>,
        module: &TokenStream,
        ran: &TokenStream,
        has_place: bool,
    ) -> TokenStream {
        let private = call.private;
        if self.reject.is_some() {
            let rejected = call.rejected(self.reject.as_ref(), &quote!(__perfkit_refused));
            quote! {
                match #ran.ended() {
                    #private::Ended::Rejected(__perfkit_refused) => #rejected,
                    __perfkit_ended => __perfkit_ended,
                }
            }
        } else if has_place {
            quote!(#ran.ended())
        } else {
            let answer = call.answer_type();
            quote! {
                #ran.carried({
                    #[allow(unused_imports)]
                    use #module::{Carries as _, CarriesNone as _};
                    (&#module::Carry::<#answer>::NEW).way()
                })
            }
        }
    }
}

/// Whether `full = …` says that a call is rejected.
fn is_rejecting(given: &mut Given, errors: &mut Errors) -> bool {
    const WORDS: [(&str, bool); 2] = [("wait", false), ("reject", true)];
    let Some(full) = given.take(&FULL) else {
        return false;
    };
    let why = "; a call for which the queue has no place waits for one, or is rejected";
    full.word(FULL.name, &WORDS, why).unwrap_or_else(|why| {
        errors.at(full.expr(), why);
        false
    })
}
