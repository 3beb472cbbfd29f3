//! The format under test, with what every part needs to do to it.

use std::fmt::Display;
use std::io::{Cursor, Read, Write};

use crate::compressor::Compressor;
use crate::error::{Error, ErrorKind};
use crate::format::{Encode, EncodeOptions, LateHead};
use crate::options::Options;
use crate::spec::Spec;
use crate::writer::Writer;

/// A format, and the part of the suite that is testing it.
pub(super) struct Subject<'a> {
    pub(super) compressor: &'a Compressor,
    part: &'static str,
    pub(super) threads: usize,
}

/// Plain bytes in a block where several threads are to have something to do.
const BLOCK: usize = 30_000;

/// Fails the part unless the condition holds.
macro_rules! ensure {
    ($subject:expr, $condition:expr, $($message:tt)+) => {
        if !$condition {
            $subject.fail(format_args!($($message)+));
        }
    };
}
pub(super) use ensure;

impl<'a> Subject<'a> {
    pub(super) fn new(compressor: &'a Compressor, part: &'static str, threads: usize) -> Self {
        Subject {
            compressor,
            part,
            threads,
        }
    }

    pub(super) fn spec(&self) -> &Spec {
        self.compressor.spec()
    }

    #[track_caller]
    pub(super) fn fail(&self, what: impl Display) -> ! {
        let threads = match self.threads {
            1 => String::new(),
            n => format!(" on {n} threads"),
        };
        panic!(
            "{}: conformance::{}{threads}: {what}",
            self.compressor.name(),
            self.part
        )
    }

    #[track_caller]
    pub(super) fn ok<T, E: Display>(&self, what: impl Display, result: Result<T, E>) -> T {
        match result {
            Ok(value) => value,
            Err(error) => self.fail(format_args!("{what}: {error}")),
        }
    }

    /// The error, which must be there and of that kind.
    #[track_caller]
    pub(super) fn refused<T>(
        &self,
        what: impl Display,
        result: Result<T, impl Into<Error>>,
        kind: ErrorKind,
    ) -> Error {
        match result.map_err(Into::into) {
            Err(error) if error.kind() == kind => error,
            Err(error) => self.fail(format_args!(
                "{what}: should be of kind {kind:?}, but is: {error}"
            )),
            Ok(_) => self.fail(format_args!(
                "{what}: should fail with kind {kind:?}, but succeeds"
            )),
        }
    }

    #[track_caller]
    pub(super) fn same(&self, what: impl Display, got: &[u8], want: &[u8]) {
        if got != want {
            let at = got.iter().zip(want).take_while(|(a, b)| a == b).count();
            self.fail(format_args!(
                "{what}: {} bytes instead of {}, different from byte {at} on",
                got.len(),
                want.len()
            ));
        }
    }

    /// Options with the format set, for so many threads as are to be tested, and then for small blocks.
    pub(super) fn options(&self) -> Options {
        let options = Options::new().format(self.compressor).threads(self.threads);
        match self.block_size() {
            Some(size) => options.block_size(size),
            None => options,
        }
    }

    fn block_size(&self) -> Option<usize> {
        (self.threads > 1).then_some(BLOCK)
    }

    /// An encoder with those options, without the engine around it.
    pub(super) fn encoder(&self) -> Box<dyn Encode> {
        let encoder = self.compressor.encoder(None, |options: &mut EncodeOptions| {
            options.threads = self.threads;
            options.block_size = self.block_size();
        });
        self.ok("making an encoder", encoder)
    }

    /// A writer with the default options.
    #[track_caller]
    pub(super) fn writer<W: Write>(&self, sink: W) -> Writer<W> {
        self.writer_with(self.options(), sink)
    }

    #[track_caller]
    pub(super) fn writer_with<W: Write>(&self, options: Options, sink: W) -> Writer<W> {
        self.ok("making a writer", options.writer(sink, self.compressor))
    }

    /// The stream that a writer makes, its size not announced.
    #[track_caller]
    pub(super) fn encode(&self, plain: &[u8]) -> Vec<u8> {
        self.encode_with(self.options(), plain)
    }

    #[track_caller]
    pub(super) fn encode_with(&self, options: Options, plain: &[u8]) -> Vec<u8> {
        let mut writer = self.writer_with(options, Vec::new());
        self.ok("writing", writer.write_all(plain));
        self.ok("finishing", writer.finish().map_err(Error::from)).0
    }

    /// What an encoder or a framing gave, behind the head that it knows only now.
    #[track_caller]
    pub(super) fn with_head(&self, late: Option<&mut dyn LateHead>, coded: Vec<u8>) -> Vec<u8> {
        let Some(late) = late else { return coded };
        let mut whole = Vec::new();
        self.ok("making the head", late.write(&mut whole));
        whole.extend_from_slice(&coded);
        whole
    }

    /// Everything that a reader with these options delivers, and how it ends.
    #[track_caller]
    pub(super) fn decode_with(&self, options: Options, coded: &[u8]) -> (Vec<u8>, Result<(), Error>) {
        let reader = options.seekable_reader(Cursor::new(coded));
        drain(self.ok("making a reader", reader))
    }

    /// What a reader with the default options delivers, which must be all of `want` and no error.
    #[track_caller]
    pub(super) fn decodes_to(&self, what: impl Display, coded: &[u8], want: &[u8]) {
        let (got, end) = self.decode_with(self.options(), coded);
        self.ok(format_args!("{what}: reading"), end);
        self.same(format_args!("{what}: reading"), &got, want);
    }
}

/// Everything that can be read, and what came after it.
pub(super) fn drain(mut reader: impl Read) -> (Vec<u8>, Result<(), Error>) {
    let mut plain = Vec::new();
    let end = reader.read_to_end(&mut plain);
    (plain, end.map(drop).map_err(Error::from))
}
