//! Writing opcodes.

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::num::NonZeroU32;

use demijohn_arrays::DType;

use crate::frame::{Framer, TARGET};
use crate::opcode as op;
use crate::text::significant;
use crate::{Error, Result, names};

/// Which strings [`Emitter::shared_str`] remembers: short ones, and no more of them than this.
const SHARED_LENGTH: usize = 64;
const SHARED_COUNT: usize = 1 << 16;

/// The pickle protocol to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// Read by Python 2.3 and later. `bytes`, `bytearray` and sets are written as calls.
    V2,
    /// Read by Python 3.0 and later.
    V3,
    /// Read by Python 3.4 and later; what Python 3.8 to 3.13 write by default.
    #[default]
    V4,
    /// Read by Python 3.8 and later; what Python 3.14 writes by default. Differs in `bytearray` and arrays.
    V5,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::V2, Self::V3, Self::V4, Self::V5];

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
            Self::V5 => 5,
        }
    }

    /// The protocol of this number, if it is one that is written.
    #[must_use]
    pub fn from_number(n: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.number() == n)
    }
}

/// A place in the memo of the pickle that is being written, by which an object can be referred to again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemoId(
    /// Its number, counted from 1, so that an `Option` of it takes no more.
    NonZeroU32,
);

impl MemoId {
    /// The place behind this many others.
    fn after(memoized: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(memoized))
    }

    fn number(self) -> u32 {
        self.0.get() - 1
    }
}

/// Writes pickles opcode by opcode, with the opcodes and frames that CPython's `Lib/pickle.py` would choose.
///
/// It knows how things are written, not what is being written: whoever drives it sees to it that the opcodes make
/// sense, decides what is memoized, and remembers under which [`MemoId`]. Methods named after a type write a whole
/// value; a container is opened by [`list`](Self::list), [`dict`](Self::dict) or [`set`](Self::set) and filled
/// through a [`Batch`](crate::Batch), a tuple is [begun](Self::begin) and closed after its items.
///
/// ```
/// use demijohn_pickle::{Batch, Emitter, Protocol};
///
/// // pickle.dumps([1, "two"], 4)
/// let mut out = Emitter::new(Vec::new(), Protocol::V4)?;
/// out.list()?;
/// out.memoize()?;
/// let mut batch = Batch::append(Some(2));
/// batch.before(&mut out)?;
/// out.int(1)?;
/// batch.after(&mut out)?;
/// batch.before(&mut out)?;
/// out.str("two")?;
/// out.memoize()?;
/// batch.after(&mut out)?;
/// batch.end(&mut out)?;
/// assert_eq!(out.finish()?, b"\x80\x04\x95\x0d\0\0\0\0\0\0\0]\x94(K\x01\x8c\x03two\x94e.");
/// # Ok::<(), demijohn_pickle::Error>(())
/// ```
pub struct Emitter<W> {
    framer: Framer<W>,
    protocol: Protocol,
    memoized: u32,
    strings: HashMap<Box<str>, MemoId>,
    globals: HashMap<(Box<str>, Box<str>), MemoId>,
    /// The byte string that numpy mentions with every array.
    numpy_b: Option<MemoId>,
    dtypes: HashMap<DType, MemoId>,
}

impl<W: Write> Emitter<W> {
    /// Begins a pickle.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if writing fails; so for all other methods.
    pub fn new(out: W, protocol: Protocol) -> Result<Self> {
        let head = [op::PROTO, protocol.number()];
        Ok(Self {
            framer: Framer::new(out, &head, protocol >= Protocol::V4)?,
            protocol,
            memoized: 0,
            strings: HashMap::new(),
            globals: HashMap::new(),
            numpy_b: None,
            dtypes: HashMap::new(),
        })
    }

    /// Ends the pickle; answers what it was written to.
    #[allow(clippy::missing_errors_doc)] // See `new`.
    pub fn finish(mut self) -> Result<W> {
        self.op(op::STOP);
        self.framer.commit()?;
        Ok(self.framer.into_inner())
    }

    /// Which protocol is written.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(crate) fn op(&mut self, opcode: u8) {
        self.framer.write(&[opcode]);
    }

    /// Writes a value that is an opcode and an operand.
    fn value<const N: usize>(&mut self, opcode: u8, operand: [u8; N]) -> Result<()> {
        self.begin()?;
        self.op(opcode);
        self.framer.write(&operand);
        Ok(())
    }
}

#[allow(clippy::missing_errors_doc)] // They all fail alike: see `new`.
impl<W: Write> Emitter<W> {
    /// To be called before each value whose opcode comes after its parts: tuples and objects. A frame ends here if it
    /// is full.
    pub fn begin(&mut self) -> Result<()> {
        Ok(self.framer.boundary()?)
    }

    /// `None`.
    pub fn none(&mut self) -> Result<()> {
        self.value(op::NONE, [])
    }

    /// A `bool`.
    pub fn bool(&mut self, value: bool) -> Result<()> {
        self.value(if value { op::NEWTRUE } else { op::NEWFALSE }, [])
    }

    /// An `int`.
    pub fn int(&mut self, value: impl Into<i128>) -> Result<()> {
        let value = value.into();
        if let Ok(n) = u8::try_from(value) {
            self.value(op::BININT1, [n])
        } else if let Ok(n) = u16::try_from(value) {
            self.value(op::BININT2, n.to_le_bytes())
        } else if let Ok(n) = i32::try_from(value) {
            self.value(op::BININT, n.to_le_bytes())
        } else {
            self.long(&value.to_le_bytes())
        }
    }

    /// An `int` of any size: two's complement, little-endian, the last byte's top bit being the sign. For numbers that
    /// do not fit in 32 bits.
    pub fn long(&mut self, bytes: &[u8]) -> Result<()> {
        let bytes = significant(bytes);
        if let Ok(n) = u8::try_from(bytes.len()) {
            self.value(op::LONG1, [n])?;
        } else {
            let n = i32::try_from(bytes.len()).map_err(|_| Error::limit("an integer of over 2^31 bytes"))?;
            self.value(op::LONG4, n.to_le_bytes())?;
        }
        self.framer.write(bytes);
        Ok(())
    }

    /// A `float`.
    pub fn float(&mut self, value: f64) -> Result<()> {
        self.value(op::BINFLOAT, value.to_be_bytes())
    }

    /// A `str`. Memoize it.
    pub fn str(&mut self, text: &str) -> Result<()> {
        self.wtf8(text.as_bytes())
    }

    /// A `str` with lone surrogates, each as the three bytes that UTF-8 would have for it. Memoize it.
    pub fn wtf8(&mut self, text: &[u8]) -> Result<()> {
        let short = (self.protocol >= Protocol::V4).then_some(op::SHORT_BINUNICODE);
        self.counted([short, Some(op::BINUNICODE), Some(op::BINUNICODE8)], text)
    }

    /// A `bytes`. Memoize it.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        if self.protocol >= Protocol::V3 {
            return self.counted(
                [Some(op::SHORT_BINBYTES), Some(op::BINBYTES), Some(op::BINBYTES8)],
                bytes,
            );
        }
        self.begin()?;
        if bytes.is_empty() {
            self.shared_global("builtins", "bytes")?;
            self.tuple(0)?;
        } else {
            self.shared_global("_codecs", "encode")?;
            self.str(&bytes.iter().map(|&b| char::from(b)).collect::<String>())?;
            self.memoize()?;
            self.shared_str("latin1")?;
            self.tuple(2)?;
            self.memoize()?;
        }
        self.reduce()
    }

    /// A `bytearray`. Memoize it.
    pub fn bytearray(&mut self, bytes: &[u8]) -> Result<()> {
        if self.protocol >= Protocol::V5 {
            return self.counted([None, None, Some(op::BYTEARRAY8)], bytes);
        }
        self.begin()?;
        self.shared_global("builtins", "bytearray")?;
        if bytes.is_empty() {
            self.tuple(0)?;
        } else {
            self.begin()?;
            self.bytes(bytes)?;
            self.memoize()?;
            self.tuple(1)?;
            self.memoize()?;
        }
        self.reduce()
    }

    /// A `str` of Python 2, which Python 3 takes for ASCII text. Memoize it.
    pub fn str8(&mut self, bytes: &[u8]) -> Result<()> {
        if let Ok(n) = u8::try_from(bytes.len()) {
            self.value(op::SHORT_BINSTRING, [n])?;
        } else {
            let n =
                i32::try_from(bytes.len()).map_err(|_| Error::limit("an 8-bit string of over 2^31 bytes"))?;
            self.value(op::BINSTRING, n.to_le_bytes())?;
        }
        self.framer.write(bytes);
        Ok(())
    }

    /// Bytes behind the first of three opcodes that has room for their number: a byte, four, or eight, the last from
    /// protocol 4 on.
    fn counted(&mut self, [short, medium, long]: [Option<u8>; 3], bytes: &[u8]) -> Result<()> {
        self.begin()?;
        let n = bytes.len();
        if let (Ok(n), Some(short)) = (u8::try_from(n), short) {
            self.framer.write(&[short, n]);
            self.framer.write(bytes);
            return Ok(());
        }
        let mut head = Vec::with_capacity(9);
        match (u32::try_from(n), medium, long) {
            (Ok(n), Some(medium), _) => {
                head.push(medium);
                head.extend(n.to_le_bytes());
            }
            (_, _, Some(long)) if self.protocol >= Protocol::V4 => {
                head.push(long);
                head.extend((n as u64).to_le_bytes());
            }
            _ => {
                let message = format!("{n} bytes in one piece take protocol 4 or later");
                return Err(Error::limit(message));
            }
        }
        if n >= TARGET {
            self.framer.bypass(&head)?;
            self.framer.bypass(bytes)?;
        } else {
            self.framer.write(&head);
            self.framer.write(bytes);
        }
        Ok(())
    }

    /// An empty `list`. Memoize it, then [append](crate::Batch::append).
    pub fn list(&mut self) -> Result<()> {
        self.value(op::EMPTY_LIST, [])
    }

    /// An empty `dict`. Memoize it, then [set items](crate::Batch::set_items).
    pub fn dict(&mut self) -> Result<()> {
        self.value(op::EMPTY_DICT, [])
    }

    /// An empty `set`. Memoize it, then [add](crate::Batch::add). From protocol 4 on.
    pub fn set(&mut self) -> Result<()> {
        self.value(op::EMPTY_SET, [])
    }

    /// Marks the stack, for what takes any number of items.
    pub fn mark(&mut self) -> Result<()> {
        self.op(op::MARK);
        Ok(())
    }

    /// The `tuple` of the `n` values written last, of which there are no more than 3. Memoize it if it is not empty.
    ///
    /// # Panics
    /// If `n` is more than 3: those need a mark.
    pub fn tuple(&mut self, n: usize) -> Result<()> {
        match n {
            0 => return self.value(op::EMPTY_TUPLE, []),
            1 => self.op(op::TUPLE1),
            2 => self.op(op::TUPLE2),
            3 => self.op(op::TUPLE3),
            _ => panic!("a tuple of {n} items needs a mark"),
        }
        Ok(())
    }

    /// The `tuple` of the values since the mark. Memoize it.
    pub fn tuple_from_mark(&mut self) -> Result<()> {
        self.op(op::TUPLE);
        Ok(())
    }

    /// The `frozenset` of the values since the mark. Memoize it. From protocol 4 on.
    pub fn frozenset_from_mark(&mut self) -> Result<()> {
        self.op(op::FROZENSET);
        Ok(())
    }

    /// Takes two strings, module and name, for the thing they name. Memoize it. From protocol 4 on;
    /// [`global`](Self::global) is for all of them.
    pub fn stack_global(&mut self) -> Result<()> {
        self.op(op::STACK_GLOBAL);
        Ok(())
    }

    /// Takes callable and arguments for the result of the call. Memoize it.
    pub fn reduce(&mut self) -> Result<()> {
        self.op(op::REDUCE);
        Ok(())
    }

    /// Takes class and arguments for a new object. Memoize it.
    pub fn newobj(&mut self) -> Result<()> {
        self.op(op::NEWOBJ);
        Ok(())
    }

    /// Takes class, arguments and keyword arguments for a new object. Memoize it. From protocol 4 on.
    pub fn newobj_ex(&mut self) -> Result<()> {
        self.op(op::NEWOBJ_EX);
        Ok(())
    }

    /// Takes the class and arguments since the mark for an instance. Memoize it.
    pub fn obj(&mut self) -> Result<()> {
        self.op(op::OBJ);
        Ok(())
    }

    /// A class or function by its code in the extension registry, `copyreg._extension_registry`.
    pub fn extension(&mut self, code: u32) -> Result<()> {
        if let Ok(code) = u8::try_from(code) {
            self.framer.write(&[op::EXT1, code]);
        } else if let Ok(code) = u16::try_from(code) {
            self.op(op::EXT2);
            self.framer.write(&code.to_le_bytes());
        } else {
            self.op(op::EXT4);
            self.framer.write(&code.to_le_bytes());
        }
        Ok(())
    }

    /// Gives the state written last to the object below it.
    pub fn build(&mut self) -> Result<()> {
        self.op(op::BUILD);
        Ok(())
    }

    /// Drops the value written last.
    pub fn pop(&mut self) -> Result<()> {
        self.op(op::POP);
        Ok(())
    }

    /// Drops the values since the mark, and the mark.
    pub fn pop_mark(&mut self) -> Result<()> {
        self.op(op::POP_MARK);
        Ok(())
    }

    /// Puts the value written last into the memo.
    pub fn memoize(&mut self) -> Result<MemoId> {
        let id = self.next_memo_id();
        let next = self.memoized.checked_add(1);
        self.memoized =
            next.ok_or_else(|| Error::limit("the memo of a pickle has no more than 2^32 - 1 entries"))?;
        let n = id.number();
        match u8::try_from(n) {
            _ if self.protocol >= Protocol::V4 => self.op(op::MEMOIZE),
            Ok(n) => self.framer.write(&[op::BINPUT, n]),
            Err(_) => {
                self.op(op::LONG_BINPUT);
                self.framer.write(&n.to_le_bytes());
            }
        }
        Ok(id)
    }

    /// What [`memoize`](Self::memoize) will answer next.
    #[must_use]
    pub fn next_memo_id(&self) -> MemoId {
        MemoId::after(self.memoized)
    }

    /// The value that was memoized under `id`.
    pub fn get(&mut self, id: MemoId) -> Result<()> {
        self.begin()?;
        self.get_bare(id)
    }

    /// [`get`](Self::get) where `pickle.py` looks for no end of a frame: in place of a value just dropped.
    pub fn get_bare(&mut self, id: MemoId) -> Result<()> {
        match u8::try_from(id.number()) {
            Ok(n) => self.framer.write(&[op::BINGET, n]),
            Err(_) => {
                self.op(op::LONG_BINGET);
                self.framer.write(&id.number().to_le_bytes());
            }
        }
        Ok(())
    }

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

    /// A class or function, by its name in Python 3. Memoize it.
    pub fn global(&mut self, module: &str, name: &str) -> Result<()> {
        self.begin()?;
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

    /// Closes the frame, so that raw data can follow; answers the [position](Self::position), where it will stand.
    pub fn commit_frame(&mut self) -> Result<u64> {
        self.framer.commit()?;
        Ok(self.position())
    }

    /// Where to write what is no part of the pickle.
    pub fn outside(&mut self) -> Result<&mut impl Write> {
        Ok(self.framer.outside()?)
    }

    /// Bytes written since the pickle began. What is in the open frame has not been written yet.
    pub fn position(&self) -> u64 {
        self.framer.position()
    }

    /// Writes bytes that are no opcodes, outside of frames.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.framer.bypass(bytes)?)
    }
}

impl<W> fmt::Debug for Emitter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter")
            .field("memoized", &self.memoized)
            .finish_non_exhaustive()
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

    #[test]
    fn later_memo_numbers_take_four_bytes() {
        let mut out = Emitter::new(Vec::new(), Protocol::V4).unwrap();
        out.none().unwrap();
        let ids: Vec<MemoId> = (0..257).map(|_| out.memoize().unwrap()).collect();
        for id in [ids[255], ids[256]] {
            out.get(id).unwrap();
        }
        let bytes = out.finish().unwrap();
        assert!(bytes.ends_with(b"h\xffj\0\x01\0\0."), "{}", bytes.escape_ascii());
    }
}
