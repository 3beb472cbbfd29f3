//! The conformance suite: what every format must do, as functions that any format can be given to.
//!
//! Built-in formats run it, and formats of other crates are meant to. It needs nothing but a [`Compressor`];
//! what to expect (levels, tails, flushes, checksums) it takes from the format's [`Spec`], so it also
//! finds a spec that promises what the format does not keep.
//!
//! ```no_run
//! # use demijohn_codecs::{Compressor, Spec, adapters::Framed};
//! # const SPEC: Spec = Spec::new("shout", "").signatures(&[b"SHOUT!"]);
//! # fn shout() -> Framed {
//! #     Framed::new(SPEC, |plain, _| Ok(plain.to_vec()), |coded, _| Ok(coded.to_vec()))
//! # }
//! #[test]
//! fn shout_conforms() {
//!     demijohn_codecs::conformance::run(&Compressor::new(shout()));
//! }
//! ```
//!
//! A failure is a panic whose message begins with the name of the format and that of the part. While working
//! on a format, the parts can be called one by one; [`PARTS`] lists them. A format that cannot do a thing by
//! its very nature says so in its spec, and the part demands nothing of it.
//!
//! The suite keeps to the public API, and its data comes from a fixed seed: a failure repeats.

mod calls;
mod coders;
mod data;
mod detecting;
mod faults;
pub mod faulty;
mod limits;
mod reading;
mod roundtrip;
mod seeking;
mod subject;
mod tails;
mod writing;

use crate::compressor::Compressor;
#[cfg(doc)]
use crate::spec::Spec;

use subject::Subject;

/// One part of the suite.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The name of its function.
    pub name: &'static str,
    run: fn(&Subject<'_>),
}

impl Part {
    /// Runs it with so many threads to code on, and, where they are several, on streams of small blocks.
    ///
    /// # Panics
    /// If the format does not conform.
    pub fn run(&self, compressor: &Compressor, threads: usize) {
        (self.run)(&Subject::new(compressor, self.name, threads));
    }
}

/// Runs every part, on one thread.
///
/// # Panics
/// If the format does not conform.
pub fn run(compressor: &Compressor) {
    run_on(compressor, 1);
}

/// Runs every part with so many threads to code on. What is demanded is the same.
///
/// # Panics
/// If the format does not conform.
pub fn run_on(compressor: &Compressor, threads: usize) {
    for part in PARTS {
        part.run(compressor, threads);
    }
}

macro_rules! parts {
    ($($(#[doc = $doc:literal])* $module:ident::$part:ident;)*) => {
        $(
            $(#[doc = $doc])*
            ///
            /// # Panics
            /// If the format does not conform.
            pub fn $part(compressor: &Compressor) {
                $module::$part(&Subject::new(compressor, stringify!($part), 1));
            }
        )*

        /// All parts, in the order in which [`run`] runs them: what a failure says is the more telling the
        /// earlier the part.
        pub const PARTS: &[Part] = &[$(Part { name: stringify!($part), run: $module::$part }),*];
    };
}

parts! {
    /// Data of all sizes and several shapes comes back, through slices and through streams.
    roundtrip::round_trips;
    /// Every level round-trips under the default limits; one outside the range is an error that names it.
    roundtrip::levels;
    /// Block sizes and announced sizes round-trip; writing another size than was announced is an error.
    roundtrip::options;
    /// The coders, driven directly, may be fed and emptied a byte at a time.
    coders::byte_by_byte;
    /// A decoder stops behind its stream, and resets from anywhere.
    coders::resets;
    /// [`Blocks`](crate::Blocks) encoded apart, in any order, make the stream that the encoder makes.
    coders::blocks;
    /// The probe knows the format's own streams, and detection finds them, by the spec's signatures too.
    detecting::detection;
    /// However a reader is read, it delivers the same bytes, and knows where it stands.
    reading::reads;
    /// A member ends where it ends: what follows it stays in the source.
    reading::members;
    /// Progress is reported, and the callback can cancel.
    reading::progress;
    /// However writes are cut and however many threads help, the bytes are the same.
    writing::write_cuts;
    /// A sink that seeks gets the same bytes as one that does not, and nothing around them is touched.
    writing::sinks;
    /// Hints about the data never change the data.
    writing::hints;
    /// After a flush everything written so far is decodable, as [`Spec::flushing`] promises.
    writing::flushes;
    /// Finishing completes the stream; so does dropping, unless something failed before or a panic is under way.
    writing::finish_and_drop;
    /// Seeking answers as [`std::io::Cursor`] does.
    seeking::seeks;
    /// A source that does not seek: forward is fine, backward is `Unsupported`.
    seeking::seeks_on_a_pipe;
    /// Every cut is `Truncated`, after the data before it has been delivered.
    tails::truncation;
    /// What follows a stream (garbage, NUL bytes, further streams) is treated as the spec says.
    tails::tails;
    /// No flipped bit passes for data where the format has a checksum; none makes a decoder panic or hang.
    tails::damage;
    /// Short, interrupted and blocking sources and sinks lose and double nothing.
    faults::interruptions;
    /// A source that fails at any of its calls is an error that stays; one that is interrupted, blocks or gives a single
    /// byte changes nothing.
    calls::faulty_reads;
    /// So it is where reading seeks.
    calls::faulty_seeks;
    /// So it is with sinks, in writing, flushing and finishing.
    calls::faulty_writes;
    /// A sink that fails is an error, at the latest when finishing, that stays.
    faults::failing_sinks;
    /// Output limits are exact, in reading and in skipping.
    limits::output_limit;
    /// A decoder that may not use the memory it needs says so.
    limits::memory_limit;
}
