//! What is done to each resource: paths and closures of the user's, async or not.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;

use super::spec;
use crate::errors::Errors;
use crate::function::{span_of, spanned};
use crate::options::{Given, Kind, Spec, Value};

pub(super) const VALIDATE: Spec = spec("validate", Kind::Expression, "is_alive");
pub(super) const ON_CREATE: Spec = spec("on_create", Kind::Expression, "|conn| conn.begin()");
pub(super) const ON_RELEASE: Spec = spec("on_release", Kind::Expression, "|buffer| buffer.clear()");
pub(super) const ON_DESTROY: Spec = spec("on_destroy", Kind::Expression, "|conn| conn.close()");

/// See the module.
pub(super) struct UserHooks {
    validate: Option<Value>,
    on_create: Option<Value>,
    on_release: Option<Value>,
    on_destroy: Option<Value>,
}

impl UserHooks {
    pub(super) fn read(given: &mut Given, errors: &mut Errors) -> Self {
        let mut take = |spec: &Spec| {
            let value = given.take(spec)?;
            check(spec, value.expr(), errors);
            Some(value)
        };
        Self {
            validate: take(&VALIDATE),
            on_create: take(&ON_CREATE),
            on_release: take(&ON_RELEASE),
            on_destroy: take(&ON_DESTROY),
        }
    }

    /// `made`, an expression that gives hooks, with these.
    pub(super) fn changed(&self, made: &TokenStream, private: &TokenStream) -> TokenStream {
        let resource = resource();
        let validate = self.validate.as_ref().map(|hook| {
            let check = later(hook, private);
            quote!(.validate(#check))
        });
        let on_create = self.on_create.as_ref().map(|hook| {
            let check = later(hook, private);
            quote!(.on_create(#check))
        });
        let on_release = self.on_release.as_ref().map(|hook| {
            let hook = hook.tokens();
            let at = at(&hook, private);
            let verdict = quote_spanned!(span_of(&hook).resolved_at(Span::mixed_site())=> #at::pooled::is_good(#private::pooled::hand(#resource, #hook)));
            quote!(.on_release(|#resource| #verdict))
        });
        let on_destroy = self.on_destroy.as_ref().map(|hook| {
            let hook = hook.tokens();
            quote! {
                .on_destroy(|#resource| {
                    ::core::mem::drop(#private::pooled::hand_over(#resource, #hook));
                })
            }
        });
        quote!(#made #validate #on_create #on_release #on_destroy)
    }
}

/// A closure from a resource to a future of the verdict.
fn later(hook: &Value, private: &TokenStream) -> TokenStream {
    let resource = resource();
    let hook = hook.tokens();
    let at = at(&hook, private);
    let verdict = quote_spanned!(span_of(&hook).resolved_at(Span::mixed_site())=> #at::pooled::verdict(#private::pooled::hand(#resource, #hook)));
    quote!(|#resource| ::std::boxed::Box::pin(async move { #verdict.await }))
}

/// What a hook is given.
fn resource() -> Ident {
    Ident::new("__perfkit_resource", Span::mixed_site())
}

/// The way to the runtime, spanned at the hook: what it gives is told of there.
fn at(hook: &TokenStream, private: &TokenStream) -> TokenStream {
    spanned(private, span_of(hook).resolved_at(Span::mixed_site()))
}

/// A closure of another number of arguments is told of here, where it stands.
fn check(spec: &Spec, expr: Option<&Expr>, errors: &mut Errors) {
    match expr {
        Some(Expr::Closure(closure)) if closure.inputs.len() != 1 => {
            let (name, example) = (spec.name, spec.example);
            let what = if *spec == ON_DESTROY {
                "the resource"
            } else {
                "`&mut` of the resource"
            };
            errors.at(
                closure,
                format!("`{name}` is given {what} and nothing else; write `{name} = {example}`"),
            );
        }
        Some(Expr::Lit(literal)) => {
            let (name, example) = (spec.name, spec.example);
            errors.at(
                literal,
                format!(
                    "`{name}` is a closure or the path of a function; write `{name} = {example}`"
                ),
            );
        }
        _ => {}
    }
}
