//! `budget = …`: a share of the calls, or `false`.

use syn::{Expr, Lit};

use crate::errors::Errors;
use crate::options::{Given, Kind, Spec, Value};

/// The option in the table of an attribute.
pub(crate) const BUDGET: Spec = Spec {
    name: "budget",
    kind: Kind::Expression,
    example: "0.1",
};

/// What `budget = …` says.
pub(crate) enum Budget {
    /// Nothing.
    Default,
    /// That there is none.
    Off,
    /// A share of the calls.
    Share(Box<Value>),
}

impl Budget {
    /// Takes it out of what an attribute was given.
    pub(crate) fn read(given: &mut Given, errors: &mut Errors) -> Self {
        let value = given.take(&BUDGET);
        let Some(expr) = value.as_ref().and_then(Value::expr) else {
            return Self::Default;
        };
        if let Expr::Lit(literal) = expr
            && let Lit::Bool(flag) = &literal.lit
        {
            return if flag.value { Self::Default } else { Self::Off };
        }
        match Value::read(expr.clone(), Kind::Ratio, BUDGET.name) {
            Ok(share) => Self::Share(Box::new(share)),
            Err(why) => {
                errors.at(expr, format!("{why}; `budget = false` is no limit"));
                Self::Default
            }
        }
    }
}
