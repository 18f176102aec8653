//! `#[hedged]`: gives a call that takes long company, and takes the first success.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Expr, Lit};

use crate::again::Again;
use crate::budget::{BUDGET, Budget};
use crate::errors::Errors;
use crate::function::Shape;
use crate::instruments::{Annotated, Call, Entry, Inner, Instrument, Site, start};
use crate::options::{Given, Grammar, Kind, Spec, Value};

const AFTER: Spec = Spec {
    name: "after",
    kind: Kind::Expression,
    example: "\"50ms\"",
};
const MAX: Spec = Spec {
    name: "max",
    kind: Kind::Count,
    example: "1",
};
const IDEMPOTENT: Spec = Spec {
    name: "idempotent",
    kind: Kind::Flag,
    example: "",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "hedged",
        leading: None,
        options: &[AFTER, MAX, IDEMPOTENT, BUDGET],
        absent: &[
            (
                "delay",
                "say `after`, a duration or a percentile of the calls before",
            ),
            ("attempts", "say `max`, which counts those beyond the first"),
        ],
    },
    keeps_answers: false,
    names_arguments: true,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    let again = if let Shape::Sync = on.shape {
        errors.at(
            on.function.sig.fn_token,
            "`#[hedged]` runs two calls at a time and drops the one that is slower, and a thread can do neither; make this \
             an `async fn`",
        );
        None
    } else {
        Some(Again::read("hedged", on, errors))
    };
    let idempotent = given.take(&IDEMPOTENT);
    if !idempotent.is_some_and(|flag| flag.is_on()) {
        errors.at_span(
            given.span,
            "`#[hedged]` may run the body twice at a time, and drops one of the two half done; if that does no harm, write \
             `#[hedged(…, idempotent)]`",
        );
    }
    let after = After::read(given, errors);
    Box::new(Hedged {
        again,
        after,
        max: given.take(&MAX),
        budget: Budget::read(given, errors),
    })
}

/// When a call gets company.
enum After {
    Delay(Box<Value>),
    Percentile(f64),
    /// After a complaint.
    Nothing,
}

impl After {
    fn read(given: &mut Given, errors: &mut Errors) -> Self {
        let value = given.take(&AFTER);
        let Some(expr) = value.as_ref().and_then(Value::expr) else {
            let meant = |word: &Ident| word == AFTER.name || word == "delay";
            if !given.words.iter().any(meant) {
                errors.at_span(
                    given.span,
                    "`#[hedged]` needs to know when a call takes long; write `after = \"50ms\"`, or `after = \"p95\"` for the \
                     95th percentile of the calls before",
                );
            }
            return Self::Nothing;
        };
        if let Expr::Lit(literal) = expr
            && let Lit::Str(text) = &literal.lit
            && let Some(percent) = percentile(&text.value())
        {
            if percent > 0.0 && percent < 100.0 {
                return Self::Percentile(percent / 100.0);
            }
            errors.at(
                expr,
                "a percentile is between 0 and 100, such as `\"p95\"` or `\"p99.9\"`",
            );
            return Self::Nothing;
        }
        match Value::read(expr.clone(), Kind::Duration, AFTER.name) {
            Ok(delay) => Self::Delay(Box::new(delay)),
            Err(why) => {
                errors.at(expr, format!("{why}; or a percentile such as `\"p95\"`"));
                Self::Nothing
            }
        }
    }

    fn tokens(&self, private: &TokenStream) -> TokenStream {
        match self {
            Self::Delay(delay) => {
                let delay = delay.tokens();
                quote!(#private::hedged::After::Delay(#delay))
            }
            Self::Percentile(share) => quote!(#private::hedged::After::Percentile(#share)),
            Self::Nothing => TokenStream::new(),
        }
    }
}

/// The number behind a `p`.
fn percentile(text: &str) -> Option<f64> {
    let number = text.strip_prefix(['p', 'P'])?;
    let is_number = number.starts_with(|c: char| c.is_ascii_digit());
    is_number.then(|| number.parse().ok()).flatten()
}

struct Hedged {
    /// Nothing only after a complaint.
    again: Option<Again>,
    after: After,
    max: Option<Value>,
    budget: Budget,
}

impl Instrument for Hedged {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let after = self.after.tokens(private);
        let max = self.max.as_ref().map_or_else(|| quote!(1), Value::tokens);
        let budget = match &self.budget {
            Budget::Default => quote!(::core::option::Option::Some(0.05)),
            Budget::Off => quote!(::core::option::Option::None),
            Budget::Share(share) => {
                let share = share.tokens();
                quote!(::core::option::Option::Some(#share))
            }
        };
        Some(Site {
            ty: quote!(#private::hedged::Hedged),
            options: quote! {
                || #private::hedged::Options { after: #after, max: #max, budget: #budget }
            },
        })
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        let Call { private, site, .. } = call;
        let again = self.again.as_ref();
        let (kept, copies) = (
            again.map(Again::kept),
            again.map(|again| again.copies(call)),
        );
        let start = call.starts_within.then(|| {
            let start = start();
            quote!(let #start = #private::Start::now();)
        });
        let class = call.class(None);
        let ending = inner.ending(call);
        // It owns the arguments: a reference to one would ask it to be `Sync`.
        Inner::Ending(
            quote!({ #kept #site.get().call_async(move || { #copies #start #ending }, #class) }),
        )
    }

    fn repeats(&self) -> bool {
        true
    }
}
