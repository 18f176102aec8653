//! Reads what stands in the parentheses of an attribute, option by option, past every mistake.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Path, Token, Type, token};

use crate::errors::Errors;
use crate::options::{CRATE, Given, Grammar, Kind, Spec, Value};

/// Reads one attribute.
pub(super) struct Reader<'a> {
    grammar: &'a Grammar,
    errors: &'a mut Errors,
    /// Options met so far, the wrong ones included.
    seen: Vec<&'static str>,
    given: Given,
}

impl<'a> Reader<'a> {
    /// What an attribute was given, and every option that was met, the wrong ones included.
    pub(super) fn read(
        grammar: &'a Grammar,
        args: TokenStream,
        span: Span,
        errors: &'a mut Errors,
    ) -> (Given, Vec<&'static str>) {
        let mut reader = Self {
            grammar,
            errors,
            seen: Vec::new(),
            given: Given {
                span,
                facade: None,
                words: Vec::new(),
                values: Vec::new(),
            },
        };
        let read = Parser::parse2(|input: ParseStream<'_>| reader.all(input), args);
        if let Err(error) = read {
            reader.errors.push(error);
        }
        (reader.given, reader.seen)
    }

    fn all(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let mut first = true;
        while !input.is_empty() {
            if input.peek(Token![,]) {
                let comma: Token![,] = input.parse()?;
                self.errors
                    .at(comma, "expected an option before this comma");
                continue;
            }
            self.one(input, first)?;
            first = false;
            if input.is_empty() {
                break;
            }
            if input.peek(Token![,]) {
                input.parse::<Token![,]>()?;
                continue;
            }
            let next: TokenTree = input.fork().parse()?;
            self.errors
                .at(&next, format!("expected `,` before `{}`", short(&next)));
            if !starts_option(input) {
                skip(input)?;
                if input.peek(Token![,]) {
                    input.parse::<Token![,]>()?;
                }
            }
        }
        Ok(())
    }

    /// One option, up to the comma behind it.
    fn one(&mut self, input: ParseStream<'_>, first: bool) -> syn::Result<()> {
        if !input.peek(Ident::peek_any) {
            return self.leading(input, first);
        }
        let ahead = input.fork();
        let key: Ident = ahead.call(Ident::parse_any)?;
        let name = key.unraw().to_string();
        let alone = ahead.is_empty() || ahead.peek(Token![,]);
        if starts_option(input) {
            input.parse::<TokenTree>()?;
            input.parse::<TokenTree>()?;
            return self.named(&key, &name, input);
        }
        if ahead.peek(Token![:]) && !ahead.peek(Token![::]) {
            input.parse::<TokenTree>()?;
            let colon: Token![:] = input.parse()?;
            self.errors.at(
                colon,
                format!("write `=` between an option and its value: `{name} = …`"),
            );
            return self.named(&key, &name, input);
        }
        if ahead.peek(token::Paren) && self.grammar.knows(&name) {
            input.parse::<TokenTree>()?;
            let value: TokenTree = input.parse()?;
            let is_new = self.meet(&key, &name);
            if let (Some(spec), TokenTree::Group(group)) = (self.spec(&name, Kind::Names), &value) {
                if is_new {
                    self.names(spec, group);
                }
                return Ok(());
            }
            self.errors
                .at(value, format!("write {}", self.grammar.usage(&name)));
            return Ok(());
        }
        if alone && (self.grammar.knows(&name) || self.grammar.leading.is_none() || !first) {
            input.parse::<TokenTree>()?;
            if self.meet(&key, &name) {
                if let Some(spec) = self.spec(&name, Kind::Flag) {
                    self.given.values.push((spec.name, Value::of_flag()));
                    return Ok(());
                }
                let usage = self.grammar.usage(&name);
                self.errors
                    .at(&key, format!("`{name}` has no value; write {usage}"));
            }
            return Ok(());
        }
        if alone {
            // `#[timeout(nam)]`: the editor is to complete both a constant and an option.
            self.given.words.push(key);
        }
        self.leading(input, first)
    }

    /// What stands behind `name =`.
    fn named(&mut self, key: &Ident, name: &str, input: ParseStream<'_>) -> syn::Result<()> {
        let known = self.meet(key, name);
        if input.is_empty() || input.peek(Token![,]) {
            if known {
                let usage = self.grammar.usage(name);
                self.errors
                    .at(key, format!("`{name}` has no value; write {usage}"));
            }
            return Ok(());
        }
        if name == CRATE {
            return self.facade(input);
        }
        if let Some(spec) = self.spec(name, Kind::Type) {
            return self.ty(spec, input, known);
        }
        let Some(expr) = self.value(input)? else {
            return Ok(());
        };
        if let Expr::Assign(assign) = &expr {
            self.errors.at(
                &assign.left,
                format!("`{name}` has no value of its own here; put a `,` between options"),
            );
            return Ok(());
        }
        if self.spec(name, Kind::Names).is_some() {
            let usage = self.grammar.usage(name);
            self.errors.at(&expr, format!("write {usage}"));
            return Ok(());
        }
        if let Some(spec) = self.grammar.spec(name) {
            self.keep(spec, expr);
        }
        Ok(())
    }

    /// What stands behind the name of an option that takes a type.
    fn ty(&mut self, spec: Spec, input: ParseStream<'_>, is_new: bool) -> syn::Result<()> {
        let ahead = input.fork();
        let Ok(ty) = Type::parse(&ahead) else {
            let found: TokenTree = input.parse()?;
            let message = format!("`{}` takes {}", spec.name, spec.kind.wanted());
            self.errors.at(found, message);
            return skip(input);
        };
        input.advance_to(&ahead);
        if is_new {
            self.given.values.push((spec.name, Value::of_type(ty)));
        }
        Ok(())
    }

    /// The names in the parentheses behind an option.
    fn names(&mut self, spec: Spec, group: &Group) {
        let read = |input: ParseStream<'_>| {
            Punctuated::<Ident, Token![,]>::parse_terminated_with(input, Ident::parse_any)
        };
        match read.parse2(group.stream()) {
            Ok(names) if names.is_empty() => {
                let usage = self.grammar.usage(spec.name);
                self.errors.at(
                    group,
                    format!("`{}` has no names; write {usage}", spec.name),
                );
            }
            Ok(names) => {
                let names = names.into_iter().collect();
                self.given.values.push((spec.name, Value::of_names(names)));
            }
            Err(_) => {
                let wanted = spec.kind.wanted();
                self.errors
                    .at(group, format!("`{}` takes {wanted}", spec.name));
            }
        }
    }

    /// The option of that name, if it is of the kind.
    fn spec(&self, name: &str, kind: Kind) -> Option<Spec> {
        self.grammar.spec(name).filter(|spec| spec.kind == kind)
    }

    /// What stands behind `crate =`.
    fn facade(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let ahead = input.fork();
        if let Ok(path) = Path::parse_mod_style(&ahead) {
            input.advance_to(&ahead);
            self.given.facade.get_or_insert(path);
            return Ok(());
        }
        let found: TokenTree = input.parse()?;
        self.errors
            .at(found, "`crate` takes a path such as `::perfkit`");
        skip(input)
    }

    /// The value without a name.
    fn leading(&mut self, input: ParseStream<'_>, first: bool) -> syn::Result<()> {
        let value = self.value(input)?;
        let attribute = self.grammar.attribute;
        let Some(expr) = value else {
            self.seen
                .extend(self.grammar.leading.iter().map(|spec| spec.name));
            return Ok(());
        };
        match self.grammar.leading {
            Some(spec) if self.seen.contains(&spec.name) => {
                self.errors.at(
                    &expr,
                    format!("`#[{attribute}]` takes one value without a name"),
                );
            }
            Some(spec) => {
                if !first {
                    self.errors.at(
                        &expr,
                        format!("the {} stands before the options", spec.name),
                    );
                }
                self.seen.push(spec.name);
                self.keep(spec, expr);
            }
            None => {
                let options: Vec<_> = self
                    .grammar
                    .names()
                    .iter()
                    .map(|name| self.grammar.usage(name))
                    .collect();
                self.errors.at(
                    &expr,
                    format!(
                        "a value of `#[{attribute}]` has a name: {}",
                        options.join(", ")
                    ),
                );
            }
        }
        Ok(())
    }

    /// Parses a value; what cannot be parsed is skipped up to the next comma.
    fn value(&mut self, input: ParseStream<'_>) -> syn::Result<Option<Expr>> {
        let ahead = input.fork();
        match Expr::parse(&ahead) {
            Ok(value) => {
                input.advance_to(&ahead);
                Ok(Some(value))
            }
            Err(error) => {
                self.errors.push(error);
                skip(input)?;
                Ok(None)
            }
        }
    }

    /// Writes down that an option was met; false when it is unknown or was met before.
    fn meet(&mut self, key: &Ident, name: &str) -> bool {
        self.given.words.push(key.clone());
        let names = self.grammar.names();
        let Some(known) = names.into_iter().find(|known| *known == name) else {
            let message = self.grammar.unknown(name);
            self.errors.at(key, message);
            if let Some(leading) = &self.grammar.leading
                && leading.name == name
            {
                self.seen.push(leading.name);
            }
            return false;
        };
        if self.seen.contains(&known) {
            self.errors.at(key, format!("`{name}` is given twice"));
            return false;
        }
        self.seen.push(known);
        true
    }

    fn keep(&mut self, spec: Spec, expr: Expr) {
        let place = expr.to_token_stream();
        match Value::read(expr, spec.kind, spec.name) {
            Ok(value) => self.given.values.push((spec.name, value)),
            Err(why) => self.errors.at(place, why),
        }
    }
}

/// True before `name =`.
fn starts_option(input: ParseStream<'_>) -> bool {
    input.peek(Ident::peek_any)
        && input.peek2(Token![=])
        && !input.peek2(Token![==])
        && !input.peek2(Token![=>])
}

/// Leaves everything up to the next comma.
fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// A token for a message; of a group only what it opens with.
fn short(token: &TokenTree) -> String {
    match token {
        TokenTree::Group(group) => match group.delimiter() {
            proc_macro2::Delimiter::Parenthesis => "(".into(),
            proc_macro2::Delimiter::Brace => "{".into(),
            proc_macro2::Delimiter::Bracket => "[".into(),
            proc_macro2::Delimiter::None => group.stream().to_string(),
        },
        other => other.to_string(),
    }
}
