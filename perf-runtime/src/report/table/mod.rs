//! The table for people.
//!
//! One line on the whole program, then a block for every array that has rows: the heading with the titles of its
//! columns, and one line per row, the busiest first. What a block shows is data of its section. A table never is wider
//! than it is told: names lose their first segments, then columns leave in the order of their rank. Colour is added
//! last and changes no character.

mod block;
mod line;
mod number;
mod text;

use std::env;
use std::fmt;
use std::io::IsTerminal as _;

use self::line::{Line, Style};
use super::value::Report;

/// How the report is shown as a table; made by [`Report::table`].
///
/// ```
/// let report = perfkit::report();
/// let table = report.table().width(80).unicode(false).top(10);
/// assert!(table.to_string().lines().all(|line| line.len() <= 80));
/// ```
#[derive(Debug, Clone)]
#[must_use = "a table is shown by printing it"]
pub struct Table<'r> {
    report: &'r Report,
    width: usize,
    color: bool,
    unicode: bool,
    top: usize,
}

impl Report {
    /// The report as a table with options: as wide as `COLUMNS` says or 120, without colour, all rows, and characters
    /// beyond ASCII when the locale is UTF-8 and `NO_UNICODE` is not set.
    ///
    /// Printing it with `{:#}` shows every row, those without a call too.
    pub fn table(&self) -> Table<'_> {
        Table {
            report: self,
            width: columns().unwrap_or(120),
            color: false,
            unicode: is_unicode_welcome(),
            top: usize::MAX,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table().fmt(f)
    }
}

impl Table<'_> {
    /// No line is wider than this many columns of the terminal. 80 to 200 read well, and 40 still does.
    pub fn width(mut self, columns: usize) -> Self {
        self.width = columns;
        self
    }

    /// Marks headings and what is wrong with ANSI colours. The text is the same.
    pub fn color(mut self, color: bool) -> Self {
        self.color = color;
        self
    }

    /// Allows characters beyond ASCII; without it, those in names are written as `\u{…}`.
    pub fn unicode(mut self, unicode: bool) -> Self {
        self.unicode = unicode;
        self
    }

    /// Shows at most this many rows of each block, and how many more there are.
    pub fn top(mut self, rows: usize) -> Self {
        self.top = rows;
        self
    }

    fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { ".." }
    }

    fn lines(&self, all: bool) -> Vec<Line> {
        let mut lines = vec![self.head()];
        for (key, rows) in self.report.sections() {
            if !rows.is_empty() {
                let layout = self.report.layout(key, rows);
                lines.push(Line::default());
                lines.extend(block::lines(self, &layout, rows, all));
            }
        }
        let failed = self.report.perfkit.failed;
        if failed > 0 {
            let sites = if failed == 1 { "site" } else { "sites" };
            let count = number::count(failed);
            lines.push(Line::default());
            lines.push(Line::of(
                Style::Wrong,
                format!("{count} {sites} could not be read: a `Display` of a label panicked"),
            ));
        }
        lines
    }

    /// The whole program in one line; the less important parts leave when there is no room.
    fn head(&self) -> Line {
        let Report {
            service, summary, ..
        } = self.report;
        let seconds = |s: f64| number::duration(s * 1e9, self.unicode);
        let name = service.name.as_deref().map(|name| {
            let version = service.version.as_deref();
            let named = version.map_or(name.to_owned(), |version| format!("{name} {version}"));
            text::visible(&named, self.unicode)
        });
        // After a reset, rates refer to less than the whole run.
        let window = self.report.window_seconds;
        let counted =
            (window < service.uptime_seconds * 0.999).then(|| format!("last {}", seconds(window)));
        let calls = match summary.total_operations {
            Some(calls) => Some(format!("{} calls", number::count(calls))),
            None => self.is_empty().then(|| "nothing is annotated".to_owned()),
        };
        let rate = summary.operations_per_second;
        let errors = summary.error_ratio;
        let mut parts = [
            (0, Some("perfkit".to_owned())),
            (1, name),
            (4, service.pid.map(|pid| format!("pid {pid}"))),
            (3, Some(format!("up {}", seconds(service.uptime_seconds)))),
            (2, counted),
            (0, calls),
            (2, rate.map(|rate| format!("{}/s", number::number(rate)))),
            (
                1,
                errors.map(|share| format!("errors {} %", number::hundredths(share))),
            ),
        ];
        let wide = |parts: &[(u8, Option<String>)]| {
            let parts = parts.iter().filter_map(|(_, part)| part.as_ref());
            parts.map(|part| text::width(part) + 2).sum::<usize>() > self.width + 2
        };
        for leaving in (1..=4).rev() {
            if wide(&parts) {
                for (rank, part) in &mut parts {
                    if *rank == leaving {
                        *part = None;
                    }
                }
            }
        }
        let mut line = Line::default();
        for (at, part) in parts.into_iter().filter_map(|(_, part)| part).enumerate() {
            if at > 0 {
                line.push(Style::Plain, "  ");
            }
            line.push(
                if at == 0 {
                    Style::Heading
                } else {
                    Style::Plain
                },
                &part,
            );
        }
        line
    }

    fn is_empty(&self) -> bool {
        self.report.sections().all(|(_, rows)| rows.is_empty())
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.lines(f.alternate()) {
            line.write(f, self.width, self.color)?;
        }
        Ok(())
    }
}

fn set(name: &str) -> Option<String> {
    let value = env::var_os(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

fn columns() -> Option<usize> {
    let columns = set("COLUMNS")?.parse().ok()?;
    (columns > 0).then_some(columns)
}

/// The locale of characters by the rules of POSIX: the first of the three that is set decides.
fn is_unicode_welcome() -> bool {
    if set("NO_UNICODE").is_some() {
        return false;
    }
    match ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set) {
        Some(locale) => {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }
        None => cfg!(windows), // which has no such variables, and Unicode everywhere
    }
}

/// Whether standard error is a terminal whose user has not asked for no colour.
pub(super) fn is_colour_welcome() -> bool {
    set("NO_COLOR").is_none()
        && set("TERM").as_deref() != Some("dumb")
        && std::io::stderr().is_terminal()
}
