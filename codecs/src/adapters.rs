//! Shortcuts for authors of formats.
//!
//! * [`Blocked`] makes an [`Encode`](crate::Encode) of [`Blocks`](crate::Blocks): for formats that are a sequence of pieces.
//! * [`Framed`] makes a whole [`Format`](crate::Format) of a pair of functions that code one block.
//! * [`from_write`] makes an [`Encode`](crate::Encode) of any encoder in the style of [`std::io::Write`].

mod blocked;
mod framed;
mod from_write;

pub use blocked::Blocked;
pub use framed::Framed;
pub use from_write::{Buffer, from_write};
