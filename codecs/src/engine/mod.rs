//! The one engine: it drives every format's state machines over real sources and sinks.
//!
//! [`decode`] joins members, applies the tail policy and the limits, and counts offsets; [`encode`] feeds
//! fixed slabs, so that output does not depend on how writes were cut. Nothing here knows any format, and no
//! format has a loop of its own.

pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod input;
