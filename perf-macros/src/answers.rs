//! Functions whose answers are kept: what an answer is found by, how much of it is kept, and who may look at it.
//!
//! `#[cached]` and `#[memoized]` differ in their options and share everything else, which is here: the key is made of the
//! arguments ([`key`]), or of an expression over them; of a `Result` the success is kept; and a function beside the
//! annotated one gives the kept answers by their key ([`handle`]).

pub(crate) mod background;
pub(crate) mod handle;
pub(crate) mod key;
pub(crate) mod persist;
pub(crate) mod types;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, ExprLit, Lifetime, Lit, PathArguments, PathSegment, Type};

use crate::answers::background::{Background, Parts};
use crate::answers::key::Key;
use crate::errors::Errors;
use crate::function::{Answer, span_of, spanned};
use crate::instruments::{Annotated, Call, Inner};
use crate::options::{Kind, Spec, Value};

/// `key = …`: what the answer depends on.
pub(crate) const KEY: Spec = Spec {
    name: "key",
    kind: Kind::Expression,
    example: "(self.id, name)",
};
/// `key_type = …`: the type of that.
pub(crate) const KEY_TYPE: Spec = Spec {
    name: "key_type",
    kind: Kind::Type,
    example: "(u64, String)",
};
/// `ignore(…)`: what it does not depend on.
pub(crate) const IGNORE: Spec = Spec {
    name: "ignore",
    kind: Kind::Names,
    example: "(self)",
};
/// `max_size = …`: how many answers.
pub(crate) const MAX_SIZE: Spec = Spec {
    name: "max_size",
    kind: Kind::Count,
    example: "10_000",
};
/// How the answers of one function are kept.
pub(crate) struct Answers {
    pub(crate) key: Key,
    /// The type of an answer; nothing only after a complaint.
    answer: Option<Type>,
    keeps: Keeps,
}

/// How much of an answer is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// The success of a `Result` and of an `Option`.
    Success,
    /// That of a `Result`; an `Option` as it is.
    SuccessOfResult,
    /// All of it.
    Whole,
}

impl Answers {
    /// Checks the answer.
    pub(crate) fn new(key: Key, keeps: Keeps, on: &Annotated<'_>, errors: &mut Errors) -> Self {
        let answer = match on.answer {
            Answer::Unit => {
                errors.at(
                    on.function.name(),
                    "there is no answer to keep: this function gives none; return what it finds out, or take the \
                     attribute away",
                );
                None
            }
            Answer::Never => {
                errors.at(
                    &on.function.sig.output,
                    "there is no answer to keep: this function does not return",
                );
                None
            }
            Answer::Opaque => {
                errors.at(
                    &on.function.sig.output,
                    "an `impl Trait` cannot be kept, because its type has no name; return a type that has one, such as \
                     `Vec<T>` or `Arc<dyn Trait>`",
                );
                None
            }
            Answer::Type(answer) => checked(answer, errors),
        };
        Self { key, answer, keeps }
    }

    /// Those of a function that gives none: that it has run is what is kept.
    pub(crate) fn of_none(key: Key) -> Self {
        Self {
            key,
            answer: Some(syn::parse_quote!(())),
            keeps: Keeps::Whole,
        }
    }

    /// Whether it is known by its name that an answer is never an error.
    pub(crate) fn cannot_fail(&self) -> bool {
        self.answer.as_ref().is_some_and(types::cannot_fail)
    }

    /// Whether what is kept may be an error.
    pub(crate) fn keeps_errors(&self) -> bool {
        self.keeps == Keeps::Whole
    }

    /// The type that says how much of an answer is kept.
    pub(crate) fn kept(&self, private: &TokenStream) -> TokenStream {
        let Some(answer) = &self.answer else {
            return quote!(_);
        };
        // Missing bounds are reported at the answer.
        let span = span_of(&answer.to_token_stream());
        let private = spanned(private, span);
        let success = match self.keeps {
            Keeps::Success => is_result(answer) || is_option(answer),
            Keeps::SuccessOfResult => is_result(answer),
            Keeps::Whole => false,
        };
        if success {
            quote_spanned!(span=> #private::Success<#answer>)
        } else {
            quote_spanned!(span=> #private::Whole<#answer>)
        }
    }

    /// Types of the key and of what is kept, each at the place of the user's, where they can be written.
    pub(crate) fn stored(&self, private: &TokenStream) -> (TokenStream, TokenStream) {
        let key = self.key.ty(private).unwrap_or_else(|| quote!(_));
        let kept = self.kept(private);
        let span = span_of(&kept);
        (key, quote_spanned!(span=> <#kept as #private::Kept>::Value))
    }

    /// How an answer that is not kept becomes that of the callers who waited for it.
    pub(crate) fn shared(&self, call: &Call<'_>) -> TokenStream {
        let private = call.private;
        let answer = &self.answer;
        quote!({
            use #private::{ByClone as _, ByRejection as _, ByText as _, NoWay as _};
            (&&&&#private::Sharing::<#answer>::NEW).way()
        })
    }
}

/// The type of an answer that lives long enough to be kept.
fn checked(answer: &TokenStream, errors: &mut Errors) -> Option<Type> {
    let ty: Type = syn::parse2(answer.clone()).ok()?;
    if let Some(placeholder) = types::placeholder(answer.clone()) {
        errors.at_span(
            placeholder,
            "an `impl Trait` cannot be kept, because its type has no name; return a type that has one, such as `Vec<T>` \
             or `Arc<dyn Trait>`",
        );
        return None;
    }
    if let Some(borrow) = types::borrowed(&ty) {
        errors.at_span(
            borrow,
            "an answer that is borrowed cannot be kept, because it ends with the call; return it owned, or as an \
             `Arc<T>`, which is as cheap to hand out",
        );
        return None;
    }
    Some(ty)
}

/// Whether it is known by its name that the type is a `Result`.
///
/// A name that only ends in `Result` is an alias of it when it has arguments; without, it may as well be a type of its own
/// (`QueryResult`).
fn is_result(ty: &Type) -> bool {
    last(ty).is_some_and(|last| {
        let name = last.ident.to_string();
        let has_arguments = !matches!(last.arguments, PathArguments::None);
        name == "Result" || (name.ends_with("Result") && has_arguments)
    })
}

fn is_option(ty: &Type) -> bool {
    last(ty).is_some_and(|last| last.ident == "Option")
}

/// The name of a type, with what it is written over.
fn last(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        Type::Group(group) => last(&group.elem),
        Type::Paren(paren) => last(&paren.elem),
        _ => None,
    }
}

/// The part of an expansion that looks an answer up.
pub(crate) struct Look<'l> {
    pub(crate) answers: &'l Answers,
    /// `if = …`.
    pub(crate) condition: Option<&'l Value>,
    /// Whether the body also runs in the background.
    pub(crate) background: Option<&'l Background>,
    /// Makes what is typed by the key and the answer, once for each cache.
    pub(crate) hooks: TokenStream,
    /// `tags = …`.
    pub(crate) tags: Option<&'l Value>,
}

impl Look<'_> {
    /// A method that asks for a key and an answer that can be kept, at the place of what may not be one.
    fn at(&self, method: &str) -> Ident {
        let answer = self.answers.answer.as_ref().map(ToTokens::to_token_stream);
        let place = self.answers.key.span().or(answer.as_ref().map(span_of));
        Ident::new(method, place.unwrap_or_else(Span::call_site))
    }

    /// An expression: an answer, or the way to one; with the refresh of it where there may be one.
    fn looked(&self, call: &Call<'_>, judge: &TokenStream) -> TokenStream {
        let Call { private, site, .. } = call;
        let (kept, key) = (self.answers.kept(private), &self.answers.key);
        let (wanted, own_type) = (key.lookup(private), key.own_type(private));
        let hooks = &self.hooks;
        let (found, bypassed) = if self.background.is_some() {
            let look_up = self.at("look_up_or_refresh");
            (
                quote!(#site.get().#look_up::<#own_type, #kept, _, _>(#hooks, #wanted, #judge)),
                quote!((#site.get().bypass::<#own_type, #kept>(), ::core::option::Option::None)),
            )
        } else {
            let look_up = self.at("look_up");
            (
                quote!(#site.get().#look_up::<#own_type, #kept, _, _>(#hooks, #wanted)),
                quote!(#site.get().bypass::<#own_type, #kept>()),
            )
        };
        // Asked of a call that makes an answer, before any argument moves.
        let found = match self.tags {
            Some(tags) => {
                let tags = tags.texts().map(tag);
                quote! {
                    #private::cache::tagged(#found, |__perfkit_tags| { #(__perfkit_tags.add(&#tags);)* })
                }
            }
            None => found,
        };
        let found = match self.condition {
            Some(condition) => {
                let condition = condition.tokens();
                quote!(if #condition { #found } else { #bypassed })
            }
            None => found,
        };
        match key.imports(private) {
            Some(imports) => quote!({ #imports #found }),
            None => found,
        }
    }

    /// One call around a body.
    fn around(&self, call: &Call<'_>, body: TokenStream) -> TokenStream {
        let (shared, judge) = (self.answers.shared(call), judge(call.private));
        let looked = self.looked(call, &judge);
        if let Some(background) = self.background {
            return background.around(
                call,
                &Parts {
                    looked,
                    judge: &judge,
                    shared: &shared,
                    body,
                    is_async: false,
                },
            );
        }
        let Call { local, arrow, .. } = call;
        let or_load = self.at("or_load");
        let found = located(local, or_load.span());
        quote! {
            let #local = #looked;
            #found.#or_load(#judge, #shared, move || -> #arrow #body)
        }
    }

    /// One call around what stands further in.
    pub(crate) fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        match inner.settled(call) {
            Inner::Future(future) => Inner::Answer(self.around_future(call, future)),
            inner => Inner::Block(self.around(call, inner.block(call))),
        }
    }

    /// One call around a future: an expression that awaits it where nothing is found.
    fn around_future(&self, call: &Call<'_>, future: TokenStream) -> TokenStream {
        let (shared, judge) = (self.answers.shared(call), judge(call.private));
        let looked = self.looked(call, &judge);
        let Call { private, local, .. } = call;
        let or_load = self.at("or_load_async");
        let found = located(local, or_load.span());
        let start = if let Some(background) = self.background {
            background.around(
                call,
                &Parts {
                    looked,
                    judge: &judge,
                    shared: &shared,
                    body: future,
                    is_async: true,
                },
            )
        } else {
            quote! {
                let #local = #looked;
                #found.#or_load(#judge, #shared, #future)
            }
        };
        let mixed = |name: &str| Ident::new(name, Span::mixed_site());
        let (answer, running) = (mixed("__perfkit_found"), mixed("__perfkit_running"));
        let done = Lifetime::new("'__perfkit_done", Span::mixed_site());
        // In a closure, so that no argument is a part of the future twice; and what is awaited alone is one after that.
        quote! {
            #done: {
                let #running = match #private::made(move || { #start }) {
                    #private::cache::Begun::Answered(#answer) => break #done #answer,
                    #private::cache::Begun::Runs(#running) => #running,
                };
                #running.await
            }
        }
    }
}

/// A text with arguments in braces is what `format!` makes of it.
fn tag(tag: &Expr) -> TokenStream {
    match tag {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if text.value().contains(['{', '}']) => quote!(::std::format!(#text)),
        tag => tag.to_token_stream(),
    }
}

/// The same name at another place.
fn located(name: &Ident, at: Span) -> Ident {
    Ident::new(&name.to_string(), at.resolved_at(name.span()))
}

/// Asks an answer whether it is an error. By autoref, the method of a type that has `Outcome` is found before the one of
/// every type.
pub(crate) fn judge(private: &TokenStream) -> TokenStream {
    quote! {
        |__perfkit_answer| {
            use #private::{WithOutcome as _, WithoutOutcome as _};
            (&#private::Answer(__perfkit_answer)).is_error()
        }
    }
}

/// A function that gives `settings`, which is one too: the options of a site whose handle may have been there before.
pub(crate) fn function_of(settings: &TokenStream, private: &TokenStream) -> TokenStream {
    quote!(|| -> #private::cache::GiveSettings { #settings })
}
