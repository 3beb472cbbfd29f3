//! `demijohn bench`: every codec on the user's own data.

use serde_json::Value;

use crate::util::{Dir, Ended, codecs, read_exact, sample};

/// Each measurement once.
const ONCE: &str = "--min-time=0";

/// What `compress` makes of a file, in bytes.
fn compressed(dir: &Dir, name: &str, row: &Value) -> u64 {
    let format = row["format"].as_str().unwrap();
    let mut args = vec![
        "compress".to_owned(),
        "-c".to_owned(),
        format!("--format={format}"),
    ];
    args.extend(row["level"].as_i64().map(|level| format!("--level={level}")));
    args.push(name.to_owned());
    dir.demijohn(args).run().ok().len() as u64
}

/// The results of the one file that was measured.
fn results(json: &Value) -> &[Value] {
    json["results"].as_array().unwrap()
}

fn json(ended: Ended) -> Value {
    let lines = ended.json_lines();
    ended.ok();
    let [json] = <[Value; 1]>::try_from(lines).unwrap();
    json
}

fn levels(json: &Value, format: &str) -> Vec<i64> {
    let rows = results(json).iter().filter(|row| row["format"] == format);
    let mut levels: Vec<_> = rows.filter_map(|row| row["level"].as_i64()).collect();
    levels.sort_unstable();
    levels
}

#[test]
fn every_codec_is_measured_and_the_smallest_comes_first() {
    let dir = Dir::new();
    dir.write("notes", sample(100_000));
    let shown = dir.demijohn(["bench", ONCE, "notes"]).run().ok();
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.starts_with("notes: 100 kB\n\nformat "), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let rows: Vec<Vec<_>> = shown
        .lines()
        .skip(3)
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().collect())
        .collect();
    for codec in codecs() {
        let levels: Vec<_> = rows
            .iter()
            .filter(|row| row[0] == codec.name())
            .map(|row| row[1])
            .collect();
        match codec.levels() {
            None => assert_eq!(levels, ["-"], "{shown}"),
            Some([min, max, default]) => {
                let highest = max.min(19).max(default);
                for level in [min.max(1).min(default), default, highest] {
                    assert!(
                        levels.contains(&level.to_string().as_str()),
                        "{} {level}: {shown}",
                        codec.name()
                    );
                }
                assert!(levels.len() <= 3, "{shown}");
            }
        }
    }
    let ratios: Vec<f64> = rows.iter().map(|row| row[4].parse().unwrap()).collect();
    assert!(ratios.is_sorted_by(|a, b| a >= b) && ratios[0] > 3.0, "{shown}");
    for direction in [5, 6] {
        assert!(rows.iter().any(|row| row[direction].ends_with('*')), "{shown}");
    }
    assert!(
        rows[0][5].ends_with('*') || rows[1][5].ends_with('*'),
        "the smallest is unbeaten: {shown}"
    );
}

#[test]
fn sizes_are_those_of_the_files_that_compress_writes() {
    let dir = Dir::new();
    dir.write("notes", sample(50_000));
    let json = json(dir.demijohn(["bench", ONCE, "--json", "-T3", "notes"]).run());
    assert_eq!(json["file"], "notes");
    assert_eq!(
        (&json["measured"], &json["total"]),
        (&50_000.into(), &50_000.into())
    );
    assert_eq!(
        (&json["compressed_with"], &json["decoded"]),
        (&Value::Null, &false.into())
    );
    assert_eq!(json["threads"], 3);
    assert!(results(&json).len() >= codecs().len());
    for row in results(&json) {
        let expected = compressed(&dir, "notes", row);
        assert_eq!(row["compressed"], expected, "{row}");
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let ratio = 50_000.0 / expected as f64;
        assert!((row["ratio"].as_f64().unwrap() - ratio).abs() < 1e-9, "{row}");
        for direction in ["compress", "decompress"] {
            assert!(
                row[format!("{direction}_seconds")].as_f64().unwrap() > 0.0,
                "{row}"
            );
            assert_eq!(row[format!("{direction}_runs")], 1, "{row}");
            assert!(row[format!("best_{direction}")].is_boolean(), "{row}");
        }
        assert_eq!(row["error"], Value::Null);
    }
    assert!(results(&json).is_sorted_by_key(|row| row["compressed"].as_u64()));
}

#[test]
fn measurements_are_repeated_for_as_long_as_asked() {
    let dir = Dir::new();
    dir.write("notes", sample(1000));
    let args = ["bench", "--min-time", "0.05", "--json", "--formats=gzip", "notes"];
    for row in results(&json(dir.demijohn(args).run())) {
        for direction in ["compress", "decompress"] {
            assert!(row[format!("{direction}_runs")].as_u64().unwrap() > 1, "{row}");
            assert!(
                row[format!("{direction}_seconds")].as_f64().unwrap() < 0.05,
                "{row}"
            );
        }
    }
}

#[test]
fn formats_and_levels_can_be_chosen() {
    let dir = Dir::new();
    dir.write("notes", sample(1000));
    let run = |args: &[&str]| {
        json(
            dir.demijohn([&["bench", ONCE, "--json", "notes"], args].concat())
                .run(),
        )
    };
    let some = run(&["--formats", "zstd,gz,zstd", "--levels", "-1,5..7,19,7"]);
    assert_eq!(levels(&some, "zstd"), [-1, 5, 6, 7, 19]);
    assert_eq!(levels(&some, "gzip"), [5, 6, 7]);
    assert_eq!(results(&some).len(), 8);
    let all = run(&["--formats", "bz2,zstd", "--all-levels"]);
    assert_eq!(levels(&all, "bz2"), (1..=9).collect::<Vec<_>>());
    assert_eq!(levels(&all, "zstd"), (1..=19).collect::<Vec<_>>());
    let plain = run(&["--formats", "none"]);
    assert_eq!(results(&plain)[0]["ratio"], 1.0);
    let high = run(&["--levels", "22"]);
    assert_eq!(levels(&high, "zstd"), [22]);
    assert!(levels(&high, "gzip").is_empty());
}

#[test]
fn of_a_long_file_the_beginning_is_measured_and_that_is_said() {
    let dir = Dir::new();
    let data = sample(100_000);
    dir.write("notes", &data);
    dir.write("beginning", &data[..30_000]);
    let bench = ["bench", ONCE, "--formats=gzip", "--sample=30000"];
    let shown = dir.demijohn(bench.iter().chain(&["notes"])).run().ok();
    let shown = String::from_utf8(shown).unwrap();
    assert!(
        shown.starts_with("notes: the first 30.0 kB of 100 kB; --sample takes more\n"),
        "{shown}"
    );
    let measured = json(dir.demijohn(bench.iter().chain(&["--json", "notes"])).run());
    assert_eq!(
        (&measured["measured"], &measured["total"]),
        (&30_000.into(), &100_000.into())
    );
    for row in results(&measured) {
        assert_eq!(row["compressed"], compressed(&dir, "beginning", row), "{row}");
    }
    // Of a pipe nobody knows how long it is.
    let piped = json(
        dir.demijohn(bench.iter().chain(&["--json", "-"]))
            .stdin(data)
            .run(),
    );
    assert_eq!(
        (&piped["measured"], &piped["total"]),
        (&30_000.into(), &Value::Null)
    );
    assert_eq!(
        (&piped["file"], &piped["results"][0]["compressed"]),
        (&"standard input".into(), &measured["results"][0]["compressed"])
    );
    // One that never ends costs no more.
    let endless = json(dir.demijohn(bench.iter().chain(&["--json", "/dev/zero"])).run());
    assert_eq!(endless["measured"], 30_000);
}

#[test]
fn compressed_files_are_measured_as_they_are_or_decoded() {
    let dir = Dir::new();
    dir.write("notes", sample(20_000));
    dir.demijohn(["compress", "--format=gzip", "notes"]).run().ok();
    let run = |args: &[&str]| {
        dir.demijohn([&["bench", ONCE, "--formats=zstd"], args].concat())
            .run()
    };
    let plain = json(run(&["--json", "notes"]));
    let packed = json(run(&["--json", "notes.gz"]));
    let decoded = json(run(&["--json", "--decode", "notes.gz"]));
    assert_eq!(
        (&packed["compressed_with"], &packed["decoded"]),
        (&"gzip".into(), &false.into())
    );
    assert_eq!(packed["measured"], dir.read("notes.gz").len());
    assert_eq!(
        (&decoded["compressed_with"], &decoded["decoded"]),
        (&"gzip".into(), &true.into())
    );
    assert_eq!(decoded["measured"], 20_000);
    assert_eq!(
        decoded["results"][0]["compressed"],
        plain["results"][0]["compressed"]
    );
    let shown = run(&["notes.gz"]).ok();
    assert!(
        String::from_utf8(shown)
            .unwrap()
            .contains("compressed already (gzip); --decode measures"),
    );
    let shown = run(&["--decode", "notes.gz"]).ok();
    assert!(
        String::from_utf8(shown)
            .unwrap()
            .starts_with("notes.gz: 20.0 kB decoded\n")
    );

    dir.write("cut.gz", &dir.read("notes.gz")[..500]);
    assert!(
        run(&["--decode", "cut.gz"])
            .fails()
            .starts_with("demijohn: cut.gz: gzip: truncated: ")
    );
    // An old pickle of a text, which begins like a zlib stream, is not compressed.
    dir.write("old.pkl", [&b"X\x09\x03\0\0"[..], &[b'a'; 777], b"."].concat());
    for args in [&["--json", "old.pkl"][..], &["--json", "--decode", "old.pkl"]] {
        let pickle = json(run(args));
        assert_eq!(
            (&pickle["compressed_with"], &pickle["measured"]),
            (&Value::Null, &783.into())
        );
    }
}

#[test]
fn without_a_file_built_in_data_of_rising_entropy_is_measured() {
    let dir = Dir::new();
    let args = ["bench", ONCE, "--json", "--sample=200K", "--formats=xz,zstd,none"];
    let ended = dir.demijohn(args).run().status(0);
    let all = ended.json_lines();
    assert!(all.len() >= 4);
    let best: Vec<_> = all
        .iter()
        .map(|json| json["results"][0]["ratio"].as_f64().unwrap())
        .collect();
    assert!(best.is_sorted_by(|a, b| a > b), "{best:?}");
    assert!(best[0] > 10.0 && best[best.len() - 1] < 1.01, "{best:?}");
    for json in &all {
        assert!(json["file"].as_str().unwrap().starts_with("built-in "), "{json}");
        assert_eq!(json["measured"], 200 << 10);
        assert_eq!(levels(json, "zstd"), [3], "the default level alone");
    }
}

#[test]
fn threads_change_no_size() {
    let dir = Dir::new();
    dir.write("notes", sample(100_000));
    let sizes = |threads: &str| -> Vec<Value> {
        let args = [
            "bench",
            ONCE,
            "--json",
            "-T",
            threads,
            "--formats=xz,zstd,gzip",
            "notes",
        ];
        let json = json(dir.demijohn(args).run());
        assert_eq!(json["threads"].to_string(), threads);
        results(&json)
            .iter()
            .map(|row| row["compressed"].clone())
            .collect()
    };
    assert_eq!(sizes("1"), sizes("3"));
}

#[test]
fn a_file_that_cannot_be_measured_does_not_keep_the_others_from_it() {
    let dir = Dir::new();
    dir.write("notes", sample(1000));
    dir.write("empty", b"");
    let args = [
        "bench",
        ONCE,
        "--json",
        "--formats=gzip",
        "empty",
        "missing",
        "notes",
    ];
    let ended = dir.demijohn(args).run().status(1);
    assert_eq!(
        ended.stderr(),
        "demijohn: empty: is empty, so there is nothing to measure\n\
         demijohn: missing: no such file or directory\n"
    );
    assert_eq!(ended.json_lines().len(), 1);
    assert_eq!(ended.json_lines()[0]["file"], "notes");
}

#[test]
fn what_cannot_be_measured_is_misuse() {
    let dir = Dir::new();
    dir.write("notes", sample(1000));
    for (args, expected) in [
        (&["--formats=gzip,gzap"][..], "gzap"),
        (
            &["--levels=300", "--formats=gzip,xz"],
            "none of the formats has such a level",
        ),
        (&["--levels=9..1"], "levels are numbers and ranges"),
        (&["--levels=fast"], "levels are numbers and ranges"),
        (&["--levels=-131072..22"], "more than 1000 levels"),
        (&["--levels=1", "--all-levels"], "cannot be used with"),
        (&["--min-time=-1"], "number of seconds"),
        (&["--min-time=nan"], "number of seconds"),
        (&["--sample=much"], "a size is a number"),
        (&["--sample=0"], "leaves nothing to measure"),
    ] {
        let ended = dir.demijohn([&["bench", "notes"], args].concat()).run();
        assert!(ended.misused().contains(expected), "{ended}");
        assert!(ended.stdout().is_empty());
    }
}

#[test]
fn a_reader_that_has_had_enough_ends_it_without_a_word() {
    let dir = Dir::new();
    dir.write("notes", sample(1000));
    let args = ["bench", ONCE, "--json", "--formats=zstd", "notes", "notes", "-"];
    let mut child = dir.demijohn(args).start();
    let mut stdout = child.stdout.take().unwrap();
    read_exact(&mut stdout, 1);
    drop(stdout);
    // The last line cannot be written: standard input ends only now.
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"some more").unwrap();
    drop(stdin);
    let ended = Ended::of(child).status(141);
    assert_eq!(ended.stderr(), "");
}

#[test]
fn elements_are_as_large_as_a_header_or_the_user_says() {
    // Doubles that grow slowly, of which blosc makes more when it knows that they are doubles.
    let doubles: Vec<u8> = (0..20_000_u32)
        .flat_map(|n| f64::from(n).sqrt().to_le_bytes())
        .collect();
    let header = b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (20000,), }";
    let mut array = header.to_vec();
    array.resize(127, b' ');
    array.push(b'\n');
    array.extend_from_slice(&doubles);

    let dir = Dir::new();
    dir.write("doubles", &doubles);
    dir.write("doubles.npy", array);
    let measured = |args: &[&str]| {
        let json = json(
            dir.demijohn([&["bench", ONCE, "--json", "--formats=blosc"], args].concat())
                .run(),
        );
        let size = results(&json)[0]["compressed"].as_u64().unwrap();
        (json["element_size"].as_u64().unwrap(), size)
    };
    let (one, as_bytes) = measured(&["doubles"]);
    let (eight, as_doubles) = measured(&["--element-size=8", "doubles"]);
    assert_eq!((one, eight), (1, 8));
    assert!(as_doubles < as_bytes * 9 / 10, "{as_doubles} and {as_bytes}");
    let (found, size) = measured(&["doubles.npy"]);
    assert_eq!(found, 8);
    assert!(size.abs_diff(as_doubles) < 1000, "{size} and {as_doubles}");
    let shown = dir
        .demijohn(["bench", ONCE, "--formats=blosc", "doubles.npy"])
        .run()
        .ok();
    assert!(String::from_utf8(shown).unwrap().contains("8-byte elements"));
}

#[test]
fn a_picture_has_all_that_was_measured() {
    let dir = Dir::new();
    dir.write("notes", sample(50_000));
    let which = ["--formats=zstd,snappy", "--levels=1,3,5"];
    let args = ["bench", ONCE, which[0], which[1], "--plot=notes.svg", "notes"];
    dir.demijohn(args).run().ok();
    let svg = String::from_utf8(dir.read("notes.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    // Four rows in two directions.
    assert_eq!(svg.matches("<circle").count(), 8, "{svg}");
    for shown in ["compress", "decompress", "zstd 3", "snappy", "notes, compressed"] {
        assert!(svg.contains(&format!(">{shown}</text>")), "no {shown}: {svg}");
    }
}

#[test]
fn a_picture_that_is_there_is_not_drawn_over_without_force() {
    let dir = Dir::new();
    dir.write("notes", sample(1000));
    dir.write("old.svg", "old");
    let bench = |more| dir.demijohn(["bench", ONCE, "--formats=snappy", "--plot=old.svg", "notes", more]);
    let refused = bench("--quiet").run();
    assert!(
        refused.fails().contains("old.svg: exists already"),
        "{}",
        refused.stderr()
    );
    assert!(refused.stdout().is_empty(), "measured before it refused");
    assert_eq!(dir.read("old.svg"), b"old");
    bench("--force").run().ok();
    assert!(dir.read("old.svg").starts_with(b"<svg "));
}
