//! Gathers the attributes of one function and writes one expansion. The only file that knows order.
//!
//! The compiler expands the topmost attribute first; if each wrapped what it is given, the topmost would end up
//! innermost. So the first of ours to run takes its neighbours off the function, reads and checks them all, and nests
//! them as they are read: the topmost sees the call first.
//!
//! What is taken off is put back on an empty item inside the function, with a private argument: so the user's import
//! is used, an editor finds the definition, and another crate's attribute of the same name is not swallowed but says
//! that it does not understand. Attributes of others stay where they are.
//!
//! Most orders mean something. `#[measured]` above `#[timeout]` sees what the caller sees: a call that took too long is an
//! error, and its time is the limit. Below it, `#[measured]` sees the body alone: such a call was cancelled. Those that
//! cannot mean what they say are [refused](order).

mod conditional;
mod order;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, Meta, Path};

use crate::editor;
use crate::errors::Errors;
use crate::function::{self, Answer, Function, Shape};
use crate::instruments::{self, Annotated, Beside, Call, Entry, Inner, Instrument};
use crate::options::{Given, Value};
use crate::stack::conditional::conditional;

/// The argument of an attribute that has been taken into account.
const SEEN: &str = "__perfkit_seen";

/// One attribute of the stack.
struct Layer {
    entry: &'static Entry,
    given: Given,
    /// The attribute as written; nothing for the one the compiler has already taken off.
    attr: Option<Attribute>,
}

/// The expansion of the attribute `name`, the topmost of ours on this item.
pub(crate) fn expand(name: &str, args: &TokenStream, item: TokenStream) -> TokenStream {
    let (Some(top), false) = (instruments::entry(name), is_seen(args)) else {
        return item;
    };
    let mut errors = Errors::default();
    let given = top
        .grammar
        .read(args.clone(), Span::call_site(), &mut errors);
    let mut function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(function::not_a_function(name, item.clone(), error));
            let errors = errors.into_tokens();
            return quote!(#errors #item);
        }
    };
    if function.begins_with(marker()) {
        errors.at_span(Span::call_site(), renamed(name));
        return refused(errors, &function, &[]);
    }
    let facade = given.facade.as_ref().map(ToTokens::to_token_stream);
    if let Some(both) = conditional(name, args, facade.as_ref(), &function) {
        return both;
    }
    let mut layers = vec![Layer {
        entry: top,
        given,
        attr: None,
    }];
    gather(&mut function, facade.as_ref(), &mut layers, &mut errors);
    let as_written = function.clone();
    if layers.iter().any(|layer| layer.entry.names_arguments) {
        function.name_arguments();
    }
    if let Some(constness) = &function.sig.constness {
        errors.at(
            constness,
            format!(
                "`#[{name}]` cannot work in a `const fn`, which may run while compiling; remove `const`, or write the \
                 attribute on its caller"
            ),
        );
    }
    let (shape, answer) = function.shape();
    let on = Annotated {
        function: &function,
        shape: &shape,
        answer: &answer,
    };
    let instruments: Vec<_> = layers
        .iter_mut()
        .map(|layer| (layer.entry.read)(&mut layer.given, &on, &mut errors))
        .collect();
    if !errors.is_empty() {
        return refused(errors, &as_written, &layers);
    }
    written(&on, layers, &instruments)
}

/// Takes the neighbours off the function.
fn gather(
    function: &mut Function,
    facade: Option<&TokenStream>,
    layers: &mut Vec<Layer>,
    errors: &mut Errors,
) {
    for attr in std::mem::take(&mut function.attrs) {
        let Some(entry) = ours(attr.path(), facade) else {
            function.attrs.push(attr);
            continue;
        };
        order::check(layers, entry, attr.path(), errors);
        let args = match &attr.meta {
            Meta::Path(_) => TokenStream::new(),
            Meta::List(list) => list.tokens.clone(),
            Meta::NameValue(pair) => {
                let value = pair.value.to_token_stream();
                let name = entry.grammar.attribute;
                errors.at(pair.eq_token, format!("write `#[{name}({value})]`"));
                value
            }
        };
        let span = function::span_of(&attr.path().to_token_stream());
        let given = entry.grammar.read(args, span, errors);
        layers.push(Layer {
            entry,
            given,
            attr: Some(attr),
        });
    }
}

/// The attribute a path leads to, if it is one of ours: `timeout`, `perfkit::timeout`, or through `crate = path`.
fn ours(path: &Path, facade: Option<&TokenStream>) -> Option<&'static Entry> {
    let entry = instruments::entry(&path.segments.last()?.ident.to_string())?;
    let way: TokenStream = path
        .segments
        .pairs()
        .map(|pair| pair.to_token_stream())
        .collect();
    let way = plain(&way);
    let name = entry.grammar.attribute;
    let through = |facade: &str| {
        way.strip_suffix(name)
            .and_then(|way| way.strip_suffix("::"))
            == Some(facade.trim_start_matches("::"))
    };
    let known =
        way == name || through("perfkit") || facade.is_some_and(|facade| through(&plain(facade)));
    known.then_some(entry)
}

fn plain(tokens: &TokenStream) -> String {
    tokens.to_string().replace(' ', "")
}

/// The complaints, and the function as written without our attributes, so that nothing else breaks.
fn refused(errors: Errors, function: &Function, layers: &[Layer]) -> TokenStream {
    let errors = errors.into_tokens();
    let seen = layers.iter().filter_map(seen);
    let words = layers
        .iter()
        .map(|layer| editor::echo(layer.entry, &layer.given));
    let words: TokenStream = words.collect();
    if words.is_empty() {
        return quote!(#errors #(#seen)* #function);
    }
    let body = function.body().stream();
    let function = function.with_body(quote!(#words #body));
    quote!(#errors #(#seen)* #function)
}

/// The expansion.
fn written(
    on: &Annotated<'_>,
    layers: Vec<Layer>,
    instruments: &[Box<dyn Instrument>],
) -> TokenStream {
    let facade = layers.iter().find_map(|layer| layer.given.facade.as_ref());
    let facade = facade.map_or_else(|| quote!(::perfkit), ToTokens::to_token_stream);
    let private = quote!(#facade::__private);
    let function = on.function;
    let arrow = function.closure_type();
    let (mut items, mut before, mut beside) = (marker(), TokenStream::new(), TokenStream::new());
    // Items and what comes before the call from the outside in, the wrappers from the inside out.
    let mut wrappers: Vec<Wrapper<'_>> = Vec::new();
    for (mut layer, instrument) in layers.into_iter().zip(instruments) {
        if let Some(attr) = seen(&layer) {
            items.extend(quote!(#attr const _: () = ();));
        }
        items.extend(editor::echo(layer.entry, &layer.given));
        let attribute = layer.entry.grammar.attribute;
        let mut wrapper = Wrapper {
            site: format_ident!("__PERFKIT_{}", attribute.to_uppercase()),
            local: format_ident!("__perfkit_{attribute}", span = Span::mixed_site()),
            instrument: instrument.as_ref(),
        };
        let is_second = wrappers.iter().any(|other| other.site == wrapper.site);
        if is_second {
            wrapper.site = format_ident!("{}_WITHIN", wrapper.site);
            wrapper.local = format_ident!("{}_within", wrapper.local);
        }
        before.extend(instrument.before(&wrapper.call(on, &private, &arrow, &Within::default())));
        if let Some(listed) = instrument.site(&private) {
            let name = layer.given.name().as_ref().map(Value::tokens).map_or_else(
                || quote!(::core::option::Option::None),
                |name| quote!(::core::option::Option::Some(#name)),
            );
            let part = is_second.then_some(order::WITHIN);
            items.extend(listing(
                &Listing {
                    attribute,
                    part,
                    name: &name,
                },
                function,
                &private,
                &wrapper.site,
                &listed,
            ));
            beside.extend(instrument.beside(&Beside {
                private: &private,
                function,
                name: &name,
            }));
            wrappers.push(wrapper);
        }
    }
    if wrappers.is_empty() {
        // Nothing looks at the call: the body is the function's own again.
        let body = function.body().stream();
        return function.with_body(quote!(#items #before #body));
    }
    let call = nested_in(on, &private, &arrow, &wrappers);
    let function = function.with_body(quote!(#items #before #call));
    quote!(#function #beside)
}

/// One attribute as it wraps a call.
struct Wrapper<'i> {
    site: Ident,
    local: Ident,
    instrument: &'i dyn Instrument,
}

/// What is known of what stands further in.
#[derive(Default)]
struct Within {
    rejects: bool,
    starts: bool,
}

impl Wrapper<'_> {
    fn call<'c>(
        &'c self,
        on: &'c Annotated<'_>,
        private: &'c TokenStream,
        arrow: &'c TokenStream,
        within: &Within,
    ) -> Call<'c> {
        Call {
            private,
            site: &self.site,
            local: &self.local,
            arrow,
            answer: on.answer,
            is_async: !matches!(on.shape, Shape::Sync),
            starts_within: within.starts,
            rejects_within: within.rejects,
        }
    }
}

/// The wrappers around the body, the first of them outermost: the expression that is the call.
fn nested_in(
    on: &Annotated<'_>,
    private: &TokenStream,
    arrow: &TokenStream,
    wrappers: &[Wrapper<'_>],
) -> TokenStream {
    let body = innermost(on, private, arrow);
    let mut made = TokenStream::new();
    let mut inner = match on.shape {
        Shape::Sync => Inner::Block(body),
        // Made when the function is called, as without us; unless it has to be made more than once.
        Shape::Future { .. } if !wrappers.iter().any(|wrapper| wrapper.instrument.repeats()) => {
            let local = Ident::new("__perfkit_made", Span::mixed_site());
            made = quote!(let #local = #body;);
            Inner::Future(local.into_token_stream())
        }
        _ => Inner::Future(body),
    };
    let mut within = Within::default();
    for wrapper in wrappers.iter().rev() {
        let call = wrapper.call(on, private, arrow, &within);
        inner = wrapper.instrument.wrap(&call, inner);
        within.rejects = !wrapper.instrument.covers_rejections()
            && (within.rejects || wrapper.instrument.rejects());
        within.starts |= wrapper.instrument.needs_start();
    }
    let Some(outermost) = wrappers.first() else {
        return TokenStream::new();
    };
    let call = outermost.call(on, private, arrow, &within);
    let start = within.starts.then(|| {
        let start = instruments::start();
        quote!(let #start = #private::Start::now();)
    });
    match (on.shape, on.answer) {
        (Shape::Async, Answer::Never) => {
            let last = inner.last(&call);
            quote!(#start match #last {})
        }
        (Shape::Sync | Shape::Async, _) => {
            let last = inner.last(&call);
            quote!(#start #last)
        }
        (shape, _) => {
            // The call begins when the future is polled.
            let future = match start {
                Some(start) => {
                    let last = inner.last(&call);
                    quote!(async move { #start #last })
                }
                None => inner.future(&call),
            };
            match shape {
                Shape::Pinned { pin, .. } => quote!(#pin(#future)),
                Shape::Future { boxed: true } => quote!(#made ::std::boxed::Box::pin(#future)),
                _ => quote!(#made #future),
            }
        }
    }
}

/// What the innermost attribute wraps: the body, or the future it makes.
fn innermost(on: &Annotated<'_>, private: &TokenStream, arrow: &TokenStream) -> TokenStream {
    let body = match on.shape {
        Shape::Sync => {
            let body = on.function.body();
            let body = match on.answer {
                Answer::Type(_) => body.clone(),
                Answer::Unit | Answer::Never | Answer::Opaque => function::nested(body),
            };
            return on.function.unpacked(body).to_token_stream();
        }
        Shape::Future { .. } => {
            let body = on.function.unpacked(on.function.body().clone());
            return quote!(#private::made(move || -> #arrow #body));
        }
        Shape::Async => on.function.body(),
        Shape::Pinned { block, .. } => block,
    };
    let body = on.function.unpacked(function::nested(body));
    // An async block has no expected type; a return that never happens gives it one, where the user wrote it.
    let (answer, span) = match on.answer {
        Answer::Type(answer) => (answer.clone(), function::span_of(answer)),
        Answer::Unit => (quote!(()), on.function.name().span()),
        Answer::Never => (quote!(::core::convert::Infallible), Span::call_site()),
        Answer::Opaque => (quote!(_), Span::call_site()),
    };
    let never = quote_spanned!(span=> return #private::never::<#answer>(););
    quote!(async move { if false { #never } #body })
}

/// What the list has of an annotation.
struct Listing<'l> {
    attribute: &'static str,
    /// What tells it from another one of that attribute on the same function.
    part: Option<&'static str>,
    /// The `name` option.
    name: &'l TokenStream,
}

/// The static of one attribute, and its entry in the list that the linker makes of all of them.
fn listing(
    listing: &Listing<'_>,
    function: &Function,
    private: &TokenStream,
    place: &Ident,
    site: &instruments::Site,
) -> TokenStream {
    let Listing {
        attribute,
        part,
        name,
    } = listing;
    let instruments::Site { ty, options } = site;
    // Spanned at the function's name from its first token on: that is the line which the site finds itself at.
    let span = function.name().span();
    let at = function::spanned(private, span);
    let within = part.map(|part| quote_spanned!(span=> .within(#part)));
    let made = quote_spanned! {span=>
        #at::Site::here(#attribute, #name, ::core::any::type_name::<__PerfkitPlace>, #options) #within
    };
    let listed = format_ident!("{place}_LISTED");
    quote! {
        static #place: #private::Site<#ty> = #made;
        #[cfg(any(
            target_os = "none", target_os = "linux", target_os = "macos", target_os = "ios", target_os = "tvos",
            target_os = "windows", target_os = "uefi", target_os = "android", target_os = "fuchsia",
            target_os = "illumos", target_os = "freebsd", target_os = "openbsd", target_os = "psp",
        ))]
        #[#private::linkme::distributed_slice(#private::SITES)]
        #[linkme(crate = #private::linkme)]
        static #listed: &(dyn #private::Observed) = &#place;
    }
}

/// What every expanded body begins with: the type whose path is the function's, and the sign that we were here.
fn marker() -> TokenStream {
    quote!(
        struct __PerfkitPlace;
    )
}

/// A neighbour's attribute again, saying that it has been taken into account.
fn seen(layer: &Layer) -> Option<Attribute> {
    let mut attr = layer.attr.clone()?;
    let path = attr.path().clone();
    let span = function::span_of(&path.to_token_stream());
    let seen = Ident::new(SEEN, span);
    // Spanned at the path, so that a foreign attribute of this name complains where it stands.
    let list = quote_spanned!(span=> #path(#seen));
    attr.meta = syn::parse2(list).ok()?;
    Some(attr)
}

fn is_seen(args: &TokenStream) -> bool {
    args.to_string() == SEEN
}

/// The complaint of an attribute that runs on a function we have already expanded.
fn renamed(name: &str) -> String {
    let written = Span::call_site().source_text().unwrap_or_default();
    let written = written
        .trim_start_matches(['#', '['])
        .split(['(', ']'])
        .next()
        .unwrap_or_default()
        .trim();
    let known = format!(
        "the attribute above did not know it and was expanded without it; write `{name}` or `perfkit::{name}`, or say \
         `crate = …` above"
    );
    if written.is_empty() || written == name {
        format!("this is `{name}` under another name: {known}")
    } else {
        format!("`{written}` is `{name}` under another name: {known}")
    }
}
