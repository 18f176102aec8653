//! The annotated function: its facts, and writing it back.
//!
//! Only the signature is read. The body stays the tokens it came as, with its own braces and spans, so that whatever
//! the compiler, clippy or an editor says about it is said where the user wrote it.

mod arguments;
mod types;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::parse::{Parse, ParseStream};
use syn::{AttrStyle, Attribute, ReturnType, Signature, Token, Type, Visibility};

pub(crate) use crate::function::arguments::Argument;
use crate::function::types::{aliased_future, boxed_future, future, opaque, pinned, without_impl};

/// A function with a body.
#[derive(Clone)]
pub(crate) struct Function {
    /// Everything above it that is not ours.
    pub(crate) attrs: Vec<Attribute>,
    vis: Visibility,
    default: Option<Token![default]>,
    pub(crate) sig: Signature,
    body: Group,
    /// What the body begins with where its arguments got other names.
    unpacking: TokenStream,
}

/// What calling the function gives, which decides where the wrappers stand.
pub(crate) enum Shape {
    /// An answer.
    Sync,
    /// `async fn`.
    Async,
    /// A function whose whole body is `Box::pin(async move { … })`, as `#[async_trait]` leaves it.
    Pinned {
        /// `Box::pin`, as written.
        pin: TokenStream,
        /// The braces of the async block.
        block: Group,
    },
    /// A function that makes its future some other way.
    Future {
        /// Whether it says `Pin<Box<dyn Future>>` or `BoxFuture`, so that ours has to be boxed too.
        boxed: bool,
    },
}

/// What the function, or its future, answers with.
pub(crate) enum Answer {
    /// No arrow.
    Unit,
    /// `-> !`.
    Never,
    /// A type, `_` in it for each `impl Trait`, which cannot be named inside the function.
    Type(TokenStream),
    /// `impl Trait` and nothing around it, of a function that is not `async`. Its body needs the function's own arrow:
    /// a closure that answers with `_` tells it nothing, and `|x| …` finds no type for its argument.
    Opaque,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        // `default` is no keyword elsewhere: `default fn` of a specialised impl, nothing else.
        let default = if input.peek(Token![default]) {
            Some(input.parse()?)
        } else {
            None
        };
        let sig = input.parse()?;
        let body = body(input.parse()?)?;
        let (inner, body) = hoist(&body)?;
        attrs.extend(inner);
        Ok(Self {
            attrs,
            vis,
            default,
            sig,
            body,
            unpacking: TokenStream::new(),
        })
    }
}

impl Function {
    /// The name, as an editor would underline it.
    pub(crate) fn name(&self) -> &Ident {
        &self.sig.ident
    }

    /// The body in its braces.
    pub(crate) fn body(&self) -> &Group {
        &self.body
    }

    /// What it is called with.
    pub(crate) fn arguments(&self) -> Vec<Argument> {
        arguments::arguments(&self.sig)
    }

    /// Gives every argument a name; patterns move from the signature to the start of the body.
    pub(crate) fn name_arguments(&mut self) {
        self.unpacking = arguments::name(&mut self.sig);
    }

    /// Whether anybody outside of its module may see it.
    pub(crate) fn vis(&self) -> &Visibility {
        &self.vis
    }

    /// `body`, or another block of the function in its place, with the patterns of the arguments before it.
    pub(crate) fn unpacked(&self, body: Group) -> Group {
        if self.unpacking.is_empty() {
            return body;
        }
        let unpacking = &self.unpacking;
        let inside = nested(&body);
        let mut unpacked = Group::new(Delimiter::Brace, quote!(#unpacking #inside));
        unpacked.set_span(body.span());
        unpacked
    }

    /// What calling it gives, and the answer behind that.
    pub(crate) fn shape(&self) -> (Shape, Answer) {
        if self.sig.asyncness.is_some() {
            return (Shape::Async, Answer::of(&self.sig.output));
        }
        let ReturnType::Type(_, ty) = &self.sig.output else {
            return (Shape::Sync, Answer::Unit);
        };
        let (answer, boxed) = if let Some(output) = future(ty) {
            (Answer::from_type(output), false)
        } else if let Some(output) = boxed_future(ty) {
            (Answer::from_type(output), true)
        } else if let Some(output) = aliased_future(ty) {
            (Answer::Type(output), true)
        } else if opaque(ty) {
            return (Shape::Sync, Answer::Opaque);
        } else {
            return (Shape::Sync, Answer::from_type(ty));
        };
        match pinned(self.body.stream()) {
            Some((pin, block)) if boxed => (Shape::Pinned { pin, block }, answer),
            _ => (Shape::Future { boxed }, answer),
        }
    }

    /// The arrow's type with `_` for each `impl Trait`, for a closure in place of the function.
    pub(crate) fn closure_type(&self) -> TokenStream {
        match &self.sig.output {
            ReturnType::Default => quote!(()),
            ReturnType::Type(_, ty) => without_impl(ty.to_token_stream()),
        }
    }

    /// True when the tokens are the first of its body.
    pub(crate) fn begins_with(&self, tokens: TokenStream) -> bool {
        let mut body = self.body.stream().into_iter();
        tokens.into_iter().all(|token| {
            body.next()
                .is_some_and(|b| b.to_string() == token.to_string())
        })
    }

    /// The function with another body.
    pub(crate) fn with_body(&self, body: TokenStream) -> TokenStream {
        let mut group = Group::new(Delimiter::Brace, body);
        // Lints about the function span it from its first token to this brace; it has to be the user's.
        group.set_span(self.body.span());
        self.written(&group)
    }

    fn written(&self, body: &Group) -> TokenStream {
        let Self {
            attrs,
            vis,
            default,
            sig,
            ..
        } = self;
        quote!(#(#attrs)* #vis #default #sig #body)
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(self.written(&self.body));
    }
}

impl Answer {
    fn of(output: &ReturnType) -> Self {
        match output {
            ReturnType::Default => Self::Unit,
            ReturnType::Type(_, ty) => Self::from_type(ty),
        }
    }

    fn from_type(ty: &Type) -> Self {
        match ty {
            Type::Never(_) => Self::Never,
            Type::Group(group) => Self::from_type(&group.elem),
            _ => Self::Type(without_impl(ty.to_token_stream())),
        }
    }
}

/// A body as the last expression of a block.
///
/// Braces around a single expression would be called unnecessary there; as the expansion's they are let be. The place
/// stays the user's.
pub(crate) fn nested(body: &Group) -> Group {
    let statements = body
        .stream()
        .into_iter()
        .any(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';'));
    let mut body = body.clone();
    if !statements {
        body.set_span(body.span().resolved_at(Span::mixed_site()));
    }
    body
}

/// The body of a function, out of the groups that `macro_rules` puts around a `$body:block`.
fn body(token: TokenTree) -> syn::Result<Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Ok(group),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let mut inside = group.stream().into_iter();
            match (inside.next(), inside.next()) {
                (Some(token), None) => body(token),
                _ => Err(syn::Error::new(group.span(), "expected a body in braces")),
            }
        }
        other => Err(syn::Error::new(other.span(), "expected a body in braces")),
    }
}

/// Takes `#![…]` off the start of a body: it is about the function, and may not stand inside an expression.
fn hoist(body: &Group) -> syn::Result<(Vec<Attribute>, Group)> {
    let starts_with_hash = matches!(
        body.stream().into_iter().next(),
        Some(TokenTree::Punct(punct)) if punct.as_char() == '#'
    );
    if !starts_with_hash {
        return Ok((Vec::new(), body.clone()));
    }
    let split = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_inner)?;
        Ok((attrs, input.parse::<TokenStream>()?))
    };
    let (mut attrs, rest) = syn::parse::Parser::parse2(split, body.stream())?;
    for attr in &mut attrs {
        attr.style = AttrStyle::Outer;
    }
    let mut rest = Group::new(Delimiter::Brace, rest);
    rest.set_span(body.span());
    Ok((attrs, rest))
}

/// Why an item is no function with a body, in the words of whoever wrote it, and where.
pub(crate) fn not_a_function(attribute: &str, item: TokenStream, error: syn::Error) -> syn::Error {
    let head = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let rest = input.fork();
        let ended = rest.parse::<Signature>().is_ok() && rest.peek(Token![;]);
        let name = input.fork().parse::<Signature>().ok().map(|sig| sig.ident);
        let first: TokenTree = input.parse()?;
        input.parse::<TokenStream>()?;
        Ok((first, name.filter(|_| ended)))
    };
    let Ok((first, declared)) = syn::parse::Parser::parse2(head, item) else {
        return error;
    };
    if let Some(name) = declared {
        return syn::Error::new(
            name.span(),
            format!(
                "`#[{attribute}]` needs a body; write it on the implementations, or give this function a default body"
            ),
        );
    }
    let word = first.to_string();
    let message = match word.as_str() {
        "struct" | "enum" | "union" | "type" | "const" | "static" | "use" => format!(
            "`#[{attribute}]` goes on a function; a `{word}` does nothing that could be called"
        ),
        "impl" | "trait" | "mod" | "extern" | "unsafe" => format!(
            "`#[{attribute}]` goes on a function; write it on each function inside this `{word}`"
        ),
        "macro_rules" => format!(
            "`#[{attribute}]` goes on a function; write it on the functions this macro makes"
        ),
        "fn" | "async" => return error,
        _ => format!("`#[{attribute}]` goes on a function; give this code a name with `fn`"),
    };
    syn::Error::new(first.span(), message)
}

/// Where tokens begin and end.
pub(crate) fn span_of(tokens: &TokenStream) -> Span {
    syn::spanned::Spanned::span(tokens)
}

/// The same tokens at another place.
pub(crate) fn spanned(tokens: &TokenStream, span: Span) -> TokenStream {
    let at = |mut token: TokenTree| {
        token.set_span(span);
        token
    };
    tokens.clone().into_iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_behind_an_alias_is_not_boxed_twice() {
        let shape = |text: &str| {
            let function: Function = syn::parse_str(text).expect("a function");
            function.shape().0
        };
        assert!(matches!(
            shape("fn f<'a>() -> BoxFuture<'a, u8> { Box::pin(async move { 1 }) }"),
            Shape::Pinned { .. }
        ));
        assert!(matches!(
            shape("fn f<'a>() -> LocalBoxFuture<'a, u8> { Box::pin(ready(1)) }"),
            Shape::Future { boxed: true }
        ));
    }
}
