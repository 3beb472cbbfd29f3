//! Conversions: what becomes of every kind of file, what is refused, and what is left when something goes wrong.

#![cfg(all(feature = "gzip", feature = "npz", feature = "zlib", feature = "zstd"))]

// Pickles as joblib wrote them before 0.10, put together by hand.
#[path = "../../compat/tests/common/mod.rs"]
mod old;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use demijohn::arrays::{Layout, Order, npy, npz};
use demijohn::{
    Array, Content, Conversion, ErrorKind, Limits, MapMode, Protocol, Way, codecs, convert, dump, dump_to,
    load,
};
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn plain(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    codecs::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// Arrays of all sorts: both orders, foreign byte order, structs, no axes, no elements.
fn arrays() -> BTreeMap<&'static str, Array> {
    let array = |dtype: &str, shape: &[usize], order| {
        let layout = Layout::new(dtype.parse().unwrap(), shape, order).unwrap();
        let bytes: Vec<u8> = (0..=250).cycle().take(layout.nbytes()).collect();
        Array::from_bytes(layout, &bytes).unwrap()
    };
    BTreeMap::from([
        ("large", array("<f8", &[300, 100], Order::C)),
        ("columns", array("<f4", &[30, 7], Order::F)),
        ("foreign", array(">i2", &[5], Order::C)),
        ("struct", array("[('a', '<i4'), ('b', 'S2')]", &[2, 2], Order::C)),
        ("one", array("<M8[ns]", &[], Order::C)),
        ("none", array("|u1", &[0, 3], Order::C)),
        ("π/τ", array("<U3", &[2], Order::C)),
    ])
}

#[test]
fn the_stream_stays_the_same_in_any_compression() {
    let folder = Folder::new();
    let source = folder.path("source.pkl");
    dump(&arrays(), &source).unwrap();
    let stream = fs::read(&source).unwrap();
    let formats = codecs::Registry::builtin().formats();
    let mut last = source;
    for format in formats.iter().filter(|format| format.is_available()) {
        let extension = format.spec().file_extensions().first().unwrap_or(&"");
        let next = folder.path(&format!("{}.pkl{extension}", format.name()));
        let done = convert(&last, &next).unwrap();
        assert_eq!((done.way, done.content), (Way::Recoded, Content::Pickle));
        assert_eq!(done.to, format.name());
        assert_eq!(done.source_size, fs::metadata(&last).unwrap().len());
        assert_eq!(done.written.compressed, fs::metadata(&next).unwrap().len());
        assert_eq!(done.written.plain, stream.len() as u64);
        assert!(plain(&next) == stream, "{}", format.name());
        last = next;
    }
    // And back: arrays stand where they can be mapped.
    let back = folder.path("back.pkl");
    convert(&last, &back).unwrap();
    assert!(fs::read(&back).unwrap() == stream);
    // SAFETY: nobody else knows of the file.
    assert!(unsafe { demijohn::load_mapped(&back, MapMode::Read) }.is_ok());
}

#[test]
fn the_caller_decides_where_the_name_does_not() {
    let folder = Folder::new();
    let source = folder.path("source.pkl");
    dump(&arrays()["large"], &source).unwrap();
    let done = Conversion::of(&source)
        .dump(("gzip", 9))
        .save(folder.path("odd"))
        .unwrap();
    assert_eq!((done.to, done.content), ("gzip", Content::Pickle));
    let again = Conversion::of(folder.path("odd"))
        .content(Content::Npy)
        .save(folder.path("odder"))
        .unwrap();
    assert_eq!(
        (again.from, again.to, again.content),
        ("gzip", "none", Content::Npy)
    );
    assert_eq!(npy::load(folder.path("odder")).unwrap(), arrays()["large"]);

    for (conversion, why) in [
        (Conversion::of(&source).dump(("gzip", 12)), "0..=9"),
        (Conversion::of(&source).dump(("none", 1)), "no levels"),
        (Conversion::of(&source).dump("rar"), "rar"),
        (Conversion::of(&source).content(Content::Data), "data"),
    ] {
        let error = conversion.save(folder.path("never")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Parameter, "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    assert!(!folder.path("never").exists());
}

#[test]
fn arrays_go_to_numpys_files_and_back() {
    let folder = Folder::new();
    for (name, array) in arrays() {
        for source in ["a.pkl", "a.pkl.gz"] {
            let source = folder.path(source);
            dump(&array, &source).unwrap();
            for target in ["a.npy", "a.npy.zst"] {
                let target = folder.path(target);
                let done = convert(&source, &target).unwrap();
                assert_eq!((done.way, done.content), (Way::Rewritten, Content::Npy));
                let mut bytes = Vec::new();
                npy::write(&array, &mut bytes).unwrap();
                assert!(plain(&target) == bytes, "{name}");
                // The file that dumping the array makes.
                let back = folder.path("back.pkl");
                convert(&target, &back).unwrap();
                let mut expected = Vec::new();
                dump_to(&array, &mut expected, "none").unwrap();
                assert!(fs::read(back).unwrap() == expected, "{name}");
            }
        }
    }
}

#[test]
fn dicts_of_arrays_go_to_npz_and_back() {
    let folder = Folder::new();
    for source in ["a.pkl", "a.pkl.gz"] {
        let source = folder.path(source);
        dump(&arrays(), &source).unwrap();
        for (target, level) in [("a.npz", None), ("a.npz", Some(6)), ("a.npz.zst", Some(1))] {
            let target = folder.path(target);
            let mut compression = demijohn::Compression::auto();
            if let Some(level) = level {
                compression = compression.at_level(level);
            }
            let done = Conversion::of(&source).dump(compression).save(&target).unwrap();
            assert_eq!((done.way, done.content), (Way::Rewritten, Content::Npz));
            let bytes = plain(&target);
            let file = npz::Reader::new(io::Cursor::new(&bytes)).unwrap();
            let keys: Vec<&str> = file.keys().collect();
            assert_eq!(keys, arrays().into_keys().collect::<Vec<_>>());
            for (name, array) in arrays() {
                assert_eq!(file.read(name).unwrap(), array, "{name}");
            }
            let stored = bytes.len() > 240_000;
            assert_eq!(
                stored,
                done.to == "zstd" || level.is_none(),
                "deflated if a level is for that"
            );

            // The file that dumping the dict makes.
            let back = folder.path("back.pkl");
            convert(&target, &back).unwrap();
            let mut expected = Vec::new();
            dump_to(&arrays(), &mut expected, "none").unwrap();
            assert!(fs::read(back).unwrap() == expected);
        }
    }
}

#[test]
fn arrays_without_names_are_numbered() {
    let folder = Folder::new();
    let two = [arrays()["large"].clone(), arrays()["columns"].clone()];
    let (list, tuple, one) = (folder.path("l.pkl"), folder.path("t.pkl"), folder.path("o.pkl"));
    dump(&two.to_vec(), &list).unwrap();
    dump(&(&two[0], &two[1]), &tuple).unwrap();
    dump(&two[0], &one).unwrap();
    let target = folder.path("a.npz");
    for (source, count) in [(&list, 2), (&tuple, 2), (&one, 1)] {
        convert(source, &target).unwrap();
        let file = npz::Reader::open(&target).unwrap();
        let keys: Vec<&str> = file.keys().collect();
        assert_eq!(keys, ["arr_0", "arr_1"][..count]);
        for (key, array) in keys.iter().zip(&two) {
            assert_eq!(file.read(key).unwrap(), *array);
        }
    }
    // Of one array, numpy's files go into one another.
    let alone = folder.path("a.npy");
    convert(&target, &alone).unwrap();
    assert_eq!(npy::load(&alone).unwrap(), two[0]);
    convert(&alone, &target).unwrap();
    assert_eq!(npz::Reader::open(&target).unwrap().read("arr_0").unwrap(), two[0]);
}

#[test]
fn arrays_in_plain_pickles_are_arrays_too() {
    let folder = Folder::new();
    let bytes = demijohn::pickle::save::write(
        &arrays(),
        Vec::new(),
        Protocol::V2,
        demijohn::pickle::numpy::Inline::default(),
    );
    let source = folder.write("a.pkl", bytes.unwrap());
    let target = folder.path("a.npz");
    convert(&source, &target).unwrap();
    let file = npz::Reader::open(&target).unwrap();
    for (name, array) in arrays() {
        assert_eq!(file.read(name).unwrap(), array, "{name}");
    }
}

#[test]
fn of_equal_keys_the_last_one_counts() {
    let folder = Folder::new();
    let array = |n: u8| {
        let mut bytes = Vec::new();
        let array = Array::from_vec(vec![n], &[1]).unwrap();
        dump_to(
            &array,
            &mut bytes,
            demijohn::DumpOptions::new()
                .protocol(Protocol::V2)
                .aligned(false)
                .compression("none"),
        )
        .unwrap();
        // Without PROTO and STOP.
        bytes[2..bytes.len() - 1].to_vec()
    };
    let mut bytes = b"\x80\x02}(".to_vec();
    for (key, n) in [("a", 1), ("b", 2), ("a", 3)] {
        bytes.extend([&old::text(key)[..], &array(n)].concat());
    }
    bytes.extend(b"u.");
    let target = folder.path("a.npz");
    convert(folder.write("a.pkl", bytes), &target).unwrap();
    let file = npz::Reader::open(&target).unwrap();
    assert_eq!(file.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(file.read("a").unwrap().as_slice::<u8>().unwrap(), [3]);
}

#[test]
fn what_is_no_array_is_named_with_path_and_type() {
    let folder = Folder::new();
    let target = folder.write("kept.npz", "the old file");
    let refuses = |bytes: &[u8], content, place: &str, what: &str| {
        let source = folder.write("source", bytes);
        let error = Conversion::of(&source)
            .content(content)
            .save(&target)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert_eq!(error.path(), Some(source.as_path()));
        let text = error.to_string();
        assert!(text.contains(place) && text.contains(what), "{text}");
        assert_eq!(fs::read(&target).unwrap(), b"the old file");
    };
    for (pickle, place, what) in [
        (&b"\x80\x02}X\x01\0\0\0nX\x01\0\0\0xs."[..], "at n:", "str"),
        (b"\x80\x02]K\x01a.", "at [0]:", "int"),
        (b"\x80\x02N\x85.", "at [0]:", "None"),
        (b"\x80\x02K\x01.", "at .:", "int"),
        (b"\x80\x02}K\x01Ns.", "not by 1", "named by texts"),
        (b"\x80\x02]cos\nsystem\nN\x85Ra.", "at [0]:", "os.system"),
        (b"\x80\x02]]a.", "at [0]:", "list of 0 items"),
    ] {
        refuses(pickle, Content::Npz, place, what);
    }
    refuses(b"\x80\x02}.", Content::Npy, "at .:", "dict of 0 items");
    let objects = npy::header(&Layout::new("|O".parse().unwrap(), &[1], Order::C).unwrap()).unwrap();
    refuses(
        &[&objects[..], b"\x80\x04]Na."].concat(),
        Content::Pickle,
        "the array",
        "Python objects",
    );
    let mut two = npz::Writer::new(Vec::new());
    two.add("a", &arrays()["one"]).unwrap();
    two.add("b", &arrays()["one"]).unwrap();
    refuses(&two.finish().unwrap(), Content::Npy, "\"a\", \"b\"", "one array");
}

#[test]
fn what_is_something_else_says_so() {
    let folder = Folder::new();
    let text = folder.write("notes.txt", "plain text\n");
    for (target, wanted) in [("a.pkl", "a pickle"), ("a.npy", "arrays"), ("a.npz.gz", "arrays")] {
        let error = convert(&text, folder.path(target)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownFormat, "{error}");
        assert!(error.to_string().contains(wanted), "{error}");
    }
    let error = convert(folder.write("empty", ""), folder.path("a.pkl")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
    let error = convert(folder.path("absent"), folder.path("a.pkl")).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::Io, Some(folder.path("absent").as_path()))
    );
    for (from, to) in [
        (folder.0.path(), folder.path("a.pkl")),
        (&text, folder.0.path().to_owned()),
    ] {
        let error = convert(from, to).unwrap_err();
        assert!(error.to_string().to_lowercase().contains("directory"), "{error}");
    }
    // Under a name that promises nothing, any stream is compressed anew.
    let done = convert(&text, folder.path("notes.txt.gz")).unwrap();
    assert_eq!((done.way, done.content), (Way::Recoded, Content::Unknown));
    let done = convert(folder.path("notes.txt.gz"), folder.path("notes.txt.zst")).unwrap();
    assert_eq!((done.from, done.content), ("gzip", Content::Data));
    assert_eq!(plain(&folder.path("notes.txt.zst")), b"plain text\n");
}

#[test]
fn nothing_is_lost_behind_an_object() {
    let folder = Folder::new();
    let mut bytes = Vec::new();
    dump_to(&arrays()["one"], &mut bytes, "none").unwrap();
    dump_to(&arrays()["large"], &mut bytes, "none").unwrap();
    let two = folder.write("two.pkl", &bytes);
    convert(&two, folder.path("two.pkl.gz")).unwrap();
    assert!(
        plain(&folder.path("two.pkl.gz")) == bytes,
        "compressed anew, all is there"
    );
    let mut bytes = Vec::new();
    npy::write(&arrays()["large"], &mut bytes).unwrap();
    bytes.push(0);
    let longer = folder.write("longer.npy", &bytes);
    let zipped = folder.write(
        "longer.npy.gz",
        codecs::Compressor::by_name("gzip")
            .unwrap()
            .compress(&bytes)
            .unwrap(),
    );
    let zfile = folder.write("zfile.gz", old::zfile(b"\x80\x02N.\0"));
    for (source, target) in [
        (two, "a.npy"),
        (longer, "a.pkl"),
        (zipped, "a.pkl"),
        (zfile, "a.pkl"),
    ] {
        let error = convert(&source, folder.path(target)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TrailingData, "{error}");
        assert!(!folder.path(target).exists());
    }
}

#[test]
fn damage_leaves_the_old_file() {
    let folder = Folder::new();
    let target = folder.write("kept.pkl", "the old file");
    let numpy = folder.write("kept.npz", "the old file");
    let whole = {
        let path = folder.path("whole.pkl.gz");
        dump(&arrays(), &path).unwrap();
        fs::read(path).unwrap()
    };
    let kinds = |bytes: &[u8]| {
        let source = folder.write("damaged.pkl.gz", bytes);
        [&target, &numpy].map(|target| {
            let error = convert(&source, target).unwrap_err();
            assert_eq!(error.path(), Some(source.as_path()));
            assert_eq!(fs::read(target).unwrap(), b"the old file");
            error.kind()
        })
    };
    for cut in (20..whole.len())
        .step_by(whole.len() / 40)
        .chain([whole.len() - 1])
    {
        for kind in kinds(&whole[..cut]) {
            assert_eq!(kind, ErrorKind::Truncated, "{cut}");
        }
    }
    let mut flipped = whole.clone();
    let crc = whole.len() - 8;
    flipped[crc] ^= 1;
    assert_eq!(kinds(&flipped), [ErrorKind::Checksum; 2]);
    assert_eq!(
        kinds(&[&whole[..], b"more"].concat()),
        [ErrorKind::TrailingData; 2]
    );

    // The checksums of zip files count as well.
    let zip = folder.path("a.npz");
    convert(folder.path("whole.pkl.gz"), &zip).unwrap();
    let mut bytes = fs::read(&zip).unwrap();
    bytes[100_000] ^= 1;
    let error = convert(folder.write("flipped.npz", bytes), &target).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(fs::read(&target).unwrap(), b"the old file");
    assert_eq!(
        folder.names(),
        [
            "a.npz",
            "damaged.pkl.gz",
            "flipped.npz",
            "kept.npz",
            "kept.pkl",
            "whole.pkl.gz"
        ],
        "and no temporary file"
    );
}

#[test]
fn a_file_may_be_converted_in_its_place() {
    let folder = Folder::new();
    let path = folder.path("a.pkl.gz");
    dump(&arrays(), &path).unwrap();
    let stream = plain(&path);
    let before = fs::metadata(&path).unwrap().len();
    let done = Conversion::of(&path)
        .dump(demijohn::Compression::auto().at_level(0))
        .save(&path)
        .unwrap();
    assert_eq!(done.source_size, before);
    assert!(fs::metadata(&path).unwrap().len() > before);
    assert!(plain(&path) == stream);
    // Another kind of file, too, and one that is gone through twice.
    Conversion::of(&path).content(Content::Npz).save(&path).unwrap();
    Conversion::of(&path)
        .content(Content::Pickle)
        .save(&path)
        .unwrap();
    assert!(plain(&path) == stream);
}

#[test]
fn old_files_become_one() {
    let folder = Folder::new();
    let weights = arrays()["columns"].clone();
    npy::save(folder.path("main.pkl_01.npy"), &weights).unwrap();
    folder.write("main.pkl_02.npy.z", old::zfile(&[1, 2, 3, 4]));
    let state = old::raw_state(b"K\x04\x85", "u1", b"\x89");
    // With a text of Python 2 that Python 3 would not read.
    let parts = [
        old::npy("main.pkl_01.npy"),
        old::raw("main.pkl_02.npy.z", state),
        b"U\x01\xe9".to_vec(),
    ];
    let pickle = old::list(&parts);
    let main = folder.write("main.pkl", &pickle);
    let zipped = folder.write("main.gz", old::zfile(&pickle));
    for source in [&main, &zipped] {
        let target = folder.path("new.pkl.zst");
        let done = convert(source, &target).unwrap();
        assert_eq!((done.way, done.content), (Way::Upgraded, Content::Pickle));
        let document = load(&target).unwrap();
        assert_eq!(document.at("[0]").unwrap().array().unwrap(), &weights);
        assert_eq!(
            document.at("[1]").unwrap().array().unwrap().as_bytes(),
            [1, 2, 3, 4]
        );
        assert_eq!(document.at("[2]").unwrap().as_bytes(), Some(&b"\xe9"[..]));
        assert_eq!(document.at("[2]").unwrap().type_name(), "bytes");
        // In joblib's form of today, from which one array can be taken.
        assert_eq!(
            demijohn::load_array(&target, "[1]").unwrap().as_bytes(),
            [1, 2, 3, 4]
        );
        fs::remove_file(&target).unwrap();
    }
    // To numpy's files as well.
    let arrays = folder.write("arrays.pkl", old::list(&parts[..2]));
    convert(&arrays, folder.path("arrays.npz")).unwrap();
    let file = npz::Reader::open(folder.path("arrays.npz")).unwrap();
    assert_eq!(file.read("arr_0").unwrap(), weights);
    // In its place.
    convert(&main, &main).unwrap();
    assert_eq!(load(&main).unwrap().at("[0]").unwrap().array().unwrap(), &weights);
}

#[test]
fn old_files_that_are_not_complete_are_refused() {
    let folder = Folder::new();
    let pickle = old::list(&[old::npy("main.pkl_01.npy")]);
    let main = folder.write("main.pkl", &pickle);
    let target = folder.path("new.pkl");
    let error = convert(&main, &target).unwrap_err();
    assert!(error.to_string().contains("main.pkl_01.npy"), "{error}");
    let outside = old::list(&[old::npy("../main.pkl_01.npy")]);
    let error = convert(folder.write("evil.pkl", outside), &target).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    // From a stream no companion is found: a z-file says so, what is plain stays as it is.
    let error = Conversion::of_reader(io::Cursor::new(old::zfile(&pickle)))
        .write_to(Vec::new())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    let (same, done) = Conversion::of_reader(io::Cursor::new(pickle.clone()))
        .write_to(Vec::new())
        .unwrap();
    assert_eq!((same, done.way), (pickle, Way::Recoded));
    assert!(!target.exists());
}

#[test]
fn what_does_not_seek_is_kept_aside() {
    let folder = Folder::new();
    let (pickled, zipped) = (folder.path("a.pkl.gz"), folder.path("a.npz"));
    dump(&arrays(), &pickled).unwrap();
    let (bytes, done) = Conversion::of_reader(File::open(&pickled).unwrap())
        .content(Content::Npz)
        .write_to(Vec::new())
        .unwrap();
    assert_eq!((done.from, done.to), ("gzip", "none"));
    convert(&pickled, &zipped).unwrap();
    assert!(bytes == fs::read(&zipped).unwrap());
    let (bytes, _) = Conversion::of_reader(File::open(&zipped).unwrap())
        .content(Content::Pickle)
        .dump("gzip")
        .write_to(Vec::new())
        .unwrap();
    assert!(bytes == fs::read(&pickled).unwrap());
}

#[test]
fn a_stream_that_fails_is_not_ended() {
    /// Gives a beginning, and then an error.
    struct Breaks(io::Cursor<Vec<u8>>);
    impl Read for Breaks {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match self.0.read(out)? {
                0 => Err(io::Error::from_raw_os_error(5)),
                n => Ok(n),
            }
        }
    }
    let mut bytes = Vec::new();
    dump_to(&arrays(), &mut bytes, "none").unwrap();
    bytes.truncate(bytes.len() - 1);
    let mut sink = Vec::new();
    let error = Conversion::of_reader(Breaks(io::Cursor::new(bytes)))
        .dump("gzip")
        .write_to(&mut sink)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    let read =
        codecs::reader(sink.as_slice()).and_then(|mut reader| Ok(reader.read_to_end(&mut Vec::new())?));
    assert_eq!(read.unwrap_err().kind(), ErrorKind::Truncated);
}

#[test]
fn the_sinks_errors_are_the_targets() {
    struct Full(usize);
    impl io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let n = self.0.min(bytes.len());
            self.0 -= n;
            if n == 0 {
                Err(io::ErrorKind::StorageFull.into())
            } else {
                Ok(n)
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let folder = Folder::new();
    let source = folder.path("a.pkl");
    dump(&arrays(), &source).unwrap();
    convert(&source, folder.path("a.npz")).unwrap();
    for (source, content) in [
        ("a.pkl", None),
        ("a.pkl", Some(Content::Npz)),
        ("a.npz", Some(Content::Pickle)),
    ] {
        for room in [0, 1000, 200_000] {
            let mut conversion = Conversion::of(folder.path(source));
            if let Some(content) = content {
                conversion = conversion.content(content);
            }
            let error = conversion.write_to(Full(room)).map(drop).unwrap_err();
            assert_eq!(error.path(), None, "not the source's: {error}");
            assert_eq!(io::Error::from(error).kind(), io::ErrorKind::StorageFull);
        }
    }
}

#[test]
fn limits_act_on_every_way() {
    let folder = Folder::new();
    let zeros = Array::zeros(Layout::new("|u1".parse().unwrap(), &[100 << 20], Order::C).unwrap()).unwrap();
    let bomb = folder.path("bomb.pkl.zst");
    dump(&zeros, &bomb).unwrap();
    let mut zip = npz::Writer::create(folder.path("bomb.npz"))
        .unwrap()
        .compression(npz::Compression::Deflated(9))
        .unwrap();
    zip.add("a", &zeros).unwrap();
    zip.finish().unwrap();
    drop(zeros);
    let old = folder.write(
        "bomb.gz",
        old::zfile(
            &[
                b"\x80\x02B",
                &(99_u32 << 20).to_le_bytes()[..],
                &vec![0; 99 << 20],
                b".",
            ]
            .concat(),
        ),
    );
    for (source, target) in [
        (&bomb, "a.pkl"),
        (&bomb, "a.npy"),
        (&folder.path("bomb.npz"), "a.pkl"),
        (&old, "a.pkl"),
    ] {
        let error = Conversion::of(source)
            .limits(Limits::untrusted())
            .save(folder.path(target))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{}: {error}", source.display());
        assert!(!folder.path(target).exists());
    }
    convert(&bomb, folder.path("a.npy")).unwrap();
}

#[test]
fn progress_is_told_and_may_be_stopped() {
    let folder = Folder::new();
    let noise: Vec<u8> = (0..8_u32 << 20)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let source = folder.path("a.pkl.gz");
    dump(&Array::from_vec(noise, &[8 << 20]).unwrap(), &source).unwrap();
    let size = fs::metadata(&source).unwrap().len();
    convert(&source, folder.path("a.npz")).unwrap();
    for (source, target) in [("a.pkl.gz", "b.pkl"), ("a.pkl.gz", "b.npy"), ("a.npz", "b.pkl")] {
        let seen = Arc::new(AtomicU64::new(0));
        let most = Arc::clone(&seen);
        Conversion::of(folder.path(source))
            .on_progress(move |progress| {
                most.fetch_max(progress.compressed, Relaxed);
                ControlFlow::Continue(())
            })
            .save(folder.path(target))
            .unwrap();
        assert!(seen.load(Relaxed) > size / 2, "{source} to {target}");
        let target = folder.write(target, "the old file");
        let error = Conversion::of(folder.path(source))
            .on_progress(|_| ControlFlow::Break(()))
            .save(&target)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        assert_eq!(fs::read(&target).unwrap(), b"the old file");
    }
}

#[cfg(feature = "blosc")]
#[test]
fn blosc_hears_of_the_size_of_elements() {
    let folder = Folder::new();
    let values: Vec<f64> = (0..300_000).map(|i| f64::from(i).sqrt()).collect();
    let value = BTreeMap::from([("w", Array::from_vec(values, &[300_000]).unwrap())]);
    let source = folder.path("a.pkl.gz");
    dump(&value, &source).unwrap();
    let dumped = dump_to(&value, io::sink(), "blosc").unwrap().1.compressed;
    let told = convert(&source, folder.path("a.pkl.blp"))
        .unwrap()
        .written
        .compressed;
    assert!(told.abs_diff(dumped) < 1000, "{told} bytes, {dumped} if dumped");
    let (_, untold) = Conversion::of_reader(File::open(&source).unwrap())
        .dump("blosc")
        .write_to(io::sink())
        .unwrap();
    assert!(
        told < untold.written.compressed * 9 / 10,
        "{told}, {}",
        untold.written.compressed
    );
    convert(&source, folder.path("a.npz")).unwrap();
}

#[test]
fn a_target_that_cannot_be_made_is_the_targets_error() {
    let folder = Folder::new();
    let source = folder.path("a.npy");
    npy::save(&source, &arrays()["one"]).unwrap();
    let target = folder.path("no/such/folder.pkl");
    let error = convert(&source, &target).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert_eq!(error.path(), Some(target.as_path()));
    assert_eq!(folder.names(), ["a.npy"]);
}
