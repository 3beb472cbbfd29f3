use crate::util::{Dir, codecs, noise, quickly, sample};

#[test]
fn every_codec_round_trips_by_file() {
    let data = sample(300_000);
    for codec in codecs() {
        let dir = Dir::new();
        dir.write("notes", &data);
        let packed = format!("notes{}", codec.extension());
        dir.demijohn(["compress", "--format", codec.name(), "notes"])
            .run()
            .ok();
        assert!(dir.read(&packed).len() < data.len(), "{}", codec.name());
        dir.demijohn(["decompress", "-o", "back", &packed]).run().ok();
        assert!(dir.read("back") == data, "{}", codec.name());
        assert_eq!(dir.names(), ["back", "notes", &packed]);
    }
}

#[test]
fn every_codec_round_trips_by_pipe() {
    let data = sample(300_000);
    for codec in codecs() {
        let dir = Dir::new();
        let compress = ["compress", "--format", codec.name()];
        let packed = dir.demijohn(compress).stdin(data.clone()).run().ok();
        assert!(packed.len() < data.len(), "{}", codec.name());
        let plain = dir.demijohn(["decompress"]).stdin(packed.clone()).run().ok();
        assert!(plain == data, "{}", codec.name());
        assert!(dir.demijohn(["cat", "-"]).stdin(packed).run().ok() == data);
        assert!(dir.names().is_empty());
    }
}

#[test]
fn empty_and_tiny_inputs_round_trip() {
    for codec in codecs() {
        for data in [&b""[..], b"x"] {
            let dir = Dir::new();
            dir.write("notes", data);
            dir.demijohn(["compress", "--format", codec.name(), "notes"])
                .run()
                .ok();
            let packed = format!("notes{}", codec.extension());
            assert_eq!(
                dir.demijohn(["cat", &packed]).run().ok(),
                data,
                "{}",
                codec.name()
            );
            dir.demijohn(["test", &packed]).run().ok();
        }
    }
}

#[test]
fn lowest_and_highest_levels_work_and_differ() {
    // Squares in digits, twice: the more and the farther one looks, the more there is to find.
    let squares: String = (0..20_000_u64).map(|n| format!("{}\n", n * n)).collect();
    let data = squares.repeat(2).into_bytes();
    for codec in codecs() {
        let Some([min, max, _]) = codec.levels() else {
            continue;
        };
        let dir = Dir::new();
        let packed = |level: i64| {
            let level = format!("--level={level}");
            let args = ["compress", "--format", codec.name(), &level];
            dir.demijohn(args).stdin(data.clone()).run().ok()
        };
        let (low, high) = (packed(min), packed(max));
        assert!(high.len() < low.len(), "{}", codec.name());
        for packed in [low, high] {
            assert!(dir.demijohn(["cat"]).stdin(packed).run().ok() == data);
        }
    }
}

#[test]
fn short_levels_mean_what_long_ones_do() {
    let dir = Dir::new();
    let data = sample(200_000);
    let packed = |args: &[&str]| dir.demijohn(args).stdin(data.clone()).run().ok();
    assert!(packed(&["compress", "-19"]) == packed(&["compress", "--level", "19"]));
    assert!(packed(&["compress", "-c1"]) == packed(&["compress", "--level=1"]));
    assert!(packed(&["compress", "-1"]) != packed(&["compress", "-19"]));
    let negative = packed(&["compress", "--level", "-5"]);
    assert!(negative.len() > packed(&["compress", "-1"]).len());
}

#[test]
fn threads_do_not_change_the_bytes() {
    let dir = Dir::new();
    dir.write("notes", sample(3_000_000));
    for codec in codecs() {
        let packed = |threads: &str| {
            let args = ["compress", "-c", "--format", codec.name(), "-T", threads, "notes"];
            let args = [&args, quickly(codec.name())].concat();
            dir.demijohn(args).run().ok()
        };
        let one = packed("1");
        assert!(one == packed("3"), "{}", codec.name());
        assert!(one == packed("0"), "{}", codec.name());
    }
}

#[test]
fn nothing_said_means_zstd() {
    let dir = Dir::new();
    dir.write("notes", sample(1000));
    dir.demijohn(["compress", "notes"]).run().ok();
    assert!(dir.read("notes.zst").starts_with(b"\x28\xb5\x2f\xfd"));
    // Also when the name says nothing: never plain bytes by accident.
    dir.demijohn(["compress", "-o", "notes.bin", "notes"]).run().ok();
    assert!(dir.read("notes.bin").starts_with(b"\x28\xb5\x2f\xfd"));
}

#[test]
fn the_outputs_extension_decides_the_format_unless_one_is_named() {
    let dir = Dir::new();
    dir.write("notes", sample(1000));
    dir.demijohn(["compress", "notes", "-o", "notes.xz"]).run().ok();
    assert!(dir.read("notes.xz").starts_with(b"\xfd7zXZ\0"));
    dir.demijohn(["compress", "notes", "-o", "odd.xz", "--format", "gz"])
        .run()
        .ok();
    assert!(dir.read("odd.xz").starts_with(b"\x1f\x8b"));
}

#[test]
fn content_decides_when_reading_whatever_the_name_says() {
    let dir = Dir::new();
    let data = sample(1000);
    dir.write("notes", &data);
    for format in codecs() {
        for called in codecs() {
            let name = format!("notes{}", called.extension());
            dir.demijohn(["compress", "-f", "--format", format.name(), "-o", &name, "notes"])
                .run()
                .ok();
            let tested = dir.demijohn(["test", "--json", &name]).run();
            assert_eq!(tested.json_lines()[0]["format"], format.name(), "{name}");
            dir.demijohn(["decompress", "-f", &name]).run().ok();
            assert_eq!(dir.read("notes"), data, "{} in {name}", format.name());
        }
    }
}

#[test]
fn archive_extensions_become_tar() {
    let dir = Dir::new();
    dir.write("src", b"pretend to be a tar");
    for (extension, format) in [
        ("tgz", "gzip"),
        ("tbz2", "bz2"),
        ("txz", "xz"),
        ("tzst", "zstd"),
        ("tzo", "lzo"),
    ] {
        let name = format!("src.{extension}");
        dir.demijohn(["compress", "--format", format, "-o", &name, "src"])
            .run()
            .ok();
        dir.demijohn(["decompress", "-f", &name]).run().ok();
        assert_eq!(dir.read("src.tar"), b"pretend to be a tar");
        std::fs::remove_file(dir.path("src.tar")).unwrap();
    }
}

#[test]
fn blosc_takes_choices_and_other_formats_do_not() {
    // Doubles that grow slowly: much to find in their upper bytes, once these stand together.
    let data: Vec<u8> = (0..40_000_u32)
        .flat_map(|n| f64::from(n).sqrt().to_le_bytes())
        .collect();
    let dir = Dir::new();
    dir.write("doubles", &data);
    let packed = |options: &[&str]| {
        let mut compress = vec!["compress", "-f", "--format", "blosc"];
        compress.extend_from_slice(options);
        compress.push("doubles");
        dir.demijohn(compress).run().ok();
        assert!(
            dir.demijohn(["cat", "doubles.blp"]).run().ok() == data,
            "{options:?}"
        );
        dir.read("doubles.blp").len()
    };
    let as_bytes = packed(&[]);
    let shuffled = packed(&["--element-size", "8"]);
    assert!(shuffled < as_bytes * 9 / 10, "{shuffled} of {as_bytes}");
    let not = packed(&["--element-size", "8", "--blosc-shuffle", "none"]);
    assert!(not > shuffled, "{not} and {shuffled}");
    let slowly = packed(&["--element-size", "8", "--blosc-codec", "zstd", "-9"]);
    assert!(slowly < shuffled, "{slowly} and {shuffled}");

    for option in [
        ["--element-size", "8"],
        ["--blosc-codec", "zlib"],
        ["--blosc-shuffle", "bit"],
    ] {
        let compress = ["compress", "--format", "gzip"].into_iter().chain(option);
        let ended = dir.demijohn(compress.chain(["doubles"])).run();
        let error = ended.misused();
        assert!(error.contains(option[0]) && error.contains("gzip"), "{error}");
    }
    dir.demijohn(["compress", "--format", "blosc", "--element-size", "0", "doubles"])
        .run()
        .misused();
}

#[test]
fn a_missing_directory_for_temporary_files_is_named() {
    // More than is kept in memory, to a pipe: it has to wait in a file until its head is known.
    let dir = Dir::new();
    let ended = dir
        .demijohn(["compress", "--format", "blosc"])
        .env("TMPDIR", dir.path("nowhere"))
        .stdin(noise(6_000_000))
        .run();
    let error = ended.fails();
    assert!(
        error.contains("temporary file") && error.contains("nowhere"),
        "{error}"
    );
}
