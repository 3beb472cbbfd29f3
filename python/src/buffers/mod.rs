//! Memory that Python and Rust share.

mod elements;
mod exported;
mod growing;

pub(crate) use elements::Elements;
pub(crate) use exported::Exported;
pub(crate) use growing::Growing;
