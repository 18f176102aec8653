//! The attributes, one file each, and the table that lists them.
//!
//! An attribute says what it may be given, checks it against the function, and writes how it wraps one call. It knows
//! neither its neighbours nor where in the stack it stands.
//!
//! Most stand around an answer: they are told what a call gave, and give it on. A policy may answer in place of the call,
//! and others have to know that it did: it stands around an `Ended`, see [`Inner`].

mod cached;
mod inner;
mod lazy;
mod measured;
mod memoized;
mod timeout;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::errors::Errors;
use crate::function::{Answer, Function, Shape, span_of, spanned};
pub(crate) use crate::instruments::inner::Inner;
use crate::options::{Given, Grammar, Value};

/// Every attribute of the framework.
pub(crate) const TABLE: &[Entry] = &[
    cached::ENTRY,
    lazy::ENTRY,
    measured::ENTRY,
    memoized::ENTRY,
    timeout::ENTRY,
];

/// One attribute.
pub(crate) struct Entry {
    /// Its name and what it may be given.
    pub(crate) grammar: Grammar,
    /// Whether a call may be answered without the body, by what its arguments are. One is enough for a function.
    pub(crate) keeps_answers: bool,
    /// Whether it speaks of the arguments, so that each has to have a name.
    pub(crate) names_arguments: bool,
    /// Checks what it was given against the function it stands on.
    pub(crate) read: fn(&mut Given, &Annotated<'_>, &mut Errors) -> Box<dyn Instrument>,
}

/// The function an attribute stands on.
pub(crate) struct Annotated<'f> {
    /// As written.
    pub(crate) function: &'f Function,
    /// What calling it gives.
    pub(crate) shape: &'f Shape,
    /// What that answers with.
    pub(crate) answer: &'f Answer,
}

/// An attribute whose options have been read: how it takes part in the expansion.
pub(crate) trait Instrument {
    /// The type behind its static and its options; nothing when it leaves calls as they are.
    fn site(&self, private: &TokenStream) -> Option<Site>;

    /// Statements at the start of a call, before any argument moves.
    fn before(&self, _: &Call<'_>) -> TokenStream {
        TokenStream::new()
    }

    /// One call around what stands further in. A policy has its own; others stand around the answer.
    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        match inner.settled(call) {
            Inner::Future(future) => Inner::Future(self.around_future(call, future)),
            inner => Inner::Block(self.around(call, inner.block(call))),
        }
    }

    /// One call around `body`, which is a block: an expression, or statements that end in one.
    fn around(&self, _: &Call<'_>, body: TokenStream) -> TokenStream {
        body
    }

    /// One call around `future`, which is an expression: another future.
    fn around_future(&self, _: &Call<'_>, future: TokenStream) -> TokenStream {
        future
    }

    /// Whether it may answer with a rejection that it leaves to others to make an answer of.
    fn rejects(&self) -> bool {
        false
    }

    /// Whether it makes an answer of every rejection from further in.
    fn covers_rejections(&self) -> bool {
        false
    }

    /// Whether it may run what stands further in more than once.
    fn repeats(&self) -> bool {
        false
    }

    /// Whether it asks when the call began.
    fn needs_start(&self) -> bool {
        false
    }

    /// Items beside the function.
    fn beside(&self, _: &Beside<'_>) -> TokenStream {
        TokenStream::new()
    }
}

/// The place beside an annotated function.
pub(crate) struct Beside<'b> {
    /// `::perfkit::__private`.
    pub(crate) private: &'b TokenStream,
    /// The function.
    pub(crate) function: &'b Function,
    /// The `name` option, as an `Option`.
    pub(crate) name: &'b TokenStream,
}

/// The static behind an annotation.
pub(crate) struct Site {
    /// Its instrument.
    pub(crate) ty: TokenStream,
    /// A `fn() -> Options`.
    pub(crate) options: TokenStream,
}

/// One call of an annotated function, as one of its attributes sees it.
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
    /// Whether somebody further in [needs](Instrument::needs_start) the [`start`]. Who runs that again makes a new one.
    pub(crate) starts_within: bool,
    /// Whether what stands further in may be a rejection that nobody has made an answer of.
    pub(crate) rejects_within: bool,
}

/// The local that says when the call began; it is there where somebody [needs](Instrument::needs_start) it.
pub(crate) fn start() -> Ident {
    Ident::new("__perfkit_start", Span::mixed_site())
}

impl Call<'_> {
    /// `.await`, where that is possible.
    pub(crate) fn awaited(&self) -> TokenStream {
        if self.is_async {
            quote!(.await)
        } else {
            TokenStream::new()
        }
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
        quote_spanned!(span=> |__perfkit_rejected| #private::rejected::<#answer>(__perfkit_rejected))
    }
}

fn has_lifetimes(tokens: &TokenStream) -> bool {
    use proc_macro2::TokenTree;
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == '\'',
        TokenTree::Group(group) => has_lifetimes(&group.stream()),
        _ => false,
    })
}

/// The attribute of that name.
pub(crate) fn entry(name: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.grammar.attribute == name)
}
