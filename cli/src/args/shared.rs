//! Options that several verbs have in common.

use std::path::PathBuf;

use clap::{Args as Group, ValueHint};
use demijohn_codecs::blosc::{Blosc, Inner, Shuffle};
use demijohn_codecs::{Compressor, Limits};

use super::values::{formats, named};
use crate::bytes;

/// What is read.
#[derive(Debug, Group)]
pub(crate) struct Files {
    /// Files to read; - is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
}

/// Where output goes, and what becomes of files.
#[derive(Debug, Default, Group)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, and they are independent"
)]
pub(crate) struct Target {
    /// Write to standard output
    #[arg(short = 'c', long, conflicts_with_all = ["output", "rm"])]
    pub(crate) stdout: bool,
    /// Write to this file, - for standard output
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath, allow_hyphen_values = true)]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite files, and do what else is refused without it: binary data to a terminal, compressing twice,
    /// passing plain files through
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Keep the source (the default)
    #[arg(short, long, overrides_with = "rm")]
    pub(crate) keep: bool,
    /// Remove each source once its output is safely on disk (implies --sync)
    #[arg(long, overrides_with = "keep")]
    pub(crate) rm: bool,
    /// Have the output survive a power cut, not only the end of the program
    #[arg(long)]
    pub(crate) sync: bool,
    /// Write into an existing file instead of replacing it as a whole: keeps hard links, but a failure leaves
    /// a part
    #[arg(long)]
    pub(crate) in_place: bool,
}

/// How streams are decoded.
#[derive(Debug, Group)]
pub(crate) struct Decoding {
    /// Decode this format instead of recognising it
    #[arg(long, value_name = "NAME", value_parser = formats())]
    pub(crate) format: Option<Compressor>,
    /// Memory a decoder may use for its window, dictionary or block, such as 64M or 1GiB, or none for no
    /// limit
    #[arg(long, value_name = "SIZE", value_parser = bytes::parse_limit, default_value = "256M")]
    pub(crate) memlimit: bytes::Limit,
    /// Refuse to write more than this for one file
    #[arg(long, value_name = "SIZE", value_parser = bytes::parse_limit)]
    pub(crate) max_output: Option<bytes::Limit>,
    #[command(flatten)]
    pub(crate) threads: Threads,
}

impl Decoding {
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::none();
        if let bytes::Limit::Bytes(memory) = self.memlimit {
            limits = limits.memory(memory);
        }
        if let Some(bytes::Limit::Bytes(output)) = self.max_output {
            limits = limits.output(output);
        }
        limits
    }
}

/// How much is said.
#[derive(Clone, Copy, Debug, Group)]
pub(crate) struct Talk {
    /// No progress bar
    #[arg(short, long, overrides_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say for each file what was done: format, sizes, ratio
    #[arg(short, long, overrides_with = "quiet")]
    pub(crate) verbose: bool,
}

/// How many help.
#[derive(Clone, Copy, Debug, Group)]
pub(crate) struct Threads {
    /// Threads to use where the format has use for them, 0 for one per core [default: one per core, up to 8; one to read
    /// from a pipe, of which several may let data wait for what comes next]; the bytes don't depend on it
    #[arg(short = 'T', long, value_name = "N")]
    threads: Option<usize>,
}

impl Threads {
    /// The number asked for, if one was.
    pub(crate) fn get(self) -> Option<usize> {
        self.threads
    }

    /// How many that comes to.
    pub(crate) fn count(self) -> usize {
        /// What the library does without a word.
        const MOST: usize = 8;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        match self.threads {
            None => cores().min(MOST),
            Some(0) => cores(),
            Some(threads) => threads,
        }
    }
}

/// What files of strangers may cost.
#[derive(Debug, Group)]
pub(crate) struct Wary {
    /// Memory a decoder may use for its window, dictionary or block, such as 64M or 1GiB, or none for no
    /// limit
    #[arg(long, value_name = "SIZE", value_parser = bytes::parse_limit, default_value = "256M")]
    pub(crate) memlimit: bytes::Limit,
    /// Refuse to decode more than this of one file, or none for no limit [default: 1000 times its size, and
    /// 64 MiB in any case]
    #[arg(long, value_name = "SIZE", value_parser = bytes::parse_limit)]
    pub(crate) max_output: Option<bytes::Limit>,
}

impl Wary {
    pub(crate) fn limits(&self) -> demijohn::Limits {
        let mut stream = match self.max_output {
            None => Limits::none().ratio(UNTRUSTED_RATIO),
            Some(bytes::Limit::None) => Limits::none(),
            Some(bytes::Limit::Bytes(output)) => Limits::none().output(output),
        };
        if let bytes::Limit::Bytes(memory) = self.memlimit {
            stream = stream.memory(memory);
        }
        let mut limits = demijohn::Limits::untrusted();
        limits.stream = stream;
        limits
    }
}

/// The ratio of [`Limits::untrusted`].
const UNTRUSTED_RATIO: u64 = 1000;

/// What can be chosen for blosc alone.
#[derive(Debug, Group)]
#[command(next_help_heading = "For --format blosc")]
pub(crate) struct BloscChoices {
    /// Bytes in an element of the data, which is an array; without it nothing is shuffled
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) element_size: Option<u8>,
    /// What codes the blocks [default: lz4]
    #[arg(long = "blosc-codec", value_name = "NAME", value_parser = named(Inner::ALL, Inner::as_str))]
    pub(crate) inner: Option<Inner>,
    /// What is brought together before that: nothing, like bytes or like bits of elements [default: byte]
    #[arg(long = "blosc-shuffle", value_name = "WHAT", value_parser = named(Shuffle::ALL, Shuffle::as_str))]
    pub(crate) shuffle: Option<Shuffle>,
}

impl BloscChoices {
    /// The first option given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let BloscChoices {
            element_size,
            inner,
            shuffle,
        } = self;
        [
            (element_size.is_some(), "--element-size"),
            (inner.is_some(), "--blosc-codec"),
            (shuffle.is_some(), "--blosc-shuffle"),
        ]
        .into_iter()
        .find_map(|(given, option)| given.then_some(option))
    }

    /// The format with these choices.
    pub(crate) fn format(&self) -> Compressor {
        let blosc = Blosc::new()
            .inner(self.inner.unwrap_or_default())
            .shuffle(self.shuffle.unwrap_or_default());
        Compressor::new(blosc)
    }
}
