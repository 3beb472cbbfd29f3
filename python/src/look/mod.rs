//! Looking into files, of which nothing is run and nothing loaded: what is in them, and single arrays.

mod array;
mod found;
mod nodes;
mod source;

pub(crate) use array::load_array;
pub(crate) use found::{Found, inspect};

use demijohn::{Limits, codecs};

/// What looking may cost: as for files of strangers, unless it is said.
fn limits(max_output: Option<u64>, max_memory: Option<u64>) -> Limits {
    let mut limits = Limits::untrusted();
    if let Some(bytes) = max_output {
        limits.stream = codecs::Limits::default().output(bytes);
    }
    if let Some(bytes) = max_memory {
        limits.stream = limits.stream.memory(bytes);
    }
    limits
}
