//! `#[throttled]`: runs a function at most once in a time, and gives its last answer in between.

use proc_macro2::TokenStream;
use quote::quote;

use crate::answers::background::Background;
use crate::answers::key::Key;
use crate::answers::{Answers, Keeps, Look, function_of};
use crate::errors::Errors;
use crate::function::Answer;
use crate::handle::{self, HANDLE, Handle};
use crate::instruments::{Annotated, Beside, Call, Entry, Inner, Instrument, Site};
use crate::options::common::{BY, CLOCK};
use crate::options::{Given, Grammar, Kind, Spec, Value};

const EVERY: Spec = Spec {
    name: "every",
    kind: Kind::Duration,
    example: "\"100ms\"",
};
const LEADING: Spec = Spec {
    name: "leading",
    kind: Kind::Flag,
    example: " = false",
};
const TRAILING: Spec = Spec {
    name: "trailing",
    kind: Kind::Flag,
    example: "",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "throttled",
        leading: Some(EVERY),
        options: &[BY, LEADING, TRAILING, CLOCK, HANDLE],
        absent: &[
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
    let (leads, trailing) = edges(given, on, errors);
    if let (None, Some(word)) = (&trailing, given.word(&HANDLE)) {
        errors.at(
            word,
            "a handle has the calls that wait for their run, and without `trailing` none does; add `trailing`, or leave `handle` \
             out",
        );
    }
    let handle = handle::of_instance(given, on, errors) && trailing.is_some();
    Box::new(Throttled {
        answers,
        leads,
        trailing,
        handle,
        every: given.take(&EVERY),
        clock: given.take(&CLOCK),
    })
}

/// Whether the first call runs at once, and what runs for the last one.
fn edges(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> (bool, Option<Background>) {
    let words = [LEADING, TRAILING].map(|spec| given.word(&spec).cloned());
    let [leads, trails] = [(LEADING, true), (TRAILING, false)]
        .map(|(spec, default)| given.take(&spec).map_or(default, |value| value.is_on()));
    let [leading, trailing] = words;
    if let (false, false, Some(word)) = (leads, trails, &leading) {
        errors.at(
            word,
            "a function that runs for neither the first call nor the last never runs; add `trailing`",
        );
    }
    let (true, Some(word)) = (trails, &trailing) else {
        return (leads, None);
    };
    if let Some(word) = given.word(&CLOCK) {
        errors.at(
            word,
            "the run of `trailing` waits for a timer, which goes by the time of the runtime; leave `clock` out, and pause the \
             time of tokio in tests",
        );
    }
    let background = Background::read("trailing", word, on, errors);
    if leads {
        return (leads, Some(background));
    }
    if let (Some(word), false) = (&leading, matches!(on.answer, Answer::Unit)) {
        errors.at(
            word,
            "no call runs before the first time is over, and there would be no answer until then; let the first one run, or \
             let the function give none",
        );
    }
    (leads, Some(background.alone()))
}

struct Throttled {
    answers: Answers,
    /// Whether the first call runs at once.
    leads: bool,
    /// What runs for the last one.
    trailing: Option<Background>,
    handle: bool,
    /// Nothing only after a complaint, and then nothing is expanded.
    every: Option<Value>,
    clock: Option<Value>,
}

impl Throttled {
    /// A `fn() -> Settings`.
    fn settings(&self, private: &TokenStream) -> TokenStream {
        let every = self.every.as_ref().map(Value::tokens);
        let settings = quote!(#private::throttled::Settings);
        let settings = if self.trailing.is_some() {
            let leads = self.leads;
            quote!(#settings::trailing(#every, #leads))
        } else {
            quote!(#settings::throttled(#every))
        };
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
            background: self.trailing.as_ref(),
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

    fn beside(&self, at: &Beside<'_>) -> TokenStream {
        if !self.handle {
            return TokenStream::new();
        }
        let private = at.private;
        let handle = Handle {
            attribute: "throttled",
            word: "throttle",
            doc: "The calls that wait of",
            module: "throttled",
            settings: quote!(|| ()),
            is_generic: true,
            inputs: TokenStream::new(),
            ty: quote!(#private::throttled::Throttle),
            give: quote!(throttle(|| {})),
        };
        handle.written(at)
    }
}
