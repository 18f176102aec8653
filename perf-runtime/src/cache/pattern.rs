//! Patterns over texts: `*` stands for any run of characters, an empty one too, `?` for exactly one; `\` before a
//! character takes it as it is. Everything else stands for itself, and the whole text has to fit.
//!
//! A text is tried from its start; where it does not fit, the last `*` takes one character more. No earlier one has to be
//! tried again, because what came between them fitted at the first place it could. So a text costs at most its length
//! times that of the pattern, whatever the two are.

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Is(char),
    One,
    Any,
}

/// See the module.
pub(super) struct Pattern(Vec<Part>);

impl Pattern {
    pub(super) fn new(pattern: &str) -> Self {
        let mut parts = Vec::with_capacity(pattern.len());
        let mut chars = pattern.chars();
        while let Some(char) = chars.next() {
            let part = match char {
                '*' => Part::Any,
                '?' => Part::One,
                // At the very end it stands for itself.
                '\\' => Part::Is(chars.next().unwrap_or('\\')),
                _ => Part::Is(char),
            };
            // Two in a row are one.
            if part != Part::Any || parts.last() != Some(&Part::Any) {
                parts.push(part);
            }
        }
        Self(parts)
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        let Self(parts) = self;
        let mut rest = text.chars();
        let mut at = 0;
        // Behind the last `*`: where the pattern goes on, and what of the text it has not taken.
        let mut last = None;
        loop {
            let before = rest.clone();
            match (parts.get(at), rest.next()) {
                (None, None) => return true,
                (Some(Part::Any), _) => {
                    at += 1;
                    rest = before.clone();
                    last = Some((at, before));
                }
                (Some(Part::One), Some(_)) => at += 1,
                (Some(Part::Is(wanted)), Some(char)) if *wanted == char => at += 1,
                _ => {
                    let Some((behind, untaken)) = &mut last else {
                        return false;
                    };
                    if untaken.next().is_none() {
                        return false;
                    }
                    at = *behind;
                    rest = untaken.clone();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).fits(text)
    }

    #[test]
    fn stars_stand_for_runs_and_question_marks_for_one() {
        for (pattern, text, expected) in [
            ("user:*", "user:7", true),
            ("user:*", "user:", true),
            ("user:*", "a user:7", false),
            ("*:7", "user:7", true),
            ("u?er:?", "user:7", true),
            ("user:?", "user:", false),
            ("user:?", "user:77", false),
            ("user:?", "user:ü", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("[a-z]", "a", false),
            (r"\*", "*", true),
            (r"\*", "a", false),
            (r"a\", r"a\", true),
            (r"\\*", r"\x", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_costs_no_more_than_its_length_allows() {
        // Tried star by star, this would not end.
        let pattern = format!("{}b", "a*".repeat(500));
        assert!(!fits(&pattern, &"a".repeat(2000)));
    }

    /// The plainest way there is.
    fn plain(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            (['*', rest @ ..], text) => (0..=text.len()).any(|taken| plain(rest, &text[taken..])),
            (['?', rest @ ..], [_, text @ ..]) => plain(rest, text),
            ([wanted, rest @ ..], [char, text @ ..]) => wanted == char && plain(rest, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_fits_what_the_plain_way_fits(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(fits(&pattern, &text), plain(&chars(&pattern), &chars(&text)));
        }
    }
}
