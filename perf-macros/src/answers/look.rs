//! The part of an expansion that looks an answer up.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprLit, Lifetime, Lit};

use super::background::{Background, Parts};
use super::key::Key;
use super::{Answers, judge};
use crate::function::span_of;
use crate::instruments::{Call, Inner};
use crate::options::Value;

/// See the module.
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
        let bypassed = quote!(#site.bypass::<#own_type, #kept>());
        let (found, bypassed) = if self.background.is_some() {
            let look_up = self.at("look_up_or_refresh");
            (
                quote!(#site.get().#look_up::<#own_type, #kept, _, _>(#hooks, #wanted, #judge)),
                quote!((#bypassed, ::core::option::Option::None)),
            )
        } else {
            let look_up = self.at("look_up");
            (
                quote!(#site.#look_up::<#own_type, #kept, _, _>(#hooks, #wanted)),
                bypassed,
            )
        };
        let found = self.tagged(private, found);
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

    /// What is looked up with its tags. They are asked of a call that makes an answer, before any argument moves.
    fn tagged(&self, private: &TokenStream, looked: TokenStream) -> TokenStream {
        let Some(tags) = self.tags else {
            return looked;
        };
        let tags = tags.texts().map(tag);
        quote! {
            #private::cache::tagged(#looked, |__perfkit_tags| { #(__perfkit_tags.add(&#tags);)* })
        }
    }

    /// A search in two steps, where what is looked for can be written twice: arguments, and not an expression of the user's.
    fn at_once(&self, call: &Call<'_>) -> Option<AtOnce> {
        let Key::Arguments(_) = self.answers.key else {
            return None;
        };
        if self.background.is_some() {
            return None;
        }
        let Call { private, site, .. } = call;
        let (kept, key) = (self.answers.kept(private), &self.answers.key);
        let (wanted, own_type) = (key.lookup(private), key.own_type(private));
        let mixed = |name: &str| Ident::new(name, Span::mixed_site());
        let (hooks, looks) = (mixed("__perfkit_hooks"), mixed("__perfkit_looks"));
        let look_further = self.at("look_further");
        let looked = quote!(#site.#look_further::<#own_type, #kept, _, _>(#hooks, #wanted));
        let looked = self.tagged(private, looked);
        let made = &self.hooks;
        Some(match self.condition.map(Value::tokens) {
            None => {
                let find = self.at("find");
                AtOnce {
                    before: TokenStream::new(),
                    found: quote!(#site.#find::<#own_type, #kept, _, _>(#made, #wanted)),
                    hooks,
                    looked,
                }
            }
            Some(condition) => {
                let find = self.at("find_if");
                AtOnce {
                    before: quote!(let #looks = if #condition { true } else { false };),
                    found: quote!(#site.#find::<#own_type, #kept, _, _>(#looks, #made, #wanted)),
                    hooks,
                    looked: quote!(if #looks { #looked } else { #site.bypass::<#own_type, #kept>() }),
                }
            }
        })
    }

    /// One call around a body.
    fn around(&self, call: &Call<'_>, body: TokenStream) -> TokenStream {
        let (shared, judge) = (self.answers.shared(call), judge(call.private));
        if let Some(background) = self.background {
            return background.around(
                call,
                &Parts {
                    looked: self.looked(call, &judge),
                    judge: &judge,
                    shared: &shared,
                    body,
                    is_async: false,
                },
            );
        }
        let Call {
            private,
            local,
            arrow,
            ..
        } = call;
        let or_load = self.at("or_load");
        let sought = located(local, or_load.span());
        let loaded = quote!(#sought.#or_load(#judge, #shared, move || -> #arrow #body));
        let Some(AtOnce {
            before,
            found,
            hooks,
            looked,
        }) = self.at_once(call)
        else {
            let looked = self.looked(call, &judge);
            return quote! {
                let #local = #looked;
                #loaded
            };
        };
        quote! {
            #before
            match #found {
                ::core::result::Result::Ok(#local) => #local,
                ::core::result::Result::Err(#hooks) => #private::cache::apart(move || {
                    let #local = #looked;
                    #loaded
                }),
            }
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
        let Call { private, local, .. } = call;
        let or_load = self.at("or_load_async");
        let sought = located(local, or_load.span());
        let mixed = |name: &str| Ident::new(name, Span::mixed_site());
        let (answer, running) = (mixed("__perfkit_found"), mixed("__perfkit_running"));
        let done = Lifetime::new("'__perfkit_done", Span::mixed_site());
        let loaded = quote!(#sought.#or_load(#judge, #shared, #future));
        let begun = |start: &TokenStream| {
            quote! {
                match #start {
                    #private::cache::Begun::Answered(#answer) => break #done #answer,
                    #private::cache::Begun::Runs(#running) => #running,
                }
            }
        };
        let running_now = if let Some(AtOnce {
            before,
            found,
            hooks,
            looked,
        }) = self.at_once(call)
        {
            let begun = begun(&quote!(#private::cache::apart(#local)));
            quote! {
                match #private::cache::at_once(move || {
                    #before
                    #found.map_err(|#hooks| move || {
                        let #local = #looked;
                        #loaded
                    })
                }) {
                    ::core::result::Result::Ok(#answer) => break #done #answer,
                    ::core::result::Result::Err(#local) => #begun,
                }
            }
        } else if let Some(background) = self.background {
            let start = background.around(
                call,
                &Parts {
                    looked: self.looked(call, &judge),
                    judge: &judge,
                    shared: &shared,
                    body: future,
                    is_async: true,
                },
            );
            begun(&quote!(#private::made(move || { #start })))
        } else {
            let looked = self.looked(call, &judge);
            begun(&quote!(#private::made(move || {
                let #local = #looked;
                #loaded
            })))
        };
        // In a closure, so that no argument is a part of the future twice; and what is awaited alone is one after that. It has
        // its name in a block of its own: one that is there while it is awaited, the future would mark as there or gone.
        quote! {
            #done: {
                {
                    let #running = #running_now;
                    #running
                }
                .await
            }
        }
    }
}

/// A search in two steps. The first is all of a usual hit and calls nothing, the second stands in a closure apart from it: so
/// a hit is in a function that has next to nothing to save and to restore.
struct AtOnce {
    /// Statements before both.
    before: TokenStream,
    /// An expression: the answer as an `Ok`, if it is found at once; else the hooks.
    found: TokenStream,
    /// The name that these have in the second step.
    hooks: Ident,
    /// An expression: an answer, or the way to one.
    looked: TokenStream,
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
