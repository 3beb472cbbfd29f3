//! What we write the formats' own tools read, and the other way round: command-line programs and Python's
//! modules, as far as they are installed.

mod common;

use std::process::Command;

use demijohn_codecs::{Compressor, Options};
use std::io::Write;

use common::{format, pipe, python, sample, skip, tool};

/// Sizes of plain data. The last crosses segments and blocks of every format.
const SIZES: [usize; 4] = [0, 1, 70_000, 3_000_000];
/// For tools and levels that are fast enough.
const LARGE: usize = 20_000_000;

/// Levels a user would type, for that much data: the ends of the range and the default. The slowest levels get
/// little data.
fn levels(format: &Compressor, size: usize) -> Vec<i32> {
    let spec = format.spec();
    let range = spec.level_range().unwrap();
    let mut levels = vec![(*range.start()).max(-5), spec.default_level().unwrap()];
    if size < 1_000_000 || matches!(format.name(), "gzip" | "zlib" | "bz2") {
        levels.push((*range.end()).min(19));
    }
    levels
}

fn compress(format: &Compressor, options: Options, plain: &[u8]) -> Vec<u8> {
    let mut writer = options.writer(Vec::new(), format).unwrap();
    writer.write_all(plain).unwrap();
    writer.finish().unwrap().0
}

/// Our streams of that format, each with a description and the data in it.
fn streams(format: &Compressor, large: bool) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let mut streams = Vec::new();
    for size in SIZES {
        let plain = sample(size);
        for level in levels(format, size) {
            let coded = compress(format, Options::new().level(level), &plain);
            streams.push((format!("{size} bytes at level {level}"), coded, plain.clone()));
        }
    }
    let plain = sample(1_000_000);
    let mut writer = Options::new()
        .block_size(65_536)
        .writer(Vec::new(), format)
        .unwrap();
    for part in plain.chunks(150_000) {
        writer.write_all(part).unwrap();
        writer.flush().unwrap();
    }
    let coded = writer.finish().unwrap().0;
    streams.push((
        "flushed, in small blocks, its size unknown".to_owned(),
        coded,
        plain,
    ));
    if large {
        let plain = sample(LARGE);
        let options = Options::new().size(plain.len() as u64).threads(2);
        streams.push((format!("{LARGE} bytes"), compress(format, options, &plain), plain));
    }
    streams
}

/// The program decodes everything we write.
fn reads_ours(name: &str, program: &str, arguments: &[&str], large: bool) {
    let (Some(format), Some(program)) = (format(name), tool(program)) else {
        return;
    };
    for (what, coded, plain) in streams(&format, large) {
        let got = pipe(Command::new(program).args(arguments), &coded);
        let got = got.unwrap_or_else(|e| panic!("{name}, {what}: {e}"));
        assert!(
            got == plain,
            "{name}, {what}: {program} {arguments:?} decodes other bytes"
        );
    }
}

/// We decode everything the program writes, and know it for what it is.
fn ours_reads(name: &str, program: &str, variants: &[&[&str]], sizes: &[usize]) {
    let (Some(format), Some(program)) = (format(name), tool(program)) else {
        return;
    };
    for &size in sizes {
        let plain = sample(size);
        for arguments in variants {
            let what = format!("{size} bytes of {program} {arguments:?}");
            let coded = pipe(Command::new(program).args(*arguments), &plain).unwrap();
            let detected = Compressor::detect(&coded).map(|format| format.name());
            assert_eq!(detected, Some(name), "{what}");
            let got = format
                .decompress(&coded)
                .unwrap_or_else(|e| panic!("{what}: {e}"));
            assert!(got == plain, "{what}: other bytes");
        }
    }
}

#[test]
fn gzip_and_ours() {
    reads_ours("gzip", "gzip", &["-dc"], true);
    ours_reads("gzip", "gzip", &[&["-1nc"], &["-c"], &["-9c"]], &SIZES);
    ours_reads("gzip", "gzip", &[&["-c"]], &[LARGE]);
}

#[test]
fn pigz_and_ours() {
    reads_ours("gzip", "pigz", &["-dc"], true);
    reads_ours("zlib", "pigz", &["-dzc"], true);
    ours_reads(
        "gzip",
        "pigz",
        &[&["-1c"], &["-c", "-p4", "-b128"], &["-ic", "-p4", "-b128"]],
        &SIZES,
    );
    ours_reads("zlib", "pigz", &[&["-zc"], &["-zic", "-p4", "-b128"]], &SIZES);
}

#[test]
fn bzip2_and_ours() {
    reads_ours("bz2", "bzip2", &["-dc"], false);
    ours_reads("bz2", "bzip2", &[&["-1c"], &["-9c"]], &SIZES);
}

#[test]
fn xz_and_ours() {
    reads_ours("xz", "xz", &["-dc"], false);
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
}

#[test]
fn lzma_and_ours() {
    reads_ours("lzma", "xz", &["--format=lzma", "-dc"], false);
    ours_reads(
        "lzma",
        "xz",
        &[&["--format=lzma", "-0c"], &["--format=lzma", "-c"]],
        &SIZES,
    );
    ours_reads("lzma", "xz", &[&["--format=lzma", "-9c"]], &[0, 300_000]);
}

#[test]
fn zstd_and_ours() {
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
    ours_reads("zstd", "zstd", &[&["-cq", "-19"]], &[0, 300_000]);
    ours_reads("zstd", "zstd", &[&["-cq"]], &[LARGE]);
}

#[test]
fn lz4_and_ours() {
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
    ours_reads("lz4", "lz4", &[&["-cq"], &["-clq"]], &[LARGE]);
}

#[test]
fn files_of_several_members_are_joined() {
    // As `cat a b` makes them: of the tool alone, and of both.
    for (name, program) in [
        ("gzip", "gzip"),
        ("bz2", "bzip2"),
        ("xz", "xz"),
        ("zstd", "zstd"),
        ("lz4", "lz4"),
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
        assert!(
            pipe(Command::new(program).arg("-dc"), &coded).unwrap() == both,
            "{name}: {program}"
        );
    }
}

/// Copies standard input to standard output through a module of Python's; `argv` is level or `-d`.
const PYTHON: [(&str, &str, &str); 5] = [
    ("zlib", "zlib.compress(data, level)", "zlib.decompress(data)"),
    ("gzip", "gzip.compress(data, level)", "gzip.decompress(data)"),
    ("bz2", "bz2.compress(data, level)", "bz2.decompress(data)"),
    (
        "lzma",
        "lzma.compress(data, format=lzma.FORMAT_ALONE, preset=level)",
        "lzma.decompress(data, format=lzma.FORMAT_ALONE)",
    ),
    (
        "xz",
        "lzma.compress(data, preset=level)",
        "lzma.decompress(data, format=lzma.FORMAT_XZ)",
    ),
];

fn script(modules: &str, encode: &str, decode: &str) -> String {
    format!(
        "import sys, {modules}\n\
         data = sys.stdin.buffer.read()\n\
         if sys.argv[1] == '-d':\n    out = {decode}\n\
         else:\n    level = int(sys.argv[1])\n    out = {encode}\n\
         sys.stdout.buffer.write(out)\n"
    )
}

fn has_module(python: &std::path::Path, module: &str) -> bool {
    let import = Command::new(python)
        .args(["-c", &format!("import {module}")])
        .output()
        .unwrap();
    if !import.status.success() {
        skip(&format!("{} has no {module}", python.display()));
    }
    import.status.success()
}

/// Both directions with one module.
fn exchange(python: &std::path::Path, format: &Compressor, script: &str, large: bool) {
    let name = format.name();
    let run = |argument: &str, input: &[u8]| {
        let mut command = Command::new(python);
        pipe(command.args(["-c", script, argument]), input)
    };
    for (what, coded, plain) in streams(format, large) {
        let got = run("-d", &coded).unwrap_or_else(|e| panic!("{name}, {what}: {e}"));
        assert!(got == plain, "{name}, {what}: Python decodes other bytes");
    }
    for size in SIZES {
        let plain = sample(size);
        for level in levels(format, size) {
            let what = format!("{name}: {size} bytes of Python's at level {level}");
            let coded = run(&level.to_string(), &plain).unwrap_or_else(|e| panic!("{what}: {e}"));
            let detected = Compressor::detect(&coded).map(|format| format.name());
            assert_eq!(detected, Some(name), "{what}");
            let got = format
                .decompress(&coded)
                .unwrap_or_else(|e| panic!("{what}: {e}"));
            assert!(got == plain, "{what}: other bytes");
        }
    }
}

#[test]
fn python_and_ours() {
    let Some(python) = python() else { return };
    for (name, encode, decode) in PYTHON {
        if let Some(format) = format(name) {
            let script = script("zlib, gzip, bz2, lzma", encode, decode);
            exchange(&python, &format, &script, name == "zlib");
        }
    }
}

#[test]
fn pythons_file_objects_read_ours() {
    // The file objects read piece by piece, and say how far they came.
    let Some(python) = python() else { return };
    for (name, module) in [("gzip", "gzip"), ("bz2", "bz2"), ("xz", "lzma"), ("lzma", "lzma")] {
        let Some(format) = format(name) else { continue };
        let script = format!(
            "import io, sys, {module}\n\
             file = {module}.open(io.BytesIO(sys.stdin.buffer.read()))\n\
             while piece := file.read(7919):\n    sys.stdout.buffer.write(piece)\n"
        );
        for (what, coded, plain) in streams(&format, false) {
            let mut command = Command::new(&python);
            let got = pipe(command.args(["-c", &script]), &coded);
            let got = got.unwrap_or_else(|e| panic!("{name}, {what}: {e}"));
            assert!(got == plain, "{name}, {what}: {module}.open reads other bytes");
        }
    }
}

#[test]
fn lz4_of_python_and_ours() {
    let (Some(python), Some(format)) = (python(), format("lz4")) else {
        return;
    };
    if !has_module(&python, "lz4.frame") {
        return;
    }
    for encode in [
        "lz4.frame.compress(data, compression_level=level)",
        "lz4.frame.compress(data, compression_level=level, block_linked=False, content_checksum=True)",
        "lz4.frame.compress(data, block_checksum=True, store_size=False, block_size=lz4.frame.BLOCKSIZE_MAX4MB)",
        // What joblib writes: linked blocks of 64 KiB, no checksum, no size.
        "(b := io.BytesIO(), f := lz4.frame.open(b, 'wb', compression_level=level), f.write(data), f.close(), b.getvalue())[4]",
    ] {
        exchange(
            &python,
            &format,
            &script("io, lz4.frame", encode, "lz4.frame.decompress(data)"),
            true,
        );
    }
}

#[test]
fn zstd_of_python_and_ours() {
    let (Some(python), Some(format)) = (python(), format("zstd")) else {
        return;
    };
    // Which module there is depends on the version: `compression.zstd` came with 3.14.
    let modules = [
        (
            "zstandard",
            "zstandard.compress(data, level)",
            // `decompress` wants to know the size beforehand, and takes the first frame only.
            "zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()",
        ),
        (
            "compression.zstd",
            "compression.zstd.compress(data, level)",
            "compression.zstd.decompress(data)",
        ),
    ];
    for (module, encode, decode) in modules {
        if !has_module(&python, module) {
            continue;
        }
        exchange(&python, &format, &script(module, encode, decode), true);
    }
}
