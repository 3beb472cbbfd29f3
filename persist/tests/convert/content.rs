//! What becomes of every kind of file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;

use demijohn::arrays::{npy, npz};
use demijohn::{
    Array, Content, Conversion, ErrorKind, MapMode, Protocol, Way, codecs, convert, dump, dump_to, load,
};

use crate::{Folder, arrays, old, plain};

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
fn levels_of_entries_are_those_of_deflate() {
    let folder = Folder::new();
    let (source, target) = (folder.path("a.pkl"), folder.path("a.npz"));
    dump(&arrays(), &source).unwrap();
    for level in [-1, 10] {
        let compression = demijohn::Compression::auto().at_level(level);
        let error = Conversion::of(&source)
            .dump(compression)
            .save(&target)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Parameter, "{error}");
        assert!(error.to_string().contains("0 to 9"), "{error}");
    }
    assert!(!target.exists());
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
