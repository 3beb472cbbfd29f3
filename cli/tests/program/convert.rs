//! `convert`: what it makes of files, and what it leaves alone.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use demijohn::Array;
use demijohn::arrays::{Layout, Order, npy, npz};

use crate::util::{Dir, Full, codecs, noise, python, quickly};

fn weights() -> Array {
    Array::from_vec((0..3000).map(f64::from).collect(), &[30, 100]).unwrap()
}

/// A directory with `w.pkl` and `w.pkl.gz`, a dict with an array, and `a.pkl`, an array.
fn with_files() -> Dir {
    let dir = Dir::new();
    for name in ["w.pkl", "w.pkl.gz"] {
        demijohn::dump(&BTreeMap::from([("w", weights())]), dir.path(name)).unwrap();
    }
    demijohn::dump(&weights(), dir.path("a.pkl")).unwrap();
    dir
}

#[test]
fn any_format_becomes_any_other() {
    let dir = with_files();
    let stream = dir.read("w.pkl");
    for codec in codecs() {
        let name = format!("new.pkl{}", codec.extension());
        let args = ["convert", "w.pkl.gz", &name];
        dir.demijohn(args.iter().chain(quickly(codec.name()))).run().ok();
        assert_eq!(
            dir.demijohn(["cat", &name]).run().ok(),
            stream,
            "{}",
            codec.name()
        );
        dir.demijohn(["convert", "-f", &name, "plain.pkl"]).run().ok();
        assert_eq!(dir.read("plain.pkl"), stream, "{}", codec.name());
    }
}

#[test]
fn the_name_is_overruled_by_options() {
    let dir = with_files();
    let args = [
        "convert", "--format", "xz", "--level", "0", "--to", "npy", "a.pkl", "odd",
    ];
    dir.demijohn(args).run().ok();
    let tested = dir
        .demijohn(["inspect", "--json", "odd"])
        .run()
        .status(0)
        .json_lines();
    assert_eq!(
        (&tested[0]["format"], &tested[0]["content"]),
        (&"xz".into(), &"npy".into())
    );
    for (args, why) in [
        (&["--level", "20", "a.pkl", "b.pkl.gz"][..], "0..=9"),
        (&["-3", "a.pkl", "b.pkl"], "no levels"),
    ] {
        let ended = dir.demijohn([&["convert"], args].concat()).run();
        assert!(ended.misused().contains(why), "{ended}");
    }
    for args in [
        &["--format", "rar", "a.pkl", "b"][..],
        &["--to", "csv", "a.pkl", "b"],
        &["a.pkl"],
    ] {
        dir.demijohn([&["convert"], args].concat()).run().misused();
    }
    assert_eq!(dir.names(), ["a.pkl", "odd", "w.pkl", "w.pkl.gz"]);
}

#[test]
fn numpys_files_are_made_and_read() {
    let dir = with_files();
    dir.demijohn(["convert", "w.pkl.gz", "w.npz"]).run().ok();
    assert_eq!(
        npz::Reader::open(dir.path("w.npz")).unwrap().read("w").unwrap(),
        weights()
    );
    dir.demijohn(["convert", "w.npz", "w.npy"]).run().ok();
    assert_eq!(npy::load(dir.path("w.npy")).unwrap(), weights());
    dir.demijohn(["convert", "w.npz", "back.pkl"]).run().ok();
    assert_eq!(dir.read("back.pkl"), dir.read("w.pkl"));
    dir.demijohn(["convert", "w.npy", "back.joblib"]).run().ok();
    assert_eq!(dir.read("back.joblib"), dir.read("a.pkl"));
    let said = dir
        .demijohn(["convert", "-v", "-9", "-f", "w.npy", "w.npz"])
        .run()
        .status(0);
    assert!(
        said.line().contains("plain, 24.1 kB -> plain, ") && said.line().ends_with(", a .npz file"),
        "{said}"
    );
    let best = dir.read("w.npz").len();
    assert!(best < 20_000, "deflated");
    dir.demijohn(["convert", "-1", "-f", "w.npy", "w.npz"]).run().ok();
    assert!(dir.read("w.npz").len() > best, "less well deflated");
}

#[test]
fn pipes_go_in_and_out() {
    let dir = with_files();
    let stdin = dir.read("w.pkl.gz");
    assert_eq!(
        dir.demijohn(["convert", "-", "-"])
            .stdin(stdin.clone())
            .run()
            .ok(),
        dir.read("w.pkl")
    );
    dir.demijohn(["convert", "w.pkl", "w.npz"]).run().ok();
    let args = ["convert", "--to", "npz", "-", "-"];
    assert_eq!(dir.demijohn(args).stdin(stdin).run().ok(), dir.read("w.npz"));
    let args = ["convert", "--to", "pickle", "--format", "gzip", "-", "-"];
    assert_eq!(
        dir.demijohn(args).stdin(dir.read("w.npz")).run().ok(),
        dir.read("w.pkl.gz")
    );
    // A reader that has had enough.
    dir.write("noise", noise(4 << 20));
    let ended = dir
        .shell("(demijohn convert noise -; echo $? >&2) | head -c 10 | wc -c")
        .run()
        .status(0);
    assert_eq!((ended.stdout_text().trim(), ended.stderr()), ("10", "141\n"));
    // A source that is cut ends with an error, and no whole stream.
    let cut = dir.read("w.pkl.gz");
    let ended = dir
        .demijohn(["convert", "--format", "zstd", "-", "-"])
        .stdin(&cut[..cut.len() - 9])
        .run();
    assert!(
        ended.fails().contains("standard input: gzip: truncated"),
        "{ended}"
    );
    dir.demijohn(["test"]).stdin(ended.stdout()).run().fails();
}

#[test]
fn nothing_is_overwritten_without_force() {
    let dir = with_files();
    dir.write("kept.pkl", "the old file");
    let ended = dir.demijohn(["convert", "w.pkl.gz", "kept.pkl"]).run();
    assert!(
        ended
            .fails()
            .contains("kept.pkl: exists already; -f overwrites it"),
        "{ended}"
    );
    // Not even itself.
    dir.demijohn(["convert", "w.pkl", "w.pkl"]).run().fails();
    assert_eq!(dir.read("kept.pkl"), b"the old file");
    dir.demijohn(["convert", "-f", "w.pkl.gz", "kept.pkl"]).run().ok();
    assert_eq!(dir.read("kept.pkl"), dir.read("w.pkl"));
    let before = dir.read("w.pkl.gz").len();
    dir.demijohn(["convert", "-f", "-0", "w.pkl.gz", "w.pkl.gz"])
        .run()
        .ok();
    assert!(dir.read("w.pkl.gz").len() > before);
    assert_eq!(dir.demijohn(["cat", "w.pkl.gz"]).run().ok(), dir.read("w.pkl"));
}

#[test]
fn what_cannot_be_converted_leaves_everything_as_it_was() {
    let dir = with_files();
    dir.write("kept.npz", "the old file");
    dir.write("notes.txt", "plain text\n");
    let gzip = dir.read("w.pkl.gz");
    dir.write("cut.pkl.gz", &gzip[..gzip.len() / 2]);
    let mut flipped = gzip.clone();
    *flipped.iter_mut().rev().nth(7).unwrap() ^= 1;
    dir.write("flipped.pkl.gz", flipped);
    dir.write("named.pkl", b"\x80\x02}X\x04\0\0\0nameX\x01\0\0\0xs.");
    dir.write("evil.pkl", b"\x80\x04cos\nsystem\n\x8c\x0btouch owned\x85R.");
    fs::create_dir(dir.path("folder")).unwrap();
    let names = dir.names();
    for (from, to, why) in [
        ("absent.pkl", "kept.npz", "absent.pkl: no such file"),
        ("folder", "kept.npz", "folder: is a directory"),
        ("w.pkl", "folder", "folder: is a directory"),
        (
            "w.pkl",
            "no/folder.pkl",
            "no/folder.pkl: no such file or directory",
        ),
        ("cut.pkl.gz", "kept.npz", "cut.pkl.gz: gzip: truncated"),
        ("flipped.pkl.gz", "kept.npz", "flipped.pkl.gz: gzip: checksum"),
        ("notes.txt", "kept.npz", "notes.txt: unknown format"),
        (
            "named.pkl",
            "kept.npz",
            "named.pkl: unsupported: at name: str, not an array",
        ),
        (
            "evil.pkl",
            "kept.npz",
            "evil.pkl: unsupported: at .: object made by os.system, not an array",
        ),
        (
            "w.pkl",
            "w.npy",
            "w.pkl: unsupported: at .: dict of 1 item, not an array",
        ),
    ] {
        let ended = dir.demijohn(["convert", "-f", from, to]).run();
        assert!(ended.fails().contains(why), "{ended}");
    }
    assert_eq!(dir.read("kept.npz"), b"the old file");
    assert_eq!(dir.names(), names);
}

#[test]
fn a_full_disk_is_an_error() {
    let Some(full) = Full::find() else { return };
    let dir = with_files();
    for args in [
        &["w.pkl.gz"][..],
        &["--to", "npz", "w.pkl.gz"],
        &["--format", "gzip", "w.pkl"],
    ] {
        let ended = dir.demijohn([&["convert"], args, &[full.name()]].concat()).run();
        assert!(
            ended.fails().contains(&format!("{}: no space left", full.name())),
            "{ended}"
        );
    }
    let line = format!("demijohn convert w.pkl.gz - > {}", full.name());
    assert!(
        dir.shell(&line)
            .run()
            .fails()
            .contains("standard output: no space left")
    );
}

#[test]
fn limits_can_be_set() {
    let dir = Dir::new();
    let zeros = Array::zeros(Layout::new("|u1".parse().unwrap(), &[80 << 20], Order::C).unwrap()).unwrap();
    demijohn::dump(&zeros, dir.path("bomb.pkl.zst")).unwrap();
    for target in ["a.pkl", "a.npy"] {
        let ended = dir.demijohn(["convert", "bomb.pkl.zst", target]).run();
        assert!(ended.fails().contains("limit"), "{ended}");
        assert!(
            ended.line().contains("--max-output"),
            "it says what to do: {ended}"
        );
        dir.demijohn(["convert", "--max-output", "10M", "bomb.pkl.zst", target])
            .run()
            .fails();
        assert!(!dir.path(target).exists());
        dir.demijohn(["convert", "--max-output", "none", "bomb.pkl.zst", target])
            .run()
            .ok();
    }
    dir.demijohn(["compress", "-9", "--format", "xz", "a.npy"])
        .run()
        .ok();
    let ended = dir
        .demijohn([
            "convert",
            "--memlimit",
            "1M",
            "--max-output",
            "none",
            "a.npy.xz",
            "b.npy",
        ])
        .run();
    assert!(ended.fails().contains("memory"), "{ended}");
}

#[test]
fn a_replaced_file_leaves_its_mode_and_a_new_one_has_what_the_umask_allows() {
    let dir = with_files();
    let chmod = |name: &str, mode| fs::set_permissions(dir.path(name), Permissions::from_mode(mode)).unwrap();
    let mode = |name: &str| fs::metadata(dir.path(name)).unwrap().mode() & 0o777;
    for (source, umask, new) in [
        (0o644, "077", 0o600),
        (0o640, "022", 0o644),
        (0o666, "027", 0o640),
    ] {
        chmod("w.pkl", source);
        for target in ["new.pkl.gz", "new.npz"] {
            let line = format!("umask {umask}; demijohn convert w.pkl {target}");
            dir.shell(&line).run().ok();
            assert_eq!(mode(target), new, "{line}");
            chmod(target, 0o604);
            dir.demijohn(["convert", "-f", "w.pkl", target]).run().ok();
            assert_eq!(mode(target), 0o604, "{target}");
            fs::remove_file(dir.path(target)).unwrap();
        }
    }
}

#[test]
fn files_of_old_joblib_are_read_shown_and_upgraded() {
    let dir = Dir::new();
    // A pickle of {"a": 1}, a list with an array in a companion, and how joblib compressed before 0.10.
    let dict = b"\x80\x02}U\x01aK\x01s.";
    let with_companion = b"\x80\x02]cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81}(X\x08\0\0\0filenameX\x0e\0\0\0old.pkl_01.npyX\x08\0\0\0subclasscnumpy\nndarray\nuba.";
    let with_companion = &with_companion[..];
    let zlib = demijohn::codecs::Compressor::by_name("zlib").unwrap();
    let zfile = [
        format!("ZF{:<19}", format!("{:#x}", dict.len())).as_bytes(),
        &zlib.compress(dict).unwrap(),
    ]
    .concat();
    dir.write("old.gz", &zfile);
    dir.write("old.pkl", with_companion);
    npy::save(dir.path("old.pkl_01.npy"), &weights()).unwrap();

    assert_eq!(dir.demijohn(["cat", "old.gz"]).run().ok(), dict);
    dir.demijohn(["decompress", "-o", "plain", "old.gz"]).run().ok();
    assert_eq!(dir.read("plain"), dict);
    dir.demijohn(["test", "old.gz"]).run().ok();
    let (cut, longer) = (&zfile[..zfile.len() - 1], [&zfile[..], b"x"].concat());
    for (bytes, why) in [(cut, "zfile: truncated"), (&longer, "zfile: trailing data")] {
        let tested = dir.demijohn(["test"]).stdin(bytes).run();
        assert!(tested.fails().contains(why), "{tested}");
    }

    let shown = dir.demijohn(["inspect", "old.gz", "old.pkl"]).run().status(0);
    let text = shown.stdout_text();
    assert!(
        text.contains("old.gz: joblib 0.9 z-file, pickle of protocol 2\n"),
        "{text}"
    );
    assert!(text.contains("1 array in files beside it"), "{text}");
    assert!(text.contains("[0]   array  in old.pkl_01.npy\n"), "{text}");
    let json = dir
        .demijohn(["inspect", "--json", "old.pkl"])
        .run()
        .status(0)
        .json_lines();
    assert_eq!(
        json[0]["companions"],
        serde_json::json!([{
            "path": "[0]",
            "file": "old.pkl_01.npy",
            "dtype": weights().dtype().to_string(),
            "shape": weights().shape(),
            "order": "C",
            "bytes": weights().nbytes(),
        }])
    );
    dir.demijohn(["extract", "old.pkl", "[0]", "-o", "0.npy"])
        .run()
        .ok();
    assert_eq!(dir.read("0.npy"), dir.read("old.pkl_01.npy"));
    // Without a name nothing is beside it.
    let refused = dir
        .demijohn(["extract", "-", "[0]", "-o", "x.npy"])
        .stdin(with_companion)
        .run();
    assert!(
        refused
            .fails()
            .contains("in a file of its own, \"old.pkl_01.npy\""),
        "{refused}"
    );
    // What is not there, or damaged, makes the whole less than whole; what is named in it counts.
    let companion = dir.read("old.pkl_01.npy");
    dir.write("old.pkl_01.npy", &companion[..companion.len() - 1]);
    let cut = dir.demijohn(["inspect", "old.pkl"]).run();
    assert!(cut.fails().contains("old.pkl_01.npy"), "{cut}");
    let mut object = npy::header(weights().layout()).unwrap();
    let at = object.windows(3).position(|three| three == b"<f8").unwrap();
    object[at..at + 3].copy_from_slice(b"|O8");
    object.extend(b"cos\nsystem\n.");
    dir.write("old.pkl_01.npy", &object);
    let scanned = dir.demijohn(["scan", "old.pkl"]).run().status(3);
    assert!(scanned.stdout_text().contains("! os.system"), "{scanned}");
    fs::remove_file(dir.path("old.pkl_01.npy")).unwrap();
    let missing = dir.demijohn(["inspect", "old.pkl"]).run();
    assert!(missing.fails().contains("old.pkl_01.npy"), "{missing}");
    dir.write("old.pkl_01.npy", &companion);

    let said = dir
        .demijohn(["convert", "-v", "old.gz", "new.pkl"])
        .run()
        .status(0);
    assert!(said.line().ends_with(", a joblib file"), "{said}");
    assert_eq!(
        demijohn::load(dir.path("new.pkl"))
            .unwrap()
            .root()
            .get("a")
            .unwrap()
            .as_i64(),
        Some(1)
    );
    for from_a_pipe in [
        ["convert", "-", "piped.pkl"],
        ["convert", "-", "piped.pkl.gz"],
        ["convert", "-", "-"],
    ] {
        let refused = dir.demijohn(from_a_pipe).stdin(with_companion).run();
        let why = "\"old.pkl_01.npy\", found only beside a file that is given by its path";
        assert!(refused.fails().contains(why), "{refused}");
        assert_eq!(refused.stdout(), b"");
    }
    assert!(!dir.names().iter().any(|name| name.starts_with("piped")));
    dir.demijohn(["convert", "old.pkl", "new.pkl.xz"]).run().ok();
    assert_eq!(
        demijohn::load_array(dir.path("new.pkl.xz"), "[0]").unwrap(),
        weights()
    );
    // Without its companion it is not whole.
    fs::remove_file(dir.path("old.pkl_01.npy")).unwrap();
    let ended = dir.demijohn(["convert", "old.pkl", "never.pkl"]).run();
    assert!(
        ended.fails().contains("companion file \"old.pkl_01.npy\""),
        "{ended}"
    );
    assert!(!dir.path("never.pkl").exists());
}

#[test]
fn python_and_its_libraries_read_what_is_made() {
    let Some(python) = python() else { return };
    let dir = Dir::new();
    let write = "
import joblib, numpy as np
w = np.arange(600.).reshape(20, 30)
joblib.dump({'w': w, 'f': np.asfortranarray(w), 's': np.array(['a', 'bc']), 't': w.astype('>i2')}, 'd.pkl.xz')
joblib.dump(w[::2], 'a.joblib', compress=3)
np.savez_compressed('z.npz', w=w, f=np.asfortranarray(w))
np.save('a.npy', w[:, 1:].T)
joblib.dump([w, {'k': w}], 'm.pkl', compress=('gzip', 1))
";
    dir.command(&python, ["-c", write]).run().ok();
    for args in [
        &["d.pkl.xz", "d.npz"][..],
        &["-6", "d.pkl.xz", "dd.npz"],
        &["a.joblib", "j.npy"],
        &["z.npz", "z.pkl.gz"],
        &["a.npy", "n.pkl.z"],
        &["m.pkl", "m.pkl.bz2"],
    ] {
        dir.demijohn([&["convert"], args].concat()).run().ok();
    }
    let check = "
import joblib, numpy as np
w = np.arange(600.).reshape(20, 30)
def same(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape and (a == b).all(), (a, b)
    assert a.flags.f_contiguous == b.flags.f_contiguous
for name in ('d.npz', 'dd.npz'):
    d = np.load(name)
    assert list(d) == ['w', 'f', 's', 't']
    for key, value in (('w', w), ('f', np.asfortranarray(w)), ('s', np.array(['a', 'bc'])), ('t', w.astype('>i2'))):
        same(d[key], value)
same(np.load('j.npy'), np.ascontiguousarray(w[::2]))
z = joblib.load('z.pkl.gz')
assert list(z) == ['w', 'f']
same(z['w'], w)
same(z['f'], np.asfortranarray(w))
same(joblib.load('n.pkl.z'), np.ascontiguousarray(w[:, 1:].T) if False else np.load('a.npy'))
m = joblib.load('m.pkl.bz2')
same(m[0], w)
same(m[1]['k'], w)
";
    dir.command(&python, ["-c", check]).run().ok();
}

#[test]
fn what_is_to_be_sought_in_is_another_file_of_the_same_data() {
    let dir = with_files();
    for name in ["ordinary.pkl.zst", "seekable.pkl.zst"] {
        let blocks = name.starts_with("seekable").then_some("--seekable=4K");
        let args = ["convert", "w.pkl", name];
        dir.demijohn(args.iter().copied().chain(blocks)).run().ok();
        assert_eq!(dir.demijohn(["cat", name]).run().ok(), dir.read("w.pkl"));
    }
    // A seek table is behind it.
    assert!(
        dir.read("seekable.pkl.zst")
            .ends_with(&0x8f92_eab1_u32.to_le_bytes())
    );
    assert!(
        !dir.read("ordinary.pkl.zst")
            .ends_with(&0x8f92_eab1_u32.to_le_bytes())
    );

    let ended = dir.demijohn(["convert", "w.pkl", "w.pkl.z", "--seekable"]).run();
    assert!(ended.fails().contains("zlib"), "{ended}");
    assert!(!dir.path("w.pkl.z").exists());
}
