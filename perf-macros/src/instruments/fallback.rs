//! `#[fallback]`: another answer in the place of one that failed.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Expr;

use crate::again;
use crate::errors::Errors;
use crate::function::{Answer, Argument, Shape, span_of, spanned};
use crate::instruments::{Annotated, Call, Entry, Inner, Instrument, Site};
use crate::options::common::WHEN;
use crate::options::{Given, Grammar, Kind, Spec, Value};

const PATH: Spec = Spec {
    name: "path",
    kind: Kind::Expression,
    example: "|error| …",
};
const VALUE: Spec = Spec {
    name: "value",
    kind: Kind::Expression,
    example: "Ok(Vec::new())",
};
const ON_PANIC: Spec = Spec {
    name: "on_panic",
    kind: Kind::Flag,
    example: "",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "fallback",
        leading: Some(PATH),
        options: &[VALUE, WHEN, ON_PANIC],
        absent: &[(
            "default",
            "write `value = …`, an answer of the function's own type",
        )],
    },
    keeps_answers: false,
    names_arguments: true,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    if let Answer::Unit | Answer::Never | Answer::Opaque = on.answer {
        errors.at(
            on.function.name(),
            "`#[fallback]` answers for a call that failed, and this one has no answer that says so; return a `Result` or \
             an `Option`",
        );
    }
    let (path, value) = (given.take(&PATH), given.take(&VALUE));
    let on_panic = given.take(&ON_PANIC).is_some_and(|flag| flag.is_on());
    let word = |spec| given.word(spec).map(ToTokens::to_token_stream);
    let with = match (path, value) {
        (Some(path), None) => {
            if on_panic {
                errors.at(
                    word(&ON_PANIC),
                    "`on_panic` has no error to call a fallback with; write `#[fallback(value = …, on_panic)]`",
                );
            }
            match path.expr() {
                Some(Expr::Closure(_)) => With::Closure(path),
                _ => With::Path(path),
            }
        }
        (None, Some(value)) => With::Value(value),
        (Some(_), Some(_)) => {
            errors.at(
                word(&VALUE),
                "`value` is the answer of a call that failed, and so is what the function in front gives; leave one of the \
                 two out",
            );
            With::Nothing
        }
        (None, None) => {
            let meant = |word: &Ident| word == VALUE.name || word == "default";
            if !given.words.iter().any(meant) {
                errors.at_span(
                    given.span,
                    "`#[fallback]` needs the answer of a call that failed; write `#[fallback(value = …)]`, \
                     `#[fallback(|error| …)]`, or the path of a function from the arguments and the error to an answer",
                );
            }
            With::Nothing
        }
    };
    let arguments = with.needed(on, errors);
    Box::new(Fallback {
        with,
        when: given.take(&WHEN),
        on_panic,
        arguments,
        is_made_early: matches!(on.shape, Shape::Future { .. }),
    })
}

/// What answers.
enum With {
    Value(Value),
    Closure(Value),
    Path(Value),
    /// After a complaint.
    Nothing,
}

impl With {
    /// The arguments that the fallback needs after the body has had them.
    fn needed(&self, on: &Annotated<'_>, errors: &mut Errors) -> Vec<Argument> {
        let arguments = on.function.arguments();
        let (value, is_path) = match self {
            Self::Value(value) | Self::Closure(value) => (value, false),
            Self::Path(value) => (value, true),
            Self::Nothing => return Vec::new(),
        };
        let tokens = value.tokens();
        let is_async = !matches!(on.shape, Shape::Sync);
        let mut needed = Vec::new();
        for argument in arguments {
            let place = if is_path {
                Some(argument.name.clone())
            } else {
                mentioned(&argument.name, tokens.clone())
            };
            let Some(place) = place else {
                continue;
            };
            if let (true, Some(mutable)) = (is_async, &argument.mutable) {
                errors.at(
                    mutable,
                    "an async body takes this with it, so the fallback cannot have it as well; write \
                     `#[fallback(|error| …)]` or `value = …` without it",
                );
            } else if argument.is_receiver() && !argument.is_reference && !is_path {
                errors.at(
                    place,
                    "the body uses `self` up; take `&self`, or write the path of a function, which is called with a copy",
                );
            } else {
                needed.push(argument);
            }
        }
        needed
    }
}

/// Where an expression speaks of an argument; not of a field or a method of that name.
fn mentioned(name: &Ident, tokens: TokenStream) -> Option<Ident> {
    let mut is_member = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(word) if !is_member && word == name => return Some(word.clone()),
            // What a format captures.
            TokenTree::Literal(literal) if captures(&literal.to_string(), name) => {
                return Some(Ident::new(&name.to_string(), literal.span()));
            }
            TokenTree::Group(group) => {
                if let Some(word) = mentioned(name, group.stream()) {
                    return Some(word);
                }
            }
            _ => {}
        }
        is_member = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
    }
    None
}

fn captures(literal: &str, name: &Ident) -> bool {
    let name = name.to_string();
    literal.split('{').skip(1).any(|rest| {
        rest.strip_prefix(name.as_str())
            .is_some_and(|rest| rest.starts_with(['}', ':']))
    })
}

struct Fallback {
    with: With,
    when: Option<Value>,
    on_panic: bool,
    arguments: Vec<Argument>,
    /// Whether the body has the arguments before the call begins, and not only its future.
    is_made_early: bool,
}

impl Instrument for Fallback {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        Some(Site {
            ty: quote!(#private::fallback::Fallback),
            options: quote!(|| #private::fallback::Options),
        })
    }

    fn before(&self, call: &Call<'_>) -> TokenStream {
        if self.is_made_early {
            self.copies(call.private)
        } else {
            TokenStream::new()
        }
    }

    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        let Call {
            private,
            site,
            local,
            ..
        } = call;
        let mixed = |name: &str| Ident::new(name, Span::mixed_site());
        let (ended, error) = (mixed("__perfkit_ended"), mixed("__perfkit_error"));
        let class = call.class(self.when.as_ref());
        let copies = (!self.is_made_early).then(|| self.copies(private));
        let lent = self.lent();
        // An answer that never says that it failed is reported where it is written.
        let answer = call.answer_type();
        let span = span_of(&answer);
        let at = spanned(private, span);
        let asked = if let With::Closure(_) | With::Path(_) = self.with {
            let make = if call.rejects_within {
                call.make()
            } else {
                quote!(#private::fallback::unmade)
            };
            let inner = inner.ended(call);
            let or_error = quote_spanned!(span=> #at::fallback::or_error::<#answer>);
            quote!(#or_error(&#site, { #lent #inner }, #class, #make))
        } else if self.on_panic {
            let caught = if call.is_async {
                let inner = inner.ending(call);
                quote!({ #lent #private::fallback::caught_async(#inner).await })
            } else {
                let inner = inner.ended(call);
                quote!({ #lent #private::fallback::caught(|| #inner) })
            };
            let or_value = quote_spanned!(span=> #at::fallback::or_value_caught::<#answer>);
            quote!(#or_value(&#site, #caught, #class))
        } else {
            let inner = inner.ended(call);
            let or_value = quote_spanned!(span=> #at::fallback::or_value::<#answer>);
            quote!(#or_value(&#site, { #lent #inner }, #class))
        };
        let answer = self.answer(call, &error);
        let fallen = match self.with {
            With::Closure(_) | With::Path(_) => quote!((#local, #error)),
            _ => local.to_token_stream(),
        };
        Inner::Ended(quote!({
            #copies
            match #asked {
                ::core::result::Result::Ok(#ended) => #ended,
                ::core::result::Result::Err(#fallen) => #local.answer(#answer),
            }
        }))
    }

    fn covers_rejections(&self) -> bool {
        true
    }

    fn lends_self(&self) -> bool {
        self.arguments.iter().any(Argument::is_receiver)
    }
}

impl Fallback {
    /// Copies of the arguments that the body uses up, made before it runs.
    fn copies(&self, private: &TokenStream) -> TokenStream {
        let owned = self
            .arguments
            .iter()
            .filter(|argument| !argument.is_reference);
        owned
            .map(|argument| {
                let (copy, again) = (
                    copy(argument),
                    again::copy(argument, argument.used(), private),
                );
                quote!(let #copy = #again;)
            })
            .collect()
    }

    /// What the body has for a while only.
    fn lent(&self) -> TokenStream {
        let mutable = self
            .arguments
            .iter()
            .filter(|argument| argument.mutable.is_some() && !argument.is_receiver());
        mutable
            .map(|argument| {
                let (name, used) = (&argument.name, argument.used());
                quote!(let #name = &mut *#used;)
            })
            .collect()
    }

    /// The expression that the fallback is, of the function's answer.
    fn answer(&self, call: &Call<'_>, error: &Ident) -> TokenStream {
        let (private, answer) = (call.private, call.answer_type());
        let made = match &self.with {
            With::Nothing => return TokenStream::new(),
            With::Value(value) => {
                let (value, names) = (value.tokens(), self.names());
                let span = span_of(&value).resolved_at(Span::mixed_site());
                let typed =
                    quote_spanned!(span=> let __perfkit_answer: #answer = #value; __perfkit_answer);
                return quote!({ #names #typed });
            }
            With::Closure(closure) => {
                let (closure, names) = (closure.tokens(), self.names());
                quote!({ #names #private::fallback::with(#error, #closure) })
            }
            With::Path(path) => {
                let path = path.tokens();
                let span = span_of(&path).resolved_at(Span::mixed_site());
                let arguments = self.arguments.iter().map(|argument| {
                    if argument.is_reference {
                        argument.used()
                    } else {
                        copy(argument)
                    }
                });
                let arguments: Vec<_> = arguments
                    .chain([error.clone()])
                    .map(|mut name| {
                        name.set_span(name.span().located_at(span));
                        name
                    })
                    .collect();
                // What does not fit is reported at the path, all of it.
                quote_spanned!(span=> #path(#(#arguments),*))
            }
        };
        let span = match &self.with {
            With::Closure(value) | With::Path(value) => span_of(&value.tokens()),
            _ => Span::call_site(),
        };
        let span = span.resolved_at(Span::mixed_site());
        let at = spanned(private, span);
        if call.is_async {
            quote_spanned!(span=> #at::eventually::<#answer, _, _>(#made).await)
        } else {
            quote_spanned!(span=> { let __perfkit_answer: #answer = #made; __perfkit_answer })
        }
    }

    /// The copies under the names that an expression of the user's knows.
    fn names(&self) -> TokenStream {
        let owned = self
            .arguments
            .iter()
            .filter(|argument| !argument.is_reference);
        owned
            .map(|argument| {
                let (name, copy) = (&argument.name, copy(argument));
                quote!(let #name = #copy;)
            })
            .collect()
    }
}

/// The local that a copy is kept in.
fn copy(argument: &Argument) -> Ident {
    format_ident!(
        "__perfkit_copy_of_{}",
        argument.name,
        span = Span::mixed_site()
    )
}
