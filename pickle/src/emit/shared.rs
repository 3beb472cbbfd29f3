//! What is written once and then referred to: names, and what numpy has once.

use std::io::Write;

use demijohn_arrays::DType;

use super::{Emitter, MemoId};
use crate::numpy::Dialect;
use crate::opcode as op;
use crate::{Error, Protocol, Result, names};

/// Which strings [`Emitter::shared_str`] remembers: short ones, and no more of them than this.
const SHARED_LENGTH: usize = 64;
const SHARED_COUNT: usize = 1 << 16;

#[allow(clippy::missing_errors_doc)] // They all fail alike: see `new`.
impl<W: Write> Emitter<W> {
    /// A `str` that is likely to come again: a key or a name. If it was written through this method before, it is
    /// referred to, as Python does for strings that it interns.
    pub fn shared_str(&mut self, text: &str) -> Result<()> {
        if let Some(&id) = self.strings.get(text) {
            return self.get(id);
        }
        self.str(text)?;
        let id = self.memoize()?;
        if text.len() <= SHARED_LENGTH && self.strings.len() < SHARED_COUNT {
            self.strings.insert(text.into(), id);
        }
        Ok(())
    }

    /// A class or function, by its name in Python 3; referred to if it was written through this method before.
    pub fn shared_global(&mut self, module: &str, name: &str) -> Result<()> {
        let key = (module.into(), name.into());
        if let Some(&id) = self.globals.get(&key) {
            return self.get(id);
        }
        self.global(module, name)?;
        let id = self.memoize()?;
        self.globals.insert(key, id);
        Ok(())
    }

    /// A class or function, by its name in Python 3 and numpy 2. Memoize it. Names with dots from protocol 2 on.
    pub fn global(&mut self, module: &str, name: &str) -> Result<()> {
        self.begin()?;
        let (module, name) = match self.dialect {
            Dialect::Numpy1 => names::numpy_1(module, name),
            Dialect::Numpy2 => (module.into(), name),
        };
        let module = &*module;
        if self.protocol >= Protocol::V4 {
            self.shared_str(module)?;
            // Python interns names of modules, but not those of classes written in C.
            self.str(name)?;
            self.memoize()?;
            return self.stack_global();
        }
        // Attributes of things are asked of them.
        let mut parts = name.split('.');
        let first = parts.next().unwrap_or_default();
        let mut attributes = parts.peekable();
        if attributes.peek().is_none() {
            return self.global_lines(module, name);
        }
        for _ in attributes.clone() {
            self.shared_global("builtins", "getattr")?;
        }
        self.shared_global(module, first)?;
        while let Some(attribute) = attributes.next() {
            self.str(attribute)?;
            self.memoize()?;
            self.tuple(2)?;
            self.memoize()?;
            self.reduce()?;
            if attributes.peek().is_some() {
                self.memoize()?;
            }
        }
        Ok(())
    }

    /// A global in the form of old protocols: two lines.
    fn global_lines(&mut self, module: &str, name: &str) -> Result<()> {
        let (module, name) = if self.protocol < Protocol::V3 {
            names::ancient(module, name)
        } else {
            (module, name)
        };
        if [module, name].iter().any(|text| text.contains('\n')) {
            let message = format!("the name of {module:?}.{name:?} takes protocol 4 or later");
            return Err(Error::unsupported(message));
        }
        self.op(op::GLOBAL);
        for line in [module, name] {
            self.framer.write(line.as_bytes());
            self.framer.write(b"\n");
        }
        Ok(())
    }

    /// Where the memo has a dtype, if it was written before.
    pub(crate) fn written_dtype(&self, dtype: &DType) -> Option<MemoId> {
        self.dtypes.get(dtype).copied()
    }

    /// Memoizes a dtype, so that it can be referred to: in Python, equal ones are one object more often than not.
    pub(crate) fn memoize_dtype(&mut self, dtype: &DType) -> Result<MemoId> {
        let id = self.memoize()?;
        self.dtypes.insert(dtype.clone(), id);
        Ok(id)
    }

    /// `b"b"`, which Python has once.
    pub(crate) fn numpy_b(&mut self) -> Result<()> {
        if let Some(id) = self.numpy_b {
            return self.get(id);
        }
        self.bytes(b"b")?;
        self.numpy_b = Some(self.memoize()?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(strings: &[&str]) -> usize {
        let mut out = Emitter::new(Vec::new(), Protocol::V4).unwrap();
        strings.iter().for_each(|text| out.shared_str(text).unwrap());
        out.finish().unwrap().len()
    }

    #[test]
    fn strings_are_shared_if_they_are_short() {
        let (short, long) = ("k".repeat(SHARED_LENGTH), "k".repeat(SHARED_LENGTH + 1));
        assert_eq!(
            written(&[&short, &short]) - written(&[&short]),
            2,
            "an opcode and a number"
        );
        assert_eq!(
            written(&[&long, &long]) - written(&[&long]),
            long.len() + 3,
            "written again"
        );
    }

    #[test]
    fn no_more_strings_are_remembered_than_allowed() {
        let mut out = Emitter::new(std::io::sink(), Protocol::V4).unwrap();
        (0..SHARED_COUNT + 10).for_each(|i| out.shared_str(&i.to_string()).unwrap());
        assert_eq!(out.strings.len(), SHARED_COUNT);
    }
}
