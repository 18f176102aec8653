//! What a function is called with.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{FnArg, Pat, PatIdent, Receiver, ReceiverKind, Signature, Token, Type};

/// One argument.
#[derive(Clone)]
pub(crate) struct Argument {
    /// The name it has in the body, `self` included.
    pub(crate) name: Ident,
    /// Its type, without the outermost reference.
    pub(crate) ty: Type,
    /// Whether it is one, `&T`.
    pub(crate) is_reference: bool,
    /// The `mut` of a `&mut T`.
    pub(crate) mutable: Option<Token![mut]>,
}

impl Argument {
    /// True for `self`.
    pub(crate) fn is_receiver(&self) -> bool {
        self.name == "self"
    }

    /// The name where the expansion uses it.
    ///
    /// One that begins with an underscore is not to be used; as a word of the expansion's it may be.
    pub(crate) fn used(&self) -> Ident {
        let mut name = self.name.clone();
        let text = name.to_string();
        if text.starts_with('_') && !text.starts_with("__") {
            name.set_span(Span::call_site().located_at(name.span()));
        }
        name
    }

    fn of_receiver(receiver: &Receiver) -> Self {
        let name = Ident::new("self", receiver.self_token.span);
        let own = |span| {
            let own = Ident::new("Self", span);
            Type::Path(syn::TypePath {
                attrs: Vec::new(),
                qself: None,
                path: own.into(),
            })
        };
        match &receiver.kind {
            ReceiverKind::Typed(_, ty) => Self::of_type(name, ty),
            ReceiverKind::Reference(_, _, mutable) => Self {
                ty: own(name.span()),
                name,
                is_reference: true,
                mutable: *mutable,
            },
            _ => Self {
                ty: own(name.span()),
                name,
                is_reference: false,
                mutable: None,
            },
        }
    }

    fn of_type(name: Ident, ty: &Type) -> Self {
        match ty {
            Type::Group(group) => Self::of_type(name, &group.elem),
            Type::Paren(paren) => Self::of_type(name, &paren.elem),
            Type::Reference(reference) => Self {
                name,
                ty: (*reference.elem).clone(),
                is_reference: true,
                mutable: reference.mutability,
            },
            other => Self {
                name,
                ty: other.clone(),
                is_reference: false,
                mutable: None,
            },
        }
    }
}

/// The arguments of a signature; those that have no name of their own are left out.
pub(super) fn arguments(sig: &Signature) -> Vec<Argument> {
    let argument = |input: &FnArg| match input {
        FnArg::Receiver(receiver) => Some(Argument::of_receiver(receiver)),
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(pat) => Some(Argument::of_type(pat.ident.clone(), &typed.ty)),
            _ => None,
        },
    };
    sig.inputs.iter().filter_map(argument).collect()
}

/// Gives every argument a name, and says how the body gets its patterns back.
pub(super) fn name(sig: &mut Signature) -> TokenStream {
    let mut unpacking = TokenStream::new();
    for (place, input) in sig.inputs.iter_mut().enumerate() {
        let FnArg::Typed(typed) = input else {
            continue;
        };
        if let Pat::Ident(pat) = &mut *typed.pat
            && pat.by_ref.is_none()
            && pat.subpat.is_none()
        {
            // The body may stand in a closure that has its own arguments of these names.
            if let Some(mutability) = pat.mutability.take() {
                let name = &pat.ident;
                unpacking.extend(quote!(let #mutability #name = #name;));
            }
            continue;
        }
        let name = format_ident!("__perfkit_argument_{place}", span = Span::mixed_site());
        let named = Pat::Ident(PatIdent {
            attrs: Vec::new(),
            by_ref: None,
            mutability: None,
            ident: name.clone(),
            subpat: None,
        });
        let pat = std::mem::replace(&mut *typed.pat, named).into_token_stream();
        unpacking.extend(quote!(let #pat = #name;));
    }
    unpacking
}
