//! `#[memoized]`: keeps the answers of a pure function for good.

use proc_macro2::TokenStream;
use quote::quote;

use crate::answers::handle::{self, Gives, Handle};
use crate::answers::key::Key;
use crate::answers::{Answers, IGNORE, KEY, KEY_TYPE, Keeps, Look, MAX_SIZE, function_of};
use crate::errors::Errors;
use crate::handle::HANDLE;
use crate::instruments::{Annotated, Beside, Call, Entry, Inner, Instrument, Site};
use crate::options::{Given, Grammar, Kind, Spec, Value};

const UNBOUNDED: Spec = Spec {
    name: "unbounded",
    kind: Kind::Flag,
    example: "",
};

/// How many answers are kept when nothing is said.
const DEFAULT_SIZE: u64 = 100_000;

const NO_TIME: &str =
    "the answer of a pure function does not grow old; use `#[cached]` for one that does";
const NO_FLIGHT: &str =
    "a pure function may run twice at once, so nobody waits; use `#[cached]` for one that may not";

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "memoized",
        leading: None,
        options: &[MAX_SIZE, UNBOUNDED, KEY, KEY_TYPE, IGNORE, HANDLE],
        absent: &[
            ("ttl", NO_TIME),
            ("tti", NO_TIME),
            ("stale", NO_TIME),
            ("refresh_ahead", NO_TIME),
            ("jitter", NO_TIME),
            ("errors", NO_TIME),
            ("wait", NO_FLIGHT),
        ],
    },
    keeps_answers: true,
    names_arguments: true,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    let key = Key::read(given, on, errors);
    let answers = Answers::new(key, Keeps::SuccessOfResult, on, errors);
    let (max_size, unbounded) = (given.take(&MAX_SIZE), given.take(&UNBOUNDED));
    let unbounded = unbounded.is_some_and(|unbounded| unbounded.is_on());
    if let (true, Some(_), Some(word)) = (unbounded, &max_size, given.word(&UNBOUNDED)) {
        errors.at(
            word,
            "`unbounded` and `max_size` say the opposite; write one of the two",
        );
    }
    Box::new(Memoized {
        handle: handle::wanted(given, &answers, on, errors),
        answers,
        max_size,
        unbounded,
    })
}

struct Memoized {
    answers: Answers,
    max_size: Option<Value>,
    unbounded: bool,
    handle: bool,
}

impl Memoized {
    /// A `fn() -> Settings`.
    fn settings(&self, private: &TokenStream) -> TokenStream {
        let max_size = match &self.max_size {
            _ if self.unbounded => quote!(::core::option::Option::None),
            Some(max_size) => {
                let max_size = max_size.tokens();
                quote!(::core::option::Option::Some(#max_size))
            }
            None => quote!(::core::option::Option::Some(#DEFAULT_SIZE)),
        };
        quote!(|| #private::memoized::settings(#max_size))
    }

    fn look(&self, call: &Call<'_>) -> Look<'_> {
        let private = call.private;
        Look {
            answers: &self.answers,
            condition: None,
            background: None,
            hooks: quote!(|| #private::cache::Hooks::new()),
            tags: None,
        }
    }
}

impl Instrument for Memoized {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        Some(Site {
            ty: quote!(#private::memoized::Memoized),
            options: function_of(&self.settings(private), private),
        })
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        self.look(call).wrap(call, inner)
    }

    fn beside(&self, at: &Beside<'_>) -> TokenStream {
        let private = at.private;
        let handle = Handle {
            answers: &self.answers,
            gives: Gives::Cache,
            attribute: "memoized",
            settings: self.settings(private),
            hooks: quote!(|| #private::cache::Hooks::new()),
        };
        let handle = self.handle.then(|| handle.written(at));
        handle.flatten().unwrap_or_default()
    }
}
