//! The one engine: it drives every format's state machines over real sources and sinks.
//!
//! [`decode`] joins members, applies the tail policy and the limits, and counts offsets; [`ahead`] has pieces of a stream
//! decoded on other threads; [`encode`] feeds
//! fixed slabs, so that output does not depend on how writes were cut; [`late`] keeps streams whose head is known only at
//! their end. Nothing here knows any format, and no
//! format has a loop of its own.

pub(crate) mod ahead;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod input;
pub(crate) mod late;
pub(crate) mod pool;
mod side_by_side;
pub(crate) mod sink;
mod worker;
