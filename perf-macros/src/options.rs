//! The one grammar of every attribute: `#[name(value, option = value, …)]`.
//!
//! An attribute declares its options as data ([`Spec`]) and asks for the values it was given ([`Given::take`]); how
//! they are written, and every complaint about it, is here and the same for all. Reading recovers at the next comma,
//! so each mistake is told in the same build.

pub(crate) mod common;
mod quantity;
mod reader;
mod spelling;
#[cfg(test)]
mod tests;
mod value;

use proc_macro2::{Ident, Span, TokenStream};
use syn::Path;
use syn::ext::IdentExt;

use crate::errors::Errors;
use crate::options::reader::Reader;
use crate::options::spelling::nearest;
pub(crate) use crate::options::value::{Kind, Value};

/// One option an attribute has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spec {
    /// As the user writes it.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) kind: Kind,
    /// A value, for complaints that show what to write.
    pub(crate) example: &'static str,
}

/// What an attribute may be given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grammar {
    /// The attribute.
    pub(crate) attribute: &'static str,
    /// The value that stands first and without a name. It must be there, unless it is any expression: then something else
    /// may stand for it, and the attribute looks itself.
    pub(crate) leading: Option<Spec>,
    /// Its own options; `name` and `crate` come with every attribute.
    pub(crate) options: &'static [Spec],
    /// Options that one might look for here, and why they are not.
    pub(crate) absent: &'static [(&'static str, &'static str)],
}

/// `name = "users"`: what the report calls the site.
const NAME: Spec = Spec {
    name: "name",
    kind: Kind::Text,
    example: "\"users\"",
};

/// The path of the facade, for whoever re-exports it.
const CRATE: &str = "crate";

/// What one attribute was given.
#[derive(Debug)]
pub(crate) struct Given {
    /// Where the attribute stands.
    pub(crate) span: Span,
    /// `crate = path`.
    pub(crate) facade: Option<Path>,
    /// Everything that was written where an option's name stands, for the editor.
    pub(crate) words: Vec<Ident>,
    values: Vec<(&'static str, Value)>,
}

impl Given {
    /// The value of an option, if it was given and is right.
    pub(crate) fn take(&mut self, spec: &Spec) -> Option<Value> {
        let at = self
            .values
            .iter()
            .position(|(name, _)| *name == spec.name)?;
        Some(self.values.swap_remove(at).1)
    }

    /// The word an option was given by, to underline it.
    pub(crate) fn word(&self, spec: &Spec) -> Option<&Ident> {
        self.words.iter().find(|word| word.unraw() == spec.name)
    }

    /// The `name` option.
    pub(crate) fn name(&mut self) -> Option<Value> {
        self.take(&NAME)
    }
}

impl Grammar {
    /// Reads what stands in the parentheses of the attribute at `span`.
    pub(crate) fn read(&self, args: TokenStream, span: Span, errors: &mut Errors) -> Given {
        let (given, seen) = Reader::read(self, args, span, errors);
        if let Some(leading) = &self.leading
            && !seen.contains(&leading.name)
            && leading.kind != Kind::Expression
        {
            errors.at_span(
                span,
                format!(
                    "`#[{0}]` needs {1}; write `#[{0}({2})]`",
                    self.attribute,
                    leading.kind.wanted(),
                    leading.example
                ),
            );
        }
        given
    }

    fn spec(&self, name: &str) -> Option<Spec> {
        self.options
            .iter()
            .chain([&NAME])
            .copied()
            .find(|spec| spec.name == name)
    }

    fn knows(&self, name: &str) -> bool {
        name == CRATE || self.spec(name).is_some()
    }

    /// Every name that can stand before `=`.
    fn names(&self) -> Vec<&'static str> {
        let own = self.options.iter().map(|spec| spec.name);
        own.chain([NAME.name, CRATE]).collect()
    }

    /// How an option is written.
    fn usage(&self, name: &str) -> String {
        match self.spec(name) {
            Some(spec) if matches!(spec.kind, Kind::Names | Kind::Flag) => {
                format!("`{name}{}`", spec.example)
            }
            Some(spec) => format!("`{name} = {}`", spec.example),
            None => format!("`{name} = ::perfkit`"),
        }
    }

    fn unknown(&self, name: &str) -> String {
        if let Some(leading) = &self.leading
            && leading.name == name
        {
            return format!(
                "`{name}` is written without its name: `#[{}({})]`",
                self.attribute, leading.example
            );
        }
        if let Some((_, why)) = self.absent.iter().find(|(absent, _)| *absent == name) {
            return format!("`#[{}]` has no `{name}`: {why}", self.attribute);
        }
        let names = self.names();
        if let Some(near) = nearest(name, &names) {
            return format!("unknown option `{name}`; did you mean `{near}`?");
        }
        let listed: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        format!(
            "unknown option `{name}`; `#[{}]` takes {}",
            self.attribute,
            listed.join(", ")
        )
    }
}
