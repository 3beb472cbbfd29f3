//! What is left of a pickle's limits.

use crate::{Error, Limits, Result};

/// Counts down while a pickle, and those nested in it, are read.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) limits: Limits,
    pub(crate) opcodes: u64,
    pub(crate) memo: u64,
    /// Room for values and marks on the operand stack.
    pub(crate) depth: u64,
    pub(crate) text: u64,
}

impl Budget {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            opcodes: limits.opcodes,
            memo: limits.memo,
            depth: limits.depth,
            text: limits.text,
        }
    }

    /// Takes `n` bytes off the budget for text.
    #[inline]
    pub(crate) fn spend(&mut self, n: u64) -> Result<()> {
        let Some(left) = self.text.checked_sub(n) else {
            return Err(self.out_of_text());
        };
        self.text = left;
        Ok(())
    }

    /// Takes one entry off the budget for the memo.
    #[inline]
    pub(crate) fn memoize(&mut self) -> Result<()> {
        let Some(left) = self.memo.checked_sub(1) else {
            return Err(self.out_of_memo());
        };
        self.memo = left;
        Ok(())
    }

    #[cold]
    fn out_of_text(&self) -> Error {
        let limit = self.limits.text;
        Error::limit(format!(
            "the pickle has more than {limit} bytes of text; if it is trusted, raise `Limits::text`"
        ))
    }

    #[cold]
    fn out_of_memo(&self) -> Error {
        let limit = self.limits.memo;
        Error::limit(format!(
            "the memo has more than {limit} entries; if the pickle is trusted, raise `Limits::memo`"
        ))
    }

    #[cold]
    pub(crate) fn out_of_opcodes(&self) -> Error {
        let limit = self.limits.opcodes;
        Error::limit(format!(
            "the pickle has more than {limit} opcodes; if it is trusted, raise `Limits::opcodes`"
        ))
    }

    #[cold]
    pub(crate) fn too_deep(&self) -> Error {
        let limit = self.limits.depth;
        Error::limit(format!(
            "more than {limit} unfinished values; if the pickle is trusted, raise `Limits::depth`"
        ))
    }
}
