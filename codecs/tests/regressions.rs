//! Inputs that once broke a promise, found by fuzzing; each is made here from a few bytes.

use std::io::Read;

use demijohn_codecs::{Compressor, Error, ErrorKind, Options};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
        .collect()
}

/// What reads of `size` bytes deliver, and the kind of the error in the end.
fn read(format: &str, coded: &[u8], size: usize) -> (u64, Option<ErrorKind>) {
    let mut reader = Options::new().format(format).reader(coded).unwrap();
    let mut out = vec![0; size];
    let mut n = 0;
    loop {
        match reader.read(&mut out) {
            Ok(0) => return (n, None),
            Ok(more) => n += more as u64,
            Err(error) => return (n, Some(Error::from(error).kind())),
        }
    }
}

/// However large the reads, the same bytes come before the error.
fn same_bytes_before_the_error(format: &str, coded: &[u8], plain: u64, kind: ErrorKind) {
    if Compressor::by_name(format).is_ok_and(|format| !format.is_available()) {
        return;
    }
    for size in [1, 7, 4096, 4 << 20] {
        assert_eq!(
            read(format, coded, size),
            (plain, Some(kind)),
            "{format} in reads of {size}"
        );
    }
}

#[test]
fn zstd_delivers_the_blocks_before_a_damaged_one() {
    let damaged = bytes(
        "28b52ffd00384c000008300100fcff391002440000000130fdff390002440000000130fdff3900024400\
         00000130fdff3900022400000030303030303030"
            .replace(' ', "")
            .as_str(),
    );
    same_bytes_before_the_error("zstd", &damaged, 524_288, ErrorKind::Corrupt);
}

#[test]
fn zstd_delivers_the_data_before_a_wrong_checksum() {
    if let Ok(coded) = Compressor::by_name("zstd").unwrap().compress(b"two words") {
        let mut damaged = coded;
        *damaged.last_mut().unwrap() ^= 1;
        same_bytes_before_the_error("zstd", &damaged, 9, ErrorKind::Checksum);
    }
}

#[test]
fn bz2_delivers_the_data_before_a_damaged_block() {
    let damaged =
        bytes("425a683931415926535938571ce50008084000c0040008200030cc0529a60806c4201e2ee48a70a12070ae4dca");
    same_bytes_before_the_error("bz2", &damaged, 1_048_576, ErrorKind::Corrupt);
}

#[test]
fn detection_does_not_depend_on_how_bytes_arrive() {
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let n = out.len().min(1);
            self.0.read(&mut out[..n])
        }
    }
    for input in [
        "1f8b083c696c3e00ff010000ff00f000",
        "7801000800f7ff2adc5d005fc103050100ff00ff6b01003c",
        "1f8b08",
        "1f8b",
        "425a6839",
        "425a683931",
    ] {
        let input = bytes(input);
        let whole = Options::new().reader(&input[..]).unwrap();
        let dripped = Options::new().reader(Drip(&input)).unwrap();
        assert_eq!(whole.format(), dripped.format(), "{input:02x?}");
        let detected = Compressor::detect(&input).map_or("none", |format| format.name());
        assert_eq!(whole.format(), detected, "{input:02x?}");
    }
}
