//! What loading may cost.

use crate::{codecs, pickle};

/// Bounds for loading: of the compressed stream, and of the object in it.
///
/// The default is what costs honest files nothing; [`Limits::untrusted`] is for files of strangers.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Limits {
    /// Memory of the decoder, size and ratio of what it puts out.
    pub stream: codecs::Limits,
    /// Opcodes, memo, depth and text of the pickle.
    pub object: pickle::Limits,
}

impl Limits {
    /// For files of strangers.
    #[must_use]
    pub fn untrusted() -> Self {
        Self {
            stream: codecs::Limits::untrusted(),
            object: pickle::Limits::untrusted(),
        }
    }
}
