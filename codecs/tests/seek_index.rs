//! Indexes of gzip and zlib files: made, kept, used, not believed; and exchanged with indexed_gzip.
#![cfg(all(feature = "gzip", feature = "zlib"))]

mod common;

use std::cell::Cell;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::process::Command;

use demijohn_codecs::seek::{Entry, SeekIndex};
use demijohn_codecs::{Compressor, Error, ErrorKind, Limits, Options};

use common::{Rng, python, sample, workspace};

const PLAIN: usize = 6 << 20;
const SPACING: u64 = 512 << 10;

/// One deflate stream whose blocks refer to what is before them, as other programs write it; or ours, in segments.
fn stream(format: &str, plain: &[u8], foreign: bool) -> Vec<u8> {
    let format = Compressor::by_name(format).unwrap();
    let block = if foreign { 1 << 30 } else { 1 << 20 };
    let mut writer = Options::new()
        .block_size(block)
        .writer(Vec::new(), &format)
        .unwrap();
    io::copy(&mut &*plain, &mut writer).unwrap();
    writer.finish().unwrap().0
}

fn streams(plain: &[u8]) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let (first, second) = plain.split_at(plain.len() / 3);
    vec![
        ("one member", "gzip", stream("gzip", plain, true)),
        ("segments", "gzip", stream("gzip", plain, false)),
        ("zlib", "zlib", stream("zlib", plain, true)),
        (
            "two members",
            "gzip",
            [stream("gzip", first, true), stream("gzip", second, true)].concat(),
        ),
    ]
}

fn index_of(format: &str, coded: &[u8]) -> SeekIndex {
    let options = Options::new().format(format).index_spacing(SPACING);
    let mut reader = options.seekable_reader(Cursor::new(coded)).unwrap();
    reader.seek_index().unwrap()
}

/// Through a file, as an index comes that somebody else has made.
fn kept(index: &SeekIndex) -> SeekIndex {
    let mut bytes = Vec::new();
    index.write(&mut bytes).unwrap();
    SeekIndex::read(&bytes[..], Limits::default()).unwrap()
}

fn read_at(reader: &mut (impl Read + Seek), at: usize, len: usize) -> io::Result<Vec<u8>> {
    let mut out = vec![0; len];
    reader.seek(SeekFrom::Start(at as u64))?;
    reader.read_exact(&mut out)?;
    Ok(out)
}

#[test]
fn an_index_leads_to_every_place() {
    let plain = sample(PLAIN);
    for (name, format, coded) in streams(&plain) {
        let index = index_of(format, &coded);
        assert!(index.len() >= 8, "{name}: {index:?}");
        assert_eq!(index.plain_size(), Some(PLAIN as u64), "{name}");
        for threads in [1, 2] {
            let options = || Options::new().format(format).threads(threads);
            let options = || options().seek_index(kept(&index));
            let mut reader = options().seekable_reader(Cursor::new(&coded)).unwrap();
            let mut rng = Rng(7);
            for _ in 0..30 {
                let at = rng.below(PLAIN - 3000);
                assert!(
                    read_at(&mut reader, at, 3000).unwrap() == plain[at..at + 3000],
                    "{name}, at {at}"
                );
            }
            // And each by itself, by a reader that has seen nothing else.
            for point in index.points() {
                let at = usize::try_from(point.plain).unwrap();
                let mut reader = options().seekable_reader(Cursor::new(&coded)).unwrap();
                let len = 100.min(PLAIN - at);
                assert!(
                    read_at(&mut reader, at, len).unwrap() == plain[at..at + len],
                    "{name}, point {at}"
                );
            }
            // What is read from the beginning is checked to the end, index or not.
            let mut whole = Vec::new();
            reader.seek(SeekFrom::Start(0)).unwrap();
            reader.read_to_end(&mut whole).unwrap();
            assert!(whole == plain, "{name}");
        }
    }
}

#[test]
fn an_index_made_late_or_after_jumps_is_the_same() {
    let plain = sample(PLAIN);
    for (name, format, coded) in streams(&plain) {
        let index = index_of(format, &coded);
        let mut reader = Options::new()
            .format(format)
            .seek_index(kept(&index))
            .index_spacing(SPACING)
            .threads(1)
            .seekable_reader(Cursor::new(&coded))
            .unwrap();
        read_at(&mut reader, PLAIN / 2, 10).unwrap();
        let again = reader.seek_index().unwrap();
        assert_eq!(
            reader.position(),
            PLAIN as u64 / 2 + 10,
            "{name}: the position has moved"
        );
        let places = |index: &SeekIndex| {
            index
                .points()
                .iter()
                .map(|p| (p.coded, p.plain))
                .collect::<Vec<_>>()
        };
        if name != "segments" {
            // Several threads name other places of these than one.
            assert_eq!(places(&again), places(&index), "{name}");
        }
    }
}

#[test]
fn who_has_gone_back_once_need_not_decode_from_the_beginning_again() {
    struct Counting<'a>(Cursor<&'a [u8]>, &'a Cell<usize>);
    impl Read for Counting<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.0.read(out)?;
            self.1.set(self.1.get() + n);
            Ok(n)
        }
    }
    impl Seek for Counting<'_> {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }
    let plain = sample(PLAIN);
    let coded = stream("gzip", &plain, true);
    let read = Cell::new(0);
    let source = Counting(Cursor::new(&coded[..]), &read);
    let mut reader = Options::new().threads(1).seekable_reader(source).unwrap();
    for at in [PLAIN - 10, 0, PLAIN - 10] {
        read_at(&mut reader, at, 10).unwrap();
    }
    read.set(0);
    let at = PLAIN / 4 * 3;
    assert!(read_at(&mut reader, at, 1000).unwrap() == plain[at..at + 1000]);
    assert!(read.get() < coded.len() / 2, "{} of {}", read.get(), coded.len());
}

#[test]
fn an_index_of_another_file_is_found_out() {
    let (plain, other) = (sample(PLAIN), sample(PLAIN + 1));
    let (coded, mut index) = (
        stream("gzip", &plain, true),
        index_of("gzip", &stream("gzip", &other, true)),
    );
    let open = |index: &SeekIndex| {
        Options::new()
            .seek_index(index.clone())
            .seekable_reader(Cursor::new(&coded))
    };
    let error = open(&index).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameter, "{error}");
    // It may be as long, by chance or by intent.
    index = resized(&index, coded.len());
    let mut reader = open(&index).unwrap();
    let error = Error::from(read_at(&mut reader, PLAIN - 5000, 10).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    let error = Options::new()
        .format("bz2")
        .seek_index(index)
        .seekable_reader(Cursor::new(&coded))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameter, "{error}");
}

/// The same index, said to be of a file of so many bytes.
fn resized(index: &SeekIndex, len: usize) -> SeekIndex {
    let mut bytes = Vec::new();
    index.write(&mut bytes).unwrap();
    bytes.truncate(bytes.len() - 8);
    bytes[7..15].copy_from_slice(&(len as u64).to_le_bytes());
    SeekIndex::read(&bytes[..], Limits::default()).unwrap()
}

#[test]
fn a_damaged_index_never_leads_to_wrong_bytes() {
    let plain = sample(PLAIN);
    let mut rng = Rng(3);
    for (name, format, coded) in streams(&plain) {
        let mut good = Vec::new();
        index_of(format, &coded).write(&mut good).unwrap();
        // As other programs write it: without the sum that would find all of this.
        good.truncate(good.len() - 8);
        for round in 0..60 {
            let mut bad = good.clone();
            let at = if round % 2 == 0 {
                rng.below(200)
            } else {
                rng.below(bad.len())
            };
            bad[at] ^= 1 << rng.below(8);
            let Ok(index) = SeekIndex::read(&bad[..], Limits::default()) else {
                continue;
            };
            let options = Options::new().format(format).threads(1).seek_index(index);
            let Ok(mut reader) = options.seekable_reader(Cursor::new(&coded)) else {
                continue;
            };
            for _ in 0..3 {
                let from = rng.below(PLAIN - 1000);
                if let Ok(got) = read_at(&mut reader, from, 1000) {
                    assert!(
                        got == plain[from..from + 1000],
                        "{name}: bit flipped in byte {at}, read from {from}"
                    );
                }
            }
        }
    }
}

#[test]
fn bgzips_index_leads_to_members() {
    let plain = sample(1 << 20);
    let (mut coded, mut places, mut at) = (Vec::new(), Vec::new(), 0u64);
    for part in plain.chunks(60_000) {
        places.extend([coded.len() as u64, at]);
        coded.extend(stream("gzip", part, true));
        at += part.len() as u64;
    }
    // The first member is implied.
    let places = &places[2..];
    let mut file = (places.len() as u64 / 2).to_le_bytes().to_vec();
    file.extend(places.iter().flat_map(|place| place.to_le_bytes()));
    let index = SeekIndex::read(&file[..], Limits::default()).unwrap();
    assert!(index.points().iter().all(|point| point.entry == Entry::Stream));
    let mut reader = Options::new()
        .seek_index(index)
        .seekable_reader(Cursor::new(&coded))
        .unwrap();
    for at in [900_000, 3, 500_000] {
        assert!(
            read_at(&mut reader, at, 1000).unwrap() == plain[at..at + 1000],
            "at {at}"
        );
    }
    // One that is off by a member.
    let mut wrong = file.clone();
    wrong.copy_within(24..32, 8 + 16 * 3);
    let Ok(index) = SeekIndex::read(&wrong[..], Limits::default()) else {
        return;
    };
    let mut reader = Options::new()
        .seek_index(index)
        .seekable_reader(Cursor::new(&coded))
        .unwrap();
    assert!(read_at(&mut reader, 60_000 * 4 + 5, 10).is_err());
}

#[test]
fn a_pipe_and_other_formats_have_no_index() {
    let coded = stream("gzip", b"text", true);
    let error = Options::new()
        .reader(&coded[..])
        .unwrap()
        .seek_index()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let mut reader = Options::new()
        .seekable_reader(Cursor::new(b"plain text"))
        .unwrap();
    assert_eq!(reader.seek_index().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn an_index_can_be_made_in_parts_and_given_up() {
    let plain = sample(PLAIN);
    for (name, format, coded) in streams(&plain) {
        let mut reader = Options::new()
            .format(format)
            .index_spacing(SPACING)
            .seekable_reader(Cursor::new(&coded))
            .unwrap();
        reader.read_exact(&mut [0; 1000]).unwrap();
        let mut parts = 1;
        while !reader.settle_index(64 << 10).unwrap() {
            parts += 1;
            assert_eq!(reader.stream_position().unwrap(), 1000, "{name}");
        }
        assert!(parts > 5, "{name}: {parts}");
        assert!(reader.seek_index().unwrap() == index_of(format, &coded), "{name}");
        // In the middle of another, something else is wanted.
        let mut reader = Options::new()
            .format(format)
            .seekable_reader(Cursor::new(&coded))
            .unwrap();
        reader.read_exact(&mut [0; 1000]).unwrap();
        assert!(!reader.settle_index(64 << 10).unwrap(), "{name}");
        let mut next = [0; 1000];
        reader.read_exact(&mut next).unwrap();
        assert!(next == plain[1000..2000], "{name}");
    }
}

#[test]
fn indexed_gzip_reads_our_indexes_and_we_read_its() {
    let Some(python) = python("indexed_gzip") else {
        return;
    };
    let plain = sample(PLAIN);
    let folder = workspace().join("target").join("indexed-gzip");
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name);
    std::fs::write(path("plain"), &plain).unwrap();
    for (name, format, coded) in streams(&plain) {
        if format == "zlib" {
            continue;
        }
        std::fs::write(path("coded"), &coded).unwrap();
        let mut file = std::fs::File::create(path("ours")).unwrap();
        index_of(format, &coded).write(&mut file).unwrap();
        // It reads by ours, and writes its own.
        let script = "
import indexed_gzip, sys
folder = sys.argv[1]
plain = open(f'{folder}/plain', 'rb').read()
file = indexed_gzip.IndexedGzipFile(f'{folder}/coded', index_file=f'{folder}/ours')
for at in range(len(plain) - 1000, 0, -377777):
    file.seek(at)
    assert file.read(1000) == plain[at:at + 1000], at
file = indexed_gzip.IndexedGzipFile(f'{folder}/coded', spacing=400000)
file.build_full_index()
file.export_index(f'{folder}/theirs')
";
        let output = Command::new(&python)
            .arg("-c")
            .arg(script)
            .arg(&folder)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let theirs = SeekIndex::open(path("theirs"), Limits::default()).unwrap();
        assert!(theirs.len() > 8, "{name}: {theirs:?}");
        let options = Options::new().format(format).seek_index(theirs);
        let mut reader = options.seekable_reader(Cursor::new(&coded)).unwrap();
        for at in (0..PLAIN - 1000).rev().step_by(377_777) {
            assert!(
                read_at(&mut reader, at, 1000).unwrap() == plain[at..at + 1000],
                "{name}, at {at}"
            );
        }
    }
}
