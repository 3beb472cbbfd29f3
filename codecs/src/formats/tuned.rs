//! zlib's deflate where more is needed of it than flate2 shows: to say how far its search goes.

use std::ffi::c_int;
use std::mem::size_of;

use libz_rs_sys::{
    Z_BUF_ERROR, Z_DEFAULT_STRATEGY, Z_DEFLATED, Z_FINISH, Z_NO_FLUSH, Z_OK, Z_STREAM_END, Z_SYNC_FLUSH,
    deflate, deflateEnd, deflateInit2_, deflateReset, deflateTune, z_stream, zlibVersion,
};

use crate::error::{Error, Result};

/// How hard to search for matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// As one of the backend's levels does.
    Level(c_int),
    /// As the backend's level 3, but trying so many earlier places for each match instead of 6.
    Chain(c_int),
}

/// The memory that zlib takes by default.
const MEMORY: c_int = 8;

/// Compresses segments of deflate streams without a container.
pub(super) struct Tuned {
    stream: Box<z_stream>,
    effort: Effort,
}

// SAFETY: the state behind the pointers belongs to this value alone and is bound to no thread.
unsafe impl Send for Tuned {}

impl Tuned {
    pub(super) fn new(effort: Effort) -> Result<Self> {
        let mut stream = Box::new(z_stream::default());
        let level = match effort {
            Effort::Level(level) => level,
            Effort::Chain(_) => 3,
        };
        let size = c_int::try_from(size_of::<z_stream>()).expect("a small structure");
        // SAFETY: the stream is as its default makes it, with the library's own functions to allocate.
        let code = unsafe {
            deflateInit2_(
                &raw mut *stream,
                level,
                Z_DEFLATED,
                -15,
                MEMORY,
                Z_DEFAULT_STRATEGY,
                zlibVersion(),
                size,
            )
        };
        if code == Z_OK {
            Ok(Tuned { stream, effort })
        } else {
            Err(Error::limit("not enough memory"))
        }
    }

    /// Appends what a segment is coded as, apart from those before it: `last` ends the stream, the others end with an
    /// empty stored block.
    pub(super) fn segment(&mut self, mut plain: &[u8], last: bool, out: &mut Vec<u8>) -> Result<()> {
        self.begin();
        loop {
            let given = u32::try_from(plain.len()).unwrap_or(u32::MAX);
            let all = given as usize == plain.len();
            let flush = match (all, last) {
                (false, _) => Z_NO_FLUSH,
                (true, false) => Z_SYNC_FLUSH,
                (true, true) => Z_FINISH,
            };
            // Stored blocks cost 5 bytes in 32 KiB at worst, and the flush a few more.
            out.reserve(plain.len() + plain.len() / 4096 + 64);
            let room = out.spare_capacity_mut();
            let stream = &mut *self.stream;
            (stream.next_in, stream.avail_in) = (plain.as_ptr().cast_mut(), given);
            (stream.next_out, stream.avail_out) = (
                room.as_mut_ptr().cast(),
                u32::try_from(room.len()).unwrap_or(u32::MAX),
            );
            let before = stream.avail_out;
            // SAFETY: the stream was initialized in `new`; both buffers live through the call, and are as long as it is told.
            // It reads nothing of what it is to write, and writes nothing of what it is to read.
            let code = unsafe { deflate(&raw mut *stream, flush) };
            let (taken, room_left) = (given - self.stream.avail_in, self.stream.avail_out);
            // SAFETY: these bytes behind the old end have just been written.
            unsafe { out.set_len(out.len() + (before - room_left) as usize) };
            plain = &plain[taken as usize..];
            match code {
                Z_STREAM_END => return Ok(()),
                // A flush is complete once it leaves room unused.
                Z_OK | Z_BUF_ERROR if !last && plain.is_empty() && room_left > 0 => return Ok(()),
                Z_OK | Z_BUF_ERROR => {}
                _ => return Err(Error::corrupt(format!("deflate cannot compress: {code}"))),
            }
        }
    }

    /// Ready for a segment.
    fn begin(&mut self) {
        // SAFETY: the stream was initialized in `new`.
        let code = unsafe { deflateReset(&raw mut *self.stream) };
        debug_assert_eq!(code, Z_OK);
        if let Effort::Chain(chain) = self.effort {
            // Resetting sets what belongs to the level: good, lazy and nice lengths, here level 3's, and the chain.
            // SAFETY: as above.
            let code = unsafe { deflateTune(&raw mut *self.stream, 4, 6, 16, chain) };
            debug_assert_eq!(code, Z_OK);
        }
    }
}

impl Drop for Tuned {
    fn drop(&mut self) {
        // SAFETY: the stream was initialized in `new` and is not used again.
        unsafe { deflateEnd(&raw mut *self.stream) };
    }
}
