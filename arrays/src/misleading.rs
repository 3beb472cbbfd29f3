//! Characters that do something to the text around them.

/// Whether a character is not to be shown as it is, since it could break a line, drive a terminal, or make a text look
/// like another one: control characters, Unicode's separators of lines and paragraphs, what turns the direction of text
/// ([UAX #9](https://www.unicode.org/reports/tr9/)), and what has no width, save for the joiners that scripts need.
///
/// Names in files are anybody's. All that prints them, here and in the crates on top, escapes these.
///
/// ```
/// use demijohn_arrays::is_misleading;
///
/// assert!("\n\u{1b}\u{202e}\u{2028}".chars().all(is_misleading));
/// assert!(!"größe 数 'a b' 👩‍🔬".chars().any(is_misleading));
/// ```
#[must_use]
pub fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}
