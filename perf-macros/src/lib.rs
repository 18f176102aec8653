//! The attributes of perfkit. Use them through the `perfkit` crate.

#![forbid(unsafe_code)]

mod editor;
mod errors;
mod function;
mod instruments;
mod options;
mod stack;

use proc_macro::TokenStream;

/// Counts and times the calls of a function.
#[proc_macro_attribute]
pub fn measured(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("measured", &args.into(), item.into()).into()
}

/// Cancels a call that takes too long.
#[proc_macro_attribute]
pub fn timeout(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("timeout", &args.into(), item.into()).into()
}
