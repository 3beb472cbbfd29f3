//! zlib's inflate where more is needed of it than flate2 shows: to stop between blocks, and to go on from there.

use std::ffi::{CStr, c_int};
use std::mem::size_of;

use libz_rs_sys::{
    Z_BLOCK, Z_BUF_ERROR, Z_NEED_DICT, Z_NO_FLUSH, Z_OK, Z_STREAM_END, inflate, inflateEnd,
    inflateGetDictionary, inflateInit2_, inflatePrime, inflateReset, inflateSetDictionary, z_stream,
    zlibVersion,
};

use crate::error::{Error, Result};

/// The farthest that a match can reach back.
pub(super) const WINDOW: usize = 32 << 10;

/// Decodes a deflate stream without a container.
pub(super) struct Inflate(Box<z_stream>);

// SAFETY: the state behind the pointers belongs to this value alone and is bound to no thread.
unsafe impl Send for Inflate {}

/// What one call did.
pub(super) struct Inflated {
    pub(super) took: usize,
    pub(super) gave: usize,
    /// Where it came to; or what is wrong behind the bytes it gave.
    pub(super) result: Result<Stand>,
}

/// Where decoding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Anywhere.
    Within,
    /// In front of a block, so many bits of the last byte not used.
    Block { bits: u8 },
    /// Behind the last block.
    End,
}

impl Inflate {
    pub(super) fn new() -> Result<Self> {
        let mut stream = Box::new(z_stream::default());
        let size = c_int::try_from(size_of::<z_stream>()).expect("a small structure");
        // SAFETY: the stream is as its default makes it, with the library's own functions to allocate.
        let code = unsafe { inflateInit2_(&raw mut *stream, -15, zlibVersion(), size) };
        if code == Z_OK {
            Ok(Inflate(stream))
        } else {
            Err(Error::limit("not enough memory"))
        }
    }

    /// Ready for another stream.
    pub(super) fn reset(&mut self) {
        // SAFETY: the stream was initialized in `new`.
        let code = unsafe { inflateReset(&raw mut *self.0) };
        debug_assert_eq!(code, Z_OK);
    }

    /// Has it taken nothing since it was last ready for a stream?
    pub(super) fn is_fresh(&self) -> bool {
        self.0.total_in == 0
    }

    /// Decodes what it can; `stop` says that it is to stop between blocks.
    pub(super) fn run(&mut self, input: &[u8], out: &mut [u8], stop: bool) -> Inflated {
        let len = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let stream = &mut *self.0;
        (stream.next_in, stream.avail_in) = (input.as_ptr(), len(input.len()));
        (stream.next_out, stream.avail_out) = (out.as_mut_ptr(), len(out.len()));
        let before = (stream.avail_in, stream.avail_out);
        // SAFETY: the stream was initialized in `new`; both buffers live through the call, and are as long as it is told.
        let code = unsafe { inflate(&raw mut *stream, if stop { Z_BLOCK } else { Z_NO_FLUSH }) };
        let moved = |before: u32, after: u32| usize::try_from(before - after).expect("within the slices");
        let result = match code {
            Z_STREAM_END => Ok(Stand::End),
            Z_OK | Z_BUF_ERROR => Ok(self.stand()),
            Z_NEED_DICT => Err(Error::unsupported("the stream needs a preset dictionary")),
            _ => Err(Error::corrupt(format!(
                "the deflate stream is damaged: {}",
                self.message()
            ))),
        };
        Inflated {
            took: moved(before.0, self.0.avail_in),
            gave: moved(before.1, self.0.avail_out),
            result,
        }
    }

    fn stand(&self) -> Stand {
        // zlib.h, at inflate(): the bits not used, 64 in the last block, 128 in front of a block.
        let place = self.0.data_type;
        if place & 128 != 0 && place & 64 == 0 {
            Stand::Block {
                bits: u8::try_from(place & 7).expect("three bits"),
            }
        } else {
            Stand::Within
        }
    }

    fn message(&self) -> String {
        if self.0.msg.is_null() {
            return "invalid data".to_owned();
        }
        // SAFETY: the library's messages are constant strings that end with a NUL.
        unsafe { CStr::from_ptr(self.0.msg) }
            .to_string_lossy()
            .into_owned()
    }

    /// The last plain bytes, as many as a match can reach back.
    pub(super) fn window(&self) -> Vec<u8> {
        let mut window = vec![0; WINDOW];
        let mut len = 0;
        // SAFETY: the stream was initialized in `new`, and this is as much as it ever writes.
        unsafe { inflateGetDictionary(&raw const *self.0, window.as_mut_ptr(), &raw mut len) };
        window.truncate(usize::try_from(len).unwrap_or(0));
        window
    }

    /// Ready to go on in front of a block, behind these plain bytes. If `bits` is not 0, [`prime`](Self::prime) must follow.
    pub(super) fn enter(&mut self, window: &[u8], bits: u8) -> Result<()> {
        let wrong = || Error::corrupt("no place in a deflate stream");
        self.reset();
        let len = u32::try_from(window.len())
            .ok()
            .filter(|_| window.len() <= WINDOW && bits < 8);
        let len = len.ok_or_else(wrong)?;
        // SAFETY: the stream was initialized in `new`, and the window is as long as it is told.
        let code = unsafe { inflateSetDictionary(&raw mut *self.0, window.as_ptr(), len) };
        if code == Z_OK { Ok(()) } else { Err(wrong()) }
    }

    /// Takes so many of the highest bits of a byte, whose others belong to what came before.
    pub(super) fn prime(&mut self, bits: u8, byte: u8) -> Result<()> {
        // SAFETY: the stream was initialized in `new`.
        let code = unsafe { inflatePrime(&raw mut *self.0, bits.into(), (byte >> (8 - bits)).into()) };
        if code == Z_OK {
            Ok(())
        } else {
            Err(Error::corrupt("no place in a deflate stream"))
        }
    }
}

impl Drop for Inflate {
    fn drop(&mut self) {
        // SAFETY: the stream was initialized in `new` and is not used again.
        unsafe { inflateEnd(&raw mut *self.0) };
    }
}
