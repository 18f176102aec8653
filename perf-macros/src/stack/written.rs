//! Writes the one expansion of a function: its items, the call with all wrappers around the body, what stands beside it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::Token;

use crate::call::Others;
use crate::editor;
use crate::function::{Answer, Argument, Shape};
use crate::instruments::{self, Annotated, Beside, Call, Instrument};
use crate::options::Value;
use crate::stack::listing::{Listing, listing};
use crate::stack::{Layer, innermost, marker, order, seen};

/// The expansion.
pub(super) fn written(
    on: &Annotated<'_>,
    private: &TokenStream,
    layers: Vec<Layer>,
    instruments: &[Box<dyn Instrument>],
) -> TokenStream {
    let function = on.function;
    let arrow = function.closure_type();
    let (mut items, mut before, mut beside) = (marker(), TokenStream::new(), TokenStream::new());
    // Items and what comes before the call from the outside in, the wrappers from the inside out.
    let mut wrappers: Vec<Wrapper<'_>> = Vec::new();
    for (number, (mut layer, instrument)) in layers.into_iter().zip(instruments).enumerate() {
        if let Some(attr) = seen(&layer) {
            items.extend(quote!(#attr const _: () = ();));
        }
        items.extend(editor::echo(layer.entry, &layer.given, number));
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
        before.extend(instrument.before(&wrapper.call(on, private, &arrow, &Within::default())));
        if let Some(listed) = instrument.site(private) {
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
                private,
                &wrapper.site,
                &listed,
            ));
            beside.extend(instrument.beside(&Beside {
                private,
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
    let call = nested_in(on, private, &arrow, &wrappers);
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
    lends_self: bool,
    others: Others,
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
            others: within.others,
            starts_within: within.starts,
            rejects_within: within.rejects,
            capture: (!within.lends_self).then(<Token![move]>::default),
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
    let own = wrappers.last().and_then(|wrapper| {
        let within = Within {
            others: match wrappers {
                [_] => Others::None,
                _ => Others::Some,
            },
            ..Within::default()
        };
        let call = wrapper.call(on, private, arrow, &within);
        wrapper.instrument.body(&call)
    });
    let repeats = wrappers.iter().any(|wrapper| wrapper.instrument.repeats());
    let (made, mut inner) = match own {
        Some(own) => (TokenStream::new(), own),
        None => innermost::of_body(on, private, arrow, repeats),
    };
    let lends = |argument: &Argument| argument.is_receiver() && argument.mutable.is_some();
    let mut within = Within {
        lends_self: matches!(on.shape, Shape::Sync)
            && wrappers
                .iter()
                .any(|wrapper| wrapper.instrument.lends_self())
            && on.function.arguments().iter().any(lends),
        ..Within::default()
    };
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
