use std::borrow::Cow;

use perfkit::cached;

#[cached]
fn first(text: &str) -> &str {
    text
}

#[cached]
fn perhaps(text: &str) -> Option<&str> {
    Some(text)
}

#[cached]
fn either<'t>(text: &'t str) -> Cow<'t, str> {
    text.into()
}

fn main() {
    first("a");
    perhaps("a");
    either("a");
}
