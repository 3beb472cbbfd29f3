//! `inspect`, `scan`, `extract`.

use std::collections::BTreeMap;

use demijohn::Array;
use demijohn::arrays::{Layout, Order, npy};
use serde_json::{Value, json};

use crate::util::{Dir, codecs, python, quickly};

/// A file with two arrays and a key that could drive a terminal.
fn model(dir: &Dir, name: &str) {
    let f = Layout::new("<i4".parse().unwrap(), &[2, 3], Order::F).unwrap();
    let f = Array::from_bytes(f, &[0, 1, 2, 3, 4, 5].map(|n: i32| n.to_le_bytes()).concat()).unwrap();
    let a = Array::from_vec(vec![0.5_f64, 1e300], &[2]).unwrap();
    let parts = BTreeMap::from([("grid", vec![f]), ("w\x1b[31m\n", vec![a])]);
    demijohn::dump(&parts, dir.path(name)).unwrap();
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn json_has_the_documented_keys_and_values() {
    let dir = Dir::new();
    model(&dir, "m.pkl.gz");
    let all = dir
        .demijohn(["inspect", "--json", "m.pkl.gz"])
        .run()
        .status(0)
        .json_lines();
    let found = &all[0];
    assert_eq!(
        keys(found),
        [
            "arrays",
            "arrays_omitted",
            "companions",
            "compressed",
            "content",
            "error",
            "file",
            "format",
            "further",
            "globals",
            "lead",
            "ok",
            "others",
            "protocol",
            "tail",
            "uncompressed"
        ]
    );
    let fixed = ["file", "ok", "content", "format", "protocol", "tail", "error"].map(|key| &found[key]);
    let expected = json!(["m.pkl.gz", true, "pickle", "gzip", 4, 0, null]);
    assert_eq!(json!(fixed), expected);
    assert_eq!(found["compressed"], dir.read("m.pkl.gz").len());
    let plain = dir.demijohn(["cat", "m.pkl.gz"]).run().ok();
    assert_eq!(found["uncompressed"], plain.len());
    let array = &found["arrays"][0];
    assert_eq!(
        keys(array),
        ["bytes", "dtype", "offset", "order", "path", "shape"]
    );
    let offset = usize::try_from(array["offset"].as_u64().unwrap()).unwrap();
    assert_eq!(plain[offset + 4..offset + 8], [1, 0, 0, 0]);
    let expected = json!({"bytes": 24, "dtype": "<i4", "offset": offset, "order": "F", "path": "grid[0]", "shape": [2, 3]});
    assert_eq!(array, &expected);
    let global = &found["globals"][0];
    assert_eq!(keys(global), ["count", "known_safe", "module", "name", "offset"]);
    assert_eq!(global["name"], "NumpyArrayWrapper");
    // Every key is in the help.
    let help = dir.demijohn(["inspect", "--help"]).run().ok();
    let help = String::from_utf8(help).unwrap();
    for key in keys(found).into_iter().chain(keys(array)).chain(keys(global)) {
        assert!(help.contains(key), "{key} is not in the help");
    }
}

#[test]
fn every_format_is_looked_into() {
    let dir = Dir::new();
    model(&dir, "m.pkl");
    for codec in codecs() {
        let format = ["--format", codec.name()];
        let args = ["compress", "-fo", "packed", "m.pkl"];
        dir.demijohn(args.iter().chain(&format).chain(quickly(codec.name())))
            .run()
            .ok();
        let found = dir
            .demijohn(["inspect", "--json", "packed"])
            .run()
            .status(0)
            .json_lines();
        assert_eq!(found[0]["format"], codec.name());
        assert_eq!(
            found[0]["arrays"].as_array().unwrap().len(),
            2,
            "{}",
            codec.name()
        );
    }
}

#[test]
fn the_listing_is_bounded_and_drives_no_terminal() {
    let dir = Dir::new();
    model(&dir, "m.pkl");
    let text = dir.demijohn(["inspect", "m.pkl"]).run().ok();
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.starts_with("m.pkl: joblib file, pickle of protocol 4\n"),
        "{text}"
    );
    assert!(text.contains("grid[0]") && text.contains("<i4 (2, 3)"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");

    // A million items, and lists that hold each other twice.
    let items = b"K\x01".repeat(1_000_000);
    dir.write("many.pkl", [b"\x80\x02(", &items[..], b"l."].concat());
    let nested = b"]".repeat(5000);
    let ends = b"a".repeat(4999);
    dir.write("deep.pkl", [b"\x80\x02", &nested[..], &ends, b"."].concat());
    let lists = b"]".repeat(300_000);
    dir.write("wide.pkl", [b"\x80\x02](", &lists[..], b"e."].concat());
    for name in ["many.pkl", "deep.pkl", "wide.pkl"] {
        let text = dir.demijohn(["inspect", name]).run().ok();
        assert!(text.len() < 70_000, "{name}: {} bytes", text.len());
        let more = String::from_utf8(text).unwrap().contains("… and more");
        assert_eq!(more, name != "many.pkl", "{name}");
    }
    let names: String = (0..3000).map(|i| format!("cm\nn{i}\n0")).collect();
    dir.write(
        "names.pkl",
        [b"\x80\x02cos\x1b\nsystem\n0", names.as_bytes(), b"N."].concat(),
    );
    let ended = dir.demijohn(["scan", "names.pkl"]).run().status(3);
    assert!(ended.stdout_text().contains("and 2001 more"), "{ended}");
    assert!(ended.stdout_text().contains(r"os\u{1b}.system"), "{ended}");
    assert!(!ended.stdout_text().contains('\x1b'));
}

#[test]
fn what_turns_text_around_is_escaped() {
    let dir = Dir::new();
    let array = Array::from_vec(vec![1_u8], &[1]).unwrap();
    let key = "\u{202e}gpj.\u{2066}\u{2028}";
    demijohn::dump(&BTreeMap::from([(key, &array)]), dir.path("m.pkl")).unwrap();
    let mut zip = demijohn::arrays::npz::Writer::create(dir.path("m.npz")).unwrap();
    zip.add(key, &array).unwrap();
    zip.finish().unwrap();
    let global = [b"\x80\x02c", "os\u{202e}\nx\n.".as_bytes()].concat();
    dir.write("g.pkl", global);
    let escaped = r#"["\u{202e}gpj.\u{2066}\u{2028}"]"#;
    for name in ["m.pkl", "m.npz", "g.pkl"] {
        for args in [
            &["inspect", name][..],
            &["inspect", "--json", name],
            &["scan", name],
        ] {
            let ended = dir.demijohn(args).run();
            let text = ended.stdout_text();
            let raw = |c| c != '\n' && demijohn::arrays::is_misleading(c);
            assert!(!text.contains(raw), "{args:?}: {text:?}");
            let listed = args == ["inspect", name] && name != "g.pkl";
            assert!(!listed || text.contains(escaped), "{text}");
        }
    }
    for name in ["m.pkl", "m.npz"] {
        let bytes = dir.demijohn(["extract", name, escaped, "-o", "-"]).run().ok();
        assert!(bytes.starts_with(b"\x93NUMPY"), "{name}");
    }
}

#[test]
fn scan_tells_names_apart() {
    let dir = Dir::new();
    model(&dir, "m.pkl.gz");
    let safe = dir.demijohn(["scan", "m.pkl.gz"]).run().status(0);
    assert!(safe.stdout_text().contains("0 not known to be harmless"));
    // By name, by memo, called and thrown away, in the protocol of Python 2.
    for evil in [
        &b"\x80\x04cos\nsystem\n."[..],
        b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94N00h\x00h\x01\x93.",
        b"\x80\x04cos\nsystem\n\x8c\x05touch\x85R0N.",
        b"(S'touch owned'\nios\nsystem\n.",
        b"\x80\x02N.\x80\x02cos\nsystem\n.",
    ] {
        dir.write("evil.pkl", evil);
        let text = dir.demijohn(["scan", "evil.pkl"]).run().status(3);
        assert!(text.stdout_text().contains("! os.system"), "{text}");
        let json = dir
            .demijohn(["scan", "--json", "m.pkl.gz", "evil.pkl"])
            .run()
            .status(3)
            .json_lines();
        assert_eq!(
            (&json[0]["safe"], &json[1]["safe"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(json[1]["globals"][0]["module"], "os");
        assert_eq!(
            keys(&json[0]),
            ["error", "file", "further", "globals", "ok", "safe", "tail"]
        );
    }
    assert!(!dir.names().iter().any(|name| name.contains("owned")));
    // What is worse counts: the names before the end of a truncated file are listed.
    dir.write("cut.pkl", b"\x80\x04cos\nsystem\n");
    let cut = dir.demijohn(["scan", "evil.pkl", "cut.pkl"]).run().status(1);
    assert_eq!(cut.stdout_text().matches("! os.system").count(), 2);
    assert!(cut.line().contains("truncated"), "{cut}");
    dir.write(
        "text.gz",
        dir.demijohn(["compress", "--format", "gzip"])
            .stdin("text")
            .run()
            .ok(),
    );
    dir.demijohn(["scan", "text.gz"]).run().fails();
}

#[test]
fn each_value_of_numpy_has_one_row() {
    let Some(python) = python() else { return };
    let dir = Dir::new();
    let code = "
import numpy as np, joblib, datetime
record = np.array([(1, 'a')], dtype=[('k', '<i4'), ('o', 'O')])
joblib.dump({'masked': np.ma.array([1.5, 2.5], mask=[0, 1]), 'rec': np.rec.array([(1, 2.0)], dtype=[('a', '<i4'), ('b', '<f8')]),
    'record': record, 'type': np.dtype([('x', '<f4')]), 'day': datetime.date(2020, 1, 1), 'n': np.float32(1)}, 'm.pkl')
";
    dir.command(python, ["-c", code]).run().ok();
    let text = dir.demijohn(["inspect", "m.pkl"]).run().ok();
    let text = String::from_utf8(text).unwrap();
    let table: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("path"))
        .collect();
    let cells = |line: &str| {
        line.split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let rows: Vec<_> = table[1..].iter().map(|line| cells(line)).collect();
    let expected = [
        &[".", "dict", "dict of 6 items"][..],
        &["masked.data", "masked array", "<f8 (2,)", "C", "16", "-"],
        &["masked.mask", "its mask", "|b1 (2,)", "C", "2", "-"],
        &[
            "rec",
            "array",
            "[('a', '<i4'), ('b', '<f8')] (1,)",
            "C",
            "12",
            "-",
        ],
        &[
            "record",
            "object array",
            "[('k', '<i4'), ('o', 'O')] (1,)",
            "C",
            "-",
            "-",
        ],
        &["record[0]", "tuple", "tuple of 2 items"],
    ];
    assert_eq!(rows, expected, "{text}");
    for (path, code) in [
        ("rec", 0),
        ("masked.data", 0),
        ("masked.mask", 0),
        ("record[0][0]", 1),
        ("masked", 1),
    ] {
        let ended = dir.demijohn(["extract", "m.pkl", path, "-o", "-"]).run();
        assert_eq!(ended.code(), code, "{ended}");
    }
}

#[test]
fn pickles_in_files_of_numpy_are_seen() {
    let Some(python) = python() else { return };
    let dir = Dir::new();
    let code = "import numpy as np, os; a = np.array([os.getcwd, 1], dtype=object); np.save('a.npy', a); np.savez('z.npz', a=a)";
    dir.command(python, ["-c", code]).run().ok();
    let npy = dir.demijohn(["scan", "a.npy"]).run().status(3);
    assert!(npy.stdout_text().contains("posix.getcwd"), "{npy}");
    let npz = dir.demijohn(["scan", "z.npz"]).run().status(3);
    assert!(npz.stdout_text().contains("posix.getcwd"), "{npz}");
    let listed = dir.demijohn(["inspect", "z.npz"]).run().status(0);
    assert!(listed.stdout_text().contains(".npz file of 1 array"), "{listed}");
    assert!(listed.stdout_text().contains("|O (2,)"), "{listed}");
    let json = dir
        .demijohn(["inspect", "--json", "z.npz"])
        .run()
        .status(0)
        .json_lines();
    assert_eq!(json[0]["arrays"], json!([]));
}

#[test]
fn what_is_no_array_in_a_npz_file_is_said() {
    let Some(python) = python() else { return };
    let dir = Dir::new();
    let code = "
import numpy as np, zipfile
np.savez('a.npz', a=np.arange(3))
with zipfile.ZipFile('a.npz', 'a') as file:
    file.writestr('notes.txt', 'text'), file.writestr('\x1b[31m', '')
whole = open('a.npz', 'rb').read()
open('b.npz', 'wb').write(b'PK\\3\\4' + whole + b'behind')
";
    dir.command(python, ["-c", code]).run().ok();
    let shown = dir.demijohn(["inspect", "a.npz", "b.npz"]).run().status(0);
    let entries = r#"2 entries are no arrays: notes.txt, ["\u{1b}[31m"]"#;
    let text = shown.stdout_text();
    assert_eq!(text.matches(entries).count(), 2, "{text}");
    assert!(
        text.contains("4 bytes stand in front of the zip file\n"),
        "{text}"
    );
    assert!(text.contains("6 bytes follow the zip file"), "{text}");
    let json = dir
        .demijohn(["inspect", "--json", "a.npz", "b.npz"])
        .run()
        .json_lines();
    for (found, lead, tail) in [(&json[0], 0, 0), (&json[1], 4, 6)] {
        assert_eq!(found["others"], json!(["notes.txt", "[\"\\u{1b}[31m\"]"]));
        assert_eq!((&found["lead"], &found["tail"]), (&json!(lead), &json!(tail)));
    }
}

#[test]
fn files_that_are_not_whole_say_why() {
    let dir = Dir::new();
    model(&dir, "m.pkl.gz");
    let whole = dir.read("m.pkl.gz");
    dir.write("cut.pkl.gz", &whole[..whole.len() - 9]);
    let cut = dir.demijohn(["inspect", "cut.pkl.gz"]).run();
    assert!(cut.fails().contains("cut.pkl.gz: gzip: truncated"), "{cut}");
    assert!(cut.stdout_text().contains("NumpyArrayWrapper"));
    let json = dir
        .demijohn(["inspect", "--json", "cut.pkl.gz"])
        .run()
        .status(1)
        .json_lines();
    assert_eq!(
        (&json[0]["ok"], &json[0]["error"]["kind"]),
        (&json!(false), &json!("truncated"))
    );
    dir.write("byte.pkl", b"\x80");
    let byte = dir.demijohn(["inspect", "byte.pkl"]).run();
    assert!(byte.fails().contains("truncated"), "{byte}");
    assert!(byte.stdout_text().starts_with("byte.pkl: pickle\n"), "{byte}");
    dir.write("corrupt.pkl", b"\x80\x04\xff");
    let json = dir
        .demijohn(["inspect", "--json", "corrupt.pkl"])
        .run()
        .status(1)
        .json_lines();
    assert_eq!(json[0]["error"]["kind"], "corrupt");
    assert!(
        dir.demijohn(["inspect", "absent"])
            .run()
            .fails()
            .contains("no such file")
    );
    dir.write("text", "plain text\n");
    assert!(
        dir.demijohn(["inspect", "text"])
            .run()
            .fails()
            .contains("unknown format")
    );
    let packed = dir
        .demijohn(["compress", "--format", "gzip", "-c", "text"])
        .run()
        .ok();
    let text = dir.demijohn(["inspect"]).stdin(packed).run().status(0);
    assert!(
        text.stdout_text()
            .starts_with("standard input: compressed data\n  gzip, 11 B"),
        "{text}"
    );
    let limited = dir.demijohn(["inspect", "--max-output", "50", "m.pkl.gz"]).run();
    assert!(limited.fails().contains("limit"), "{limited}");
}

#[test]
fn arrays_are_written_as_npy_and_csv() {
    let dir = Dir::new();
    model(&dir, "m.pkl.gz");
    dir.demijohn(["extract", "m.pkl.gz", "grid[0]"]).run().ok();
    let grid = npy::load(dir.path("grid.0.npy")).unwrap();
    assert_eq!((grid.shape(), grid.order()), (&[2, 3][..], Order::F));
    assert_eq!(grid.as_slice::<i32>().unwrap(), [0, 1, 2, 3, 4, 5]);
    let csv = dir
        .demijohn(["extract", "m.pkl.gz", "grid[0]", "--csv", "-o", "-"])
        .run()
        .ok();
    assert_eq!(csv, b"0,2,4\n1,3,5\n");
    let weights = r#"["w\u{1b}[31m\n"][0]"#;
    dir.demijohn(["extract", "m.pkl.gz", weights, "-o", "w.csv"])
        .run()
        .ok();
    assert_eq!(dir.read("w.csv"), b"0.5\n1e300\n");
    // Whatever `inspect` prints is taken.
    let found = dir
        .demijohn(["inspect", "--json", "m.pkl.gz"])
        .run()
        .status(0)
        .json_lines();
    for array in found[0]["arrays"].as_array().unwrap() {
        let path = array["path"].as_str().unwrap();
        let bytes = dir.demijohn(["extract", "m.pkl.gz", path, "-o", "-"]).run().ok();
        assert!(bytes.starts_with(b"\x93NUMPY"), "{path}");
    }
    if let Some(python) = python() {
        let code =
            "import numpy as np; a = np.load('grid.0.npy'); assert a.tolist() == [[0, 2, 4], [1, 3, 5]]";
        dir.command(python, ["-c", code]).run().ok();
    }
}

#[test]
fn extract_overwrites_nothing_and_leaves_nothing_behind() {
    let dir = Dir::new();
    model(&dir, "m.pkl.gz");
    dir.write("out.npy", "precious");
    let there = dir
        .demijohn(["extract", "m.pkl.gz", "grid[0]", "-o", "out.npy"])
        .run();
    assert!(there.fails().contains("exists already"), "{there}");
    assert_eq!(dir.read("out.npy"), b"precious");
    let wrong = dir
        .demijohn(["extract", "m.pkl.gz", "grib[0]", "-fo", "out.npy"])
        .run();
    assert!(wrong.fails().contains("there are the arrays grid[0]"), "{wrong}");
    assert_eq!(dir.read("out.npy"), b"precious");
    dir.demijohn(["extract", "m.pkl.gz", "grid[0]", "-fo", "out.npy"])
        .run()
        .ok();
    assert!(dir.read("out.npy").starts_with(b"\x93NUMPY"));
    let itself = dir
        .demijohn(["extract", "m.pkl.gz", "grid[0]", "-fo", "./m.pkl.gz"])
        .run();
    assert!(
        itself
            .fails()
            .contains("would be the source itself; name another output with -o"),
        "{itself}"
    );
    // A damaged file gives nothing, though the array stands before the damage.
    let whole = dir.read("m.pkl.gz");
    dir.write("cut.pkl.gz", &whole[..whole.len() - 2]);
    dir.demijohn(["extract", "cut.pkl.gz", "grid[0]"]).run().fails();
    // What CSV cannot hold.
    let cube = Array::from_vec(vec![1_u8; 8], &[2, 2, 2]).unwrap();
    npy::save(dir.path("cube.npy"), &cube).unwrap();
    let cubic = dir.demijohn(["extract", "cube.npy", ".", "-o", "cube.csv"]).run();
    assert!(cubic.fails().contains("one or two axes"), "{cubic}");
    let piped = dir
        .demijohn(["extract", "-", "grid[0]", "-o", "-"])
        .stdin(whole)
        .run()
        .ok();
    assert_eq!(piped, dir.read("out.npy"), "a pipe is kept aside");
    assert_eq!(dir.names(), ["cube.npy", "cut.pkl.gz", "m.pkl.gz", "out.npy"]);
}
