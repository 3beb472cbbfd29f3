//! Streams as a fuzzer would have them written.

use std::io::Write as _;

use arbitrary::Arbitrary;
use demijohn_codecs::blosc::{Blosc, Inner, Shuffle};
use demijohn_codecs::{Compressor, Options, Registry};

/// One of the formats there are, with a look of its own at each of blosc's inner codecs and shuffles.
pub(crate) fn format(choice: u8) -> Compressor {
    let formats = Registry::global().formats();
    let choice = usize::from(choice);
    let format = &formats[choice % formats.len()];
    if format.name() != "blosc" {
        return format.clone();
    }
    let choice = choice / formats.len();
    let inner = Inner::ALL[choice % Inner::ALL.len()];
    let shuffle = Shuffle::ALL[choice / Inner::ALL.len() % Shuffle::ALL.len()];
    Compressor::new(Blosc::new().inner(inner).shuffle(shuffle))
}

/// A level, brought into the range of the format.
pub(crate) fn level(format: &Compressor, level: i8) -> i32 {
    let Some(range) = format.spec().level_range() else {
        return 0;
    };
    // The highest levels allocate hundreds of megabytes, which tells nothing new about this layer.
    let most = if matches!(format.name(), "lzma" | "xz") {
        2
    } else {
        6
    };
    let (lowest, highest) = ((*range.start()).max(-7), (*range.end()).min(most));
    i32::from(level).rem_euclid(highest - lowest + 1) + lowest
}

/// How a stream is laid out.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Layout {
    level: i8,
    block_size: Option<u32>,
    seekable: bool,
    announce_size: bool,
    element_size: u8,
}

impl Layout {
    /// For data of so many bytes: in blocks that are smaller than `most`, and not in more than `blocks` of them.
    pub(crate) fn options(&self, format: &Compressor, len: usize, most: usize, blocks: usize) -> Options {
        let mut options = Options::new()
            .level(level(format, self.level))
            .element_size(self.element_size.into());
        if let Some(size) = self.block_size {
            let size = (size as usize % most).max(len / blocks).max(1);
            options = if self.seekable && format.spec().writes_seekable() {
                options.seekable(size)
            } else {
                options.block_size(size)
            };
        }
        if self.announce_size {
            options = options.size(len as u64);
        }
        options
    }
}

/// Writes all of it with these options, or, where the format refuses them, without any.
///
/// # Panics
/// Where memory does not take it.
pub(crate) fn write(format: &Compressor, options: Options, plain: &[u8]) -> Vec<u8> {
    let Ok(mut writer) = options.writer(Vec::new(), format) else {
        return format.compress(plain).expect("memory takes everything");
    };
    writer.write_all(plain).expect("memory takes everything");
    let finished = writer.finish().map_err(|error| error.to_string());
    finished.expect("memory takes everything").0
}
