//! The opcodes of all protocols, as data.
//!
//! Specification: [PEP 307](https://peps.python.org/pep-0307/), [PEP 3154](https://peps.python.org/pep-3154/),
//! [PEP 574](https://peps.python.org/pep-0574/), and CPython's `Lib/pickletools.py`.

/// What follows an opcode's byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operand {
    None,
    /// This many bytes, always.
    Fixed(u8),
    /// This many lines of text, each ended by `\n`.
    Lines(u8),
    /// A length of this many bytes, little-endian, and as many bytes as it says. Four-byte lengths of the old string
    /// and integer opcodes are signed.
    Counted {
        width: u8,
        signed: bool,
    },
}

macro_rules! opcodes {
    ($($name:ident = $byte:literal, $operand:expr;)*) => {
        $(pub(crate) const $name: u8 = $byte;)*

        const TABLE: &[(u8, &str, Operand)] = &[$(($byte, stringify!($name), $operand)),*];
    };
}

const NONE_: Operand = Operand::None;
const LINE: Operand = Operand::Lines(1);
const fn fixed(n: u8) -> Operand {
    Operand::Fixed(n)
}
const fn counted(width: u8) -> Operand {
    Operand::Counted { width, signed: false }
}
const SIGNED: Operand = Operand::Counted {
    width: 4,
    signed: true,
};

opcodes! {
    MARK = b'(', NONE_;
    STOP = b'.', NONE_;
    POP = b'0', NONE_;
    POP_MARK = b'1', NONE_;
    DUP = b'2', NONE_;
    FLOAT = b'F', LINE;
    INT = b'I', LINE;
    BININT = b'J', fixed(4);
    BININT1 = b'K', fixed(1);
    LONG = b'L', LINE;
    BININT2 = b'M', fixed(2);
    NONE = b'N', NONE_;
    PERSID = b'P', LINE;
    BINPERSID = b'Q', NONE_;
    REDUCE = b'R', NONE_;
    STRING = b'S', LINE;
    BINSTRING = b'T', SIGNED;
    SHORT_BINSTRING = b'U', counted(1);
    UNICODE = b'V', LINE;
    BINUNICODE = b'X', counted(4);
    APPEND = b'a', NONE_;
    BUILD = b'b', NONE_;
    GLOBAL = b'c', Operand::Lines(2);
    DICT = b'd', NONE_;
    EMPTY_DICT = b'}', NONE_;
    APPENDS = b'e', NONE_;
    GET = b'g', LINE;
    BINGET = b'h', fixed(1);
    INST = b'i', Operand::Lines(2);
    LONG_BINGET = b'j', fixed(4);
    LIST = b'l', NONE_;
    EMPTY_LIST = b']', NONE_;
    OBJ = b'o', NONE_;
    PUT = b'p', LINE;
    BINPUT = b'q', fixed(1);
    LONG_BINPUT = b'r', fixed(4);
    SETITEM = b's', NONE_;
    TUPLE = b't', NONE_;
    EMPTY_TUPLE = b')', NONE_;
    SETITEMS = b'u', NONE_;
    BINFLOAT = b'G', fixed(8);

    // Protocol 2.
    PROTO = 0x80, fixed(1);
    NEWOBJ = 0x81, NONE_;
    EXT1 = 0x82, fixed(1);
    EXT2 = 0x83, fixed(2);
    EXT4 = 0x84, fixed(4);
    TUPLE1 = 0x85, NONE_;
    TUPLE2 = 0x86, NONE_;
    TUPLE3 = 0x87, NONE_;
    NEWTRUE = 0x88, NONE_;
    NEWFALSE = 0x89, NONE_;
    LONG1 = 0x8a, counted(1);
    LONG4 = 0x8b, SIGNED;

    // Protocol 3.
    BINBYTES = b'B', counted(4);
    SHORT_BINBYTES = b'C', counted(1);

    // Protocol 4.
    SHORT_BINUNICODE = 0x8c, counted(1);
    BINUNICODE8 = 0x8d, counted(8);
    BINBYTES8 = 0x8e, counted(8);
    EMPTY_SET = 0x8f, NONE_;
    ADDITEMS = 0x90, NONE_;
    FROZENSET = 0x91, NONE_;
    NEWOBJ_EX = 0x92, NONE_;
    STACK_GLOBAL = 0x93, NONE_;
    MEMOIZE = 0x94, NONE_;
    FRAME = 0x95, fixed(8);

    // Protocol 5.
    BYTEARRAY8 = 0x96, counted(8);
    NEXT_BUFFER = 0x97, NONE_;
    READONLY_BUFFER = 0x98, NONE_;
}

/// The highest protocol there is.
pub(crate) const HIGHEST_PROTOCOL: u8 = 5;

fn entry(byte: u8) -> Option<&'static (u8, &'static str, Operand)> {
    TABLE.iter().find(|entry| entry.0 == byte)
}

/// The name of an opcode, as `pickletools` has it.
pub(crate) fn name(byte: u8) -> Option<&'static str> {
    entry(byte).map(|e| e.1)
}

/// What follows an opcode, or `None` for a byte that is none.
pub(crate) fn operand(byte: u8) -> Option<Operand> {
    entry(byte).map(|e| e.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_68_and_no_two_are_the_same() {
        assert_eq!(TABLE.len(), 68);
        for (i, a) in TABLE.iter().enumerate() {
            assert!(TABLE[i + 1..].iter().all(|b| a.0 != b.0 && a.1 != b.1), "{}", a.1);
        }
    }
}
