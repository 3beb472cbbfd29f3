//! What the fuzz targets share: each one hands its input to a function here, which panics where a promise of
//! `demijohn-codecs`, `demijohn-arrays` or `demijohn-pickle` is broken.
//!
//! * [`decode`]: bytes that claim to be of a format end in data or in an error, and in the same one whatever the
//!   sizes of the reads.
//! * [`Plan`]: what is written is read again, whatever the sizes of the writes and wherever they are flushed.
//! * [`npy`]: bytes that claim to be arrays end in arrays that can be written and read again, or in an error.
//! * [`pickle_read`]: bytes that claim to be a pickle end in a document or in an error, whatever the sizes of the reads;
//!   all that is in a document can be walked, found by its path, and printed within bounds.
//! * [`pickle_round_trip`]: a document that is written is read as the same document.
//! * [`detect`]: recognising a format looks at no more than it says, and does not depend on how bytes arrive.

#![forbid(unsafe_code)]

mod decode;
mod detect;
mod drip;
mod npy;
mod pickle;
mod round_trip;

pub use decode::decode;
pub use detect::detect;
pub use npy::npy;
pub use pickle::{pickle_read, pickle_round_trip};
pub use round_trip::Plan;
