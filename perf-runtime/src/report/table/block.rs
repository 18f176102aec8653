//! One block of the table: the rows of one section in aligned columns.

use std::cmp::Ordering;

use super::line::{Line, Style};
use super::{Table, number, text};
use crate::report::layout::Layout;
use crate::report::row::Row;

/// Rows without a call that are shown all the same, when there are no more of them.
const FEW: usize = 3;

/// Labels of one row that are shown without asking for all.
const LABELS: usize = 5;

/// Between two columns.
const GAP: usize = 2;

/// A name does not get shorter than this while a column can still leave.
const NAME: usize = 24;

/// One line of the block, in text.
struct Entry {
    /// The name, made visible.
    name: String,
    indent: usize,
    kind: Kind,
    cells: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Row,
    Label,
    /// A remark, which has no cells.
    More,
}

/// The lines of one section.
pub(super) fn lines(table: &Table, layout: &Layout, rows: &[Row], all: bool) -> Vec<Line> {
    let entries = entries(table, layout, rows, all);
    let titles = layout
        .columns
        .iter()
        .map(|column| text::visible(&column.title, table.unicode));
    let titles: Vec<String> = titles.collect();
    let widths: Vec<usize> = titles
        .iter()
        .enumerate()
        .map(|(at, title)| {
            let cells = entries.iter().filter_map(|entry| entry.cells.get(at));
            cells
                .map(|cell| text::width(cell))
                .fold(text::width(title), Ord::max)
        })
        .collect();
    let title = text::visible(&layout.title, table.unicode);
    let named = entries.iter().filter(|entry| entry.kind != Kind::More);
    let longest = named
        .map(|entry| entry.indent + text::width(&entry.name))
        .fold(text::width(&title), Ord::max);
    let mut kept = kept(layout, rows, &widths, longest, table.width);
    if entries.iter().all(|entry| entry.kind == Kind::More) {
        kept.clear(); // titles of nothing
    }
    let taken: usize = kept
        .iter()
        .filter_map(|at| widths.get(*at))
        .map(|w| w + GAP)
        .sum();
    let room = table.width.saturating_sub(taken).min(longest);

    let in_columns = |line: &mut Line, style, cells: &[String]| {
        for at in &kept {
            let (cell, width) = (cells.get(*at), widths.get(*at));
            let (cell, width) = (cell.map_or("", String::as_str), *width.unwrap_or(&0));
            let blank = GAP + width.saturating_sub(text::width(cell));
            line.push(style, &" ".repeat(blank));
            line.push(style, cell);
        }
    };
    let mut lines = Vec::with_capacity(entries.len() + 1);
    let mut heading = Line::of(Style::Heading, padded(&title, room, table.ellipsis()));
    in_columns(&mut heading, Style::Faint, &titles);
    lines.push(heading);
    for entry in &entries {
        let indent = " ".repeat(entry.indent);
        if entry.kind == Kind::More {
            lines.push(Line::of(Style::Faint, format!("{indent}{}", entry.name)));
            continue;
        }
        let space = room.saturating_sub(entry.indent);
        let name = if entry.kind == Kind::Label {
            text::cut(&entry.name, space, table.ellipsis())
        } else {
            text::shortened(&entry.name, space, table.ellipsis())
        };
        let mut line = Line::of(Style::Plain, padded(&format!("{indent}{name}"), room, ""));
        in_columns(&mut line, Style::Plain, &entry.cells);
        lines.push(line);
    }
    lines
}

fn padded(text: &str, room: usize, ellipsis: &str) -> String {
    let mut padded = text::cut(text, room, ellipsis);
    let blank = room.saturating_sub(text::width(&padded));
    padded.extend(std::iter::repeat_n(' ', blank));
    padded
}

/// Which columns stay: of those with something to say, all that fit beside a readable name, by rank, and the last ones
/// leave first among equals. Those of rank 0 stay as long as there is room for anything of the name.
fn kept(
    layout: &Layout,
    rows: &[Row],
    widths: &[usize],
    longest: usize,
    width: usize,
) -> Vec<usize> {
    let rank = |at: usize| layout.columns.get(at).map_or(0, |column| column.rank);
    let columns = layout.columns.iter().enumerate();
    let speaking = columns.filter(|(_, column)| layout.has_something(column, rows));
    let mut kept: Vec<usize> = speaking.map(|(at, _)| at).collect();
    loop {
        let taken: usize = kept
            .iter()
            .filter_map(|at| widths.get(*at))
            .map(|w| w + GAP)
            .sum();
        let leaving = kept.iter().copied().max_by_key(|at| (rank(*at), *at));
        let Some(leaving) = leaving else { break };
        let name = longest.min(if rank(leaving) > 0 { NAME } else { NAME / 3 });
        if taken + name <= width {
            break;
        }
        kept.retain(|at| *at != leaving);
    }
    kept
}

/// The lines of the block, the busiest row first and what was never called at its end, in as few lines as are useful.
fn entries(table: &Table, layout: &Layout, rows: &[Row], all: bool) -> Vec<Entry> {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by(|a, b| order(layout, a, b));
    let used = rows.iter().filter(|row| !row.is_idle()).count();
    let idle = rows.len() - used;
    let shown = if all || idle <= FEW { rows.len() } else { used };
    let top = if all { shown } else { shown.min(table.top) };
    let mut entries = Vec::with_capacity(top + 2);
    for row in rows.iter().take(top) {
        entries.push(entry(table, layout, row, row.op(), Kind::Row));
        let mut labels: Vec<_> = row.labels().collect();
        labels.sort_by(|(_, a), (_, b)| order(layout, a, b));
        let few = if all {
            labels.len()
        } else {
            labels.len().min(LABELS)
        };
        for (label, of_label) in labels.iter().take(few) {
            entries.push(entry(table, layout, of_label, label, Kind::Label));
        }
        if few < labels.len() {
            entries.push(more(4, labels.len() - few, "label", ""));
        }
    }
    if top < shown {
        entries.push(more(2, shown - top, "site", ""));
    }
    if shown < rows.len() {
        entries.push(more(2, idle, "site", " not called"));
    }
    entries
}

fn entry(table: &Table, layout: &Layout, row: &Row, name: &str, kind: Kind) -> Entry {
    let cells = layout.columns.iter().map(|heading| {
        let text = number::cell(
            layout.cell(heading, row),
            heading.title.contains('%'),
            table.unicode,
        );
        text::visible(&text, table.unicode)
    });
    Entry {
        name: text::visible(name, table.unicode),
        indent: if kind == Kind::Label { 4 } else { 2 },
        kind,
        cells: cells.collect(),
    }
}

fn more(indent: usize, n: usize, what: &str, which: &str) -> Entry {
    let s = if n == 1 { "" } else { "s" };
    Entry {
        name: format!("+ {n} {what}{s}{which}"),
        indent,
        kind: Kind::More,
        cells: Vec::new(),
    }
}

/// Used before idle, then the larger share, the higher rate, and by name.
fn order(layout: &Layout, a: &Row, b: &Row) -> Ordering {
    let rate = |row: &Row| layout.rate_of.as_deref().and_then(|of| row.count(of));
    let share = |row: &Row| row.ratio("share").unwrap_or(0.0);
    a.is_idle()
        .cmp(&b.is_idle())
        .then_with(|| share(b).total_cmp(&share(a)))
        .then_with(|| rate(b).cmp(&rate(a)))
        .then_with(|| a.op().cmp(b.op()))
}
