//! What the last failure said: a text of bounded length, asked for where a call has failed and nowhere else.
//!
//! An error tells it by `Display`, else by `Debug`; one that has neither tells nothing. Nothing is allocated for it, and
//! what is longer than [`MOST`] bytes is cut.

use std::fmt::{self, Display, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many bytes of a text are kept, the sign that it was cut left out.
const MOST: usize = 240;
const CUT: &str = "…";

/// See the module.
#[derive(Clone, Copy)]
pub struct Text {
    bytes: [u8; MOST + CUT.len()],
    len: usize,
}

impl Text {
    /// What it says. Runs code of the user's, whose panic leaves what was said before it.
    #[cold]
    pub(crate) fn of(said: &dyn Display) -> Self {
        let mut text = Self {
            bytes: [0; MOST + CUT.len()],
            len: 0,
        };
        let write = || write!(text, "{said}");
        // An error is what cuts a text, and one of the user's own cuts it where it stands.
        let _ = catch_unwind(AssertUnwindSafe(write));
        text
    }

    fn put(&mut self, text: &str) {
        let place = self.bytes.get_mut(self.len..self.len + text.len());
        if let Some(place) = place {
            place.copy_from_slice(text.as_bytes());
            self.len += text.len();
        }
    }

    fn as_str(&self) -> &str {
        let text = self.bytes.get(..self.len).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MOST.saturating_sub(self.len);
        if text.len() <= room {
            self.put(text);
            return Ok(());
        }
        let end = end_of_a_character(text, room);
        self.put(text.get(..end).unwrap_or_default());
        self.put(CUT);
        Err(fmt::Error)
    }
}

/// The last place up to `most` where a character ends.
fn end_of_a_character(text: &str, most: usize) -> usize {
    let mut places = (0..=most).rev();
    places
        .find(|place| text.is_char_boundary(*place))
        .unwrap_or(0)
}

/// The last of them.
pub(super) struct Last(Mutex<Option<Text>>);

impl Last {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    pub(super) fn put(&self, text: &Text) {
        *self.lock() = Some(*text);
    }

    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    pub(super) fn text(&self) -> Option<String> {
        let text = *self.lock();
        text.map(|text| text.as_str().to_owned())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Text>> {
        // Only copying under it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer whose error is asked, by autoref: `(&&&Told(&answer)).text()` finds the first of the three traits below that
/// holds.
pub struct Told<'a, A>(pub &'a A);

/// Found first: an error that is meant to be read.
pub trait ByDisplay {
    /// What it says; nothing of a success.
    fn text(&self) -> Option<Text>;
}

impl<T, E: Display> ByDisplay for &&Told<'_, Result<T, E>> {
    fn text(&self) -> Option<Text> {
        self.0.as_ref().err().map(|error| Text::of(error))
    }
}

/// Found next: an error that developers can read.
pub trait ByDebug {
    /// What it says; nothing of a success.
    fn text(&self) -> Option<Text>;
}

impl<T, E: fmt::Debug> ByDebug for &Told<'_, Result<T, E>> {
    fn text(&self) -> Option<Text> {
        let error = self.0.as_ref().err()?;
        Some(Text::of(&format_args!("{error:?}")))
    }
}

/// Found last: what says nothing.
pub trait BySilence {
    /// Nothing.
    fn text(&self) -> Option<Text>;
}

impl<A> BySilence for Told<'_, A> {
    fn text(&self) -> Option<Text> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_where_a_character_ends() {
        let long = "ä".repeat(MOST);
        let text = Text::of(&format_args!("x{long}"));
        let expected = format!("x{}{CUT}", "ä".repeat((MOST - 1) / 2));
        assert_eq!(text.as_str(), expected);
        let fits = "y".repeat(MOST);
        assert_eq!(Text::of(&fits).as_str(), fits);
    }

    #[test]
    fn a_text_that_panics_is_kept_up_to_there() {
        struct Panics;
        impl Display for Panics {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("half of")?;
                std::panic::resume_unwind(Box::new("a display"))
            }
        }
        assert_eq!(Text::of(&Panics).as_str(), "half of");
    }

    #[test]
    fn an_error_says_what_its_type_lets_it() {
        #[derive(Debug)]
        struct Plain;
        struct Silent;
        macro_rules! told {
            ($answer:expr) => {
                (&&&Told(&$answer))
                    .text()
                    .map(|text| text.as_str().to_owned())
            };
        }
        assert_eq!(told!(Err::<u8, _>("down")).as_deref(), Some("down"));
        assert_eq!(told!(Err::<u8, _>(Plain)).as_deref(), Some("Plain"));
        assert_eq!(told!(Err::<u8, _>(Silent)), None);
        assert_eq!(told!(Ok::<u8, &str>(1)), None);
        assert_eq!(told!(None::<u8>), None);
    }
}
