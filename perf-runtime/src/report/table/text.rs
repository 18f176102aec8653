//! Text on a terminal: how wide it is, what of it is safe to show, and how a long name is made shorter.

use crate::report::path::{bare, segments};

/// How many columns a character takes. Wide are the East Asian blocks of UAX #11 and emoji; combining marks take none.
/// What is in doubt counts as wider than it may be, so that a line is never too long.
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36F => 0,
        0x1100..=0x11FF
        | 0x231A..=0x231B
        | 0x2329..=0x232A
        | 0x23E9..=0x23F3
        | 0x25FD..=0x27BF
        | 0x2B1B..=0x2B55
        | 0x2E80..=0xA4CF
        | 0xA960..=0xA97C
        | 0xAC00..=0xD7FF
        | 0xF900..=0xFAFF
        | 0xFE10..=0xFE6F
        | 0xFF01..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x16FE0..=0x18DFF
        | 0x1AFF0..=0x1B2FF
        | 0x1D300..=0x1D37F
        | 0x1F000..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// A text from elsewhere with what would move the cursor, turn the direction or be invisible written out.
pub(super) fn visible(text: &str, unicode: bool) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        let hidden = c.is_control()
            || matches!(u32::from(c), 0xAD | 0x61C | 0x180E | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F
                | 0x115F | 0x1160..=0x11FF | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
                | 0xE0000..=0xE0FFF);
        if hidden || !(unicode || c.is_ascii()) {
            visible.extend(c.escape_default());
        } else {
            visible.push(c);
        }
    }
    visible
}

/// The beginning of a text that fits.
pub(super) fn head(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += columns(c);
        if used > room {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// The end of a text that fits.
fn tail(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices().rev() {
        used += columns(c);
        if used > room {
            return text.get(at + c.len_utf8()..).unwrap_or_default();
        }
    }
    text
}

/// A name that fits: whole, with short types, or its last segments behind an ellipsis.
pub(super) fn shortened(name: &str, room: usize, ellipsis: &str) -> String {
    if width(name) <= room {
        return name.to_owned();
    }
    let segments: Vec<String> = segments(name)
        .into_iter()
        .map(|s| {
            if s.contains('<') {
                bare(s)
            } else {
                s.to_owned()
            }
        })
        .collect();
    let whole = segments.join("::");
    if width(&whole) <= room {
        return whole;
    }
    for from in 1..segments.len() {
        let last = segments.get(from..).unwrap_or_default().join("::");
        if width(&last) + width(ellipsis) + 2 <= room {
            return format!("{ellipsis}::{last}");
        }
    }
    let end = tail(&whole, room.saturating_sub(width(ellipsis)));
    head(&format!("{ellipsis}{end}"), room).to_owned()
}

/// A text that fits, cut at its end.
pub(super) fn cut(text: &str, room: usize, ellipsis: &str) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let start = head(text, room.saturating_sub(width(ellipsis)));
    head(&format!("{start}{ellipsis}"), room).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{cut, shortened, visible, width};

    #[test]
    fn a_name_keeps_its_last_segments() {
        let read = |name, room| shortened(name, room, "…");
        assert_eq!(read("shop::orders::load", 18), "shop::orders::load");
        assert_eq!(read("shop::orders::load", 17), "…::orders::load");
        assert_eq!(read("shop::orders::load", 10), "…::load");
        assert_eq!(read("shop::orders::load", 5), "…load");
        assert_eq!(read("shop::orders::load", 3), "…ad");
        assert_eq!(read("shop::orders::load", 1), "…");
        assert_eq!(read("shop::orders::load", 0), "");
    }

    #[test]
    fn a_method_keeps_its_type_as_long_as_it_fits() {
        let read = |room| shortened("<shop::Cart as shop::Priced>::total", room, "…");
        assert_eq!(read(35), "<shop::Cart as shop::Priced>::total");
        assert_eq!(read(34), "<Cart as Priced>::total");
        assert_eq!(read(22), "…::total");
    }

    #[test]
    fn nothing_hidden_reaches_the_terminal() {
        assert_eq!(visible("a\u{1b}[31mb\n", true), "a\\u{1b}[31mb\\n");
        assert_eq!(visible("x\u{202e}y\u{200b}", true), "x\\u{202e}y\\u{200b}");
        assert_eq!(visible("größe", true), "größe");
        assert_eq!(visible("größe", false), "gr\\u{f6}\\u{df}e");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(width("注文"), 4);
        assert_eq!(cut("注文を読む", 5, "…"), "注文…");
        assert_eq!(cut("注文", 1, ".."), ".");
    }
}
