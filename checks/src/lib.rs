//! What must hold for any input. The fuzz targets hand theirs to the functions here, and tests what the corpus has; each
//! panics where a promise of one of the crates is broken.
//!
//! * [`decode`]: bytes that claim to be of a format end in data or in an error, and in the same one whatever the
//!   sizes of the reads.
//! * [`differ`]: what other decoders read of them, too, is the same.
//! * [`Plan`]: what is written is read again, here and by another decoder, whatever the sizes of the writes and wherever they are
//!   flushed; and it is the same from any number of threads.
//! * [`Pieces`]: several threads read streams of many pieces as one does, into slices of any size, whole and damaged.
//! * [`Walk`]: seeking in a stream answers as seeking in its data does.
//! * [`seek_index`]: bytes that claim to be an index end in one that can be written and read again, or in an error; one that
//!   was tampered with leads to an error or to the right data.
//! * [`npy`], [`npz`]: bytes that claim to be arrays end in arrays that can be written and read again, or in an error.
//! * [`pickle_read`]: bytes that claim to be a pickle end in a document or in an error, whatever the sizes of the reads;
//!   all that is in a document can be walked, found by its path, and printed within bounds.
//! * [`pickle_round_trip`]: a document that is written is read as the same document.
//! * [`persist_load`]: bytes that claim to be a file of joblib end in a document, which can be dumped and loaded again, or
//!   in an error, whatever the sizes of the reads.
//! * [`persist_inspect`]: inspecting finds the names and arrays that loading does, and each can be taken out.
//! * [`legacy`]: z-files and companion files of joblib before 0.10 end in data or in an error.
//! * [`detect`]: recognising a format looks at no more than it says, and does not depend on how bytes arrive.

#![forbid(unsafe_code)]

mod data;
mod decode;
mod detect;
mod differ;
mod drip;
mod index;
mod npy;
mod outcome;
mod persist;
mod pickle;
mod pieces;
mod round_trip;
mod seek;
mod writing;

pub use decode::decode;
pub use detect::detect;
pub use differ::differ;
pub use index::seek_index;
pub use npy::{npy, npz};
pub use persist::{legacy, persist_inspect, persist_load};
pub use pickle::{pickle_read, pickle_round_trip};
pub use pieces::Pieces;
pub use round_trip::Plan;
pub use seek::Walk;
