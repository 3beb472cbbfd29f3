//! Python literals, as far as `.npy` headers contain them.
//!
//! Numbers, strings, tuples, lists, dicts, `True`, `False` and `None`, with what writers of three decades have put
//! there: either quote, `L` behind integers, `u` and `b` before strings, a comma after the last item. No operators,
//! no floats, no names.

use std::fmt::{self, Write};
use std::str::Chars;

use crate::{Error, Result, is_misleading};

/// Structs nest in structs, with up to three brackets for each: enough for [`MAX_DEPTH`](crate::MAX_DEPTH) of them.
const MAX_BRACKETS: usize = 3 * crate::MAX_DEPTH + 4;

/// A value that a literal stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    None,
    Bool(bool),
    Int(i128),
    Str(String),
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

impl Literal {
    /// The number, if it is one that could be a size.
    pub(crate) fn as_usize(&self) -> Option<usize> {
        match self {
            Self::Int(n) => usize::try_from(*n).ok(),
            _ => None,
        }
    }
}

/// Something out of a file in a message: as for debugging, and no longer than a line.
pub(crate) struct Short<'a, T>(pub(crate) &'a T);

impl<T: fmt::Debug> fmt::Display for Short<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        cut(f, format_args!("{:?}", self.0))
    }
}

/// Writes at most a line of something that may be long, and does not go on with formatting it then.
pub(crate) fn cut(f: &mut fmt::Formatter<'_>, what: fmt::Arguments<'_>) -> fmt::Result {
    /// Fails where it is full, which ends the formatting.
    struct Line(String);
    impl Write for Line {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = 80_usize.saturating_sub(self.0.len());
            let fits = (0..=room.min(text.len()))
                .rev()
                .find(|&n| text.is_char_boundary(n));
            self.0.push_str(&text[..fits.unwrap_or(0)]);
            if text.len() > room {
                Err(fmt::Error)
            } else {
                Ok(())
            }
        }
    }
    let mut line = Line(String::new());
    let cut = line.write_fmt(what).is_err();
    f.write_str(&line.0)?;
    f.write_str(if cut { "…" } else { "" })
}

/// A string as Python writes it: in single quotes, or in double ones where only that avoids a backslash.
pub(crate) struct Repr<'a>(pub(crate) &'a str);

impl fmt::Display for Repr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.0.contains('\'') && !self.0.contains('"') {
            '"'
        } else {
            '\''
        };
        f.write_char(quote)?;
        for c in self.0.chars() {
            match c {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c == quote || c == '\\' => write!(f, "\\{c}")?,
                // Python escapes more, and reads these either way.
                c if is_misleading(c) => match u32::from(c) {
                    code @ ..=0xff => write!(f, "\\x{code:02x}")?,
                    code @ ..=0xffff => write!(f, "\\u{code:04x}")?,
                    code => write!(f, "\\U{code:08x}")?,
                },
                c => f.write_char(c)?,
            }
        }
        f.write_char(quote)
    }
}

/// Parses a text that is one literal with white space around it.
pub(crate) fn parse(text: &str) -> Result<Literal> {
    let mut parser = Parser {
        rest: text,
        len: text.len(),
    };
    let value = parser.value(0)?;
    parser.skip_space();
    if parser.rest.is_empty() {
        Ok(value)
    } else {
        Err(parser.error("unexpected text after the value"))
    }
}

struct Parser<'a> {
    rest: &'a str,
    len: usize,
}

impl Parser<'_> {
    fn error(&self, what: &str) -> Error {
        Error::corrupt(format!(
            "invalid header at character {}: {what}",
            self.len - self.rest.len()
        ))
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
    }

    fn eat(&mut self, token: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, depth: usize) -> Result<Literal> {
        if depth > MAX_BRACKETS {
            return Err(self.error("nested too deep"));
        }
        self.skip_space();
        match self.rest.chars().next() {
            Some('(') => self.parenthesis(depth),
            Some('[') => {
                self.eat('[');
                Ok(Literal::List(self.items(']', depth)?.0))
            }
            Some('{') => self.dict(depth),
            Some('\'' | '"') => self.string().map(Literal::Str),
            Some('u' | 'U' | 'b' | 'B') if matches!(self.rest.as_bytes().get(1), Some(b'\'' | b'"')) => {
                self.rest = &self.rest[1..];
                self.string().map(Literal::Str)
            }
            Some('-' | '+' | '0'..='9') => self.integer(),
            Some('A'..='Z') => self.constant(),
            Some(_) => Err(self.error("not a value")),
            None => Err(self.error("value missing")),
        }
    }

    /// Items up to `close`, and whether a comma followed the last one.
    fn items(&mut self, close: char, depth: usize) -> Result<(Vec<Literal>, bool)> {
        let mut items = Vec::new();
        let mut comma = true;
        loop {
            if self.eat(close) {
                return Ok((items, comma));
            }
            if !comma {
                return Err(self.error("comma missing"));
            }
            items.push(self.value(depth + 1)?);
            comma = self.eat(',');
        }
    }

    /// A tuple, or a single value in parentheses.
    fn parenthesis(&mut self, depth: usize) -> Result<Literal> {
        self.eat('(');
        let (mut items, comma) = self.items(')', depth)?;
        match items.pop() {
            Some(only) if items.is_empty() && !comma => Ok(only),
            last => {
                items.extend(last);
                Ok(Literal::Tuple(items))
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Result<Literal> {
        self.eat('{');
        let mut pairs = Vec::new();
        let mut comma = true;
        loop {
            if self.eat('}') {
                return Ok(Literal::Dict(pairs));
            }
            if !comma {
                return Err(self.error("comma missing"));
            }
            let key = self.value(depth + 1)?;
            if !self.eat(':') {
                return Err(self.error("colon missing"));
            }
            pairs.push((key, self.value(depth + 1)?));
            comma = self.eat(',');
        }
    }

    fn string(&mut self) -> Result<String> {
        let mut chars = self.rest.chars();
        let quote = chars.next();
        let mut text = String::new();
        loop {
            match chars.next() {
                None | Some('\n') => return Err(self.error("string without end")),
                Some('\\') => match escape(&mut chars) {
                    Some(c) => text.push(c),
                    None => return Err(self.error("unknown escape in a string")),
                },
                c if c == quote => break,
                Some(c) => text.push(c),
            }
        }
        self.rest = chars.as_str();
        Ok(text)
    }

    fn integer(&mut self) -> Result<Literal> {
        let signs = usize::from(self.rest.starts_with(['-', '+']));
        let digits = self.rest[signs..].bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(signs + digits);
        let value = number
            .parse()
            .map_err(|_| self.error("not an integer, or too large a one"))?;
        self.rest = rest.strip_prefix(['L', 'l']).unwrap_or(rest);
        Ok(Literal::Int(value))
    }

    fn constant(&mut self) -> Result<Literal> {
        let constants = [
            ("True", Literal::Bool(true)),
            ("False", Literal::Bool(false)),
            ("None", Literal::None),
        ];
        for (name, value) in constants {
            if let Some(rest) = self.rest.strip_prefix(name) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.error("not a value"))
    }
}

/// What stands behind a backslash.
fn escape(chars: &mut Chars<'_>) -> Option<char> {
    match chars.next()? {
        'x' => hex(chars, 2),
        'u' => hex(chars, 4),
        'U' => hex(chars, 8),
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        '0' => Some('\0'),
        c @ ('\\' | '\'' | '"') => Some(c),
        _ => None,
    }
}

fn hex(chars: &mut Chars<'_>, digits: u32) -> Option<char> {
    let code = (0..digits).try_fold(0, |code, _| Some(code << 4 | chars.next()?.to_digit(16)?))?;
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn reads_what_writers_have_written() {
        let ints = |ns: &[i128]| ns.iter().map(|&n| Literal::Int(n)).collect::<Vec<_>>();
        for (text, value) in [
            (" 12 ", Literal::Int(12)),
            ("-3L", Literal::Int(-3)),
            ("True", Literal::Bool(true)),
            ("None", Literal::None),
            ("()", Literal::Tuple(vec![])),
            ("(4)", Literal::Int(4)),
            ("(4,)", Literal::Tuple(ints(&[4]))),
            ("(4L, 5L,)", Literal::Tuple(ints(&[4, 5]))),
            ("[1,2]", Literal::List(ints(&[1, 2]))),
            ("u'<f8'", Literal::Str("<f8".into())),
            (r#""a'\\\x41\u00e9\n""#, Literal::Str("a'\\Aé\n".into())),
            (
                "{'a': 1, }",
                Literal::Dict(vec![(Literal::Str("a".into()), Literal::Int(1))]),
            ),
        ] {
            assert_eq!(parse(text).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn strings_are_written_as_python_writes_them() {
        for (text, python) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("it's \"it\"", r#"'it\'s "it"'"#),
            ("\\ \n\r\t\0\x7f\u{85}", r"'\\ \n\r\t\x00\x7f\x85'"),
            ("é π 😀", "'é π 😀'"),
            ("\u{2028}\u{202e}\u{ad}\u{e0041}", r"'\u2028\u202e\xad\U000e0041'"),
        ] {
            assert_eq!(Repr(text).to_string(), python);
            assert_eq!(parse(python).unwrap(), Literal::Str(text.into()), "{python}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        let deep = "(".repeat(100_000);
        for text in [
            "",
            "(",
            "(1",
            "(1 2)",
            "{1}",
            "{1: }",
            "'a",
            "'a\n'",
            "'\\q'",
            "'\\x4'",
            "'\\ud800'",
            "1.5",
            "1 1",
            "x",
            "Truest",
            "--1",
            "-",
            "{'a': 1 'b': 2}",
            "__import__('os')",
            &deep,
            "340282366920938463463374607431768211456",
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{text}");
        }
    }
}
