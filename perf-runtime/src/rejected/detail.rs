//! What a rejection of a pool has to say beyond its reason.
//!
//! A rejection is small and can be copied; a sentence with numbers and a cause is neither. So the sentence is kept here, and
//! the rejection has its number. The last [`KEPT`] of the program are: whoever shows an error later than that sees the
//! reason alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many are kept.
const KEPT: usize = 256;
/// What is kept of one, in bytes: a cause may be a page of a proxy.
const LONGEST: usize = 1024;

static DETAILS: Mutex<Details> = Mutex::new(Details {
    first: 1,
    texts: VecDeque::new(),
});

struct Details {
    /// The number of the first that is still there.
    first: u64,
    texts: VecDeque<Arc<str>>,
}

fn details() -> MutexGuard<'static, Details> {
    DETAILS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a text, and gives its number.
pub(super) fn keep(mut text: String) -> u64 {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    let text = text.into();
    let mut details = details();
    if details.texts.len() >= KEPT {
        details.texts.pop_front();
        details.first += 1;
    }
    details.texts.push_back(text);
    details.first + details.texts.len() as u64 - 1
}

/// The text of that number, if it is still there.
pub(super) fn find(number: u64) -> Option<Arc<str>> {
    let details = details();
    let place = usize::try_from(number.checked_sub(details.first)?).ok()?;
    details.texts.get(place).cloned()
}

#[cfg(test)]
mod tests {
    use super::{KEPT, LONGEST, find, keep};

    #[test]
    fn the_last_texts_are_kept_and_no_more() {
        let first = keep("first".to_owned());
        assert_eq!(find(first).as_deref(), Some("first"));
        for _ in 0..KEPT {
            keep("later".to_owned());
        }
        assert_eq!(find(first), None);
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        let text = keep("ä".repeat(LONGEST));
        let text = find(text).expect("it is the last");
        assert!(text.len() <= LONGEST + '…'.len_utf8());
    }
}
