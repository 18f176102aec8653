//! What types say about how long their values live, and the same types without lifetimes.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{
    GenericArgument, Lifetime, PathArguments, Receiver, ReceiverKind, Signature, Type, TypePath,
};

/// Where a type borrows from something that does not live for good.
pub(crate) fn borrowed(ty: &Type) -> Option<Span> {
    let short = |lifetime: Option<&Lifetime>| lifetime.is_none_or(|l| l.ident != "static");
    match ty {
        Type::Reference(reference) if short(reference.lifetime.as_ref()) => {
            Some(reference.and_token.span())
        }
        Type::Reference(reference) => borrowed(&reference.elem),
        Type::Path(path) => path.path.segments.iter().find_map(|segment| {
            let PathArguments::AngleBracketed(args) = &segment.arguments else {
                return None;
            };
            args.args.iter().find_map(|arg| match arg {
                GenericArgument::Lifetime(l) if short(Some(l)) => Some(l.span()),
                GenericArgument::Type(ty) => borrowed(ty),
                _ => None,
            })
        }),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(borrowed),
        Type::Array(array) => borrowed(&array.elem),
        Type::Slice(slice) => borrowed(&slice.elem),
        Type::Group(group) => borrowed(&group.elem),
        Type::Paren(paren) => borrowed(&paren.elem),
        _ => None,
    }
}

/// The first type among the generic arguments of the last segment.
pub(crate) fn first_type(path: &mut TypePath) -> Option<&mut Type> {
    let last = path.path.segments.last_mut()?;
    let PathArguments::AngleBracketed(arguments) = &mut last.arguments else {
        return None;
    };
    arguments
        .args
        .iter_mut()
        .find_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
}

/// The `self` of a method, where it is borrowed from the caller, and may not be there any more when the call is over.
pub(crate) fn borrowed_receiver(sig: &Signature) -> Option<&Receiver> {
    let receiver = sig.receiver()?;
    let is_borrowed = match &receiver.kind {
        ReceiverKind::Value => false,
        ReceiverKind::Reference(_, Some(lifetime), None) => lifetime.ident != "static",
        ReceiverKind::Typed(_, ty) => borrowed(ty).is_some(),
        _ => true,
    };
    is_borrowed.then_some(receiver)
}

/// Whether the values of a type are no errors, as far as its name tells: it is one that everybody knows.
pub(crate) fn cannot_fail(ty: &Type) -> bool {
    const KNOWN: &[&str] = &[
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64", "bool", "char", "String", "Vec", "HashMap", "BTreeMap", "HashSet",
        "BTreeSet",
    ];
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| KNOWN.iter().any(|known| last.ident == known)),
        Type::Tuple(_) | Type::Array(_) | Type::Reference(_) => true,
        Type::Group(group) => cannot_fail(&group.elem),
        Type::Paren(paren) => cannot_fail(&paren.elem),
        _ => false,
    }
}

/// Where a type has a `_`, which stands for an `impl Trait`.
pub(crate) fn placeholder(ty: TokenStream) -> Option<Span> {
    ty.into_iter().find_map(|token| match token {
        TokenTree::Ident(word) if word == "_" => Some(word.span()),
        TokenTree::Group(group) => placeholder(group.stream()),
        _ => None,
    })
}

/// Where a type has a `&mut`.
pub(crate) fn mutable(ty: TokenStream) -> Option<Span> {
    let mut after_reference = false;
    for token in ty {
        match &token {
            TokenTree::Ident(word) if word == "mut" && after_reference => return Some(word.span()),
            TokenTree::Ident(word) if word == "dyn" || word == "fn" => return None,
            // The name of a lifetime.
            TokenTree::Ident(_) if after_reference => {}
            TokenTree::Punct(punct) => match punct.as_char() {
                '&' => after_reference = true,
                '\'' => {}
                _ => after_reference = false,
            },
            TokenTree::Group(group) => {
                if let Some(span) = mutable(group.stream()) {
                    return Some(span);
                }
                after_reference = false;
            }
            _ => after_reference = false,
        }
    }
    None
}

/// Whether the values of a type are a key only when they are taken apart: it borrows, or has a float in it.
pub(crate) fn needs_structure(ty: &Type) -> bool {
    match ty {
        Type::FnPtr(_) => false,
        Type::Group(group) => needs_structure(&group.elem),
        Type::Paren(paren) => needs_structure(&paren.elem),
        other => borrowed(other).is_some() || has_float(quote::ToTokens::to_token_stream(other)),
    }
}

fn has_float(ty: TokenStream) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "f32" || word == "f64",
        TokenTree::Group(group) => has_float(group.stream()),
        _ => false,
    })
}

/// The type with `'static` in the place of every lifetime, written or not.
pub(crate) fn without_lifetimes(ty: TokenStream) -> TokenStream {
    let mut written = TokenStream::new();
    let mut tokens = ty.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                tokens.next();
                written.extend(lifetime(punct.span()));
            }
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                let span = punct.span();
                written.extend([TokenTree::Punct(punct)]);
                let named = tokens
                    .peek()
                    .is_some_and(|next| matches!(next, TokenTree::Punct(p) if p.as_char() == '\''));
                if !named {
                    written.extend(lifetime(span));
                }
            }
            TokenTree::Group(group) => {
                let inside = without_lifetimes(group.stream());
                let mut inside = match group.delimiter() {
                    Delimiter::None => Group::new(Delimiter::None, inside),
                    delimiter => Group::new(delimiter, inside),
                };
                inside.set_span(group.span());
                written.extend([TokenTree::Group(inside)]);
            }
            other => written.extend([other]),
        }
    }
    written
}

fn lifetime(span: Span) -> [TokenTree; 2] {
    let mut quote = Punct::new('\'', Spacing::Joint);
    quote.set_span(span);
    [
        TokenTree::Punct(quote),
        TokenTree::Ident(Ident::new("static", span)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(ty: &str) -> Type {
        syn::parse_str(ty).expect("a type")
    }

    #[test]
    fn what_borrows_is_known_by_what_is_written() {
        for (ty, borrows) in [
            ("u32", false),
            ("&'static str", false),
            ("Vec<&'static str>", false),
            ("Arc<dyn Fn(&str) -> bool>", false),
            ("fn(&u8) -> u8", false),
            ("&str", true),
            ("&'a str", true),
            ("Option<&str>", true),
            ("(u8, [&str; 2])", true),
            ("Cow<'_, str>", true),
            ("HashMap<u8, Vec<Item<'a>>>", true),
        ] {
            assert_eq!(borrowed(&parsed(ty)).is_some(), borrows, "{ty}");
        }
    }

    #[test]
    fn what_has_no_key_of_its_own_is_taken_apart() {
        for (ty, apart) in [
            ("u32", false),
            ("[u8]", false),
            ("f64", true),
            ("[f32; 3]", true),
            ("Option<(u8, f64)>", true),
            ("[&str]", true),
            ("fn(f64) -> f64", false),
        ] {
            assert_eq!(needs_structure(&parsed(ty)), apart, "{ty}");
        }
    }

    #[test]
    fn mutable_references_are_found_wherever_they_are() {
        for (ty, found) in [
            ("&mut u8", true),
            ("&'a mut u8", true),
            ("Pin<&mut Self>", true),
            ("(u8, &mut u8)", true),
            ("&u8", false),
            ("*mut u8", false),
            ("fn(&mut u8)", false),
        ] {
            let tokens: TokenStream = ty.parse().expect("tokens");
            assert_eq!(mutable(tokens).is_some(), found, "{ty}");
        }
    }

    #[test]
    fn every_lifetime_becomes_static() {
        for (ty, expected) in [
            ("u32", "u32"),
            ("[&str]", "[&'static str]"),
            ("&'a [&'b str]", "&'static [&'static str]"),
            ("Item<'_, &u8>", "Item<'static, &'static u8>"),
        ] {
            let tokens = |text: &str| text.parse::<TokenStream>().expect("tokens");
            // Spaces say only how the tokens were made.
            let plain = |tokens: TokenStream| tokens.to_string().replace(' ', "");
            assert_eq!(
                plain(without_lifetimes(tokens(ty))),
                plain(tokens(expected))
            );
        }
    }
}
