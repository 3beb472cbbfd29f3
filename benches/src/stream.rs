//! Streams through the file objects, on memory.

use std::io::{Cursor, Read, Write};

use demijohn_codecs::{Compressor, Options, Registry};

/// The registered formats that this build has.
#[must_use]
pub fn formats() -> Vec<Compressor> {
    let all = Registry::global().formats();
    all.iter()
        .filter(|format| format.is_available())
        .cloned()
        .collect()
}

/// Writes a whole stream at the default level to `coded`, which is empty, `chunk` plain bytes a call.
///
/// # Panics
/// If the registry has no such format, or `chunk` is 0.
pub fn write(options: Options, format: &'static str, plain: &[u8], chunk: usize, coded: &mut Vec<u8>) {
    let mut writer = options
        .seekable_writer(Cursor::new(coded), format)
        .expect("a built-in format");
    for piece in plain.chunks(chunk) {
        writer.write_all(piece).expect("memory takes everything");
    }
    writer
        .finish()
        .map_err(|error| error.to_string())
        .expect("memory takes everything");
}

/// Reads a whole stream of exactly so many bytes, `chunk` of them a call, its end included, so that the checksum is
/// verified.
///
/// # Panics
/// If that is not what the stream holds, or `chunk` is 0.
pub fn read(options: Options, format: &'static str, coded: &[u8], chunk: usize, plain: &mut [u8]) {
    // From memory, as the backend reads it; a pipe's bytes are copied into a buffer first, by anybody.
    let mut reader = options
        .format(format)
        .exact(coded)
        .expect("a stream just written");
    for piece in plain.chunks_mut(chunk) {
        reader.read_exact(piece).expect("a stream just written");
    }
    let summary = reader.finish().expect("a stream just written");
    assert_eq!(summary.plain, plain.len() as u64);
}
