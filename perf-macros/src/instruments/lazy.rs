//! `#[lazy]`: loads the answer of a function without arguments once.

use proc_macro2::TokenStream;
use quote::quote;

use crate::answers::handle::{self, Gives, Handle};
use crate::answers::key::Key;
use crate::answers::{Answers, Keeps, Look, function_of};
use crate::errors::Errors;
use crate::handle::HANDLE;
use crate::instruments::{Annotated, Beside, Call, Entry, Inner, Instrument, Site};
use crate::options::{Given, Grammar, Kind, Spec, Value};

const RETRY_ERRORS: Spec = Spec {
    name: "retry_errors",
    kind: Kind::Flag,
    example: " = false",
};
const WAIT: Spec = Spec {
    name: "wait",
    kind: Kind::Duration,
    example: "\"10s\"",
};

const NO_TIME: &str = "what is loaded once does not grow old; use `#[cached(ttl = …)]`";

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "lazy",
        leading: None,
        options: &[RETRY_ERRORS, WAIT, HANDLE],
        absent: &[
            ("ttl", NO_TIME),
            ("tti", NO_TIME),
            (
                "errors",
                "write `retry_errors = false` to keep an error for good",
            ),
            ("max_size", "there is one value"),
            (
                "key",
                "there is one value; use `#[cached]` for one of each key",
            ),
        ],
    },
    keeps_answers: true,
    names_arguments: true,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    for argument in on.function.arguments() {
        errors.at(
            &argument.name,
            "`#[lazy]` loads one value, which cannot depend on an argument; use `#[cached]` or `#[memoized]`, which keep \
             one of each",
        );
    }
    let retry = given.take(&RETRY_ERRORS);
    let keeps_errors = retry.as_ref().is_some_and(|retry| !retry.is_on());
    let keeps = if keeps_errors {
        Keeps::Whole
    } else {
        Keeps::Success
    };
    let answers = Answers::new(Key::Arguments(Vec::new()), keeps, on, errors);
    if let (Some(_), Some(word), true) = (retry, given.word(&RETRY_ERRORS), answers.cannot_fail()) {
        errors.at(
            word,
            "this function gives no errors after which it could be loaded again; return a `Result` or an `Option`, or leave \
             `retry_errors` out",
        );
    }
    Box::new(Lazy {
        handle: handle::wanted(given, &answers, on, errors),
        answers,
        keeps_errors,
        wait: given.take(&WAIT),
    })
}

struct Lazy {
    answers: Answers,
    keeps_errors: bool,
    wait: Option<Value>,
    handle: bool,
}

impl Lazy {
    /// A `fn() -> Settings`.
    fn settings(&self, private: &TokenStream) -> TokenStream {
        let settings = quote!(#private::lazy::Settings::lazy);
        if !self.keeps_errors && self.wait.is_none() {
            return settings;
        }
        let and_errors = self.keeps_errors.then(|| quote!(.and_errors()));
        let wait = self.wait.as_ref().map(|wait| {
            let wait = wait.tokens();
            quote!(__perfkit_settings.wait = #wait;)
        });
        quote! {
            || {
                let mut __perfkit_settings = #settings()#and_errors;
                #wait
                __perfkit_settings
            }
        }
    }

    fn look(&self, call: &Call<'_>) -> Look<'_> {
        Look {
            answers: &self.answers,
            condition: None,
            background: None,
            tags: None,
            hooks: hooks(call.private),
        }
    }
}

fn hooks(private: &TokenStream) -> TokenStream {
    quote!(|| #private::cache::Hooks::new())
}

impl Instrument for Lazy {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        Some(Site {
            ty: quote!(#private::lazy::Lazy),
            options: function_of(&self.settings(private), private),
        })
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        self.look(call).wrap(call, inner)
    }

    fn beside(&self, at: &Beside<'_>) -> TokenStream {
        let handle = Handle {
            answers: &self.answers,
            gives: Gives::Lazy,
            attribute: "lazy",
            settings: self.settings(at.private),
            hooks: hooks(at.private),
        };
        let handle = self.handle.then(|| handle.written(at));
        handle.flatten().unwrap_or_default()
    }
}
