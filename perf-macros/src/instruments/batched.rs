//! `#[batched]`: one run of a body for many callers.
//!
//! The body takes a `Vec` of items and gives an answer for each; the function takes one item and gives its answer. What else
//! it takes keeps items apart: they are in one batch where it is equal.

mod answer;
mod group;
mod handle;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{FnArg, Type, parse_quote};

use crate::answers::types;
use crate::call::Others;
use crate::carried::{FULL, Queue};
use crate::errors::Errors;
use crate::function::{Function, Shape, span_of, spanned};
use crate::handle::{HANDLE, wanted};
use crate::instruments::batched::answer::Given as Answers;
pub(super) use crate::instruments::batched::answer::is_result;
use crate::instruments::batched::group::Group;
use crate::instruments::{Annotated, Beside, Call, Entry, Inner, Instrument, Site};
use crate::options::common::REJECT;
use crate::options::{Given, Grammar, Kind, Spec};
use crate::stack;

const fn spec(name: &'static str, kind: Kind, example: &'static str) -> Spec {
    Spec {
        name,
        kind,
        example,
    }
}

const MAX_SIZE: Spec = spec("max_size", Kind::Count, "50");
const LINGER: Spec = spec("linger", Kind::Duration, "\"5ms\"");
const CONCURRENCY: Spec = spec("concurrency", Kind::Count, "4");
const MAX_QUEUE: Spec = spec("max_queue", Kind::Count, "1_000");
const DEDUPE: Spec = spec("dedupe", Kind::Flag, "");

/// The options that are plain values of `batched::Settings`.
const PLAIN: &[Spec] = &[MAX_SIZE, LINGER, CONCURRENCY, MAX_QUEUE];

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "batched",
        leading: None,
        options: &[
            MAX_SIZE,
            LINGER,
            CONCURRENCY,
            MAX_QUEUE,
            FULL,
            DEDUPE,
            REJECT,
            HANDLE,
        ],
        absent: &[
            ("max", "it is called `max_size`"),
            ("size", "it is called `max_size`"),
            ("window", "it is called `linger`"),
            ("wait", "it is called `linger`"),
            ("queue", "it is called `max_queue`"),
            (
                "key",
                "the other arguments of the function keep items apart",
            ),
        ],
    },
    keeps_answers: false,
    names_arguments: true,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    if !matches!(on.shape, Shape::Sync | Shape::Async) {
        errors.at(
            on.function.sig.fn_token,
            "a batch runs the body itself, and has to know what it gives; make this an `async fn`",
        );
    }
    let item = item(on.function, errors);
    let group = Group::read(on.function, item.as_ref().map(|item| &item.name), errors);
    let answers = Answers::read(on, errors);
    let queue = Queue::read(given, PLAIN, errors);
    if let (true, Some(word), None) = (queue.rejects, given.word(&FULL), &queue.reject)
        && answers.is_sure()
    {
        errors.at(
            word,
            "a call that is rejected has no answer of this type; give a `Result` whose error implements \
             `From<perfkit::Rejected>`, or let it wait",
        );
    }
    Box::new(Batched {
        queue,
        dedupe: given.take(&DEDUPE).is_some_and(|flag| flag.is_on()),
        handle: wanted(given, on),
        function: on.function.clone(),
        item,
        group,
        answers,
    })
}

/// What is batched.
struct Item {
    name: Ident,
    ty: Type,
}

/// The one argument that is a `Vec`.
fn item(function: &Function, errors: &mut Errors) -> Option<Item> {
    let mut found: Vec<Item> = Vec::new();
    for input in &function.sig.inputs {
        let FnArg::Typed(typed) = input else { continue };
        let (syn::Pat::Ident(pat), Some(ty)) = (&*typed.pat, answer::of("Vec", &typed.ty)) else {
            continue;
        };
        if found.len() == 1 {
            errors.at(
                &typed.ty,
                "a batch is of one `Vec`, and this is a second one; hand this in as something else, `Arc<[T]>` for example",
            );
        }
        found.push(Item {
            name: pat.ident.clone(),
            ty: ty.clone(),
        });
    }
    let Some(item) = found.into_iter().next() else {
        let inputs = &function.sig.inputs;
        let message = "`#[batched]` needs a body that takes many items: one argument that is a `Vec<T>`, of which a caller \
                       hands in one";
        if inputs.is_empty() {
            errors.at(function.name(), message);
        } else {
            errors.at(inputs, message);
        }
        return None;
    };
    if let Some(borrow) = types::borrowed(&item.ty) {
        errors.at_span(
            borrow,
            "an item may be batched with those of others when what it borrows is not there any more; take it owned",
        );
    }
    Some(item)
}

struct Batched {
    /// As written.
    function: Function,
    /// Nothing only after a complaint, and then nothing is expanded.
    item: Option<Item>,
    group: Group,
    answers: Answers,
    queue: Queue,
    dedupe: bool,
    handle: bool,
}

impl Batched {
    /// A `fn() -> Settings`.
    fn settings(&self, private: &TokenStream) -> TokenStream {
        let blocks = (!self.is_async()).then(|| quote!(__perfkit_settings.blocks = true;));
        self.queue
            .settings(&quote!(#private::batched), LINGER, blocks.as_ref())
    }

    fn is_async(&self) -> bool {
        self.function.sig.asyncness.is_some()
    }

    fn item_type(&self) -> TokenStream {
        self.item
            .as_ref()
            .map(|item| item.ty.to_token_stream())
            .unwrap_or_default()
    }

    /// The body, with what is known of its answers.
    fn work(&self, private: &TokenStream) -> TokenStream {
        let body = stack::body_of(&self.function, private);
        let (item, items) = (self.item_type(), self.item.as_ref().map(|item| &item.name));
        let (names, key) = (self.group.names(), self.group.ty(private));
        let answers = self.answers.kind(private);
        let span = span_of(&self.answers.given);
        let at = spanned(private, span);
        let answers = quote_spanned!(span=> <#answers as #at::batched::Answers<#item>>::Checked);
        let error = quote_spanned!(span=> <#answers as #at::batched::Answers<#item>>::Error);
        let one = quote_spanned!(span=> <#answers as #at::batched::Answers<#item>>::One);
        let (made, body) = if self.is_async() {
            ("tasked", body)
        } else {
            let given = &self.answers.given;
            (
                "blocking",
                quote!(#private::made(move || -> #given { #body })),
            )
        };
        let made = Ident::new(made, self.function.name().span());
        let inferred = if self.is_async() {
            quote!(_, _)
        } else {
            quote!(_)
        };
        let work = quote! {
            {
                #[allow(unused_imports)]
                use #private::{
                    ByClone as _, ByRejection as _, ByText as _, NoWay as _, WithOutcome as _, WithoutOutcome as _,
                };
                #private::batched::#made::<#key, #item, #answers, #inferred>(
                    #[allow(unused_variables)]
                    move |#names: #key, #items: ::std::vec::Vec<#item>| #body,
                    #private::batched::Way::<#answers, #item>::new(
                        (&&&&#private::Sharing::<::core::result::Result<(), #error>>::NEW).way(),
                        |__perfkit_answer: &#one| (&#private::Answer(__perfkit_answer)).is_error(),
                    ),
                )
            }
        };
        if self.dedupe {
            quote!(#private::batched::Deduped(#work))
        } else {
            work
        }
    }

    /// Asks the types what they have to be, each where it stands.
    fn checks(&self, private: &TokenStream) -> TokenStream {
        let item = self.item_type();
        let check = |ty: &TokenStream, name: &str| {
            let span = span_of(ty);
            let (at, name) = (spanned(private, span), Ident::new(name, span));
            quote_spanned!(span=> #at::batched::#name::<#ty>();)
        };
        let item = check(&item, if self.dedupe { "deduped_item" } else { "item" });
        let key = self.group.own_types().map(|ty| check(&ty, "key"));
        quote!(#item #(#key)*)
    }
}

impl Instrument for Batched {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let settings = self.settings(private);
        Some(Site {
            ty: quote!(#private::batched::Batched),
            options: quote!(|| -> #private::batched::GiveSettings { #settings }),
        })
    }

    fn signature(&self, function: &mut Function, private: &TokenStream) {
        let Some(item) = &self.item else { return };
        for input in &mut function.sig.inputs {
            if let FnArg::Typed(typed) = input
                && let syn::Pat::Ident(pat) = &*typed.pat
                && pat.ident == item.name
            {
                *typed.ty = item.ty.clone();
            }
        }
        let one = self.answers.one(&item.ty.to_token_stream(), private);
        function.sig.output = parse_quote!(-> #one);
    }

    fn body(&self, call: &Call<'_>) -> Option<Inner> {
        let (private, site) = (call.private, call.site);
        let item = self.item.as_ref().map(|item| &item.name);
        let (checks, key, work) = (
            self.checks(private),
            self.group.key(private),
            self.work(private),
        );
        let mixed = |name: &str| Ident::new(name, Span::mixed_site());
        let (of, with) = (mixed("__perfkit_key"), mixed("__perfkit_work"));
        let asks_for_riders = !self.is_async() && call.others == Others::None;
        let asked = if asks_for_riders {
            quote!(__perfkit_asked)
        } else if self.is_async() {
            quote!(#site.get().ask(#of, #item, #with).await)
        } else {
            quote!(#site.get().ask_now(#of, #item, #with))
        };
        let has_place = self.answers.is_result();
        let ended = self
            .queue
            .ended(call, &quote!(#private::batched), &asked, has_place);
        let ended = if asks_for_riders {
            let settled = if self.rejects() {
                let make = call.make();
                quote!(#private::Ended::settle(#ended, #make))
            } else {
                quote!(#private::Ended::sure(#ended))
            };
            quote! {
                #private::Ended::Answered(#site.get().ask_with_riders(#of, #item, #with, |__perfkit_asked| #settled))
            }
        } else {
            ended
        };
        Some(Inner::Ended(quote! {
            {
                #checks
                let #of = #key;
                let #with = #work;
                #ended
            }
        }))
    }

    fn wrap(&self, _: &Call<'_>, inner: Inner) -> Inner {
        inner
    }

    fn rejects(&self) -> bool {
        self.queue.reject.is_none() && self.answers.is_result()
    }

    fn beside(&self, at: &Beside<'_>) -> TokenStream {
        if !self.handle {
            return TokenStream::new();
        }
        let Some(item) = &self.item else {
            return TokenStream::new();
        };
        let handle = handle::Handle {
            item: &item.ty,
            items: &item.name,
            group: &self.group,
            answers: &self.answers,
            settings: self.settings(at.private),
            is_async: self.is_async(),
        };
        handle.written(at)
    }
}
