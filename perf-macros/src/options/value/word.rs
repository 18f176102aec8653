//! An option that is one of a few words, in quotes.

use crate::options::spelling::nearest;
use crate::options::value::Value;

impl Value {
    /// What the word stands for; or why it is none of them, with what else there is to say.
    pub(crate) fn word<T: Copy>(
        &self,
        option: &str,
        words: &[(&'static str, T)],
        more: &str,
    ) -> Result<T, String> {
        let text = self.text().unwrap_or_default();
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*meaning);
        }
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        if let Some(near) = nearest(&text, &names) {
            return Err(format!(
                "`{option}` has no such word; did you mean `\"{near}\"`?"
            ));
        }
        let listed: Vec<_> = names.iter().map(|word| format!("`\"{word}\"`")).collect();
        Err(format!("`{option}` is one of {}{more}", listed.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::value::Kind;

    #[test]
    fn a_word_is_known_nearly_known_or_one_of_others() {
        let words = [("wait", 1), ("reject", 2)];
        let read = |text: &str| {
            let expr = syn::parse_str(text).expect("an expression");
            let value = Value::read(expr, Kind::Expression, "full").expect("it is one");
            value.word("full", &words, ", or not")
        };
        assert_eq!(read("\"wait\""), Ok(1));
        assert_eq!(read("(\"reject\")"), Ok(2));
        let near = "`full` has no such word; did you mean `\"reject\"`?";
        assert_eq!(read("\"rejct\""), Err(near.to_owned()));
        let listed = "`full` is one of `\"wait\"`, `\"reject\"`, or not";
        for other in ["\"drop\"", "3", "WORD"] {
            assert_eq!(read(other), Err(listed.to_owned()), "{other}");
        }
    }
}
