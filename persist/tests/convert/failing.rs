//! What is refused, and what is left when something goes wrong.

use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use demijohn::arrays::{Layout, Order, npy, npz};
use demijohn::{Array, Content, Conversion, ErrorKind, Limits, Way, codecs, convert, dump, dump_to};

use crate::full::Full;
use crate::{Folder, arrays, old, plain};

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
    for (from, to) in [(&folder.path(""), folder.path("a.pkl")), (&text, folder.path(""))] {
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
    // From a stream no companion is found. Without any, what is plain stays as it is.
    for stream in [old::zfile(&pickle), pickle] {
        let error = Conversion::of_reader(io::Cursor::new(stream))
            .write_to(Vec::new())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains("given by its path"), "{error}");
    }
    let alone = old::list(&[old::text("main.pkl_01.npy")]);
    let (same, done) = Conversion::of_reader(io::Cursor::new(alone.clone()))
        .write_to(Vec::new())
        .unwrap();
    assert_eq!((same, done.way), (alone, Way::Recoded));
    assert!(!target.exists());
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
