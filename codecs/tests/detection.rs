//! Detection from sources that deliver little at a time, and what it leaves untouched.

mod common;

use std::io::{self, BufReader, Read};

#[cfg(any(feature = "zlib", feature = "gzip"))]
use demijohn_codecs::Compressor;
use demijohn_codecs::{Options, Registry};

/// Delivers one byte per read and counts them.
struct Drip<'a> {
    bytes: &'a [u8],
    read: usize,
}

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.bytes.len().min(out.len()).min(1);
        out[..n].copy_from_slice(&self.bytes[..n]);
        self.bytes = &self.bytes[n..];
        self.read += n;
        Ok(n)
    }
}

fn drip(bytes: &[u8]) -> BufReader<Drip<'_>> {
    BufReader::new(Drip { bytes, read: 0 })
}

#[test]
fn every_format_is_detected_byte_by_byte() {
    for format in Registry::global()
        .formats()
        .iter()
        .filter(|f| f.is_available() && f.name() != "none")
    {
        let coded = format.compress(b"some text, some text, some more text").unwrap();
        let mut reader = Options::new().exact(drip(&coded)).unwrap();
        assert_eq!(reader.format(), format.name());
        let mut plain = String::new();
        reader.read_to_string(&mut plain).unwrap();
        assert_eq!(plain, "some text, some text, some more text", "{}", format.name());
    }
}

/// A byte at a time: no more is taken than a probe may see, whatever the bytes are, and all of it is there to be read.
#[test]
fn a_probe_looks_at_64_bytes_and_gives_them_back() {
    let Some(corpus) = common::corpus() else { return };
    let mut looked = 0;
    for record in common::manifest(&corpus) {
        let path = corpus.join(record["path"].as_str().unwrap());
        let bytes = std::fs::read(&path).unwrap();
        // A frame to be skipped is passed over, and what is behind it looked at.
        let skippable = bytes.get(1..4) == Some(&[0x2a, 0x4d, 0x18]);
        let mut source = Drip {
            bytes: &bytes,
            read: 0,
        };
        let mut reader = Options::new().reader(&mut source).unwrap();
        if reader.format() == "none" {
            let mut back = Vec::new();
            (&mut reader).take(1000).read_to_end(&mut back).unwrap();
            assert!(bytes.starts_with(&back), "{}", path.display());
            assert_eq!(back.len(), bytes.len().min(1000), "{}", path.display());
        } else {
            drop(reader);
            assert!(
                skippable || source.read <= 64,
                "{}: {}",
                path.display(),
                source.read
            );
            looked += 1;
        }
    }
    assert!(looked > 1000, "only {looked} compressed files");
}

#[test]
fn no_byte_is_asked_for_that_cannot_change_the_answer() {
    // How pickles of protocol 2 to 5 begin: no format does, and one byte shows it.
    let mut reader = Options::new().exact(drip(b"\x80\x04N.the next object")).unwrap();
    assert_eq!(reader.format(), "none");
    let mut object = [0; 4];
    reader.read_exact(&mut object).unwrap();
    assert_eq!(&object, b"\x80\x04N.");
    let mut buffered = reader.into_inner();
    assert!(
        buffered.buffer().len() + buffered.get_ref().read <= 5,
        "read ahead of the object"
    );
    let mut rest = String::new();
    buffered.read_to_string(&mut rest).unwrap();
    assert!("the next object".ends_with(&rest), "{rest:?}");
}

// Without its decoder zlib is known by two bytes only, which text can have too.
#[cfg(feature = "zlib")]
#[test]
fn text_stays_text_whatever_it_begins_with() {
    let texts: [&[u8]; 8] = [
        b"",
        b"B",
        b"BZ",
        b"BZh9 is how such files begin",
        b"HK, 4 May",
        b"P",
        b"x^2 + y^2",
        b"(S]",
    ];
    for text in texts {
        assert!(
            Compressor::detect(text).is_none(),
            "{:?}",
            String::from_utf8_lossy(text)
        );
        for mut reader in [
            Options::new().reader(text).unwrap().into_file(),
            Options::new()
                .reader(Drip { bytes: text, read: 0 })
                .unwrap()
                .into_file(),
        ] {
            assert_eq!(reader.format(), "none", "{:?}", String::from_utf8_lossy(text));
            let mut plain = Vec::new();
            reader.read_to_end(&mut plain).unwrap();
            assert_eq!(plain, text);
        }
    }
}

#[cfg(feature = "zlib")]
#[test]
fn an_unsure_answer_can_be_vetoed() {
    let coded = Compressor::by_name("zlib").unwrap().compress(b"plain").unwrap();
    let vetoed = Options::new()
        .veto(|head| head[0] == 0x78)
        .reader(&coded[..])
        .unwrap();
    assert_eq!(vetoed.format(), "none");
    let kept = Options::new()
        .veto(|head| head[0] == b'(')
        .reader(&coded[..])
        .unwrap();
    assert_eq!(kept.format(), "zlib");
}

#[cfg(feature = "gzip")]
#[test]
fn the_end_of_a_member_leaves_the_next_one_alone() {
    use std::io::BufRead as _;
    let gzip = Compressor::by_name("gzip").unwrap();
    let (first, second) = (
        gzip.compress(b"first").unwrap(),
        gzip.compress(b"second").unwrap(),
    );
    let both = [first, second.clone()].concat();
    let mut reader = Options::new().exact(BufReader::new(&both[..])).unwrap();
    let mut head = [0; 2];
    reader.read_exact(&mut head).unwrap();
    reader.end_member().unwrap();
    assert_eq!(reader.fill_buf().unwrap(), b"", "the stream ends there");
    assert_eq!(reader.into_inner().buffer(), second);
}
