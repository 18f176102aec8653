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
mod innermost;
mod listing;
mod order;
mod seen;
mod written;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, Meta, Path};

use crate::editor;
use crate::errors::Errors;
use crate::function::{self, Function};
use crate::instruments::{self, Annotated, Entry, Instrument};
use crate::options::Given;
use crate::stack::conditional::conditional;
pub(crate) use crate::stack::innermost::written as body_of;
use crate::stack::seen::{is_seen, marker, renamed, seen};

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
    let facade = layers.iter().find_map(|layer| layer.given.facade.as_ref());
    let facade = facade.map_or_else(|| quote!(::perfkit), ToTokens::to_token_stream);
    let private = quote!(#facade::__private);
    let instruments = read(&mut function, &mut layers, &private, &mut errors);
    if !errors.is_empty() {
        return refused(errors, &as_written, &layers);
    }
    let (shape, answer) = function.shape();
    let on = Annotated {
        function: &function,
        shape: &shape,
        answer: &answer,
    };
    written::written(&on, &private, layers, &instruments)
}

/// Reads what each attribute was given, the innermost first: it may change what the function is for the others. The
/// complaints stand in the order of the attributes.
fn read(
    function: &mut Function,
    layers: &mut [Layer],
    private: &TokenStream,
    errors: &mut Errors,
) -> Vec<Box<dyn Instrument>> {
    let mut read = Vec::with_capacity(layers.len());
    for layer in layers.iter_mut().rev() {
        let (shape, answer) = function.shape();
        let on = Annotated {
            function,
            shape: &shape,
            answer: &answer,
        };
        let mut own = Errors::default();
        let instrument = (layer.entry.read)(&mut layer.given, &on, &mut own);
        if own.is_empty() {
            instrument.signature(function, private);
        }
        read.push((instrument, own));
    }
    let read = read.into_iter().rev().map(|(instrument, own)| {
        errors.append(own);
        instrument
    });
    read.collect()
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
        .enumerate()
        .map(|(number, layer)| editor::echo(layer.entry, &layer.given, number));
    let words: TokenStream = words.collect();
    if words.is_empty() {
        return quote!(#errors #(#seen)* #function);
    }
    let body = function.body().stream();
    let function = function.with_body(quote!(#words #body));
    quote!(#errors #(#seen)* #function)
}
