//! A line of the table: pieces of text with a style, cut to the width before any colour is added.

use std::fmt;

use super::text;

/// What a piece is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Heading,
    Faint,
    Wrong,
}

impl Style {
    /// The ANSI sequence that starts it (ECMA-48 SGR).
    const fn start(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Heading => "\x1b[1m",
            Self::Faint => "\x1b[2m",
            Self::Wrong => "\x1b[33m",
        }
    }
}

/// One line.
#[derive(Debug, Default)]
pub(super) struct Line(Vec<(Style, String)>);

impl Line {
    pub(super) fn of(style: Style, text: impl Into<String>) -> Self {
        Self(vec![(style, text.into())])
    }

    pub(super) fn push(&mut self, style: Style, text: &str) {
        match self.0.last_mut() {
            Some((last, so_far)) if *last == style => so_far.push_str(text),
            _ => self.0.push((style, text.to_owned())),
        }
    }

    /// Writes the line without blanks at its end.
    pub(super) fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        width: usize,
        color: bool,
    ) -> fmt::Result {
        let blank = |(_, text): &&(Style, String)| text.trim_end().is_empty();
        let trailing = self.0.iter().rev().take_while(blank).count();
        let pieces = self.0.len() - trailing;
        let mut room = width;
        for (at, (style, piece)) in self.0.iter().take(pieces).enumerate() {
            let whole = text::width(piece) <= room;
            let mut piece = text::head(piece, room);
            if at + 1 == pieces || !whole {
                piece = piece.trim_end();
            }
            room = if whole { room - text::width(piece) } else { 0 };
            if color && *style != Style::Plain && !piece.is_empty() {
                write!(f, "{}{piece}\x1b[0m", style.start())?;
            } else {
                f.write_str(piece)?;
            }
        }
        f.write_str("\n")
    }
}
