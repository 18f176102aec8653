//! `#[retry]`: makes a call that failed again, after a while.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::again::Again;
use crate::budget::{BUDGET, Budget};
use crate::errors::Errors;
use crate::function::{Answer, span_of, spanned};
use crate::instruments::{Annotated, Call, Entry, Inner, Instrument, Site, start};
use crate::options::common::{CLOCK, WHEN};
use crate::options::{Given, Grammar, Kind, Spec, Value};

mod delays;

use self::delays::{BACKOFF, DELAY, Delays, FACTOR, JITTER};

const ATTEMPTS: Spec = Spec {
    name: "attempts",
    kind: Kind::Count,
    example: "3",
};
const MAX_DELAY: Spec = Spec {
    name: "max_delay",
    kind: Kind::Duration,
    example: "\"10s\"",
};
const RETRY_AFTER: Spec = Spec {
    name: "retry_after",
    kind: Kind::Expression,
    example: "|error| error.retry_after()",
};
const DEADLINE: Spec = Spec {
    name: "deadline",
    kind: Kind::Duration,
    example: "\"30s\"",
};
const REJECTED: Spec = Spec {
    name: "rejected",
    kind: Kind::Flag,
    example: "",
};
const ON_RETRY: Spec = Spec {
    name: "on_retry",
    kind: Kind::Expression,
    example: "|event| println!(\"{}\", event.attempt())",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "retry",
        leading: None,
        options: &[
            ATTEMPTS,
            BACKOFF,
            DELAY,
            FACTOR,
            JITTER,
            MAX_DELAY,
            WHEN,
            RETRY_AFTER,
            DEADLINE,
            BUDGET,
            REJECTED,
            ON_RETRY,
            CLOCK,
        ],
        absent: &[
            (
                "retries",
                "say `attempts`, which counts the first one as well",
            ),
            (
                "max_attempts",
                "say `attempts`, which counts the first one as well",
            ),
            (
                "timeout",
                "write `#[timeout(…)]` below it for each attempt, above it for all of them",
            ),
            ("fallback", "write `#[fallback(…)]` above it"),
        ],
    },
    keeps_answers: false,
    names_arguments: true,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    if let Answer::Unit | Answer::Never | Answer::Opaque = on.answer {
        errors.at(
            on.function.name(),
            "`#[retry]` repeats a call that failed, and this one has no answer that says so; return a `Result` or an \
             `Option`",
        );
    }
    let delays = Delays::read(given, errors);
    let attempts = given.take(&ATTEMPTS);
    if let Some(word) = given.word(&ATTEMPTS)
        && attempts.as_ref().and_then(Value::count) == Some(1)
    {
        errors.at(
            word,
            "`attempts` counts the first one as well, so this never repeats a call; write 2 or more, or leave `#[retry]` \
             out",
        );
    }
    let budget = Budget::read(given, errors);
    Box::new(Retrying {
        again: Again::read("retry", on, errors),
        attempts,
        delays,
        max_delay: given.take(&MAX_DELAY),
        when: given.take(&WHEN),
        retry_after: given.take(&RETRY_AFTER),
        deadline: given.take(&DEADLINE),
        budget,
        rejected: given.take(&REJECTED).is_some_and(|flag| flag.is_on()),
        on_retry: given.take(&ON_RETRY),
        clock: given.take(&CLOCK),
    })
}

struct Retrying {
    again: Again,
    attempts: Option<Value>,
    delays: Delays,
    max_delay: Option<Value>,
    when: Option<Value>,
    retry_after: Option<Value>,
    deadline: Option<Value>,
    budget: Budget,
    rejected: bool,
    on_retry: Option<Value>,
    clock: Option<Value>,
}

impl Instrument for Retrying {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let mut options = quote!(#private::retry::Options::new());
        for (name, value) in [
            ("attempts", &self.attempts),
            ("max_delay", &self.max_delay),
            ("deadline", &self.deadline),
            ("clock", &self.clock),
        ] {
            if let Some(value) = value {
                let (name, value) = (Ident::new(name, Span::call_site()), value.tokens());
                options.extend(quote!(.#name(#value)));
            }
        }
        options.extend(self.delays.options(private));
        options.extend(match &self.budget {
            Budget::Default => None,
            Budget::Off => Some(quote!(.without_budget())),
            Budget::Share(share) => {
                let share = share.tokens();
                Some(quote!(.budget(#share)))
            }
        });
        options.extend(self.rejected.then(|| quote!(.repeat_rejections())));
        Some(Site {
            ty: quote!(#private::retry::Retry),
            options: quote!(|| #options),
        })
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        // Where nobody further in can have answered, an answer is all there is.
        let is_answer = matches!(inner, Inner::Block(_) | Inner::Future(_) | Inner::Answer(_));
        let repeated = if call.is_async {
            self.awaited(call, inner, is_answer)
        } else {
            self.called(call, inner, is_answer)
        };
        if is_answer {
            Inner::Answer(repeated)
        } else {
            Inner::Ended(repeated)
        }
    }

    fn repeats(&self) -> bool {
        true
    }
}

impl Retrying {
    /// A call of a sync function.
    fn called(&self, call: &Call<'_>, inner: Inner, is_answer: bool) -> TokenStream {
        let Call {
            private,
            site,
            capture,
            ..
        } = call;
        let (kept, copies) = (self.again.kept(), self.again.copies(call));
        // The first attempt begins with the call.
        let (began, start) = if call.starts_within {
            let (began, start) = (mixed("__perfkit_began"), start());
            (
                Some(quote!(let mut #began = ::core::option::Option::Some(#start);)),
                Some(quote!(let #start = #private::retry::began(&mut #began);)),
            )
        } else {
            (None, None)
        };
        let (method, within) = if is_answer {
            ("call_sure", call.made(&inner.block(call)))
        } else {
            ("call", inner.ended(call))
        };
        let (method, asked) = (of_answer(call, "Retry", method), self.asked(call));
        // Moved, what the attempts need is in memory only once one has failed.
        quote!({ #kept #began #method(&#site, #capture || { #copies #start #within }, #asked) })
    }

    /// A call of an async function: a loop around what is awaited.
    fn awaited(&self, call: &Call<'_>, inner: Inner, is_answer: bool) -> TokenStream {
        let Call { private, site, .. } = call;
        let (kept, copies) = (self.again.kept(), self.again.copies(call));
        let (attempts, asks) = (mixed("__perfkit_attempts"), mixed("__perfkit_asked"));
        let (ended, began) = (mixed("__perfkit_ended"), mixed("__perfkit_began"));
        let future = if is_answer {
            inner.future(call)
        } else {
            inner.ending(call)
        };
        let (leave, failed, over) = if is_answer {
            let succeeded = of_answer(call, "Awaited", "succeed_at_once");
            (
                quote!(if #succeeded(&#attempts, &#ended) { break #ended; }),
                quote!(#private::Ended::Answered(#ended)),
                quote!(#private::Ended::sure(#ended)),
            )
        } else {
            let at_once = of_answer(call, "Awaited", "at_once");
            (
                quote! {
                    let #ended = match #at_once(&#attempts, #ended) {
                        ::core::result::Result::Ok(#ended) => break #private::Ended::Answered(#ended),
                        ::core::result::Result::Err(#ended) => #ended,
                    };
                },
                quote!(#ended),
                quote!(#ended),
            )
        };
        let start = call.starts_within.then(|| {
            let start = start();
            quote!(let #start = #attempts.began(#start);)
        });
        // Without a deadline, when the call began is not kept.
        let (keep, since) = if self.deadline.is_some() {
            (Some(quote!(let #began =)), quote!(#began))
        } else {
            (None, quote!(::core::option::Option::None))
        };
        let asked = self.asked(call);
        quote!({
            #kept
            #keep #private::retry::Retry::begin_call(&#site);
            let mut #attempts = #private::retry::Awaited::new();
            let mut #asks = #asked;
            loop {
                // In a block of its own: what the attempt gave is gone before anything is awaited, and need not be `Send`.
                #asks = {
                    let #ended = { #copies #start #attempts.attempt(#future).await };
                    #leave
                    match #attempts.next(&#site, #since, #failed, #asks) {
                        ::core::result::Result::Ok(#asks) => #asks,
                        ::core::result::Result::Err(#ended) => break #over,
                    }
                };
                #attempts.wait().await;
            }
        })
    }

    /// What is asked of the user's code.
    fn asked(&self, call: &Call<'_>) -> TokenStream {
        let private = call.private;
        let (class, after) = (call.class(self.when.as_ref()), self.after(call));
        let tell = self.on_retry.as_ref();
        let tell = tell.map_or_else(|| quote!(|_| ()), Value::tokens);
        quote!(#private::retry::asked(#class, #after, #tell))
    }

    /// A closure from `&A` to the time that the error wants to be left alone.
    fn after(&self, call: &Call<'_>) -> TokenStream {
        let Some(after) = self.retry_after.as_ref().map(Value::tokens) else {
            return quote!(|_| ::core::option::Option::None);
        };
        let answer = call.answer_type();
        let span = span_of(&after).resolved_at(Span::mixed_site());
        let at = spanned(call.private, span);
        quote_spanned!(span=> |__perfkit_answer: &#answer| #at::retry::after(__perfkit_answer, #after))
    }
}

fn mixed(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// A function of `ty` for the answer of the call: one that never says that it failed is reported where it is written.
fn of_answer(call: &Call<'_>, ty: &str, function: &str) -> TokenStream {
    let answer = call.answer_type();
    let span = span_of(&answer);
    let at = spanned(call.private, span);
    let [ty, function] = [ty, function].map(|name| Ident::new(name, span));
    quote_spanned!(span=> #at::retry::#ty::#function::<#answer>)
}
