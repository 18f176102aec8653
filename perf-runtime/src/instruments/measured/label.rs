//! One series for each label, `by = …`.

use std::borrow::Cow;
use std::fmt::{self, Display, Write};
use std::rc::Rc;
use std::sync::Arc;

use super::{Options, series};
use crate::parts::names::{Names, cut};
use crate::parts::series::Series;
use crate::parts::totals::Totals;

/// Labels of one site.
const MOST: usize = 100;
/// What counts of a label, in bytes.
const LONGEST: usize = 64;
/// The label of all others. Who uses it by name means the same.
pub(super) const OTHER: &str = "other";

/// The labels of one site that were seen.
pub(super) struct Labels {
    known: Names<Series>,
    other: Series,
}

impl Labels {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            known: Names::new(MOST),
            other: series(options),
        }
    }

    /// The series of a label. The label is written on the stack; nothing is allocated for one that is known.
    pub(super) fn of(&self, label: &(impl Display + ?Sized), options: &Options) -> &Series {
        let mut text = Text::new();
        // A label that fails to show itself is what it wrote until then.
        let _ = write!(text, "{label}");
        self.find(text.as_bytes(), options)
    }

    /// The same for a label that is a text.
    #[inline]
    pub(super) fn of_text(&self, text: &str, options: &Options) -> &Series {
        self.find(cut(text, LONGEST).as_bytes(), options)
    }

    #[inline(never)]
    fn find(&self, text: &[u8], options: &Options) -> &Series {
        if text == OTHER.as_bytes() {
            return &self.other;
        }
        self.known
            .find(text, || series(options))
            .unwrap_or(&self.other)
    }

    /// Every label that was called, sorted; [`OTHER`] comes last.
    pub(super) fn totals(&self) -> Vec<(String, Totals)> {
        let known = self.known.iter();
        let mut all: Vec<_> = known
            .map(|(label, series)| (label.to_owned(), series.totals()))
            .collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        let other = self.other();
        if other.calls() > 0 || other.in_flight() > 0 {
            all.push((OTHER.to_owned(), other));
        }
        all
    }

    /// What had no label of its own.
    pub(super) fn other(&self) -> Totals {
        self.other.totals()
    }

    pub(super) fn reset(&self) {
        for (_, series) in self.known.iter() {
            series.reset();
        }
        self.other.reset();
    }
}

/// Asks any label for its text, by autoref: the method of a type that is a text is found before the one of every type.
/// Formatting machinery that copies a text costs as much as the call that is measured.
pub struct Label<'a, T: ?Sized>(pub &'a T);

/// Found first.
pub trait WithText<'a> {
    /// What the label shows.
    fn text(&self) -> Option<&'a str>;
}

impl<'a, T: IsText + ?Sized> WithText<'a> for Label<'a, T> {
    #[inline]
    fn text(&self) -> Option<&'a str> {
        Some(self.0.text())
    }
}

/// Found when the label has to show itself.
pub trait WithoutText<'a> {
    /// None.
    fn text(&self) -> Option<&'a str>;
}

impl<'a, T: ?Sized> WithoutText<'a> for &Label<'a, T> {
    #[inline]
    fn text(&self) -> Option<&'a str> {
        None
    }
}

/// The types that show a text as it is. `AsRef<str>` does not say that: a type may show another.
pub trait IsText {
    /// The text.
    fn text(&self) -> &str;
}

impl IsText for str {
    #[inline]
    fn text(&self) -> &str {
        self
    }
}

impl IsText for String {
    #[inline]
    fn text(&self) -> &str {
        self
    }
}

impl IsText for Cow<'_, str> {
    #[inline]
    fn text(&self) -> &str {
        self
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => {$(
        impl<T: IsText + ?Sized> IsText for $pointer {
            #[inline]
            fn text(&self) -> &str {
                (**self).text()
            }
        }
    )*};
}
pointers!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

/// The first bytes of what is written, whole characters.
struct Text {
    bytes: [u8; LONGEST],
    len: usize,
    full: bool,
}

impl Text {
    const fn new() -> Self {
        Self {
            bytes: [0; LONGEST],
            len: 0,
            full: false,
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.full {
            return Ok(());
        }
        let room = LONGEST.saturating_sub(self.len);
        let fits = cut(text, room);
        let end = self.len.saturating_add(fits.len());
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            place.copy_from_slice(fits.as_bytes());
            self.len = end;
        }
        self.full = fits.len() < text.len();
        Ok(())
    }
}
