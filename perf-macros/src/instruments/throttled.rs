//! `#[throttled]`: runs a function at most once in a time, and gives its last answer in between.

use proc_macro2::TokenStream;
use quote::quote;

use crate::answers::key::Key;
use crate::answers::{Answers, Keeps, Look, function_of};
use crate::errors::Errors;
use crate::function::Answer;
use crate::instruments::{Annotated, Call, Entry, Inner, Instrument, Site};
use crate::options::{Given, Grammar, Kind, Spec, Value};

const EVERY: Spec = Spec {
    name: "every",
    kind: Kind::Duration,
    example: "\"100ms\"",
};
const BY: Spec = Spec {
    name: "by",
    kind: Kind::Expression,
    example: "tenant",
};
const CLOCK: Spec = Spec {
    name: "clock",
    kind: Kind::Expression,
    example: "&CLOCK",
};

const EDGES: &str = "the first call runs, and those that come too soon get its answer; for one that runs for the last of them \
                     there is `perfkit::throttle`";

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "throttled",
        leading: Some(EVERY),
        options: &[BY, CLOCK],
        absent: &[
            ("trailing", EDGES),
            ("leading", EDGES),
            ("key", "each key is throttled apart with `by = …`"),
            (
                "wait",
                "no call waits for its turn; for that there is `#[rate_limited(\"10/s\", wait)]`",
            ),
        ],
    },
    keeps_answers: true,
    names_arguments: true,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    let key = match given.take(&BY) {
        Some(by) => Key::Expression(Box::new(by), None),
        None => Key::Arguments(Vec::new()),
    };
    let answers = if let Answer::Unit = on.answer {
        Answers::of_none(key)
    } else {
        Answers::new(key, Keeps::Whole, on, errors)
    };
    Box::new(Throttled {
        answers,
        every: given.take(&EVERY),
        clock: given.take(&CLOCK),
    })
}

struct Throttled {
    answers: Answers,
    /// Nothing only after a complaint, and then nothing is expanded.
    every: Option<Value>,
    clock: Option<Value>,
}

impl Throttled {
    /// A `fn() -> Settings`.
    fn settings(&self, private: &TokenStream) -> TokenStream {
        let every = self.every.as_ref().map(Value::tokens);
        let settings = quote!(#private::throttled::Settings::throttled(#every));
        match &self.clock {
            None => quote!(|| #settings),
            Some(clock) => {
                let clock = clock.tokens();
                quote! {
                    || {
                        let mut __perfkit_settings = #settings;
                        __perfkit_settings.clock = #clock;
                        __perfkit_settings
                    }
                }
            }
        }
    }

    fn look(&self, call: &Call<'_>) -> Look<'_> {
        let private = call.private;
        Look {
            answers: &self.answers,
            condition: None,
            background: None,
            tags: None,
            hooks: quote!(|| #private::cache::Hooks::new()),
        }
    }
}

impl Instrument for Throttled {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        Some(Site {
            ty: quote!(#private::throttled::Throttled),
            options: function_of(&self.settings(private), private),
        })
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        self.look(call).wrap(call, inner)
    }
}
