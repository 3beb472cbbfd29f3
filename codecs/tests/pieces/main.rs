//! Several threads read what one thread reads: the same data, and the same error behind it. Streams are made of many
//! pieces here, whole and damaged.

#[path = "../common/mod.rs"]
mod common;
mod watched;

use std::fmt::Debug;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use demijohn_codecs::{Compressor, Error, ErrorKind, Limits, Options};

use common::{Rng, sample};
use watched::Watched;

/// What is delivered, and how that ends.
#[derive(PartialEq, Eq)]
struct Outcome {
    plain: Vec<u8>,
    error: Option<(ErrorKind, String, Option<u64>)>,
}

impl Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, then {:?}", self.plain.len(), self.error)
    }
}

/// A pipe that brings more or less at a time.
struct Uneven<'a>(&'a [u8], Rng);

impl Read for Uneven<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = 1 << (10 + self.1.below(10));
        let n = out.len().min(1 + self.1.below(most));
        self.0.read(&mut out[..n])
    }
}

/// Reads everything, in slices of random sizes up to some power of two: small ones, and such as pieces are decoded
/// straight into.
fn read(mut reader: impl Read, rng: &mut Rng) -> Outcome {
    let mut plain = Vec::new();
    let most = 1 << if rng.below(2) == 0 { 8 + rng.below(13) } else { 24 };
    let error = loop {
        let mut slice = vec![0; 1 + rng.below(most)];
        match reader.read(&mut slice) {
            Ok(0) => break None,
            Ok(n) => plain.extend_from_slice(&slice[..n]),
            Err(error) => {
                let error = Error::from(error);
                break Some((error.kind(), error.message().to_owned(), error.offset_out()));
            }
        }
    };
    Outcome { plain, error }
}

/// Reads on one thread and on several, which must be the same; says how many pieces of a file were adopted, and what comes
/// of it.
#[track_caller]
fn read_alike(
    format: &Compressor,
    coded: &[u8],
    limits: Limits,
    rng: &mut Rng,
    what: &str,
) -> (usize, Outcome) {
    let (watched, watch) = Watched::format(format);
    let options = |threads| Options::new().format(&watched).limits(limits).threads(threads);
    let file = |threads| options(threads).seekable_reader(Cursor::new(coded)).unwrap();
    let alone = read(file(1), rng);
    assert_eq!(watch.adopted(), 0, "{what}: one thread needs no pieces");
    let two = read(file(2), rng);
    let four = read(file(4), rng);
    let adopted = watch.adopted();
    let pipe = Uneven(coded, Rng(rng.next()));
    let piped = read(options(2).reader(pipe).unwrap(), rng);
    for (how, together) in [("two", two), ("four", four), ("two, from a pipe", piped)] {
        let differ = alone.plain.iter().zip(&together.plain).position(|(a, b)| a != b);
        assert!(
            alone == together,
            "{}, {what}: on {how}: {together:?}; on one: {alone:?}; different from {differ:?} on",
            format.name()
        );
    }
    (adopted, alone)
}

/// A stream of many pieces, and its data.
struct Sample {
    name: &'static str,
    format: Compressor,
    coded: Vec<u8>,
    plain: Vec<u8>,
    /// Pieces that several threads must find in it.
    pieces: usize,
}

fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    let plain = sample(1_500_000);
    let ours = [
        ("lz4", 0, 60_000, 6),
        ("lz4", 9, 200_000, 5),
        ("bz2", 9, 99_000, 15),
        ("gzip", 6, 90_000, 7),
        ("zlib", 6, 90_000, 7),
        ("snappy", 0, 40_000, 6),
        ("lzo", 1, 50_000, 5),
        ("blosc", 5, 100_000, 14),
    ];
    for (name, level, block, pieces) in ours {
        let Some(format) = common::format(name) else {
            continue;
        };
        let options = Options::new().level(level).block_size(block);
        let mut writer = options.writer(Vec::new(), &format).unwrap();
        writer.write_all(&plain).unwrap();
        samples.push(Sample {
            name,
            format,
            coded: writer.finish().map_err(Error::from).unwrap().0,
            plain: plain.clone(),
            pieces,
        });
    }
    if let Some(format) = common::format("bz2") {
        samples.push(Sample {
            name: "bz2 of one stream",
            format,
            coded: bzip2(&plain),
            plain: plain.clone(),
            pieces: 15,
        });
    }
    if let Some(format) = common::format("zstd") {
        let mut coded = Vec::new();
        for (i, plain) in plain.chunks(150_000).enumerate() {
            // With its size and without, and skippable frames in front, as pzstd has them.
            let options = if i % 2 == 0 {
                Options::new().size(plain.len() as u64)
            } else {
                Options::new()
            };
            let mut writer = options.writer(Vec::new(), &format).unwrap();
            writer.write_all(plain).unwrap();
            coded.extend_from_slice(b"\x50\x2a\x4d\x18\x04\0\0\0size");
            coded.extend(writer.finish().map_err(Error::from).unwrap().0);
        }
        samples.push(Sample {
            name: "zstd frames",
            format,
            coded,
            plain: plain.clone(),
            pieces: 10,
        });
    }
    if let Some(format) = common::format("zstd") {
        let mut writer = Options::new()
            .seekable(40_000)
            .writer(Vec::new(), &format)
            .unwrap();
        writer.write_all(&plain).unwrap();
        samples.push(Sample {
            name: "zstd to be sought in",
            format,
            coded: writer.finish().unwrap().0,
            plain: plain.clone(),
            pieces: 30,
        });
    }
    if let Some(format) = common::format("xz") {
        let options = Options::new().level(0).block_size(100_000);
        let mut writer = options.writer(Vec::new(), &format).unwrap();
        writer.write_all(&plain).unwrap();
        samples.push(Sample {
            name: "xz of many blocks",
            format,
            coded: writer.finish().map_err(Error::from).unwrap().0,
            plain: plain.clone(),
            // The backend has threads of its own.
            pieces: 0,
        });
    }
    if let Some(format) = common::format("gzip") {
        samples.push(Sample {
            name: "BGZF",
            format,
            coded: bgzf(&plain),
            plain: plain.clone(),
            pieces: 26,
        });
    }
    samples
}

/// Members of 60,000 bytes that say how long they are.
fn bgzf(plain: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    for plain in plain.chunks(60_000).chain([&[][..]]) {
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
        deflate.write_all(plain).unwrap();
        let body = deflate.finish().unwrap();
        coded.extend_from_slice(b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0");
        coded.extend_from_slice(&u16::try_from(body.len() + 25).unwrap().to_le_bytes());
        coded.extend_from_slice(&body);
        let mut crc = flate2::Crc::new();
        crc.update(plain);
        coded.extend_from_slice(&crc.sum().to_le_bytes());
        coded.extend_from_slice(&crc.amount().to_le_bytes());
    }
    coded
}

/// A member with a mark behind every 50,000 bytes, and matches that reach across them.
fn gzip_with_marks(plain: &[u8], level: u32) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    for plain in plain.chunks(50_000) {
        gzip.write_all(plain).unwrap();
        gzip.flush().unwrap();
    }
    gzip.finish().unwrap()
}

#[test]
fn marks_between_segments_that_depend_on_one_another_do_not_matter() {
    let Some(format) = common::format("gzip") else {
        return;
    };
    let mut rng = Rng(7);
    let plain = sample(1_000_000);
    let coded = gzip_with_marks(&plain, 6);
    let (adopted, outcome) = read_alike(&format, &coded, Limits::default(), &mut rng, "dependent");
    assert!(outcome.plain == plain && outcome.error.is_none(), "{outcome:?}");
    assert_eq!(adopted, 2, "the first segment, on two threads and on four");

    // Stored blocks of data that is full of marks: those that are data count as little.
    let mut marks: Vec<u8> = (0..1_000_000)
        .map(|i| if i % 40 < 38 { 0 } else { 0xff })
        .collect();
    let coded = gzip_with_marks(&marks, 0);
    let (_, outcome) = read_alike(&format, &coded, Limits::default(), &mut rng, "stored");
    assert!(outcome.plain == marks && outcome.error.is_none(), "{outcome:?}");

    // Such a member behind one of ours, and ours behind it.
    marks.truncate(300_000);
    let ours = format.compress(&plain).unwrap();
    let coded = [
        &ours[..],
        &gzip_with_marks(&marks, 0),
        &gzip_with_marks(&plain, 6),
        &ours,
    ]
    .concat();
    let (_, outcome) = read_alike(&format, &coded, Limits::default(), &mut rng, "mixed");
    assert_eq!(outcome.plain.len(), 3 * plain.len() + marks.len());
}

/// One stream of many blocks, none of which but the first begins with a byte.
fn bzip2(plain: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_magic_that_is_part_of_a_block_is_none() {
    let Some(format) = common::format("bz2") else {
        return;
    };
    for magic in [[0x3141, 0x5926, 0x5359], [0x1772, 0x4538, 0x5090_u16]] {
        // A block has a map of the bytes that it uses, 16 bits for each 16 bytes, and so these make the magic.
        let used: Vec<u8> = (0..48_u8)
            .filter(|i| magic[usize::from(i / 16)] >> (15 - i % 16) & 1 == 1)
            .map(|i| 0x40 + i)
            .collect();
        let mut rng = Rng(6);
        let plain: Vec<u8> = (0..400_000).map(|_| used[rng.below(used.len())]).collect();
        // The first stream has such magics, the one behind it has not. No block of either is decoded alone for that.
        let coded = [bzip2(&plain), bzip2(&sample(400_000))].concat();
        let (adopted, outcome) = read_alike(&format, &coded, Limits::default(), &mut rng, "false magics");
        assert!(outcome.plain == [plain, sample(400_000)].concat() && outcome.error.is_none());
        assert_eq!(adopted, 2 * (5 + 5), "on two threads and on four");
    }
}

#[test]
fn whole_streams_one_or_several() {
    let mut rng = Rng(1);
    for Sample {
        name,
        format,
        coded,
        plain,
        pieces,
    } in samples()
    {
        let (adopted, outcome) = read_alike(&format, &coded, Limits::default(), &mut rng, name);
        assert!(
            outcome.plain == plain && outcome.error.is_none(),
            "{name}: {outcome:?}"
        );
        // On two threads and on four.
        assert!(adopted >= 2 * pieces, "{name}: {adopted} pieces");

        if format.spec().joins_streams() {
            let twice = [&coded[..], &coded].concat();
            let (adopted, outcome) = read_alike(&format, &twice, Limits::default(), &mut rng, name);
            assert_eq!(outcome.plain.len(), 2 * plain.len(), "{name}");
            assert!(adopted >= 4 * pieces, "{name}, twice: {adopted} pieces");
        }
    }
}

#[test]
fn pieces_that_say_how_large_they_may_be_are_decoded_in_the_slice_of_who_reads() {
    let bounded = ["lz4", "snappy", "lzo", "blosc"];
    for sample in samples().iter().filter(|sample| bounded.contains(&sample.name)) {
        let (watched, watch) = Watched::format(&sample.format);
        let options = Options::new().format(&watched).threads(2);
        let mut reader = options.seekable_reader(Cursor::new(&sample.coded)).unwrap();
        let mut slice = vec![0; 8 << 20];
        let within = slice.as_ptr_range();
        let within = within.start.addr()..within.end.addr();
        let n = reader.read(&mut slice).unwrap();
        assert_eq!(n, sample.plain.len(), "{}", sample.name);
        assert!(slice[..n] == sample.plain, "{}", sample.name);
        assert!(watch.adopted() >= sample.pieces, "{}", sample.name);
        let taken = watch.taken.lock().unwrap();
        assert!(taken.iter().all(|at| within.contains(at)), "{}", sample.name);
    }
}

#[test]
fn a_pipe_that_brings_much_at_a_time_has_threads() {
    for sample in samples().iter().filter(|sample| sample.pieces > 0) {
        let (watched, watch) = Watched::format(&sample.format);
        let options = Options::new().format(&watched).threads(2);
        let mut plain = Vec::new();
        let mut reader = options.reader(&sample.coded[..]).unwrap();
        reader.read_to_end(&mut plain).unwrap();
        assert!(plain == sample.plain, "{}", sample.name);
        assert!(watch.adopted() > 0, "{}: no pieces", sample.name);
    }
}

#[test]
fn cut_streams() {
    let mut rng = Rng(2);
    for Sample {
        name, format, coded, ..
    } in samples()
    {
        for _ in 0..6 {
            let cut = rng.below(coded.len());
            let what = format!("{name} cut at {cut}");
            read_alike(&format, &coded[..cut], Limits::default(), &mut rng, &what);
        }
    }
}

#[test]
fn damaged_streams() {
    let mut rng = Rng(3);
    for Sample {
        name,
        format,
        mut coded,
        ..
    } in samples()
    {
        for _ in 0..8 {
            let (at, bit) = (rng.below(coded.len()), rng.below(8));
            coded[at] ^= 1 << bit;
            let what = format!("{name}, bit {bit} of byte {at} flipped");
            read_alike(&format, &coded, Limits::default(), &mut rng, &what);
            coded[at] ^= 1 << bit;
        }
    }
}

/// Streams of a few small pieces, where the format lets pieces be small: for doing something at every byte.
fn small_samples() -> Vec<(&'static str, Compressor, Vec<u8>)> {
    let plain = sample(2_000);
    let mut samples = Vec::new();
    for name in ["bz2", "blosc", "xz", "zstd"] {
        let Some(format) = common::format(name) else {
            continue;
        };
        let options = Options::new().block_size(500);
        let mut writer = options.writer(Vec::new(), &format).unwrap();
        writer.write_all(&plain).unwrap();
        let coded = writer.finish().map_err(Error::from).unwrap().0;
        let coded = if name == "zstd" { coded.repeat(3) } else { coded };
        samples.push((name, format, coded));
    }
    if let Some(format) = common::format("gzip") {
        samples.push(("BGZF", format, bgzf(&sample(70_000))));
    }
    samples
}

#[test]
fn whole_streams_one_behind_the_other_are_each_decoded_once() {
    let plain = sample(6_000_000);
    for name in ["zstd", "gzip"] {
        let Some(format) = common::format(name) else {
            continue;
        };
        let mut writer = Options::new()
            .seekable(60_000)
            .writer(Vec::new(), &format)
            .unwrap();
        writer.write_all(&plain).unwrap();
        let coded = writer.finish().unwrap().0;
        // In slices that they are copied into, and in one that they are decoded in.
        for slice in [200_000, 8 << 20] {
            let (watched, watch) = Watched::format(&format);
            let options = Options::new().format(&watched).threads(2);
            let mut reader = options.seekable_reader(Cursor::new(&coded)).unwrap();
            let (mut got, mut filled) = (vec![0; 8 << 20], 0);
            loop {
                let end = got.len().min(filled + slice);
                match reader.read(&mut got[filled..end]).unwrap() {
                    0 => break,
                    n => filled += n,
                }
            }
            assert!(got[..filled] == plain, "{name}");
            // And the empty member that ends BGZF.
            let found = watch.found();
            assert!(found <= 101, "{name}, slices of {slice}: {found} pieces");
        }
    }
}

#[test]
fn nothing_is_decoded_ahead_of_a_jump_until_reading_goes_on() {
    let plain = sample(6_000_000);
    for name in ["zstd", "gzip", "lz4"] {
        let Some(format) = common::format(name) else {
            continue;
        };
        let mut writer = Options::new()
            .seekable(200_000)
            .writer(Vec::new(), &format)
            .unwrap();
        writer.write_all(&plain).unwrap();
        let coded = writer.finish().unwrap().0;
        let (watched, watch) = Watched::format(&format);
        let options = Options::new().format(&watched).threads(2);
        let mut reader = options.seekable_reader(Cursor::new(&coded)).unwrap();
        for at in [3_000_000, 1_000_000, 2_000_000] {
            let mut got = [0; 1000];
            reader.seek(SeekFrom::Start(at as u64)).unwrap();
            reader.read_exact(&mut got).unwrap();
            assert!(got == plain[at..at + 1000], "{name}");
        }
        assert_eq!(watch.adopted(), 0, "{name}");
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        assert!(rest == plain[2_001_000..], "{name}");
        assert!(watch.adopted() > 4, "{name}: who reads on has threads");
    }
}

#[test]
fn small_pieces_cut_and_damaged_all_over() {
    for (name, format, mut coded) in small_samples() {
        let mut rng = Rng(8);
        for cut in (0..coded.len()).step_by(1 + coded.len() / 150) {
            let what = format!("{name} cut at {cut}");
            read_alike(&format, &coded[..cut], Limits::default(), &mut rng, &what);
        }
        for bit in (0..8 * coded.len()).step_by(1 + coded.len() / 32) {
            coded[bit / 8] ^= 1 << (bit % 8);
            let what = format!("{name}, bit {bit} flipped");
            read_alike(&format, &coded, Limits::default(), &mut rng, &what);
            coded[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn limits_hold_at_the_same_byte() {
    let mut rng = Rng(4);
    for sample in samples() {
        let (name, format, coded, plain) = (sample.name, sample.format, sample.coded, sample.plain);
        for output in [0, 1, 777_777, plain.len() - 1, plain.len()] {
            let limits = Limits::default().output(output as u64);
            let (_, outcome) = read_alike(&format, &coded, limits, &mut rng, name);
            assert_eq!(outcome.plain.len(), output, "{name}");
            assert_eq!(outcome.error.is_some(), output < plain.len(), "{name}");
        }
        for memory in [0, 100 << 10, 1 << 20, 3 << 20, 8 << 20] {
            let what = format!("{name} in {memory} bytes of memory");
            read_alike(&format, &coded, Limits::default().memory(memory), &mut rng, &what);
        }
    }
}

#[test]
fn a_reader_may_be_dropped_or_rewound_anywhere() {
    let mut rng = Rng(5);
    for sample in samples() {
        let (name, format, coded, plain) = (sample.name, sample.format, sample.coded, sample.plain);
        for _ in 0..4 {
            let options = Options::new().format(&format).threads(4);
            let mut reader = options.seekable_reader(Cursor::new(&coded)).unwrap();
            for _ in 0..3 {
                let at = rng.below(plain.len());
                reader.seek(SeekFrom::Start(at as u64)).unwrap();
                let mut bytes = vec![0; rng.below(plain.len() - at)];
                reader.read_exact(&mut bytes).unwrap();
                assert!(plain[at..].starts_with(&bytes), "{name} at {at}");
            }
        }
    }
}
