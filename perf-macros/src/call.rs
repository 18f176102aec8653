//! One call of an annotated function, as one of its attributes sees it: what an expansion can be written with.

mod inner;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::Token;

pub(crate) use crate::call::inner::Inner;
use crate::function::{Answer, span_of, spanned};
use crate::options::Value;

/// See the module.
pub(crate) struct Call<'c> {
    /// `::perfkit::__private`.
    pub(crate) private: &'c TokenStream,
    /// The static.
    pub(crate) site: &'c Ident,
    /// A local of this attribute's own.
    pub(crate) local: &'c Ident,
    /// The function's arrow, for a closure in place of it.
    pub(crate) arrow: &'c TokenStream,
    /// What the call answers with.
    pub(crate) answer: &'c Answer,
    /// Whether it can await.
    pub(crate) is_async: bool,
    /// What else stands around the body.
    pub(crate) others: Others,
    /// Whether somebody further in [needs](Instrument::needs_start) the [`start`]. Who runs that again makes a new one.
    pub(crate) starts_within: bool,
    /// Whether what stands further in may be a rejection that nobody has made an answer of.
    pub(crate) rejects_within: bool,
    /// How a closure around the body of a sync function takes what it uses: not by `move` where a `&mut self` is needed again.
    pub(crate) capture: Option<Token![move]>,
}

/// What else stands around the body of a function than the attribute that runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Others {
    /// There may be something.
    #[default]
    Some,
    /// There is nothing.
    None,
}

/// The local that says when the call began; it is there where somebody [needs](Instrument::needs_start) it.
pub(crate) fn start() -> Ident {
    Ident::new("__perfkit_start", Span::mixed_site())
}

impl Call<'_> {
    /// `block`, of a sync function, as a closure, called: so that it may return early.
    pub(crate) fn made(&self, block: &TokenStream) -> TokenStream {
        // Moved, what a body borrows from its arguments can be handed out.
        let Self {
            private,
            arrow,
            capture,
            ..
        } = self;
        quote!(#private::made(#capture || -> #arrow #block))
    }

    /// The type of the answer; `()` where there is none.
    pub(crate) fn answer_type(&self) -> TokenStream {
        match self.answer {
            Answer::Type(answer) => answer.clone(),
            Answer::Opaque => quote!(_),
            Answer::Unit | Answer::Never => quote!(()),
        }
    }

    /// A closure from `&A` to `Option<Class>`: what kind of failure an answer is. `when = …` goes before what the type says.
    pub(crate) fn class(&self, when: Option<&Value>) -> TokenStream {
        let (private, answer) = (self.private, self.answer_type());
        if let Some(when) = when {
            let when = when.tokens();
            // A closure that takes the error is underlined where it is written.
            let span = span_of(&when).resolved_at(Span::mixed_site());
            let at = spanned(private, span);
            return quote_spanned!(span=> |__perfkit_answer: &#answer| #at::classed(__perfkit_answer, #when));
        }
        // An error that borrows cannot be searched for a rejection.
        let by_chain = (!has_lifetimes(&answer)).then(|| quote!(ByChain as _,));
        quote! {
            |__perfkit_answer: &#answer| {
                use #private::{ByClass as _, #by_chain ByNothing as _, ByOutcome as _};
                (&&&&#private::Judged(__perfkit_answer)).class()
            }
        }
    }

    /// A closure from `&A` to whether an answer may be a failure at all, which is decided before its [class](Self::class).
    pub(crate) fn has_failed(&self) -> TokenStream {
        let (private, answer) = (self.private, self.answer_type());
        quote! {
            |__perfkit_answer: &#answer| {
                use #private::{WithOutcome as _, WithoutOutcome as _};
                (&#private::Answer(__perfkit_answer)).is_error()
            }
        }
    }

    /// An `Ended` of the expression `rejected`; `reject = …` makes the answer at once.
    pub(crate) fn rejected(&self, reject: Option<&Value>, rejected: &TokenStream) -> TokenStream {
        let private = self.private;
        let Some(reject) = reject else {
            return quote!(#private::Ended::Rejected(#rejected));
        };
        let (answer, reject) = (self.answer_type(), reject.tokens());
        let span = span_of(&answer);
        let at = spanned(private, span);
        let made =
            quote_spanned!(span=> #at::rejected_with::<#answer>(__perfkit_rejected, #reject));
        quote! {
            match #rejected {
                __perfkit_rejected => #private::Ended::Refused(#made, __perfkit_rejected),
            }
        }
    }

    /// The answer of an expression that gives an `Ended`.
    pub(crate) fn settled(&self, ended: &TokenStream) -> TokenStream {
        let private = self.private;
        if !self.rejects_within {
            return quote!(#private::Ended::sure(#ended));
        }
        let make = self.make();
        quote!(#private::Ended::settle(#ended, #make))
    }

    /// A closure that makes an answer of a rejection.
    pub(crate) fn make(&self) -> TokenStream {
        let (private, answer) = (self.private, self.answer_type());
        // A missing bound is reported at the user's own type, so the call that asks for it stands there.
        let span = span_of(&answer);
        let private = spanned(private, span);
        let rejected = quote_spanned!(span=> #private::rejected::<#answer>);
        // The closure is nobody's: clippy would propose to leave it out, and the compiler to complain twice then.
        quote!(|__perfkit_rejected| #rejected(__perfkit_rejected))
    }
}

fn has_lifetimes(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == '\'',
        TokenTree::Group(group) => has_lifetimes(&group.stream()),
        _ => false,
    })
}
