//! The command line.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::trace;

pub const HELP: &str = "\
Serves the requests of a web shop's trace, then prints the report.

  --requests N   how many requests to serve; the trace holds 40,000 and starts again where it ends [default: 40000]
  --json PATH    write the report to PATH as JSON, too
  --help         print this
";

pub struct Options {
    pub requests: u32,
    pub json: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments; `None` when it is help that is asked for.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Option<Self>> {
        let mut options = Self {
            requests: trace::len(),
            json: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .with_context(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--requests" => {
                    options.requests = value()?
                        .parse()
                        .context("--requests takes a number such as 2000")?;
                }
                "--json" => options.json = Some(value()?.into()),
                "--help" | "-h" => return Ok(None),
                other => bail!("unknown option {other}; --help lists what there is"),
            }
        }
        Ok(Some(options))
    }
}
