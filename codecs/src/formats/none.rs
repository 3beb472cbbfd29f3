//! Plain bytes: the format of files that are not compressed, so that callers need not branch.
//!
//! Reads and writes pass through the engine without a copy; a seekable source is sought in directly. Nothing
//! is checked, because there is nothing to check with.

use crate::error::Result;
use crate::format::{Decode, DecodeOptions, Encode, EncodeOptions, Format, Head, Op, Probe, Status, Step};
use crate::spec::{Flush, Spec};

#[derive(Debug)]
pub(super) struct None;

const SPEC: Spec = Spec::new("none", "plain bytes")
    .flush(Flush::Sync)
    .may_end_early()
    .transparent();

impl Format for None {
    fn spec(&self) -> &Spec {
        &SPEC
    }

    fn probe(&self, _: &Head<'_>) -> Probe {
        Probe::No
    }

    fn encoder(&self, _: &EncodeOptions) -> Result<Box<dyn Encode>> {
        Ok(Box::new(Copy))
    }

    fn decoder(&self, _: &DecodeOptions) -> Result<Box<dyn Decode>> {
        Ok(Box::new(Copy))
    }
}

struct Copy;

fn copy(input: &[u8], out: &mut [u8]) -> usize {
    let n = input.len().min(out.len());
    out[..n].copy_from_slice(&input[..n]);
    n
}

impl Encode for Copy {
    fn step(&mut self, input: &[u8], out: &mut [u8], op: Op) -> Result<Step> {
        let n = copy(input, out);
        let status = if op != Op::Run && n == input.len() {
            Status::Done
        } else {
            Status::More
        };
        Ok(Step {
            consumed: n,
            produced: n,
            status,
        })
    }
}

impl Decode for Copy {
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        let n = copy(input, out);
        let status = if eof && n == input.len() {
            Status::Done
        } else {
            Status::More
        };
        Ok(Step {
            consumed: n,
            produced: n,
            status,
        })
    }

    fn reset(&mut self) -> Result<()> {
        Ok(())
    }
}
