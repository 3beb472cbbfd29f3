//! Seeking that jumps: it reads a part of the file, it answers as [`Cursor`] does whatever the stream is made of, and damage
//! never gives other bytes for right ones.

#[path = "../common/mod.rs"]
mod common;
mod subjects;

use std::cell::Cell;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::process::Command;

use demijohn_codecs::{Compressor, Error, ErrorKind, Limits, Members, Options, Reader, Registry, Seekable};

use common::{Rng, format, pipe, sample, skip, tool};
use subjects::{ours, subjects};

/// Counts what is read, and how often somebody looks elsewhere.
struct Counting<'a> {
    inner: Cursor<&'a [u8]>,
    read: &'a Cell<usize>,
    seeks: &'a Cell<usize>,
}

impl Read for Counting<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.read.set(self.read.get() + n);
        Ok(n)
    }
}

impl Seek for Counting<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.seeks.set(self.seeks.get() + 1);
        self.inner.seek(to)
    }
}
const PLAIN: usize = 3 << 20;

fn plain() -> Vec<u8> {
    sample(PLAIN)
}

fn open<S: Read + Seek>(format: &Compressor, source: S) -> Reader<Seekable<S>> {
    Options::new().format(format).seekable_reader(source).unwrap()
}

#[test]
fn a_jump_reads_a_part_of_the_file() {
    // What does not compress, so that the file is large beside what is read at once.
    let mut rng = Rng(1);
    let plain: Vec<u8> = (0..PLAIN / 8).flat_map(|_| rng.next().to_le_bytes()).collect();
    let at = PLAIN / 4 * 3;
    for subject in subjects(&plain) {
        // Blocks that refer to those before them are none to begin at.
        if subject.name.contains("-BD") || subject.name.contains("-l") {
            continue;
        }
        let name = &subject.name;
        let read = Cell::new(0);
        let source = Counting {
            inner: Cursor::new(&subject.coded),
            read: &read,
            seeks: &Cell::new(0),
        };
        let mut reader = open(&subject.format, source);
        // Back, where places must have been passed; ahead, where they are written.
        if !subject.written {
            io::copy(&mut reader, &mut io::sink()).unwrap();
        }
        read.set(0);
        let mut got = vec![0; 1000];
        reader.seek(SeekFrom::Start(at as u64)).unwrap();
        reader.read_exact(&mut got).unwrap();
        assert!(got == plain[at..at + 1000], "{name}");
        let (read, size) = (read.get(), subject.coded.len());
        assert!(read < size / 3, "{name}: {read} of {size}");
    }
}

#[test]
fn a_short_way_forward_is_decoded_wherever_places_are_written() {
    let plain = plain();
    for subject in ours(&plain) {
        if !subject.name.ends_with("to be sought in") {
            continue;
        }
        let (read, seeks) = (Cell::new(0), Cell::new(0));
        let source = Counting {
            inner: Cursor::new(&subject.coded),
            read: &read,
            seeks: &seeks,
        };
        let mut reader = open(&subject.format, source);
        let mut seeks_to = |at: usize| {
            let (mut got, before) = ([0; 1000], seeks.get());
            reader.seek(SeekFrom::Start(at as u64)).unwrap();
            reader.read_exact(&mut got).unwrap();
            assert!(got == plain[at..at + 1000], "{} at {at}", subject.name);
            seeks.get() - before
        };
        seeks_to(0);
        // No step is farther than can be decoded as fast.
        let steps = (1..10).map(|step| seeks_to(100_000 * step));
        assert_eq!(steps.sum::<usize>(), 0, "{}", subject.name);
        assert!(seeks_to(PLAIN / 2) > 0, "{}", subject.name);
    }
}

/// Random steps for each stream; `DEMIJOHN_SEEKS` asks for more.
fn steps() -> usize {
    std::env::var("DEMIJOHN_SEEKS").map_or(40, |steps| steps.parse().unwrap())
}

#[test]
fn seeking_answers_as_a_cursor_does() {
    let plain = plain();
    let subjects = subjects(&plain);
    let all = subjects.iter().flat_map(|subject| [(subject, 1), (subject, 3)]);
    for (seed, (subject, threads)) in (0..).zip(all) {
        let mut rng = Rng(seed);
        let mut model = Cursor::new(&plain);
        let options = Options::new().format(&subject.format).threads(threads);
        let mut reader = options.seekable_reader(Cursor::new(&subject.coded)).unwrap();
        for step in 0..steps() {
            let to = match rng.below(8) {
                0 => SeekFrom::End(-i64::try_from(rng.below(PLAIN)).unwrap()),
                1 => SeekFrom::Current(-5000),
                2 => SeekFrom::Current(i64::try_from(rng.below(PLAIN / 4)).unwrap()),
                _ => SeekFrom::Start(rng.below(PLAIN + 1000) as u64),
            };
            let what = format!("{} on {threads} threads, step {step}: {to:?}", subject.name);
            assert_eq!(reader.seek(to).ok(), model.seek(to).ok(), "{what}");
            let most = [100, 200_000][rng.below(2)];
            let n = rng.below(most) as u64;
            let (mut got, mut want) = (Vec::new(), Vec::new());
            (&mut reader).take(n).read_to_end(&mut got).expect(&what);
            (&mut model).take(n).read_to_end(&mut want).unwrap();
            assert!(got == want, "{what}: {n} bytes");
        }
        // From wherever that has led: to the end, and all of it from the beginning, with all there is to check.
        reader.seek(SeekFrom::Start(0)).unwrap();
        let mut whole = Vec::new();
        reader.read_to_end(&mut whole).unwrap();
        assert!(whole == plain, "{}", subject.name);
    }
}

/// Gives a few bytes at a time.
struct Dripping<'a>(Cursor<&'a [u8]>);

impl Read for Dripping<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = 3 + self.0.position() % 11;
        (&mut self.0).take(n).read(out)
    }
}

impl Seek for Dripping<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn places_passed_in_drips_lead_back() {
    let plain = sample(400_000);
    for subject in subjects(&plain) {
        let options = Options::new().format(&subject.format).threads(1);
        let mut reader = options
            .seekable_reader(Dripping(Cursor::new(&subject.coded)))
            .unwrap();
        io::copy(&mut reader, &mut io::sink()).unwrap();
        for from in (0..plain.len() - 100).rev().step_by(37_777) {
            let mut got = [0; 100];
            reader.seek(SeekFrom::Start(from as u64)).unwrap();
            reader
                .read_exact(&mut got)
                .unwrap_or_else(|e| panic!("{} from {from}: {e}", subject.name));
            assert!(got == plain[from..from + 100], "{} from {from}", subject.name);
        }
    }
}

#[test]
fn the_end_is_found_without_decoding_where_it_is_written() {
    let plain = plain();
    for subject in subjects(&plain).into_iter().filter(|subject| subject.written) {
        let mut reader = open(&subject.format, Cursor::new(&subject.coded));
        let end = reader.seek(SeekFrom::End(0)).unwrap();
        assert_eq!(end, PLAIN as u64, "{}", subject.name);
        assert_eq!(reader.position_in(), 0, "{}: decoded", subject.name);
    }
}

#[test]
fn damage_never_gives_other_bytes_for_right_ones() {
    let plain = plain();
    // Sizes that stand in the headers of BGZF and of frames are believed where the data is not decoded: only a table of
    // its own can be compared with them.
    let exact = |name: &str| {
        !["BGZF", "bgzip", "gzip to be", "zstd, several"]
            .iter()
            .any(|not| name.contains(not))
    };
    for (seed, subject) in (0..).zip(subjects(&plain)) {
        // Most frames of lz4 have a checksum over all they hold and none over their blocks.
        let blocks_checked =
            |name: &str| !name.contains("lz4") || name.contains("-BX") || name.contains("to be");
        if !exact(&subject.name) || !blocks_checked(&subject.name) {
            continue;
        }
        let mut rng = Rng(seed);
        for _ in 0..steps() / 4 {
            let mut coded = subject.coded.clone();
            // Often where tables and headers are.
            let at = match rng.below(3) {
                0 => rng.below(coded.len().min(200)),
                1 => coded.len() - 1 - rng.below(coded.len().min(600)),
                _ => rng.below(coded.len()),
            };
            coded[at] ^= 1 << rng.below(8);
            let name = &subject.name;
            let Ok(mut reader) = Options::new()
                .format(&subject.format)
                .seekable_reader(Cursor::new(&coded))
            else {
                continue;
            };
            for _ in 0..4 {
                let from = rng.below(PLAIN - 2000);
                let mut got = vec![0; 2000];
                let read = reader
                    .seek(SeekFrom::Start(from as u64))
                    .and_then(|_| reader.read_exact(&mut got));
                // Data goes out before its checksum is found wrong, as without jumps.
                if read.is_ok() && got != plain[from..from + 2000] {
                    let end = reader.read_to_end(&mut got);
                    assert!(end.is_err(), "{name}: bit flipped in byte {at}, read from {from}");
                }
            }
            // What jumps could not see, reading all of it does.
            let sequential = |coded: &[u8]| {
                let mut plain = Vec::new();
                let mut reader = open(&subject.format, Cursor::new(coded));
                let end = reader.read_to_end(&mut plain).map_err(|e| Error::from(e).kind());
                (plain, end)
            };
            let mut whole = Vec::new();
            if reader.seek(SeekFrom::Start(0)).is_ok() {
                let end = reader.read_to_end(&mut whole).map_err(|e| Error::from(e).kind());
                let (want, verdict) = sequential(&coded);
                if end.is_ok() || verdict.is_ok() {
                    assert!(
                        (whole == want && end == verdict) || end == Err(ErrorKind::Corrupt),
                        "{name}: bit flipped in byte {at}: {end:?} and not {verdict:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_cut_is_an_error_after_the_data_before_it_wherever_one_has_been() {
    let plain = plain();
    for subject in subjects(&plain) {
        // The one block of a legacy frame.
        if subject.name.contains("-l") {
            continue;
        }
        let cut = subject.coded.len() / 2;
        let mut reader = open(&subject.format, Cursor::new(&subject.coded[..cut]));
        let mut byte = [0];
        // Past the cut, and the end.
        let far = reader.seek(SeekFrom::Start(PLAIN as u64 / 10 * 9));
        let far = far.and_then(|_| reader.read_exact(&mut byte));
        // A snappy stream may end behind any chunk, which looks like an end to data.
        assert!(far.is_err(), "{}", subject.name);
        let mut reader = open(&subject.format, Cursor::new(&subject.coded[..cut]));
        reader.seek(SeekFrom::Start(1000)).unwrap();
        reader.read_exact(&mut byte).unwrap();
        assert_eq!(byte[0], plain[1000], "{}", subject.name);
    }
}

#[test]
fn limits_hold_behind_a_jump() {
    let plain = plain();
    for subject in subjects(&plain) {
        let limits = Limits::default().output(PLAIN as u64 / 2);
        let options = || Options::new().format(&subject.format).limits(limits);
        let mut reader = options().seekable_reader(Cursor::new(&subject.coded)).unwrap();
        reader.seek(SeekFrom::Start(PLAIN as u64 / 4 * 3)).unwrap();
        let error = reader.read_exact(&mut [0]).unwrap_err();
        assert_eq!(Error::from(error).kind(), ErrorKind::Limit, "{}", subject.name);
        let mut reader = options().seekable_reader(Cursor::new(&subject.coded)).unwrap();
        let error = reader.seek(SeekFrom::End(0)).unwrap_err();
        assert_eq!(Error::from(error).kind(), ErrorKind::Limit, "{}", subject.name);
    }
}

#[test]
fn a_jump_does_not_leave_the_one_member_asked_for() {
    let plain = plain();
    for subject in subjects(&plain) {
        if !subject.name.contains("several streams") {
            continue;
        }
        let options = Options::new().format(&subject.format).members(Members::One);
        let mut reader = options.seekable_reader(Cursor::new(&subject.coded)).unwrap();
        // Streams of snappy end with the input.
        if subject.format.name() == "snappy" {
            skip("a stream of snappy does not end before its input");
            continue;
        }
        let end = reader.seek(SeekFrom::End(0)).unwrap();
        assert_eq!(end, PLAIN as u64 / 12, "{}", subject.name);
        reader.seek(SeekFrom::Start(PLAIN as u64 / 2)).unwrap();
        assert_eq!(reader.read(&mut [0]).unwrap(), 0, "{}", subject.name);
    }
}

#[cfg(feature = "zstd")]
#[test]
fn a_seek_table_that_does_not_fit_its_frames_is_not_followed() {
    let Some(format) = format("zstd") else { return };
    let plain = plain();
    let good = subjects::zstd_with_table(&format, &plain);
    let frames = PLAIN.div_ceil(100_000);
    let table = good.len() - 9 - 8 * frames;
    // Two bytes of the first frame are said to be the second's.
    let mut bad = good.clone();
    bad[table + 4] -= 2;
    bad[table + 12] += 2;
    let mut reader = open(&format, Cursor::new(&bad));
    reader.seek(SeekFrom::Start(1_000_000)).unwrap();
    let mut got = [0; 100];
    reader.read_exact(&mut got).unwrap();
    assert!(got == plain[1_000_000..1_000_100]);
}

#[test]
fn a_wrong_size_in_the_header_of_a_piece_does_not_move_what_follows() {
    let plain = plain();
    for name in ["snappy", "lzo"] {
        let Some(format) = format(name) else { continue };
        let mut writer = Options::new()
            .seekable(60_000)
            .writer(Vec::new(), &format)
            .unwrap();
        io::copy(&mut &plain[..], &mut writer).unwrap();
        let good = writer.finish().unwrap().0;
        let sizes = sizes(name, &good);
        assert_eq!(sizes.len(), PLAIN.div_ceil(60_000), "{name}");
        for &at in &sizes {
            let mut coded = good.clone();
            coded[at] ^= 1;
            for from in [PLAIN / 2, PLAIN - 2000] {
                let mut reader = open(&format, Cursor::new(&coded));
                let mut got = [0; 1000];
                let read = reader
                    .seek(SeekFrom::Start(from as u64))
                    .and_then(|_| reader.read_exact(&mut got));
                assert!(
                    read.is_err() || got == plain[from..from + 1000],
                    "{name}: size at {at}"
                );
            }
        }
    }
}

/// Where the last byte of each piece's plain size is.
fn sizes(name: &str, coded: &[u8]) -> Vec<usize> {
    let be = |at: usize| u32::from_be_bytes(coded[at..at + 4].try_into().unwrap()) as usize;
    let mut sizes = Vec::new();
    let mut at = if name == "snappy" { 10 } else { 9 + 25 + 4 };
    while at < coded.len() && be(at) != 0 {
        if name == "snappy" {
            let len = u32::from_le_bytes(coded[at..at + 4].try_into().unwrap()) >> 8;
            assert_eq!(coded[at], 0, "a compressed chunk");
            sizes.push(at + 8);
            at += 4 + len as usize;
        } else {
            assert!(be(at + 4) < be(at), "a compressed block");
            sizes.push(at + 3);
            at += 8 + 8 + be(at + 4);
        }
    }
    sizes
}

#[test]
fn pieces_of_uneven_sizes_are_sought_in_by_what_has_been_passed() {
    let plain = plain();
    for name in ["snappy", "lzo", "lz4"] {
        let Some(format) = format(name) else { continue };
        let mut writer = Options::new()
            .seekable(60_000)
            .writer(Vec::new(), &format)
            .unwrap();
        for part in plain.chunks(150_000) {
            writer.write_all(part).unwrap();
            writer.flush().unwrap();
        }
        let coded = writer.finish().unwrap().0;
        let mut reader = open(&format, Cursor::new(&coded));
        for from in [PLAIN - 5000, 100_000, 200_000, 1_000_000, 149_999, 0, 2_000_000] {
            let mut got = [0; 5000];
            reader.seek(SeekFrom::Start(from as u64)).unwrap();
            reader.read_exact(&mut got).unwrap();
            assert!(got == plain[from..from + 5000], "{name} from {from}");
        }
        assert_eq!(reader.seek(SeekFrom::End(0)).unwrap(), PLAIN as u64, "{name}");
    }
}

fn all_built() -> impl Iterator<Item = Compressor> {
    let formats = Registry::builtin().formats();
    let built: Vec<_> = formats
        .iter()
        .filter(|format| format.is_available())
        .cloned()
        .collect();
    built.into_iter()
}

#[test]
fn what_is_written_to_be_sought_in_can_be() {
    let plain = plain();
    for format in all_built().filter(|format| format.spec().writes_seekable()) {
        let name = format.name();
        let write = |threads| {
            let options = Options::new().seekable(60_000).threads(threads);
            let mut writer = options.writer(Vec::new(), &format).unwrap();
            io::copy(&mut &plain[..], &mut writer).unwrap();
            writer.finish().unwrap().0
        };
        let coded = write(1);
        assert!(coded == write(3), "{name}: other bytes on three threads");
        let mut reader = open(&format, Cursor::new(&coded));
        // Blocks of bz2 tell their size to none but who decodes them.
        if name != "bz2" {
            assert_eq!(reader.seek(SeekFrom::End(0)).unwrap(), PLAIN as u64, "{name}");
            assert_eq!(reader.position_in(), 0, "{name}");
        }
        let at = PLAIN / 2;
        let mut got = vec![0; 1000];
        reader.seek(SeekFrom::Start(at as u64)).unwrap();
        reader.read_exact(&mut got).unwrap();
        assert!(got == plain[at..at + 1000], "{name}");
        assert!(format.decompress(&coded).unwrap() == plain, "{name}");
        for (of, program) in [
            ("gzip", "gzip"),
            ("zstd", "zstd"),
            ("bz2", "bzip2"),
            ("lz4", "lz4"),
            ("lzo", "lzop"),
        ] {
            if let (true, Some(program)) = (of == name, tool(program)) {
                assert!(
                    pipe(Command::new(program).arg("-dc"), &coded).unwrap() == plain,
                    "{name}"
                );
            }
        }
    }
    for format in all_built().filter(|format| !format.spec().writes_seekable()) {
        let error = Options::new()
            .seekable(60_000)
            .writer(Vec::new(), &format)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }
}
