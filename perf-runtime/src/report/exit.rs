//! The report at the end of the program.
//!
//! Two ways, one report. A guard ([`report_on_exit`]) shows it when it is dropped, which `main` does on every way out
//! that unwinds. `PERFKIT_REPORT=table` or `json:PATH` asks for it without a line of code: the first instrument that
//! the main thread builds (by being the first to call an annotated function) leaves a thread-local there, whose
//! destructor shows the report, unless a guard has done so before. Where a program's main thread runs such destructors
//! at its end is a matter of the system: measured on Linux with glibc for the return from `main`, a panic in it, and
//! `std::process::exit` called on it, which drops no guard. It does not happen when another thread ends the process,
//! when the process aborts or is killed, and when the main thread never builds an instrument itself; a guard then does
//! what it can.
//!
//! Nothing here panics, starts a thread or waits for one.

use std::io::Write as _;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{report, table, time};
use crate::registry::on_use;

/// Where the report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outlet {
    Off,
    Table,
    Json(PathBuf),
    /// The same text on standard output.
    JsonOut,
}

/// Shows the report when it is dropped; see [`report_on_exit`].
#[derive(Debug)]
#[must_use = "the report is shown when this is dropped: keep it with `let _report = …` until the end of `main`"]
pub struct ExitReport(());

/// True once the report was shown, for which one time is enough.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Shows the report at the end of the program.
///
/// The guard it gives prints the table to standard error when it is dropped, after a panic too.
/// `PERFKIT_REPORT` in the environment chooses differently: `table`, `json:PATH` (written as `Report::write_json`
/// does), `json:-` (to standard output) or `off`. A wrong value, or a path that cannot be written, is told once on
/// standard error, and the table is shown.
///
/// The variable alone, without a guard, has the same effect in a program whose main thread is the first to call at
/// least one of its annotated functions, where the system runs the destructors of that thread's locals when it ends: on
/// Linux with glibc at the return from `main`, at a panic in it, and at `std::process::exit` called on it. With a guard
/// there is nothing to know, except that `exit` and `abort` skip it as they skip every `Drop`; with both, the report
/// appears once, at `exit` too. A second guard shows nothing that the first one has shown.
///
/// ```
/// let _report = perfkit::report_on_exit(); // the first line of `main`
/// ```
pub fn report_on_exit() -> ExitReport {
    time::first_use();
    chosen(); // a wrong value is told at the start
    ExitReport(())
}

impl Drop for ExitReport {
    fn drop(&mut self) {
        finish();
        show(chosen().unwrap_or(&Outlet::Table));
    }
}

/// What the environment says, read once; nothing when it says nothing.
fn chosen() -> Option<&'static Outlet> {
    static CHOSEN: OnceLock<Option<Outlet>> = OnceLock::new();
    let read = || {
        let value = std::env::var_os("PERFKIT_REPORT")?;
        let value = value.to_string_lossy();
        if value.is_empty() {
            return None;
        }
        Some(parse(&value).unwrap_or_else(|wrong| {
            tell(&format!(
                "PERFKIT_REPORT=`{}` {wrong}; the table is shown instead",
                value.escape_debug()
            ));
            Outlet::Table
        }))
    };
    CHOSEN.get_or_init(read).as_ref()
}

fn parse(value: &str) -> Result<Outlet, &'static str> {
    match value.split_once(':') {
        None if value == "table" => Ok(Outlet::Table),
        None if value == "off" => Ok(Outlet::Off),
        Some(("json", path)) if !path.is_empty() => {
            if cfg!(feature = "json") {
                Ok(match path {
                    "-" => Outlet::JsonOut,
                    path => Outlet::Json(path.into()),
                })
            } else {
                Err("needs the feature `json`, which this program is built without")
            }
        }
        Some(("json", _)) => Err("lacks the path: write `json:PATH`"),
        None if value == "json" => Err("lacks the path: write `json:PATH`"),
        _ => Err("is none of `table`, `json:PATH` and `off`"),
    }
}

/// What must be done before the report, which counts it.
fn finish() {
    #[cfg(feature = "persist")]
    crate::ending::ended();
}

/// Whether the end is of interest to anything but the report.
fn is_awaited() -> bool {
    #[cfg(feature = "persist")]
    return crate::ending::is_awaited();
    #[cfg(not(feature = "persist"))]
    false
}

fn show(outlet: &Outlet) {
    if SHOWN.swap(true, Relaxed) {
        return;
    }
    // Nothing in a report panics by itself; this runs while the program may be unwinding, where a panic would abort it.
    let _ = catch_unwind(|| match outlet {
        Outlet::Off => {}
        Outlet::Table => report().print(),
        Outlet::Json(path) => write(Some(path)),
        Outlet::JsonOut => write(None),
    });
}

/// Writes the JSON to a path, or to standard output.
#[cfg(feature = "json")]
fn write(path: Option<&Path>) {
    let report = report();
    let written = if let Some(path) = path {
        report.write_json(path)
    } else {
        let mut out = std::io::stdout().lock();
        out.write_all(report.to_json_lines().as_bytes())
            .and_then(|()| out.flush())
    };
    if let Err(reason) = written {
        let place = path.map_or("standard output".into(), |path| {
            format!("`{}`", path.display())
        });
        tell(&format!(
            "cannot write the report to {place}: {reason}; the table is shown instead"
        ));
        report.print();
    }
}

#[cfg(not(feature = "json"))]
fn write(_: Option<&Path>) {
    report().print();
}

fn tell(sentence: &str) {
    let line = format!("perfkit: {sentence}\n");
    let _ = std::io::stderr().write_all(line.as_bytes()); // nobody left to tell
}

impl super::Report {
    /// Prints the table to standard error, so that what the program itself prints stays clean: in colour when that is a
    /// terminal and `NO_COLOR` is not set. What cannot be written is dropped.
    ///
    /// ```
    /// perfkit::report().print();
    /// ```
    pub fn print(&self) {
        let table = self.table().color(table::is_colour_welcome());
        let _ = std::io::stderr().write_all(format!("{table}").as_bytes());
    }
}

/// Shows the report when the main thread ends.
struct AtEnd;

impl Drop for AtEnd {
    fn drop(&mut self) {
        finish();
        show(chosen().unwrap_or(&Outlet::Off));
    }
}

on_use!(|| {
    thread_local!(static AT_END: AtEnd = const { AtEnd });
    time::first_use();
    if (chosen().is_some() || is_awaited()) && std::thread::current().name() == Some("main") {
        let _ = AT_END.try_with(|_| ()); // a thread that is ending already has nothing left to show
    }
});

#[cfg(test)]
mod tests {
    use super::{Outlet, parse};

    #[test]
    fn the_variable_names_one_of_three_outlets() {
        assert_eq!(parse("table"), Ok(Outlet::Table));
        assert_eq!(parse("off"), Ok(Outlet::Off));
        #[cfg(feature = "json")]
        assert_eq!(
            parse("json:C:/a b.json"),
            Ok(Outlet::Json("C:/a b.json".into()))
        );
        #[cfg(feature = "json")]
        assert_eq!(parse("json:-"), Ok(Outlet::JsonOut));
        #[cfg(not(feature = "json"))]
        assert!(parse("json:a.json").is_err_and(|wrong| wrong.contains("feature `json`")));
        for wrong in ["json", "json:"] {
            assert!(parse(wrong).is_err_and(|wrong| wrong.contains("json:PATH")));
        }
        for wrong in ["Table", "tables", "off:", "html:x", ":", " "] {
            assert!(parse(wrong).is_err_and(|wrong| wrong.contains("none of")));
        }
    }
}
