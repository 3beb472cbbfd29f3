//! A small assembler of pickles, for tests.

use demijohn_pickle::{self as pickle, Document};

/// A pickle under construction.
pub(crate) struct Asm {
    pub(crate) bytes: Vec<u8>,
}

/// Begins a pickle; protocols 0 and 1 have nothing at the beginning.
pub(crate) fn asm(protocol: u8) -> Asm {
    let bytes = if protocol < 2 {
        Vec::new()
    } else {
        vec![0x80, protocol]
    };
    Asm { bytes }
}

#[allow(dead_code)] // Not every test needs everything.
impl Asm {
    /// Opcodes as they are.
    pub(crate) fn op(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    fn counted(self, opcode: u8, bytes: &[u8]) -> Self {
        let len = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        self.op(&[opcode]).op(&len).op(bytes)
    }

    pub(crate) fn str(self, text: &str) -> Self {
        self.counted(b'X', text.as_bytes())
    }

    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        self.counted(b'B', bytes)
    }

    pub(crate) fn global(self, module: &str, name: &str) -> Self {
        self.op(format!("c{module}\n{name}\n").as_bytes())
    }

    pub(crate) fn stack_global(self, module: &str, name: &str) -> Self {
        self.str(module).str(name).op(b"\x93")
    }

    /// The tuple of the last one, two or three values.
    pub(crate) fn tuple(self, n: u8) -> Self {
        self.op(&[0x84 + n])
    }

    pub(crate) fn put(self, n: u8) -> Self {
        self.op(&[b'q', n])
    }

    pub(crate) fn get(self, n: u8) -> Self {
        self.op(&[b'h', n])
    }

    pub(crate) fn memo(self) -> Self {
        self.op(b"\x94")
    }

    pub(crate) fn stop(self) -> Self {
        self.op(b".")
    }

    pub(crate) fn read(&self) -> pickle::Result<Document> {
        pickle::read(&mut self.bytes.as_slice())
    }
}
