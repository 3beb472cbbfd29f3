//! Items, given to containers by the thousand.

use std::io::Write;

use crate::opcode as op;
use crate::{Emitter, Protocol, Result};

/// How many items a list, dict or set is given at a time.
const BATCH: usize = 1000;

/// Gives items to the container written last, 1000 at a time, with the opcodes `pickle.py` would use.
///
/// Call [`before`](Self::before) and [`after`](Self::after) around each item (for a dict: key and value), and
/// [`end`](Self::end) after the last one. A single item left over gets an opcode of its own, which takes knowing the
/// number of items beforehand; where that is not known or is wrong, the pickle is as good but a byte longer.
#[derive(Debug)]
pub struct Batch {
    one: u8,
    many: u8,
    left: Option<usize>,
    /// Items in the current batch; unless it is zero, a mark is open.
    count: usize,
    single: bool,
}

#[allow(clippy::missing_errors_doc)] // They all fail alike: see `Emitter::new`.
impl Batch {
    fn new(one: u8, many: u8, len: Option<usize>) -> Self {
        Self {
            one,
            many,
            left: len,
            count: 0,
            single: false,
        }
    }

    /// Items of a list.
    #[must_use]
    pub fn append(len: Option<usize>) -> Self {
        Self::new(op::APPEND, op::APPENDS, len)
    }

    /// Pairs of a dict.
    #[must_use]
    pub fn set_items(len: Option<usize>) -> Self {
        Self::new(op::SETITEM, op::SETITEMS, len)
    }

    /// Items of a set, which has no opcode for a single one.
    #[must_use]
    pub fn add() -> Self {
        Self::new(op::ADDITEMS, op::ADDITEMS, None)
    }

    /// To be called before each item.
    pub fn before<W: Write>(&mut self, out: &mut Emitter<W>) -> Result<()> {
        if self.count == 0 {
            // Protocol 0 gives all items singly.
            self.single = self.left == Some(1) || out.protocol() == Protocol::V0;
            if !self.single {
                out.op(op::MARK);
            }
        }
        Ok(())
    }

    /// To be called after each item.
    pub fn after<W: Write>(&mut self, out: &mut Emitter<W>) -> Result<()> {
        self.left = self.left.map(|n| n.saturating_sub(1));
        if self.single {
            out.op(self.one);
        } else {
            self.count += 1;
            if self.count == BATCH {
                self.end(out)?;
            }
        }
        Ok(())
    }

    /// To be called after the last item.
    pub fn end<W: Write>(&mut self, out: &mut Emitter<W>) -> Result<()> {
        if self.count > 0 {
            out.op(self.many);
            self.count = 0;
        }
        Ok(())
    }
}
