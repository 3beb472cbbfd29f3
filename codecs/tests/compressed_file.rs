//! Streams of either direction behind the one trait object, and the zlib file of joblib's name.

mod common;

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom, Write};

use demijohn_codecs::{BinaryZlibFile, CompressedFile, Error, ErrorKind, Mode, Options, Summary};

use common::{compressed_formats, format, sample};

const LEN: usize = 300_000;

#[track_caller]
fn refused<T>(result: io::Result<T>) {
    match result.map_err(Error::from) {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}"),
        Ok(_) => panic!("the other direction is open"),
    }
}

fn sizes(summary: Summary) -> (u64, u64) {
    (summary.plain, summary.compressed)
}

/// Writes the sample, which is then to be found in what `coded` gives, and looks at all that the trait tells meanwhile.
fn writes(name: &str, mut file: Box<dyn CompressedFile + '_>) -> Summary {
    assert_eq!(
        (file.format(), file.mode(), file.seekable()),
        (name, Mode::Write, false)
    );
    let plain = sample(LEN);
    file.write_all(&plain[..1000]).unwrap();
    file.flush().unwrap();
    file.write_all(&plain[1000..]).unwrap();
    assert_eq!(file.position(), LEN as u64);
    assert_eq!(file.stream_position().unwrap(), LEN as u64);
    for (by, to) in [(0, Some(LEN as u64)), (-1, None), (1, None)] {
        assert_eq!(file.seek(SeekFrom::Current(by)).ok(), to, "by {by}");
    }
    refused(file.seek(SeekFrom::Start(0)));
    refused(file.read(&mut [0]));
    refused(file.fill_buf().map(<[u8]>::len));
    file.finish().unwrap()
}

/// Reads the sample, and looks at all that the trait tells meanwhile.
fn reads(name: &str, mut file: Box<dyn CompressedFile + '_>, seekable: bool) -> Summary {
    assert_eq!(
        (file.format(), file.mode(), file.seekable()),
        (name, Mode::Read, seekable)
    );
    let plain = sample(LEN);
    let mut part = [0; 1000];
    file.read_exact(&mut part).unwrap();
    assert!(plain.starts_with(&part), "{name}");
    assert_eq!(file.position(), 1000);
    let shown = file.fill_buf().unwrap();
    assert!(plain[1000..].starts_with(shown) && !shown.is_empty(), "{name}");
    file.consume(1);
    assert_eq!(file.stream_position().unwrap(), 1001);
    refused(file.write(b"x"));
    if seekable {
        assert_eq!(file.seek(SeekFrom::End(-10)).unwrap(), LEN as u64 - 10);
        let mut end = Vec::new();
        file.read_to_end(&mut end).unwrap();
        assert!(plain.ends_with(&end) && end.len() == 10, "{name}");
        file.seek(SeekFrom::Start(7)).unwrap();
        assert_eq!(file.position(), 7);
    }
    file.finish().unwrap()
}

#[test]
fn one_trait_has_both_directions_of_every_format() {
    for format in compressed_formats() {
        let name = format.name();
        let mut coded = Vec::new();
        let writer = Options::new().writer(&mut coded, &format).unwrap();
        let written = sizes(writes(name, writer.into_file()));
        assert_eq!(written, (LEN as u64, coded.len() as u64), "{name}");

        let reader = Options::new().seekable_reader(Cursor::new(&coded)).unwrap();
        assert_eq!(sizes(reads(name, reader.into_file(), true)), written, "{name}");
        let pipe = Options::new().reader(coded.as_slice()).unwrap();
        assert_eq!(sizes(reads(name, pipe.into_file(), false)), written, "{name}");
    }
}

#[test]
fn a_file_by_path_is_there_once_it_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    for format in compressed_formats() {
        let name = format.name();
        let path = dir
            .path()
            .join(format!("file{}", format.spec().file_extensions()[0]));
        let written = sizes(writes(name, demijohn_codecs::create(&path).unwrap().into_file()));
        assert_eq!(written, (LEN as u64, path.metadata().unwrap().len()), "{name}");
        let read = sizes(reads(
            name,
            demijohn_codecs::open(&path).unwrap().into_file(),
            true,
        ));
        assert_eq!(read, written, "{name}");
    }
}

#[test]
fn the_zlib_file_of_joblibs_name_reads_and_writes_zlib() {
    if format("zlib").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file.z");
    let created = BinaryZlibFile::create(&path, 3).unwrap();
    assert_eq!(
        format!("{created:?}"),
        "BinaryZlibFile { mode: Write, position: 0 }"
    );
    let written = sizes(writes("zlib", Box::new(created)));
    let opened = BinaryZlibFile::open(&path).unwrap();
    assert_eq!(sizes(reads("zlib", Box::new(opened), true)), written);

    let mut coded = Vec::new();
    let writer = BinaryZlibFile::writer(&mut coded, 3).unwrap();
    assert_eq!(sizes(writes("zlib", Box::new(writer))), written);
    let reader = BinaryZlibFile::reader(coded.as_slice()).unwrap();
    assert_eq!(sizes(reads("zlib", Box::new(reader), false)), written);

    // Nothing else is read, however well it is known.
    let mut gzip = BinaryZlibFile::reader(&b"\x1f\x8b\x08 and so on"[..]).unwrap();
    assert!(gzip.read(&mut [0]).is_err());
}
