//! The machine: opcodes, stack, marks and memo, for whatever a [`Builder`] makes of them.
//!
//! It follows `_Unpickler` of CPython's `Lib/pickle.py`, which is what joblib reads with: strict about frames, a mark
//! fences off what lies below it, a memo number that was never given is an error. It does not recurse, it runs nothing,
//! and it does not read past `STOP`.

use std::borrow::Cow;
use std::io::{BufRead, Read};
use std::vec::Drain;

use crate::budget::Budget;
use crate::input::Input;
use crate::memo::Memo;
use crate::source::{Buffered, Source, Unbuffered};
use crate::text::{self, Parsed};
use crate::{Builder, Error, Kind, Limits, Result, names, opcode as op};

/// Reads one pickle from `source`, up to and including its `STOP`, into `builder`; answers the finished object.
///
/// `length` is the number of bytes that `source` holds, if known: what claims to be longer is then refused at once.
///
/// # Errors
/// [`Truncated`](crate::ErrorKind::Truncated) if the source ends early, [`Corrupt`](crate::ErrorKind::Corrupt) for
/// what is no pickle, [`Limit`](crate::ErrorKind::Limit) beyond `limits`, [`Io`](crate::ErrorKind::Io) if reading
/// fails, and whatever the builder answers; all with the offset and opcode at which it happened.
pub fn run<R: BufRead, B: Builder>(
    source: R,
    length: Option<u64>,
    limits: &Limits,
    builder: &mut B,
) -> Result<B::Node> {
    let mut budget = Budget::new(*limits);
    execute(Input::new(Buffered(source), 0, length), &mut budget, builder).map(|(node, _)| node)
}

/// Reads one pickle from a source without a buffer, and not a byte more than that: frame by frame, and where there are no
/// frames, as before protocol 4, operand by operand.
///
/// # Errors
/// As for [`run`].
pub fn run_unbuffered<R: Read, B: Builder>(source: R, limits: &Limits, builder: &mut B) -> Result<B::Node> {
    let mut budget = Budget::new(*limits);
    execute(Input::new(Unbuffered(source), 0, None), &mut budget, builder).map(|(node, _)| node)
}

/// Runs one pickle on what is left of `budget`; answers the object, and the position behind `STOP`.
pub(crate) fn execute<S: Source, B: Builder>(
    input: Input<S>,
    budget: &mut Budget,
    builder: &mut B,
) -> Result<(B::Node, u64)> {
    let mut machine = Machine {
        input,
        budget,
        builder,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Memo::new(),
        protocol: 0,
        at: 0,
    };
    loop {
        machine.at = machine.input.position();
        let opcode = machine.input.byte().map_err(|e| e.at(machine.at, op::STOP))?;
        let Some(left) = machine.budget.opcodes.checked_sub(1) else {
            return Err(machine.budget.out_of_opcodes().at(machine.at, opcode));
        };
        machine.budget.opcodes = left;
        if opcode == op::STOP {
            let node = machine.pop().map_err(|e| e.at(machine.at, opcode))?;
            return Ok((node, machine.input.finish()));
        }
        if let Err(e) = machine.step(opcode) {
            return Err(e.at(machine.at, opcode));
        }
    }
}

/// Byte strings from this length on are [the builder's](Builder::long_bytes) to read or to leave.
pub const LONG: u64 = 4096;

/// The most bytes that module and name of a global may have together. No code has longer ones, and a short opcode can
/// name a long text any number of times.
const MAX_NAME: usize = 4096;

/// How a builder takes items: [`Builder::append`] and its like.
type Give<B> = fn(&mut B, &<B as Builder>::Node, Drain<'_, <B as Builder>::Node>) -> Result<()>;

struct Machine<'b, S, B: Builder> {
    input: Input<S>,
    budget: &'b mut Budget,
    builder: &'b mut B,
    stack: Vec<B::Node>,
    /// For each mark, how high the stack was.
    marks: Vec<usize>,
    memo: Memo<B::Node>,
    protocol: u8,
    /// Where the current opcode stands.
    at: u64,
}

impl<S: Source, B: Builder> Machine<'_, S, B> {
    /// Called in one place, once for each opcode: a call and its return would be a fifth of the loop's own work.
    #[inline(always)]
    fn step(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            op::PROTO => self.proto(),
            op::FRAME => {
                let n = u64::from_le_bytes(self.input.array()?);
                self.input.begin_frame(n)
            }
            op::MARK => {
                self.check_depth()?;
                self.marks.push(self.stack.len());
                Ok(())
            }
            op::POP => {
                if self.stack.len() > self.floor() {
                    self.stack.pop();
                    Ok(())
                } else {
                    self.pop_mark().map(drop)
                }
            }
            op::POP_MARK => {
                let start = self.pop_mark()?;
                self.stack.truncate(start);
                Ok(())
            }
            op::DUP => self.push_with(|m| {
                m.check_floor(1)?;
                let top = m.stack.last().ok_or_else(underflow)?;
                Ok(m.builder.dup(top))
            }),

            op::NONE => self.push_with(|m| m.builder.none()),
            op::NEWTRUE => self.push_with(|m| m.builder.bool(true)),
            op::NEWFALSE => self.push_with(|m| m.builder.bool(false)),
            op::BININT => self.push_with(|m| {
                let n = i32::from_le_bytes(m.input.array()?);
                m.builder.int(n.into())
            }),
            op::BININT1 => self.push_with(|m| {
                let n = m.input.byte()?;
                m.builder.int(n.into())
            }),
            op::BININT2 => self.push_with(|m| {
                let n = u16::from_le_bytes(m.input.array()?);
                m.builder.int(n.into())
            }),
            op::INT => self.push_with(Self::int_line),
            op::LONG => self.push_with(Self::long_line),
            op::LONG1 | op::LONG4 => self.push_with(|m| m.long(opcode)),
            op::BINFLOAT => self.push_with(|m| {
                let x = f64::from_be_bytes(m.input.array()?);
                m.builder.float(x)
            }),
            op::FLOAT => self.push_with(|m| {
                let x = text::float(m.input.line(m.budget.text)?)?;
                m.builder.float(x)
            }),

            op::STRING | op::UNICODE => self.push_with(|m| m.text_line(opcode)),
            op::SHORT_BINUNICODE => self.push_with(|m| {
                let n = m.input.byte()?;
                m.unicode(n.into())
            }),
            op::BINSTRING
            | op::SHORT_BINSTRING
            | op::BINUNICODE
            | op::BINUNICODE8
            | op::BINBYTES
            | op::SHORT_BINBYTES
            | op::BINBYTES8
            | op::BYTEARRAY8 => self.push_with(|m| m.counted(opcode)),

            op::EMPTY_TUPLE => self.tuple(0),
            op::TUPLE1 => self.tuple(1),
            op::TUPLE2 => self.tuple(2),
            op::TUPLE3 => self.tuple(3),
            op::TUPLE => {
                let start = self.pop_mark()?;
                let node = self.builder.tuple(self.stack.drain(start..))?;
                self.push(node)
            }
            op::EMPTY_LIST => self.push_with(|m| m.builder.list(Vec::new().drain(..))),
            op::LIST => {
                let start = self.pop_mark()?;
                let node = self.builder.list(self.stack.drain(start..))?;
                self.push(node)
            }
            op::EMPTY_DICT => self.push_with(|m| m.builder.dict()),
            op::DICT => {
                let start = self.pop_mark()?;
                self.check_pairs(start)?;
                let node = self.builder.dict()?;
                self.builder.set_items(&node, self.stack.drain(start..))?;
                self.push(node)
            }
            op::EMPTY_SET => self.push_with(|m| m.builder.set()),
            op::FROZENSET => {
                let start = self.pop_mark()?;
                let node = self.builder.frozenset(self.stack.drain(start..))?;
                self.push(node)
            }

            op::APPEND => {
                self.check_floor(2)?;
                self.give(self.stack.len() - 1, B::append)
            }
            op::APPENDS => {
                let start = self.pop_mark()?;
                self.give(start, B::append)
            }
            op::SETITEM => {
                self.check_floor(3)?;
                self.give(self.stack.len() - 2, B::set_items)
            }
            op::SETITEMS => {
                let start = self.pop_mark()?;
                self.check_pairs(start)?;
                self.give(start, B::set_items)
            }
            op::ADDITEMS => {
                let start = self.pop_mark()?;
                self.give(start, B::add_items)
            }

            op::GLOBAL => self.push_with(|m| {
                let (module, name) = m.two_lines()?;
                m.global(&module, &name)
            }),
            op::STACK_GLOBAL => self.stack_global(),
            op::INST => {
                let (module, name) = self.two_lines()?;
                let class = self.global(&module, &name)?;
                let start = self.pop_mark()?;
                let node = self.builder.instance(class, self.stack.drain(start..))?;
                self.push(node)
            }
            op::OBJ => {
                let start = self.pop_mark()?;
                let mut items = self.stack.drain(start..);
                let class = items.next().ok_or_else(underflow)?;
                let node = self.builder.instance(class, items)?;
                self.push(node)
            }
            op::REDUCE => {
                let (callable, args) = self.pop_two()?;
                let node = self.builder.reduce(callable, args)?;
                self.push(node)
            }
            op::NEWOBJ => {
                let (class, args) = self.pop_two()?;
                let node = self.builder.newobj(class, args)?;
                self.push(node)
            }
            op::NEWOBJ_EX => {
                let kwargs = self.pop()?;
                let (class, args) = self.pop_two()?;
                let node = self.builder.newobj_ex(class, args, kwargs)?;
                self.push(node)
            }
            op::BUILD => {
                let (object, state) = self.pop_two()?;
                // A nested pickle has what this one's stack leaves.
                let depth = self.budget.depth;
                self.budget.depth -= (self.stack.len() + self.marks.len()) as u64;
                let mut raw = self.input.raw(self.budget);
                let node = self.builder.build(object, state, &mut raw)?;
                self.budget.depth = depth;
                self.push(node)
            }

            op::GET => self.push_with(|m| {
                let key = m.key_line()?;
                m.recall(key)
            }),
            op::BINGET => self.push_with(|m| {
                let key = m.input.byte()?;
                m.recall(key.into())
            }),
            op::LONG_BINGET => self.push_with(|m| {
                let key = u32::from_le_bytes(m.input.array()?);
                m.recall(key.into())
            }),
            op::PUT => {
                let key = self.key_line()?;
                self.memoize(key)
            }
            op::BINPUT => {
                let key = self.input.byte()?;
                self.memoize(key.into())
            }
            op::LONG_BINPUT => {
                let key = u32::from_le_bytes(self.input.array()?);
                self.memoize(key.into())
            }
            op::MEMOIZE => self.memoize(self.memo.len()),

            op::PERSID => self.push_with(|m| {
                let line = m.input.line(m.budget.text)?.to_vec();
                m.budget.spend(line.len() as u64)?;
                let id = String::from_utf8(line).ok().filter(|id| id.is_ascii());
                let id =
                    id.ok_or_else(|| Error::corrupt("persistent IDs in protocol 0 must be ASCII strings"))?;
                let id = m.builder.str(id.into())?;
                m.builder.persistent(id)
            }),
            op::BINPERSID => {
                let id = self.pop()?;
                let node = self.builder.persistent(id)?;
                self.push(node)
            }
            op::EXT1 => {
                let code = self.input.byte()?;
                self.extension(code.into())
            }
            op::EXT2 => {
                let code = u16::from_le_bytes(self.input.array()?);
                self.extension(code.into())
            }
            op::EXT4 => {
                let code = i32::from_le_bytes(self.input.array()?);
                self.extension(code)
            }
            op::NEXT_BUFFER => self.push_with(|m| m.builder.next_buffer()),
            op::READONLY_BUFFER => {
                let buffer = self.pop()?;
                let node = self.builder.readonly_buffer(buffer)?;
                self.push(node)
            }
            other => Err(Error::corrupt(format!("invalid opcode {other:#04x}"))),
        }
    }

    // The stack.

    /// Where the topmost mark fences off the stack.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    /// Makes sure that `n` items lie above the topmost mark.
    fn check_floor(&self, n: usize) -> Result<()> {
        if self.stack.len() - self.floor() < n {
            Err(underflow())
        } else {
            Ok(())
        }
    }

    fn check_depth(&self) -> Result<()> {
        if (self.stack.len() + self.marks.len()) as u64 >= self.budget.depth {
            return Err(self.budget.too_deep());
        }
        Ok(())
    }

    #[inline(always)]
    fn push(&mut self, node: B::Node) -> Result<()> {
        self.check_depth()?;
        self.stack.push(node);
        Ok(())
    }

    fn push_with(&mut self, make: impl FnOnce(&mut Self) -> Result<B::Node>) -> Result<()> {
        let node = make(self)?;
        self.push(node)
    }

    fn pop(&mut self) -> Result<B::Node> {
        self.check_floor(1)?;
        self.stack.pop().ok_or_else(underflow)
    }

    /// The two topmost, the lower one first.
    fn pop_two(&mut self) -> Result<(B::Node, B::Node)> {
        let upper = self.pop()?;
        Ok((self.pop()?, upper))
    }

    /// Removes the topmost mark; answers where the items above it begin.
    fn pop_mark(&mut self) -> Result<usize> {
        self.marks
            .pop()
            .ok_or_else(|| Error::corrupt("malformed pickle: mark missing"))
    }

    fn check_pairs(&self, start: usize) -> Result<()> {
        if (self.stack.len() - start).is_multiple_of(2) {
            Ok(())
        } else {
            Err(Error::corrupt("malformed pickle: a key without a value"))
        }
    }

    /// Gives the items from `start` on to the container below them.
    fn give(&mut self, start: usize, how: Give<B>) -> Result<()> {
        if start <= self.floor() {
            return Err(underflow());
        }
        let target = self.builder.dup(&self.stack[start - 1]);
        how(self.builder, &target, self.stack.drain(start..))
    }

    fn tuple(&mut self, n: usize) -> Result<()> {
        self.check_floor(n)?;
        let start = self.stack.len() - n;
        let node = self.builder.tuple(self.stack.drain(start..))?;
        self.push(node)
    }

    // The memo.

    fn recall(&mut self, key: u64) -> Result<B::Node> {
        let node = self.memo.get(key)?;
        Ok(self.builder.dup(node))
    }

    #[inline(always)]
    fn memoize(&mut self, key: u64) -> Result<()> {
        self.check_floor(1)?;
        let top = self.stack.last().ok_or_else(underflow)?;
        let node = self.builder.dup(top);
        self.memo.put(key, node, self.budget)
    }

    fn key_line(&mut self) -> Result<u64> {
        match text::decimal(self.input.line(self.budget.text)?)? {
            Parsed::Small(key) if key >= 0 => Ok(key.unsigned_abs()),
            _ => Err(Error::corrupt("impossible memo number")),
        }
    }

    // Operands.

    fn proto(&mut self) -> Result<()> {
        let protocol = self.input.byte()?;
        if protocol > op::HIGHEST_PROTOCOL {
            return Err(Error::unsupported(format!(
                "unsupported pickle protocol: {protocol}"
            )));
        }
        self.protocol = protocol;
        self.builder.protocol(protocol);
        Ok(())
    }

    fn int_line(&mut self) -> Result<B::Node> {
        let line = self.input.line(self.budget.text)?;
        match line {
            b"00" => self.builder.bool(false),
            b"01" => self.builder.bool(true),
            line => {
                let value = text::integer(line)?;
                self.integer(value)
            }
        }
    }

    fn long_line(&mut self) -> Result<B::Node> {
        let line = self.input.line(self.budget.text)?;
        let value = text::integer(line.strip_suffix(b"L").unwrap_or(line))?;
        self.integer(value)
    }

    fn integer(&mut self, value: Parsed) -> Result<B::Node> {
        match value {
            Parsed::Small(n) => self.builder.int(n),
            Parsed::Big(bytes) => {
                self.budget.spend(bytes.len() as u64)?;
                self.builder.long(bytes.into())
            }
        }
    }

    fn long(&mut self, opcode: u8) -> Result<B::Node> {
        let n = self.length(opcode)?;
        self.budget.spend(n)?;
        let bytes = self.input.operand(n)?;
        match text::small(text::significant(&bytes)) {
            Some(n) => self.builder.int(n),
            None => match bytes {
                Cow::Borrowed(bytes) => self.builder.long(text::significant(bytes).into()),
                Cow::Owned(mut bytes) => {
                    bytes.truncate(text::significant(&bytes).len());
                    self.builder.long(bytes.into())
                }
            },
        }
    }

    /// The length in front of an opcode's data, as its entry in the table describes it.
    fn length(&mut self, opcode: u8) -> Result<u64> {
        let Some(op::Operand::Counted { width, signed }) = op::operand(opcode) else {
            unreachable!("called for counted operands only");
        };
        match (width, signed) {
            (1, _) => self.input.byte().map(u64::from),
            (4, false) => self.input.array().map(|n| u32::from_le_bytes(n).into()),
            (4, true) => {
                let n = i32::from_le_bytes(self.input.array()?);
                u64::try_from(n).map_err(|_| Error::corrupt(format!("negative byte count {n}")))
            }
            _ => {
                let n = u64::from_le_bytes(self.input.array()?);
                match i64::try_from(n) {
                    Ok(_) => Ok(n),
                    Err(_) => Err(Error::corrupt(format!("impossible byte count {n}"))),
                }
            }
        }
    }

    fn counted(&mut self, opcode: u8) -> Result<B::Node> {
        let n = self.length(opcode)?;
        let kind = match opcode {
            op::BINSTRING => Some(Kind::Str8),
            op::BINBYTES | op::BINBYTES8 => Some(Kind::Bytes),
            op::BYTEARRAY8 => Some(Kind::ByteArray),
            _ => None,
        };
        if let Some(kind) = kind.filter(|_| n >= LONG)
            && let Some(node) = self.long_bytes(kind, n)?
        {
            return Ok(node);
        }
        if matches!(opcode, op::BINUNICODE | op::BINUNICODE8) {
            return self.unicode(n);
        }
        self.budget.spend(n)?;
        let bytes = self.input.operand(n)?;
        match opcode {
            op::BINSTRING | op::SHORT_BINSTRING => self.builder.str8(bytes),
            op::BINBYTES | op::SHORT_BINBYTES | op::BINBYTES8 => self.builder.bytes(bytes),
            _ => self.builder.bytearray(bytes),
        }
    }

    #[inline]
    fn unicode(&mut self, n: u64) -> Result<B::Node> {
        self.budget.spend(n)?;
        let bytes = self.input.operand(n)?;
        self.builder.unicode(bytes)
    }

    /// Lets the builder do with a byte string what it wants.
    fn long_bytes(&mut self, kind: Kind, n: u64) -> Result<Option<B::Node>> {
        let begin = self.input.position();
        let mut raw = self.input.at_operand(n, self.budget)?;
        let node = self.builder.long_bytes(kind, n, &mut raw)?;
        let passed = self.input.position() - begin;
        if passed == if node.is_some() { n } else { 0 } {
            return Ok(node);
        }
        Err(Error::parameter(format!(
            "the builder went past {passed} bytes at a byte string of {n}"
        )))
    }

    fn text_line(&mut self, opcode: u8) -> Result<B::Node> {
        let line = self.input.line(self.budget.text)?;
        let bytes = if opcode == op::STRING {
            text::quoted(line)?
        } else {
            text::raw_unicode(line)?
        };
        self.budget.spend(bytes.len() as u64)?;
        if opcode == op::STRING {
            return self.builder.str8(bytes.into());
        }
        self.builder.unicode(bytes.into())
    }

    // Names.

    fn two_lines(&mut self) -> Result<(String, String)> {
        let module = self.name_line()?;
        Ok((module, self.name_line()?))
    }

    fn name_line(&mut self) -> Result<String> {
        let line = self.input.line(self.budget.text)?.to_vec();
        self.budget.spend(line.len() as u64)?;
        String::from_utf8(line).map_err(|_| Error::corrupt("the name of a global is not UTF-8"))
    }

    fn global(&mut self, module: &str, name: &str) -> Result<B::Node> {
        let (module, name) = if self.protocol < 3 {
            names::modern(module, name)
        } else {
            (module, name)
        };
        if module.len() + name.len() > MAX_NAME {
            return Err(Error::limit(format!("a global of over {MAX_NAME} bytes of name")));
        }
        self.builder.global(module, name, self.at)
    }

    fn stack_global(&mut self) -> Result<()> {
        let (module, name) = self.pop_two()?;
        let text = |node| self.builder.text(node).map(str::to_owned);
        let (Some(module), Some(name)) = (text(&module), text(&name)) else {
            return Err(Error::corrupt("STACK_GLOBAL requires str"));
        };
        // The same text may name any number of globals.
        self.budget.spend((module.len() + name.len()) as u64)?;
        let node = self.global(&module, &name)?;
        self.push(node)
    }

    fn extension(&mut self, code: i32) -> Result<()> {
        let code = u32::try_from(code).ok().filter(|&code| code > 0);
        let code = code.ok_or_else(|| Error::corrupt("EXT specifies code <= 0"))?;
        let node = self.builder.extension(code)?;
        self.push(node)
    }
}

fn underflow() -> Error {
    Error::corrupt("malformed pickle: stack underflow")
}
