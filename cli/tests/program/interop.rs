//! Against the formats' own tools, in both directions.

use crate::util::{Dir, codecs, has_tool, python, sample};

/// A program, its arguments to compress and to decompress by pipe, and the format.
type Tool = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
);

const TOOLS: &[Tool] = &[
    ("gzip", &["-c"], &["-dc"], "gzip"),
    ("bzip2", &["-c"], &["-dc"], "bz2"),
    ("xz", &["-c"], &["-dc"], "xz"),
    ("xz", &["-c", "--format=lzma"], &["-dc", "--format=lzma"], "lzma"),
    ("zstd", &["-c"], &["-dc"], "zstd"),
    ("lz4", &["-c"], &["-dc"], "lz4"),
    ("lzop", &["-c"], &["-dc"], "lzo"),
    ("pigz", &["-c", "-z"], &["-dc", "-z"], "zlib"),
    ("pigz", &["-c"], &["-dc"], "gzip"),
    ("lbzip2", &["-c"], &["-dc"], "bz2"),
];

/// The tools at hand, of the formats that there are.
fn tools() -> Vec<&'static Tool> {
    let codecs = codecs();
    let known = |format: &str| codecs.iter().any(|codec| codec.name() == format);
    let of_known = TOOLS.iter().filter(|(.., format)| known(format));
    of_known.filter(|(tool, ..)| has_tool(tool)).collect()
}

#[test]
fn the_formats_own_tools_read_what_is_written() {
    let dir = Dir::new();
    let data = sample(700_000);
    for (tool, _, decompress, format) in tools() {
        let args = ["compress", "--format", format];
        let packed = dir.demijohn(args).stdin(data.clone()).run().ok();
        let plain = dir.command(tool, *decompress).stdin(packed).run().ok();
        assert!(plain == data, "{tool} {format}");
    }
}

#[test]
fn what_the_formats_own_tools_write_is_read() {
    let dir = Dir::new();
    let data = sample(700_000);
    for (tool, compress, _, format) in tools() {
        let packed = dir.command(tool, *compress).stdin(data.clone()).run().ok();
        let plain = dir.demijohn(["cat"]).stdin(packed.clone()).run().ok();
        assert!(plain == data, "{tool} {format}");
        let verdict = dir.demijohn(["test", "--json"]).stdin(packed).run().status(0);
        assert_eq!(verdict.json_lines()[0]["format"], *format);
    }
}

#[test]
fn pythons_modules_read_what_is_written() {
    let Some(python) = python() else { return };
    let dir = Dir::new();
    let data = sample(100_000);
    dir.write("plain", &data);
    for (module, format) in [
        ("zlib", "zlib"),
        ("gzip", "gzip"),
        ("bz2", "bz2"),
        ("lzma", "xz"),
        ("lzma", "lzma"),
    ] {
        dir.demijohn(["compress", "-fo", "packed", "--format", format, "plain"])
            .run()
            .ok();
        let code = format!(
            "import {module}, sys; sys.stdout.buffer.write({module}.decompress(open('packed','rb').read()))"
        );
        assert!(dir.command(&python, ["-c", &code]).run().ok() == data, "{format}");
    }
}
