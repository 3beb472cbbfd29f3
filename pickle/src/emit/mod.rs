//! Writing opcodes.

mod scalar;
mod shared;

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::num::NonZeroU32;

use demijohn_arrays::DType;

use crate::frame::Framer;
use crate::numpy::Dialect;
use crate::opcode as op;
use crate::{Error, Protocol, Result};

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
    dialect: Dialect,
}

impl<W: Write> Emitter<W> {
    /// Begins a pickle.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if writing fails; so for all other methods.
    pub fn new(out: W, protocol: Protocol) -> Result<Self> {
        let head = [op::PROTO, protocol.number()];
        // There was no opcode for it in the first two.
        let head = if protocol >= Protocol::V2 { &head[..] } else { &[] };
        Ok(Self {
            framer: Framer::new(out, head, protocol >= Protocol::V4)?,
            protocol,
            memoized: 0,
            strings: HashMap::new(),
            globals: HashMap::new(),
            numpy_b: None,
            dtypes: HashMap::new(),
            dialect: Dialect::default(),
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

    /// Which numpy is to understand what is written from now on.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Chooses which numpy is to understand what is written from now on.
    pub fn set_dialect(&mut self, dialect: Dialect) {
        self.dialect = dialect;
    }

    /// Writes an opcode whose operand is a line.
    fn line(&mut self, opcode: u8, text: &[u8]) {
        self.op(opcode);
        self.framer.write(text);
        self.framer.write(b"\n");
    }

    pub(crate) fn op(&mut self, opcode: u8) {
        self.framer.write(&[opcode]);
    }
}

#[allow(clippy::missing_errors_doc)] // They all fail alike: see `new`.
impl<W: Write> Emitter<W> {
    /// To be called before each value whose opcode comes after its parts: tuples and objects. A frame ends here if it
    /// is full.
    pub fn begin(&mut self) -> Result<()> {
        Ok(self.framer.boundary()?)
    }

    /// An empty `list`. Memoize it, then [append](crate::Batch::append).
    pub fn list(&mut self) -> Result<()> {
        self.empty(op::EMPTY_LIST, op::LIST)
    }

    /// An empty `dict`. Memoize it, then [set items](crate::Batch::set_items).
    pub fn dict(&mut self) -> Result<()> {
        self.empty(op::EMPTY_DICT, op::DICT)
    }

    /// An empty `set`. Memoize it, then [add](crate::Batch::add). From protocol 4 on.
    pub fn set(&mut self) -> Result<()> {
        self.value(op::EMPTY_SET, [])
    }

    /// A container without items, by an opcode of its own or, in protocol 0, as that of no values.
    fn empty(&mut self, binary: u8, of_mark: u8) -> Result<()> {
        self.begin()?;
        if self.protocol >= Protocol::V1 {
            self.op(binary);
        } else {
            self.framer.write(&[op::MARK, of_mark]);
        }
        Ok(())
    }

    /// Marks the stack, for what takes any number of items.
    pub fn mark(&mut self) -> Result<()> {
        self.op(op::MARK);
        Ok(())
    }

    /// The `tuple` of the `n` values written last, of which there are no more than 3, or none below protocol 2. Memoize
    /// it if it is not empty.
    ///
    /// # Panics
    /// If `n` is more than 3: those need a mark.
    pub fn tuple(&mut self, n: usize) -> Result<()> {
        match n {
            0 => return self.empty(op::EMPTY_TUPLE, op::TUPLE),
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

    /// Takes class and arguments for a new object. Memoize it. From protocol 2 on.
    pub fn newobj(&mut self) -> Result<()> {
        self.op(op::NEWOBJ);
        Ok(())
    }

    /// Takes class, arguments and keyword arguments for a new object. Memoize it. From protocol 4 on.
    pub fn newobj_ex(&mut self) -> Result<()> {
        self.op(op::NEWOBJ_EX);
        Ok(())
    }

    /// Takes the class and arguments since the mark for an instance. Memoize it. From protocol 1 on.
    pub fn obj(&mut self) -> Result<()> {
        self.op(op::OBJ);
        Ok(())
    }

    /// A class or function by its code in the extension registry of Python's `copyreg`. From protocol 2 on.
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

    /// Drops the values since the mark, and the mark. From protocol 1 on.
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
            _ if self.protocol == Protocol::V0 => self.line(op::PUT, n.to_string().as_bytes()),
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
            _ if self.protocol == Protocol::V0 => self.line(op::GET, id.number().to_string().as_bytes()),
            Ok(n) => self.framer.write(&[op::BINGET, n]),
            Err(_) => {
                self.op(op::LONG_BINGET);
                self.framer.write(&id.number().to_le_bytes());
            }
        }
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
    use crate::Batch;

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

    #[test]
    fn the_first_protocols_are_written_without_a_head() {
        let written = |protocol| {
            let mut out = Emitter::new(Vec::new(), protocol).unwrap();
            out.list().unwrap();
            let list = out.memoize().unwrap();
            let mut batch = Batch::append(Some(3));
            for i in 0..3 {
                batch.before(&mut out).unwrap();
                match i {
                    0 => out.bool(true).unwrap(),
                    1 => out.int(-1).unwrap(),
                    _ => out.get(list).unwrap(),
                }
                batch.after(&mut out).unwrap();
            }
            batch.end(&mut out).unwrap();
            out.finish().unwrap()
        };
        // l = [True, -1]; l.append(l); pickle._dumps(l, 0), pickle._dumps(l, 1)
        assert_eq!(written(Protocol::V0), b"(lp0\nI01\naI-1\nag0\na.");
        assert_eq!(written(Protocol::V1), b"]q\0(I01\nJ\xff\xff\xff\xffh\0e.");
    }

    #[test]
    fn large_numbers_are_digits_in_the_first_protocols() {
        let written = |protocol| {
            let mut out = Emitter::new(Vec::new(), protocol).unwrap();
            out.int(1_i64 << 31).unwrap();
            out.int_text("-2147483648").unwrap();
            out.finish().unwrap()
        };
        assert_eq!(written(Protocol::V0), b"L2147483648L\nI-2147483648\n.");
        assert_eq!(written(Protocol::V1), b"L2147483648L\nI-2147483648\n.");
    }
}
