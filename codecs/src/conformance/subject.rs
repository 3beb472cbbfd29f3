//! The format under test, with what every part needs to do to it.

use std::fmt::Display;
use std::io::{Cursor, Read, Write};

use crate::compressor::Compressor;
use crate::error::{Error, ErrorKind};
use crate::format::LateHead;
use crate::options::Options;
use crate::spec::Spec;
use crate::writer::Writer;

/// A format, and the part of the suite that is testing it.
pub(super) struct Subject<'a> {
    pub(super) compressor: &'a Compressor,
    part: &'static str,
}

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
    pub(super) fn new(compressor: &'a Compressor, part: &'static str) -> Self {
        Subject { compressor, part }
    }

    pub(super) fn spec(&self) -> &Spec {
        self.compressor.spec()
    }

    #[track_caller]
    pub(super) fn fail(&self, what: impl Display) -> ! {
        panic!("{}: conformance::{}: {what}", self.compressor.name(), self.part)
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

    /// Options with the format set.
    pub(super) fn options(&self) -> Options {
        Options::new().format(self.compressor)
    }

    /// A writer with the default options.
    #[track_caller]
    pub(super) fn writer<W: Write>(&self, sink: W) -> Writer<W> {
        self.writer_with(Options::new(), sink)
    }

    #[track_caller]
    pub(super) fn writer_with<W: Write>(&self, options: Options, sink: W) -> Writer<W> {
        self.ok("making a writer", options.writer(sink, self.compressor))
    }

    /// The stream that a writer makes, its size not announced.
    #[track_caller]
    pub(super) fn encode(&self, plain: &[u8]) -> Vec<u8> {
        self.encode_with(Options::new(), plain)
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

    /// Everything that a reader with these options (the format is set here) delivers, and how it ends.
    #[track_caller]
    pub(super) fn decode_with(&self, options: Options, coded: &[u8]) -> (Vec<u8>, Result<(), Error>) {
        let reader = options
            .format(self.compressor)
            .seekable_reader(Cursor::new(coded));
        drain(self.ok("making a reader", reader))
    }

    /// What a reader with the default options delivers, which must be all of `want` and no error.
    #[track_caller]
    pub(super) fn decodes_to(&self, what: impl Display, coded: &[u8], want: &[u8]) {
        let (got, end) = self.decode_with(Options::new(), coded);
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
