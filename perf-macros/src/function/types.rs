//! What the types in a signature, and the one body that is recognised, say about futures.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote_spanned};
use syn::{GenericArgument, PathArguments, Type, TypeParamBound};

/// `R` of `impl Future<Output = R>`.
pub(super) fn future(ty: &Type) -> Option<&Type> {
    match ty {
        Type::ImplTrait(ty) => ty.bounds.iter().find_map(output),
        Type::Group(group) => future(&group.elem),
        Type::Paren(paren) => future(&paren.elem),
        _ => None,
    }
}

/// True for `impl Trait` with nothing around it.
pub(super) fn opaque(ty: &Type) -> bool {
    match ty {
        Type::ImplTrait(_) => true,
        Type::Group(group) => opaque(&group.elem),
        Type::Paren(paren) => opaque(&paren.elem),
        _ => false,
    }
}

/// `R` of `Pin<Box<dyn Future<Output = R>>>`.
pub(super) fn boxed_future(ty: &Type) -> Option<&Type> {
    match argument(argument(ty, "Pin")?, "Box")? {
        Type::TraitObject(object) => object.bounds.iter().find_map(output),
        _ => None,
    }
}

/// What `BoxFuture<'a, T>` or `LocalBoxFuture<'a, T>` answers with, the names that futures gives to
/// `Pin<Box<dyn Future<Output = T>>>`.
///
/// It is asked of the type: in an alias of the user's own, `T` may be a part of the answer only.
pub(super) fn aliased_future(ty: &Type) -> Option<TokenStream> {
    let path = match ty {
        Type::Path(path) if path.qself.is_none() => &path.path,
        Type::Group(group) => return aliased_future(&group.elem),
        Type::Paren(paren) => return aliased_future(&paren.elem),
        _ => return None,
    };
    let last = path.segments.last()?;
    let PathArguments::AngleBracketed(args) = &last.arguments else {
        return None;
    };
    let known = last.ident == "BoxFuture" || last.ident == "LocalBoxFuture";
    let mut others = args
        .args
        .iter()
        .filter(|arg| !matches!(arg, GenericArgument::Lifetime(_)));
    let one = matches!(
        (others.next(), others.next()),
        (Some(GenericArgument::Type(_)), None)
    );
    let ty = without_impl(path.to_token_stream());
    // Spanned at the alias: that is where a complaint about the answer belongs.
    (known && one)
        .then(|| quote_spanned!(last.ident.span()=> <#ty as ::core::future::Future>::Output))
}

/// `T` of `Name<T>`, whatever path leads to the name.
fn argument<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let path = match ty {
        Type::Path(path) => &path.path,
        Type::Group(group) => return argument(&group.elem, name),
        Type::Paren(paren) => return argument(&paren.elem, name),
        _ => return None,
    };
    let last = path.segments.last().filter(|last| last.ident == name)?;
    match &last.arguments {
        PathArguments::AngleBracketed(args) => args.args.iter().find_map(|arg| match arg {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        }),
        _ => None,
    }
}

/// `R` of the bound `Future<Output = R>`.
fn output(bound: &TypeParamBound) -> Option<&Type> {
    let TypeParamBound::Trait(bound) = bound else {
        return None;
    };
    let last = bound
        .path
        .segments
        .last()
        .filter(|last| last.ident == "Future")?;
    let PathArguments::AngleBracketed(args) = &last.arguments else {
        return None;
    };
    args.args.iter().find_map(|arg| match arg {
        GenericArgument::AssocType(assoc) if assoc.ident == "Output" => Some(&assoc.ty),
        _ => None,
    })
}

/// The two parts of a body that is `Box::pin(async move { … })` and nothing else.
pub(super) fn pinned(body: TokenStream) -> Option<(TokenStream, Group)> {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let (TokenTree::Group(call), path) = tokens.split_last()? else {
        return None;
    };
    let path_only = path.iter().all(|token| match token {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(punct) => punct.as_char() == ':',
        _ => false,
    });
    let pin: TokenStream = path.iter().cloned().collect();
    let written = pin.to_string().replace(' ', "");
    if call.delimiter() != Delimiter::Parenthesis
        || !path_only
        || !(written == "Box::pin" || written.ends_with("::Box::pin"))
    {
        return None;
    }
    let mut inside = call.stream().into_iter();
    match (
        inside.next()?,
        inside.next()?,
        inside.next()?,
        inside.next(),
    ) {
        (TokenTree::Ident(a), TokenTree::Ident(m), TokenTree::Group(block), None)
            if a == "async" && m == "move" && block.delimiter() == Delimiter::Brace =>
        {
            Some((pin, block))
        }
        _ => None,
    }
}

/// A type with `_` for each `impl Trait`.
///
/// In a type, `impl` begins bounds that end with a comma, a closing angle bracket or the group around them.
pub(super) fn without_impl(ty: TokenStream) -> TokenStream {
    let mut written = TokenStream::new();
    let mut tokens = ty.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "impl" => {
                written.append(TokenTree::Ident(Ident::new("_", word.span())));
                let (mut depth, mut arrow) = (0usize, false);
                while let Some(next) = tokens.peek() {
                    if let TokenTree::Punct(punct) = next {
                        match punct.as_char() {
                            '<' => depth += 1,
                            '>' if arrow => {}
                            ',' | '>' | ';' if depth == 0 => break,
                            '>' => depth -= 1,
                            _ => {}
                        }
                        arrow = punct.as_char() == '-';
                    } else {
                        arrow = false;
                    }
                    tokens.next();
                }
            }
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), without_impl(group.stream()));
                inside.set_span(group.span());
                written.append(inside);
            }
            other => written.append(other),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> String {
        let tokens: TokenStream = text.parse().expect("tokens");
        tokens.to_string()
    }

    #[test]
    fn each_impl_becomes_a_placeholder() {
        for (ty, expected) in [
            ("u32", "u32"),
            ("impl Display", "_"),
            (
                "Result<impl Iterator<Item = (u8, u8)> + 'a, E>",
                "Result<_, E>",
            ),
            ("(impl Fn(u32) -> Vec<u32>, impl Display)", "(_, _)"),
            ("Vec<impl Fn() -> impl Display>", "Vec<_>"),
            ("[impl Copy; 3]", "[_; 3]"),
            (
                "Box<dyn Iterator<Item = impl Display>>",
                "Box<dyn Iterator<Item = _>>",
            ),
            ("fn(u32) -> u32", "fn(u32) -> u32"),
            (
                "&'a (dyn Fn(&str) -> bool + Send)",
                "&'a (dyn Fn(&str) -> bool + Send)",
            ),
        ] {
            let ty: TokenStream = ty.parse().expect("tokens");
            assert_eq!(without_impl(ty).to_string(), tokens(expected));
        }
    }

    #[test]
    fn a_future_is_known_by_its_type() {
        let output = |ty: &str| {
            let ty: Type = syn::parse_str(ty).expect("a type");
            let output = future(&ty).or_else(|| boxed_future(&ty))?;
            Some(quote::ToTokens::to_token_stream(output).to_string())
        };
        for ty in [
            "impl Future<Output = u8>",
            "impl Send + ::std::future::Future<Output = u8> + 'a",
            "Pin<Box<dyn Future<Output = u8>>>",
            "::core::pin::Pin<Box<dyn ::core::future::Future<Output = u8> + Send + 'a>>",
        ] {
            assert_eq!(output(ty).as_deref(), Some("u8"), "{ty}");
        }
        for ty in [
            "u8",
            "impl Iterator<Item = u8>",
            "Box<dyn Future<Output = u8>>",
            "Pin<&mut u8>",
            "Future",
        ] {
            assert_eq!(output(ty), None, "{ty}");
        }
    }

    #[test]
    fn the_aliases_of_a_boxed_future_are_known_by_their_names() {
        for (ty, known) in [
            ("BoxFuture<'a, u8>", true),
            ("LocalBoxFuture<'_, Result<u8, E>>", true),
            ("::futures::future::BoxFuture<'static, ()>", true),
            ("BoxFuture<u8>", true),
            ("BoxFuture<'a>", false),
            ("BoxFuture", false),
            ("BoxFuture<'a, u8, E>", false),
            ("BoxFuture<'a, u8, 3>", false),
            ("MyBoxFuture<'a, u8>", false),
            ("Box<BoxFuture<'a, u8>>", false),
            ("BoxFuture<'a, u8>::Output", false),
        ] {
            let parsed: Type = syn::parse_str(ty).expect("a type");
            // Spaces say only how the tokens were made.
            let plain = |text: String| text.replace(' ', "");
            let expected = known.then(|| format!("<{ty} as ::core::future::Future>::Output"));
            let output = aliased_future(&parsed).map(|output| plain(output.to_string()));
            assert_eq!(output, expected.map(plain), "{ty}");
        }
    }

    #[test]
    fn only_a_body_that_is_one_pinned_block_is_recognised() {
        for (body, is_one) in [
            ("Box::pin(async move { 1 })", true),
            ("::std::boxed::Box::pin(async move {})", true),
            ("let x = 1; Box::pin(async move { x })", false),
            ("Box::pin(async { 1 })", false),
            ("Box::pin(async move { 1 }.fuse())", false),
            ("Rc::pin(async move { 1 })", false),
            ("MyBox::pin(async move { 1 })", false),
            ("", false),
        ] {
            let tokens: TokenStream = body.parse().expect("tokens");
            assert_eq!(pinned(tokens).is_some(), is_one, "{body}");
        }
    }
}
