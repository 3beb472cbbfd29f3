//! Command-line programs: a process for each stream, data in its standard input and out of its standard output.

use std::io::Write;
use std::ops::RangeInclusive;
use std::process::Command;

use demijohn_codecs::Options;

use super::common::{format, pipe, sample, tool};
use super::{LARGE, LEVELLED, SIZES, Streams, ours_decodes};

/// The program decodes everything we write.
fn reads_ours(name: &str, program: &str, arguments: &[&str], large: bool) {
    let (Some(format), Some(program)) = (format(name), tool(program)) else {
        return;
    };
    for stream in Streams::of(&format).all(large) {
        let got = pipe(Command::new(program).args(arguments), &stream.coded);
        stream.was_read(&format!("{name} by {program} {arguments:?}"), got);
    }
}

/// We decode everything the program writes.
fn ours_reads(name: &str, program: &str, variants: &[&[&str]], sizes: &[usize]) {
    let (Some(format), Some(program)) = (format(name), tool(program)) else {
        return;
    };
    for &size in sizes {
        let plain = sample(size);
        for arguments in variants {
            let what = format!("{size} bytes of {program} {arguments:?}");
            let coded = pipe(Command::new(program).args(*arguments), &plain);
            ours_decodes(&format, &what, coded, &plain);
        }
    }
}

/// The program writes at each of these levels, and we read.
fn ours_reads_every_level(name: &str, program: &str, levels: RangeInclusive<u32>, arguments: &[&str]) {
    for level in levels {
        let level = format!("-{level}");
        let with_level = [&[&*level], arguments].concat();
        ours_reads(name, program, &[&with_level], &[LEVELLED]);
    }
}

#[test]
fn gzip_and_ours() {
    ours_reads_every_level("gzip", "gzip", 1..=9, &["-c"]);
    reads_ours("gzip", "gzip", &["-dc"], true);
    ours_reads("gzip", "gzip", &[&["-1nc"], &["-c"], &["-9c"]], &SIZES);
    ours_reads("gzip", "gzip", &[&["-1nc"], &["-c"], &["-9c"]], &[LARGE]);
}

#[test]
fn pigz_and_ours() {
    ours_reads_every_level("zlib", "pigz", 0..=9, &["-zc"]);
    reads_ours("gzip", "pigz", &["-dc"], true);
    reads_ours("zlib", "pigz", &["-dzc"], true);
    ours_reads(
        "gzip",
        "pigz",
        &[
            &["-1c"],
            &["-9c"],
            &["-c", "-p4", "-b128"],
            &["-ic", "-p4", "-b128"],
        ],
        &SIZES,
    );
    ours_reads("gzip", "pigz", &[&["-c"], &["-1ic"]], &[LARGE]);
    // Its level 11 is Zopfli.
    ours_reads("gzip", "pigz", &[&["-11c"]], &[0, 70_000]);
    ours_reads(
        "zlib",
        "pigz",
        &[&["-1zc"], &["-zc"], &["-9zic", "-p4", "-b128"]],
        &SIZES,
    );
    ours_reads("zlib", "pigz", &[&["-zc"]], &[LARGE]);
}

#[test]
fn bzip2_and_ours() {
    ours_reads_every_level("bz2", "bzip2", 1..=9, &["-c"]);
    reads_ours("bz2", "bzip2", &["-dc"], true);
    ours_reads("bz2", "bzip2", &[&["-1c"], &["-5c"], &["-9c"]], &SIZES);
    ours_reads("bz2", "bzip2", &[&["-9c"]], &[LARGE]);
}

#[test]
fn lbzip2_and_ours() {
    reads_ours("bz2", "lbzip2", &["-dc"], true);
    ours_reads("bz2", "lbzip2", &[&["-1c"], &["-9c"], &["-9c", "-n4"]], &SIZES);
    ours_reads("bz2", "lbzip2", &[&["-1c"]], &[LARGE]);
}

#[test]
fn xz_and_ours() {
    ours_reads_every_level("xz", "xz", 0..=9, &["-c"]);
    reads_ours("xz", "xz", &["-dc"], true);
    ours_reads("xz", "xz", &[&["-0c"], &["-c"]], &SIZES);
    ours_reads(
        "xz",
        "xz",
        &[
            &["-9c"],
            &["-1c", "-T2", "--block-size=100000"],
            &["-1c", "--block-size=1MiB", "--check=sha256"],
            &["-1c", "--check=crc32"],
            &["-1c", "--check=none"],
            &["-c", "--x86", "--lzma2=preset=1"],
            &["-c", "--delta=dist=4", "--lzma2=preset=1"],
        ],
        &[0, 300_000],
    );
    ours_reads("xz", "xz", &[&["-0c", "-T2"]], &[LARGE]);
}

#[test]
fn lzma_and_ours() {
    ours_reads_every_level("lzma", "xz", 0..=9, &["--format=lzma", "-c"]);
    reads_ours("lzma", "xz", &["--format=lzma", "-dc"], true);
    ours_reads(
        "lzma",
        "xz",
        &[&["--format=lzma", "-0c"], &["--format=lzma", "-c"]],
        &SIZES,
    );
    ours_reads("lzma", "xz", &[&["--format=lzma", "-9c"]], &[0, 300_000]);
    ours_reads("lzma", "xz", &[&["--format=lzma", "-0c"]], &[LARGE]);
}

#[test]
fn zstd_and_ours() {
    ours_reads_every_level("zstd", "zstd", 1..=19, &["-cq"]);
    ours_reads_every_level("zstd", "zstd", 20..=22, &["--ultra", "-cq"]);
    reads_ours("zstd", "zstd", &["-dcq"], true);
    ours_reads(
        "zstd",
        "zstd",
        &[
            &["-cq", "-1"],
            &["-cq"],
            &["-cq", "--fast=5"],
            &["-cq", "--no-check"],
            &["-cq", "-T2", "-B1MiB"],
            &["-cq", "--long=24"],
        ],
        &SIZES,
    );
    ours_reads(
        "zstd",
        "zstd",
        &[&["-cq", "-19"], &["-cq", "--ultra", "-22"]],
        &[0, 300_000],
    );
    ours_reads("zstd", "zstd", &[&["-cq", "-1"], &["-cq"]], &[LARGE]);
}

#[test]
fn lz4_and_ours() {
    ours_reads_every_level("lz4", "lz4", 1..=12, &["-cq"]);
    reads_ours("lz4", "lz4", &["-dcq"], true);
    ours_reads(
        "lz4",
        "lz4",
        &[
            &["-cq", "-1"],
            &["-cq", "-9"],
            &["-cq", "-12"],
            &["-cq", "-B4"],
            &["-cq", "-B4", "-BD"],
            &["-cq", "-B7", "-BD", "-9"],
            &["-cq", "-BX"],
            &["-cq", "-B5", "-BX", "-BD", "--no-frame-crc"],
            &["-clq"],
        ],
        &SIZES,
    );
    ours_reads("lz4", "lz4", &[&["-cq"], &["-cq", "-12"], &["-clq"]], &[LARGE]);
}

#[test]
fn lzop_and_ours() {
    ours_reads_every_level("lzo", "lzop", 1..=9, &["-c"]);
    reads_ours("lzo", "lzop", &["-dc"], true);
    let variants: [&[&str]; 8] = [
        &["-1c"],
        &["-3c"],
        &["-6c"],
        &["-7c"],
        &["-9c"],
        &["-c", "--crc32"],
        &["-c", "--no-checksum"],
        &["-c", "-C"],
    ];
    ours_reads("lzo", "lzop", &variants, &SIZES);
    ours_reads("lzo", "lzop", &variants, &[LARGE]);
}

/// It reads none above 256 KiB.
#[test]
fn lzop_reads_our_blocks_however_large_they_should_be() {
    let (Some(format), Some(program)) = (format("lzo"), tool("lzop")) else {
        return;
    };
    let plain = sample(LARGE);
    let mut writer = Options::new()
        .block_size(64 << 20)
        .writer(Vec::new(), &format)
        .unwrap();
    writer.write_all(&plain).unwrap();
    let coded = writer.finish().unwrap().0;
    let got = pipe(Command::new(program).arg("-dc"), &coded).unwrap();
    assert!(got == plain, "other bytes");
}

#[test]
fn files_of_several_members_are_joined() {
    // As `cat a b` makes them: of the tool alone, and of both.
    for (name, program) in [
        ("gzip", "gzip"),
        ("gzip", "pigz"),
        ("bz2", "bzip2"),
        ("bz2", "lbzip2"),
        ("xz", "xz"),
        ("zstd", "zstd"),
        ("lz4", "lz4"),
        ("lzo", "lzop"),
    ] {
        let (Some(format), Some(program)) = (format(name), tool(program)) else {
            continue;
        };
        let (a, b, c) = (sample(100_000), sample(3), sample(50_000));
        let theirs = |plain: &[u8]| pipe(Command::new(program).arg("-c"), plain).unwrap();
        let both = [&a[..], &b, &[], &c].concat();
        let coded = [
            theirs(&a),
            format.compress(&b).unwrap(),
            theirs(&[]),
            format.compress(&c).unwrap(),
        ];
        let coded = coded.concat();
        assert!(format.decompress(&coded).unwrap() == both, "{name}: ours");
        let mut decode = Command::new(program);
        decode.arg("-dc");
        if program == "lzop" {
            // Right bytes or not, it fails for having warned of a second archive.
            decode.arg("--ignore-warn");
        }
        assert!(pipe(&mut decode, &coded).unwrap() == both, "{name}: {program}");
    }
}
