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
    /// Items that no batch was begun for; `None` if nobody knows.
    left: Option<usize>,
    /// How many items the current batch still takes; unless it is zero, one is open.
    room: usize,
    /// Whether the current batch is an item without a mark.
    single: bool,
}

#[allow(clippy::missing_errors_doc)] // They all fail alike: see `Emitter::new`.
impl Batch {
    fn new(one: u8, many: u8, len: Option<usize>) -> Self {
        Self {
            one,
            many,
            left: len,
            room: 0,
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
    #[inline]
    pub fn before<W: Write>(&mut self, out: &mut Emitter<W>) -> Result<()> {
        if self.room == 0 {
            self.begin(out);
        }
        Ok(())
    }

    fn begin<W: Write>(&mut self, out: &mut Emitter<W>) {
        self.room = match self.left {
            None | Some(0) => BATCH,
            Some(n) => n.min(BATCH),
        };
        self.left = self.left.map(|n| n.saturating_sub(self.room));
        if out.protocol() == Protocol::V0 {
            // It gives all items singly.
            self.room = 1;
        }
        self.single = self.room == 1;
        if !self.single {
            out.op(op::MARK);
        }
    }

    /// To be called after each item.
    #[inline]
    pub fn after<W: Write>(&mut self, out: &mut Emitter<W>) -> Result<()> {
        self.room -= 1;
        if self.room == 0 {
            out.op(if self.single { self.one } else { self.many });
        }
        Ok(())
    }

    /// To be called after the last item.
    pub fn end<W: Write>(&mut self, out: &mut Emitter<W>) -> Result<()> {
        if self.room > 0 {
            out.op(self.many);
            self.room = 0;
        }
        Ok(())
    }
}
