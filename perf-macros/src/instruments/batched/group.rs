//! The other arguments: items are in one batch where they are equal.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{FnArg, Pat, Receiver, ReceiverKind, Type};

use crate::answers::types;
use crate::errors::Errors;
use crate::function::Function;

/// See the module.
pub(super) struct Group {
    receiver: Option<This>,
    others: Vec<(Ident, Type)>,
}

/// A `self` that a batch can keep.
struct This {
    ty: TokenStream,
    /// Equal where it is the same place, and not where it has the same value.
    is_place: bool,
}

impl Group {
    pub(super) fn read(function: &Function, item: Option<&Ident>, errors: &mut Errors) -> Self {
        let mut group = Self {
            receiver: None,
            others: Vec::new(),
        };
        for input in &function.sig.inputs {
            match input {
                FnArg::Receiver(receiver) => group.receiver = this(receiver, errors),
                FnArg::Typed(typed) => {
                    if let Pat::Ident(pat) = &*typed.pat
                        && item != Some(&pat.ident)
                    {
                        check(&typed.ty, errors);
                        group.others.push((pat.ident.clone(), (*typed.ty).clone()));
                    }
                }
            }
        }
        group
    }

    /// Types of the user's that have to be compared.
    pub(super) fn own_types(&self) -> impl Iterator<Item = TokenStream> {
        let receiver = self.receiver.as_ref().filter(|this| !this.is_place);
        let receiver = receiver.map(|this| this.ty.clone());
        let others = self.others.iter().map(|(_, ty)| ty.to_token_stream());
        receiver.into_iter().chain(others)
    }

    /// The type of the key.
    pub(super) fn ty(&self, private: &TokenStream) -> TokenStream {
        let receiver = self.receiver.as_ref().map(|this| {
            let ty = &this.ty;
            if this.is_place {
                quote!(#private::batched::Same<#ty>,)
            } else {
                quote!(#ty,)
            }
        });
        let others = self.others.iter().map(|(_, ty)| ty);
        quote!((#receiver #(#others,)*))
    }

    /// The key of a call; the arguments are moved into it.
    pub(super) fn key(&self, private: &TokenStream) -> TokenStream {
        let receiver = self.receiver.as_ref().map(|this| {
            let this_one = quote!(::core::clone::Clone::clone(&self));
            if this.is_place {
                quote!(#private::batched::Same(#this_one),)
            } else {
                quote!(#this_one,)
            }
        });
        let others = self.others.iter().map(|(name, _)| name);
        quote!((#receiver #(#others,)*))
    }

    /// The arguments of the body out of a key, as a pattern. A body has the `self` of its own call.
    pub(super) fn names(&self) -> TokenStream {
        let receiver = self.receiver.as_ref().map(|_| quote!(_,));
        let others = self.others.iter().map(|(name, _)| name);
        quote!((#receiver #(#others,)*))
    }

    /// Names for the parts of a key in a function without `self`, as a pattern, with the expression of each.
    pub(super) fn parts(&self, private: &TokenStream) -> (TokenStream, Vec<TokenStream>) {
        let mut values = Vec::new();
        let receiver = self.receiver.as_ref().map(|this| {
            values.push(quote!(__perfkit_this));
            if this.is_place {
                quote!(#private::batched::Same(__perfkit_this),)
            } else {
                quote!(__perfkit_this,)
            }
        });
        let others: Vec<_> = self.others.iter().map(|(name, _)| name).collect();
        (quote!((#receiver #(#others,)*)), values)
    }

    pub(super) fn has_receiver(&self) -> bool {
        self.receiver.is_some()
    }
}

fn this(receiver: &Receiver, errors: &mut Errors) -> Option<This> {
    let is_static =
        |lifetime: Option<&syn::Lifetime>| lifetime.is_some_and(|l| l.ident == "static");
    match &receiver.kind {
        ReceiverKind::Value => {
            return Some(This {
                ty: quote!(Self),
                is_place: false,
            });
        }
        ReceiverKind::Reference(_, lifetime, None) if is_static(lifetime.as_ref()) => {
            return Some(This {
                ty: quote!(&'static Self),
                is_place: true,
            });
        }
        ReceiverKind::Typed(_, ty) => match &**ty {
            Type::Reference(reference)
                if is_static(reference.lifetime.as_ref()) && reference.mutability.is_none() =>
            {
                return Some(This {
                    ty: ty.to_token_stream(),
                    is_place: true,
                });
            }
            ty if types::borrowed(ty).is_none() => {
                let is_shared = super::answer::of("Arc", ty).is_some();
                return Some(This {
                    ty: ty.to_token_stream(),
                    is_place: is_shared,
                });
            }
            _ => {}
        },
        _ => {}
    }
    errors.at(
        receiver,
        "a batch runs when this call may be over, and what `self` borrows is not there any more; take `self: Arc<Self>` or \
         `&'static self`, or `self` itself if it can be cloned and compared",
    );
    None
}

fn check(ty: &Type, errors: &mut Errors) {
    match ty {
        Type::ImplTrait(ty) => errors.at(
            ty,
            "arguments besides the items keep them apart, and are compared, so their types need names; write a generic \
             parameter: `fn f<T: …>(…: T)`",
        ),
        ty => {
            if let Some(borrow) = types::borrowed(ty) {
                errors.at_span(
                    borrow,
                    "arguments besides the items keep them apart, and stay with the batch, when what this borrows is not there \
                     any more; take it owned",
                );
            }
        }
    }
}
