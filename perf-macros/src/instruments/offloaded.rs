//! `#[offloaded]`: runs a body that keeps a processor busy on threads of its own, for callers that await it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use crate::answers::types;
use crate::carried::{FULL, Queue};
use crate::errors::Errors;
use crate::function::{Answer, Argument, Function, Shape, span_of, spanned};
use crate::handle::{self, HANDLE, Handle};
use crate::instruments::{Annotated, Beside, Call, Entry, Inner, Instrument, Site};
use crate::options::common::REJECT;
use crate::options::{Given, Grammar, Kind, Spec};
use crate::stack;

const THREADS: Spec = Spec {
    name: "threads",
    kind: Kind::Count,
    example: "4",
};
const QUEUE: Spec = Spec {
    name: "queue",
    kind: Kind::Count,
    example: "1_000",
};

/// The attribute in the table.
pub(crate) const ENTRY: Entry = Entry {
    grammar: Grammar {
        attribute: "offloaded",
        leading: None,
        options: &[THREADS, QUEUE, FULL, REJECT, HANDLE],
        absent: &[
            ("max_threads", "it is called `threads`"),
            ("max_queue", "it is called `queue`"),
            (
                "timeout",
                "write `#[timeout]` above `#[offloaded]`; a body that runs is run to its end",
            ),
        ],
    },
    keeps_answers: false,
    names_arguments: true,
    read,
};

fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Box<dyn Instrument> {
    let sig = &on.function.sig;
    if let Some(asyncness) = &sig.asyncness {
        errors.at(
            asyncness,
            "`#[offloaded]` runs a body that blocks, and makes an `async fn` of it for its callers; remove `async`",
        );
    } else if !matches!(on.shape, Shape::Sync) {
        errors.at(
            &sig.output,
            "`#[offloaded]` runs a body that blocks, and this one gives a future; give what the future would",
        );
    }
    if let Answer::Never | Answer::Opaque = on.answer {
        errors.at(
            &sig.output,
            "the answer comes from another thread, so its type needs a name; give the type itself",
        );
    }
    if let syn::ReturnType::Type(_, ty) = &sig.output
        && let Some(borrow) = types::borrowed(ty)
    {
        errors.at_span(
            borrow,
            "the answer comes from another thread, where what this borrows is not; give it owned",
        );
    }
    let arguments = on.function.arguments();
    for argument in &arguments {
        check(argument, on.function, errors);
    }
    let handle = handle::wanted(given, on);
    Box::new(Offloaded {
        queue: Queue::read(given, &[THREADS, QUEUE], errors),
        handle,
        arguments,
        function: on.function.clone(),
    })
}

/// What a body takes goes to another thread.
fn check(argument: &Argument, function: &Function, errors: &mut Errors) {
    if argument.is_receiver() {
        if let Some(borrowed) = types::borrowed_receiver(&function.sig) {
            errors.at(
                borrowed,
                "the body runs on another thread, which may go on when what `self` borrows is not there any more; take \
                 `self: Arc<Self>`, `&'static self` or `self`",
            );
        }
        return;
    }
    let typed = function.sig.inputs.iter().find_map(|input| match input {
        syn::FnArg::Typed(typed) => match &*typed.pat {
            syn::Pat::Ident(pat) if pat.ident == argument.name => Some(&*typed.ty),
            _ => None,
        },
        syn::FnArg::Receiver(_) => None,
    });
    if let Some(borrow) = typed.and_then(types::borrowed) {
        errors.at_span(
            borrow,
            "the body runs on another thread, which may go on when what this borrows is not there any more; take it owned, or \
             in an `Arc`",
        );
    }
}

struct Offloaded {
    /// As written.
    function: Function,
    arguments: Vec<Argument>,
    queue: Queue,
    handle: bool,
}

impl Offloaded {
    /// A `fn() -> Settings`.
    fn settings(&self, private: &TokenStream) -> TokenStream {
        self.queue
            .settings(&quote!(#private::offloaded), THREADS, None)
    }

    /// Asks the types whether they may go to another thread, each where it stands.
    fn checks(&self, answer: &TokenStream, private: &TokenStream) -> TokenStream {
        let check = |ty: TokenStream| {
            let span = span_of(&ty);
            let (at, sent) = (spanned(private, span), Ident::new("sent", span));
            quote_spanned!(span=> #at::offloaded::#sent::<#ty>();)
        };
        let arguments = self.arguments.iter();
        let owned = arguments.filter(|argument| {
            !argument.is_reference && !matches!(argument.ty, Type::ImplTrait(_))
        });
        let arguments = owned.map(|argument| check(argument.ty.to_token_stream()));
        let answer = check(answer.clone());
        quote!(#(#arguments)* #answer)
    }

    fn is_result(&self) -> bool {
        match &self.function.sig.output {
            syn::ReturnType::Type(_, ty) => super::batched::is_result(ty),
            syn::ReturnType::Default => false,
        }
    }
}

impl Instrument for Offloaded {
    fn site(&self, private: &TokenStream) -> Option<Site> {
        let settings = self.settings(private);
        Some(Site {
            ty: quote!(#private::offloaded::Offloaded),
            options: quote!(|| -> #private::offloaded::GiveSettings { #settings }),
        })
    }

    fn signature(&self, function: &mut Function, _: &TokenStream) {
        let span = function.sig.fn_token.span;
        function.sig.asyncness = Some(syn::Token![async](span));
    }

    fn body(&self, call: &Call<'_>) -> Option<Inner> {
        let Call { private, site, .. } = call;
        let body = stack::body_of(&self.function, private);
        let given = call.answer_type();
        let checks = self.checks(&given, private);
        let ran = quote! {
            #site.get().run(
                move || -> #given { #body },
                |__perfkit_answer: &#given| {
                    #[allow(unused_imports)]
                    use #private::{WithOutcome as _, WithoutOutcome as _};
                    (&#private::Answer(__perfkit_answer)).is_error()
                },
            ).await
        };
        let has_place = self.queue.rejects && self.is_result();
        let ended = self
            .queue
            .ended(call, &quote!(#private::offloaded), &ran, has_place);
        Some(Inner::Ended(quote!({ #checks #ended })))
    }

    fn wrap(&self, _: &Call<'_>, inner: Inner) -> Inner {
        inner
    }

    fn rejects(&self) -> bool {
        self.queue.reject.is_none() && self.queue.rejects && self.is_result()
    }

    fn beside(&self, at: &Beside<'_>) -> TokenStream {
        if !self.handle {
            return TokenStream::new();
        }
        let private = at.private;
        let handle = Handle {
            attribute: "offloaded",
            word: "workers",
            doc: "The threads behind",
            module: "offloaded",
            settings: self.settings(private),
            // The same threads for all instances.
            is_generic: false,
            inputs: TokenStream::new(),
            ty: quote!(#private::offloaded::Workers),
            give: quote!(workers()),
        };
        handle.written(at)
    }
}
