//! `#[timeout]`: cancels a call that takes too long.

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::function::{Answer, Shape};
use crate::instruments::{Annotated, Call, Entry, Inner, Instrument, Site, start};
use crate::options::common::REJECT;
use crate::options::{Given, Grammar, Kind, Spec, Value};

const LIMIT: Spec = Spec {
    name: "limit",
    kind: Kind::Duration,
    example: "\"2s\"",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "timeout",
        leading: Some(LIMIT),
        options: &[REJECT],
        absent: &[],
    },
    keeps_answers: false,
    names_arguments: false,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    let sig = &on.function.sig;
    if let Shape::Sync = on.shape {
        errors.at(
            sig.fn_token,
            "`#[timeout]` needs a function that can be cancelled, and a thread cannot be; make this an `async fn`, or \
             give the blocking call inside a limit of its own",
        );
    } else if let Answer::Unit | Answer::Never = on.answer {
        errors.at(
            on.function.name(),
            "a call that takes too long has no answer here; return a `Result` whose error implements \
             `From<perfkit::Rejected>`, or an `Option`",
        );
    }
    Box::new(Timeout {
        limit: given.take(&LIMIT),
        reject: given.take(&REJECT),
    })
}

struct Timeout {
    /// Nothing only after a complaint, and then nothing is expanded.
    limit: Option<Value>,
    reject: Option<Value>,
}

impl Instrument for Timeout {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let limit = self.limit.as_ref().map(Value::tokens);
        Some(Site {
            ty: quote!(#private::timeout::Timeout),
            options: quote!(|| #private::timeout::Options { limit: #limit }),
        })
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        let (site, start) = (call.site, start());
        // One that answers is taken as it is: each future around another one is a level of the depth that compilers bear.
        let (method, future) = match inner {
            Inner::Future(future) => (quote!(answered_async), future),
            inner => (quote!(call_async), inner.ending(call)),
        };
        let rejected = call.rejected(self.reject.as_ref(), &quote!(__perfkit_rejected));
        Inner::Ending(quote!(#site.get().#method(#start, #future, |__perfkit_rejected| #rejected)))
    }

    fn rejects(&self) -> bool {
        self.reject.is_none()
    }

    fn needs_start(&self) -> bool {
        true
    }
}
