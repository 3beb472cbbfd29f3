//! Parts of files, and indexes to find them by.

use crate::util::{Dir, sample};

#[test]
fn a_part_of_a_file_is_what_is_there() {
    let dir = Dir::new();
    let plain = sample(3_000_000);
    dir.write("notes", &plain);
    for format in ["gzip", "xz", "zstd", "bz2", "lz4", "snappy", "blosc", "lzo"] {
        let name = format!("notes.{format}");
        dir.demijohn(["compress", "--format", format, "-o", &name, "notes"])
            .run()
            .ok();
        let part = |offset, length| {
            let args = ["cat", "--offset", offset, "--length", length, name.as_str()];
            dir.demijohn(args).run().ok()
        };
        assert_eq!(part("2M", "1000"), plain[2 << 20..(2 << 20) + 1000], "{name}");
        assert_eq!(part("0", "10"), plain[..10], "{name}");
        assert_eq!(part("2999990", "1M"), plain[2_999_990..], "{name}");
        assert_eq!(part("4G", "10"), b"", "{name}: behind the end");
    }
    // A pipe is decoded up to there.
    let piped = dir
        .shell("demijohn cat --offset 2000000 --length 9 < notes.xz")
        .run()
        .ok();
    assert_eq!(piped, plain[2_000_000..2_000_009]);
}

#[test]
fn a_file_written_to_be_sought_in_has_blocks_of_the_size_asked_for() {
    let dir = Dir::new();
    let plain = sample(3_000_000);
    dir.write("notes", &plain);
    for format in ["gzip", "xz", "zstd", "bz2", "lz4", "snappy", "blosc", "lzo"] {
        let compressed = |seekable: &str| {
            let name = format!("notes{seekable}.{format}");
            dir.demijohn(["compress", "--format", format, seekable, "-o", &name, "notes"])
                .run()
                .ok();
            let args = ["cat", "--offset", "2M", "--length", "1000", name.as_str()];
            assert_eq!(
                dir.demijohn(args).run().ok(),
                plain[2 << 20..(2 << 20) + 1000],
                "{name}"
            );
            assert_eq!(dir.demijohn(["cat", name.as_str()]).run().ok(), plain, "{name}");
            dir.read(&name)
        };
        assert!(
            compressed("--seekable=30K") != compressed("--seekable"),
            "{format}"
        );
    }
    // Piped, too, where nobody knows the size beforehand.
    let piped = dir
        .shell("demijohn compress --format lz4 --seekable < notes | demijohn cat")
        .run()
        .ok();
    assert_eq!(piped, plain);
}

#[test]
fn formats_that_cannot_be_sought_in_are_refused_and_those_that_can_are_named() {
    let dir = Dir::new();
    dir.write("notes", b"notes");
    for format in ["zlib", "lzma"] {
        let ended = dir
            .demijohn(["compress", "--format", format, "--seekable", "notes"])
            .run();
        let message = ended.misused();
        assert!(message.contains("gzip, bz2, xz, zstd"), "{message}");
        assert!(message.contains(&format!("this will be {format}")), "{message}");
    }
    let ended = dir.demijohn(["compress", "--seekable=0", "notes"]).run();
    assert!(ended.misused().contains("at least one byte"));
}

#[test]
fn an_index_is_made_once_and_leads_to_a_part() {
    let dir = Dir::new();
    let plain = sample(3_000_000);
    dir.write("notes", &plain);
    dir.demijohn(["compress", "--format", "gzip", "notes"]).run().ok();
    let json = dir
        .demijohn(["index", "--json", "--spacing", "256K", "notes.gz"])
        .run()
        .ok();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["index"], "notes.gz.gzidx");
    assert_eq!(json["plain"], 3_000_000);
    assert!(json["places"].as_u64().unwrap() > 2, "{json}");
    let args = [
        "cat",
        "--offset",
        "2M",
        "--length",
        "100",
        "--index",
        "notes.gz.gzidx",
        "notes.gz",
    ];
    let part = dir.demijohn(args).run().ok();
    assert_eq!(part, plain[2 << 20..(2 << 20) + 100]);

    // It is not replaced unless that is asked for.
    let again = dir.demijohn(["index", "notes.gz"]).run();
    assert_eq!(again.code(), 1);
    dir.demijohn(["index", "-f", "notes.gz"]).run().ok();
}

#[test]
fn an_index_that_is_none_or_of_another_file_is_refused() {
    let dir = Dir::new();
    for (name, len) in [("a", 2_000_000), ("b", 1_500_000)] {
        dir.write(name, sample(len));
        dir.demijohn(["compress", "--format", "gzip", name]).run().ok();
    }
    dir.demijohn(["index", "a.gz"]).run().ok();
    for (index, file) in [("a.gz.gzidx", "b.gz"), ("a", "a.gz")] {
        let ended = dir
            .demijohn(["cat", "--offset", "1M", "--index", index, file])
            .run();
        assert_eq!(ended.code(), 1, "{index} for {file}");
        assert!(ended.stdout().is_empty());
    }
    dir.demijohn(["compress", "--format", "xz", "a"]).run().ok();
    let refused = dir.demijohn(["index", "a.xz"]).run();
    assert_eq!(refused.code(), 1);
    let refused = dir.demijohn(["index", "-"]).run();
    assert_eq!(refused.code(), 1);
    assert!(refused.stderr().contains("standard input: an index is of a file"));
}
