//! Paths: where in a document a value is.
//!
//! Every value that can be reached from the root of a [`Document`](crate::Document) has a path, and what
//! [`Visit::path`](crate::Visit::path) prints, [`Document::at`](crate::Document::at) finds.
//!
//! # Grammar
//! In the notation of ISO 14977:
//!
//! ```text
//! path    = [ "." ] | first, { step } ;
//! first   = name | step ;
//! step    = ".", name
//!         | "[", integer, "]"
//!         | "[", string, "]"
//!         | "[", ( "key" | "value" | "state" ), " ", digits, "]" ;
//! name    = ( letter | "_" ), { letter | digit | "_" } ;       (* letters and digits of any script *)
//! integer = [ "-" ], digits ;
//! digits  = digit, { digit } ;                                 (* 0 to 9 *)
//! string  = '"', { character | escape }, '"' ;                 (* any character but '"' and "\" *)
//! escape  = "\", ( '"' | "\" | "n" | "r" | "t" | "u{", hex, { hex }, "}" ) ;
//! ```
//!
//! # Meaning
//! | step | of | leads to |
//! |---|---|---|
//! | `.name` | a dict | the value of the text key `name` |
//! | `.callable`, `.args`, `.kwargs`, `.state` | an [object](crate::Object) | that part of it, the last state |
//! | `.name`, any other | an object | the value of the key `name` set on it, or else its [attribute](crate::Value::attrs) `name` |
//! | `["text"]` | a dict or object | the value of that text key, whatever characters it is made of |
//! | `[n]` | a tuple, list, set, frozenset | item `n` in the order of the stream, counted from 0 |
//! | `[n]` | an array of Python objects | item `n` in C order |
//! | `[n]` | a dict | the value of the integer key `n` |
//! | `[n]` | an object | the item appended `n`-th; if nothing was, the value of the integer key `n` |
//! | `[key n]`, `[value n]` | a dict or object | key or value of the entry set `n`-th, counted from 0 |
//! | `[state n]` | an object | the state given to it `n`-th |
//! | `.data`, `.mask` | a masked array | its elements and which of them do not count: arrays that a document has no values for, so they are [located](crate::numpy::locate_at) and not [visited](crate::Document::walk) |
//!
//! What stands under a text key of more than 256 bytes is named by its number.
//!
//! The root is the empty path, printed as a dot. A name at the beginning may have a dot before it: `.args[0]`.
//!
//! ```
//! # fn main() -> Result<(), demijohn_pickle::Error> {
//! use demijohn_pickle as pickle;
//!
//! // pickle.dumps({"a": [1, {"b.c": 2}]}, 2)
//! let bytes = b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01]q\x02(K\x01}q\x03X\x03\x00\x00\x00b.cq\x04K\x02ses.";
//! let document = pickle::read(&mut bytes.as_slice())?;
//! assert_eq!(document.at(r#"a[1]["b.c"]"#)?.as_i64(), Some(2));
//! # Ok(()) }
//! ```

use std::fmt;
use std::str::{Chars, FromStr};

use demijohn_arrays::is_misleading;

use crate::Error;

/// Where a value is: the steps that lead there from the root. See the [grammar](self#grammar).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Path {
    pub(crate) steps: Vec<Step>,
}

/// One step. The meaning depends on what it is taken from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Name(Box<str>),
    Key(Box<str>),
    Index(i64),
    NthKey(usize),
    NthValue(usize),
    NthState(usize),
}

#[cfg(feature = "serde")]
impl Step {
    /// The step to the value of a text key of a dict, for errors of the deserializer.
    pub(crate) fn entry(key: &str) -> Self {
        if is_name(key) {
            Self::Name(key.into())
        } else {
            Self::Key(key.into())
        }
    }
}

impl Path {
    /// Whether it leads nowhere but to the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many steps it has.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.steps.len()
    }

    /// Whether it leads to a key, rather than to what stands under one.
    #[must_use]
    pub fn is_key(&self) -> bool {
        matches!(self.steps.last(), Some(Step::NthKey(_)))
    }

    /// The path to the value of a text key of a dict, in quotes whatever the key.
    #[must_use]
    pub fn quoted(key: &str) -> Self {
        Self {
            steps: vec![Step::Key(key.into())],
        }
    }

    /// The path of one step to what has this name.
    #[must_use]
    pub(crate) fn named(name: &str) -> Self {
        Self {
            steps: vec![Step::Name(name.into())],
        }
    }

    /// The path without its last step, and the name that this has, if it has one.
    pub(crate) fn split_name(&self) -> Option<(Self, &str)> {
        let (last, before) = self.steps.split_last()?;
        let Step::Name(name) = last else { return None };
        let steps = before.to_vec();
        Some((Self { steps }, name))
    }

    /// The path that goes on from where this one leads.
    #[must_use]
    pub fn join(&self, then: &Self) -> Self {
        Self {
            steps: [&*self.steps, &*then.steps].concat(),
        }
    }
}

/// The names of an object's parts, which dots lead to.
pub(crate) const PARTS: [&str; 4] = ["callable", "args", "kwargs", "state"];

/// The names of a masked array's parts.
pub(crate) const DATA: &str = "data";
pub(crate) const MASK: &str = "mask";

/// Whether a text can stand behind a dot.
pub(crate) fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(starts_name) && text.chars().all(continues_name)
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, rest)) = self.steps.split_first() else {
            return f.write_str(".");
        };
        match first {
            Step::Name(name) if !PARTS.contains(&&**name) => f.write_str(name)?,
            step => write!(f, "{step}")?,
        }
        rest.iter().try_for_each(|step| write!(f, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, ".{name}"),
            Self::Index(n) => write!(f, "[{n}]"),
            Self::NthKey(n) => write!(f, "[key {n}]"),
            Self::NthValue(n) => write!(f, "[value {n}]"),
            Self::NthState(n) => write!(f, "[state {n}]"),
            Self::Key(text) => {
                f.write_str("[\"")?;
                for c in text.chars() {
                    match c {
                        '"' | '\\' => write!(f, "\\{c}")?,
                        '\n' => f.write_str("\\n")?,
                        '\r' => f.write_str("\\r")?,
                        '\t' => f.write_str("\\t")?,
                        c if is_misleading(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                        c => write!(f, "{c}")?,
                    }
                }
                f.write_str("\"]")
            }
        }
    }
}

impl FromStr for Path {
    type Err = Error;

    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter), with the place at which the text stops being a path.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parser = Parser {
            text,
            rest: text.chars(),
        };
        let mut steps = Vec::new();
        if text.is_empty() || text == "." {
            return Ok(Self { steps });
        }
        if text.starts_with(starts_name) {
            steps.push(Step::Name(parser.name()?));
        }
        while let Some(c) = parser.rest.next() {
            steps.push(match c {
                '.' => Step::Name(parser.name()?),
                '[' => parser.bracket()?,
                c => return Err(parser.error(&format!("{c:?} where \".\" or \"[\" should be"))),
            });
        }
        Ok(Self { steps })
    }
}

struct Parser<'a> {
    text: &'a str,
    rest: Chars<'a>,
}

impl Parser<'_> {
    fn error(&self, what: &str) -> Error {
        let at = self.text.len() - self.rest.as_str().len();
        Error::parameter(format!("invalid path {:?}: {what}, before byte {at}", self.text))
    }

    fn take(&mut self, while_: impl Fn(char) -> bool) -> &str {
        let rest = self.rest.as_str();
        let end = rest.find(|c| !while_(c)).unwrap_or(rest.len());
        self.rest = rest[end..].chars();
        &rest[..end]
    }

    fn name(&mut self) -> Result<Box<str>, Error> {
        let name: Box<str> = self.take(continues_name).into();
        if is_name(&name) {
            Ok(name)
        } else {
            Err(self.error("no name"))
        }
    }

    fn bracket(&mut self) -> Result<Step, Error> {
        let step = match self.rest.clone().next() {
            Some('"') => Step::Key(self.string()?),
            Some('-' | '0'..='9') => {
                let digits = self.take(|c| c == '-' || c.is_ascii_digit()).parse();
                Step::Index(digits.map_err(|_| self.error("no number"))?)
            }
            _ => {
                let make = match self.take(|c| c.is_ascii_lowercase()) {
                    "key" => Step::NthKey,
                    "value" => Step::NthValue,
                    "state" => Step::NthState,
                    _ => return Err(self.error("neither a number nor a string in quotes")),
                };
                if self.rest.next() != Some(' ') {
                    return Err(self.error("no space before the number"));
                }
                let digits = self.take(|c| c.is_ascii_digit()).parse();
                make(digits.map_err(|_| self.error("no number"))?)
            }
        };
        if self.rest.next() == Some(']') {
            Ok(step)
        } else {
            Err(self.error("no closing bracket"))
        }
    }

    fn string(&mut self) -> Result<Box<str>, Error> {
        let mut out = String::new();
        self.rest.next();
        loop {
            let c = self.rest.next().ok_or_else(|| self.error("no closing quote"))?;
            out.push(match c {
                '"' => return Ok(out.into()),
                '\\' => self.escape()?,
                c => c,
            });
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        match self.rest.next() {
            Some(c @ ('"' | '\\')) => Ok(c),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') if self.rest.next() == Some('{') => {
                let code = u32::from_str_radix(self.take(|c| c.is_ascii_hexdigit()), 16);
                let c = code.ok().and_then(char::from_u32);
                match (c, self.rest.next()) {
                    (Some(c), Some('}')) => Ok(c),
                    _ => Err(self.error("no character of that number")),
                }
            }
            _ => Err(self.error("an unknown escape")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn prints_what_it_parses() {
        for text in [
            ".",
            "a",
            "a.b",
            "_a1.é",
            "[0]",
            "[-3]",
            ".args[0]",
            ".state.coef_",
            "a[\"b.c\"][\"\\\"\\\\\\n\\r\\t\\u{0}]\"]",
            "[\"\\u{202e}gpj.\\u{2066}\\u{2028}\"]",
            "[\"\"]",
            "[\"args\"]",
            "a[key 0][value 12][state 3]",
        ] {
            assert_eq!(text.parse::<Path>().unwrap().to_string(), text);
        }
        for (text, canonical) in [
            ("", "."),
            (".a", "a"),
            ("args", ".args"),
            ("[\"\\u{41}\"]", "[\"A\"]"),
        ] {
            assert_eq!(text.parse::<Path>().unwrap().to_string(), canonical);
        }
    }

    #[test]
    fn says_where_a_text_stops_being_a_path() {
        for (text, at) in [
            ("..", 1),
            ("a.", 2),
            ("a..b", 2),
            ("a b", 2),
            ("1", 1),
            ("[", 1),
            ("[]", 1),
            ("[1", 2),
            ("[1.5]", 3),
            ("[--1]", 4),
            ("[99999999999999999999]", 21),
            ("[\"a]", 4),
            ("[\"\\x41\"]", 4),
            ("[\"\\u{d800}\"]", 10),
            ("[key1]", 5),
            ("[keys 1]", 5),
            ("[key -1]", 5),
        ] {
            let error = text.parse::<Path>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Parameter, "{text}");
            let message = error.to_string();
            assert!(
                message.ends_with(&format!("before byte {at}")),
                "{text}: {message}"
            );
        }
    }
}
