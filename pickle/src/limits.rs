//! How much a pickle may ask for.

/// Budgets for reading one pickle, counted as it is read.
///
/// By default there is no bound but the input itself: nothing is allocated on a length's word, and every opcode costs
/// at least a byte of input. Behind a decompressor that byte may be a small fraction of one, which is what
/// [`Limits::untrusted`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many opcodes may be executed.
    pub opcodes: u64,
    /// How many entries the memo may have.
    pub memo: u64,
    /// How many values and marks may wait on the operand stack at a time: containers begun and not finished, and the
    /// items of the one being built (writers hand over lists and dicts in pieces of 1000, tuples whole).
    ///
    /// This bounds memory. How deep finished values are nested in one another is not bounded here, and need not be:
    /// nothing that reads, walks, compares, prints, writes or drops a document recurses. What must recurse, turning
    /// values into Rust types, has a limit of its own.
    pub depth: u64,
    /// How many bytes of text, byte strings, names and big integers there may be, together. Array data does not count.
    pub text: u64,
}

impl Limits {
    /// No bound but the input itself.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            opcodes: u64::MAX,
            memo: u64::MAX,
            depth: u64::MAX,
            text: u64::MAX,
        }
    }

    /// For files of strangers: enough for objects of tens of millions of parts, and under 4 GiB of memory.
    #[must_use]
    pub const fn untrusted() -> Self {
        Self {
            opcodes: 1 << 26,
            memo: 1 << 24,
            depth: 1 << 22,
            text: 1 << 30,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::none()
    }
}
