//! What can be typed: the verbs and their options, with their help.

mod shared;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Group, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use demijohn::Content;
use demijohn_codecs::Compressor;

use crate::bytes;

pub(crate) use shared::{BloscChoices, Decoding, Files, Talk, Target, Threads, Wary};
pub(crate) use values::Levels;

use values::{block, formats, named, seconds};

/// Compressed streams: written, read, checked.
#[derive(Debug, Parser)]
#[command(
    name = "demijohn",
    version,
    about = "Compressed streams and joblib files: written, read, checked",
    after_help = "Examples:\n  \
        demijohn compress notes.txt                 writes notes.txt.zst\n  \
        demijohn compress -9 -o notes.xz notes.txt  the name's extension decides the format\n  \
        demijohn decompress notes.txt.zst           writes notes.txt\n  \
        demijohn cat access.log.* | grep 404        whatever each file is compressed with\n  \
        demijohn test backup/*                      reads everything to the end and checks it\n  \
        demijohn inspect model.pkl.gz               what is in a joblib file, without loading it\n  \
        demijohn convert model.pkl.gz model.pkl.zst the same object in another file\n  \
        demijohn bench notes.txt                    which format and level suit it best\n  \
        demijohn demo                               the main job in one go: objects to files and back\n\n\
        Exit status: 0 all well, 1 something failed, 2 wrong usage, 3 unsafe content found by scan\n\
        and nothing worse, 130 interrupted, 141 output pipe closed.",
    arg_required_else_help = true,
    propagate_version = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Compress(Compress),
    Decompress(Decompress),
    Cat(Cat),
    Index(Index),
    Test(Test),
    Inspect(Inspect),
    Scan(Scan),
    Extract(Extract),
    Convert(Convert),
    Bench(Bench),
    Demo(Demo),
    Codecs(Codecs),
    Completions(Completions),
}

/// Compress files
///
/// Each FILE becomes FILE with the format's extension beside it, with its mode and time, and is kept.
/// Without a FILE, or with -, standard input is compressed to standard output.
#[derive(Debug, Group)]
#[command(after_help = "Levels:\n  \
        -1 … -19, or --level N for those below 0 and above 19; `demijohn codecs` shows each format's range.\n\n\
        Examples:\n  \
        demijohn compress -19 -T 0 dump.sql         zstd level 19, on all cores\n  \
        demijohn compress --format gzip --rm *.log  like gzip: replaces each file\n  \
        demijohn compress --format blosc --element-size 8 doubles.bin\n  \
        demijohn compress --seekable=256K dump.sql  for reading parts of it later\n  \
        tar c src | demijohn compress -o src.tar.xz")]
pub(crate) struct Compress {
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) target: Target,
    /// Format to write; else the extension of the -o name decides, else zstd
    #[arg(long, value_name = "NAME", value_parser = formats())]
    pub(crate) format: Option<Compressor>,
    /// Compression level (short: -1 … -19); each format has its own range and default
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) level: Option<i32>,
    /// Write blocks of so many bytes, 1M if no size is given, to which readers can jump (`demijohn cat --offset`); a smaller
    /// size makes jumps cheaper and files larger
    #[arg(long, value_name = "BLOCK", value_parser = block, num_args = 0..=1, require_equals = true, default_missing_value = "1M")]
    pub(crate) seekable: Option<usize>,
    #[command(flatten)]
    pub(crate) threads: Threads,
    #[command(flatten)]
    pub(crate) talk: Talk,
    #[command(flatten)]
    pub(crate) blosc: BloscChoices,
}

/// Decompress files
///
/// The format is recognised by content. Each FILE loses the extension of its format (.tgz and its kin become
/// .tar), and is kept. A damaged file leaves no output; `demijohn cat` writes what can be read of one.
/// Without a FILE, or with -, standard input is decompressed to standard output.
#[derive(Debug, Group)]
#[command(after_help = "Examples:\n  \
        demijohn decompress notes.txt.zst          writes notes.txt\n  \
        demijohn decompress -o notes.txt odd.name  a name without a known extension needs -o or -c\n  \
        demijohn decompress --rm --sync *.gz       like gunzip, and safe from a power cut")]
pub(crate) struct Decompress {
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) decoding: Decoding,
    #[command(flatten)]
    pub(crate) talk: Talk,
}

/// Write decompressed files to standard output
///
/// What can be read of a damaged file is written before the error is reported. Without a FILE, or with -,
/// standard input is read.
#[derive(Debug, Group)]
#[command(after_help = "Examples:\n  \
        demijohn cat access.log.*.gz | grep 404\n  \
        curl -s https://example.org/data.xz | demijohn cat | head\n  \
        demijohn cat -f notes notes.gz     -f lets files through that are not compressed\n  \
        demijohn cat --offset 1G --length 64K dump.xz")]
pub(crate) struct Cat {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Begin at this decoded byte of each file, such as 4096 or 1G; blocks in front of it are jumped over where the file
    /// tells where they are
    #[arg(long, value_name = "SIZE", value_parser = bytes::parse, default_value = "0", hide_default_value = true)]
    pub(crate) offset: u64,
    /// Write at most so many bytes of each file; what follows is not checked
    #[arg(long, value_name = "SIZE", value_parser = bytes::parse)]
    pub(crate) length: Option<u64>,
    /// Find the offset by this index of a gzip or zlib file, one of `demijohn index`, indexed_gzip, gztool or bgzip
    #[arg(long, value_name = "INDEX", value_hint = ValueHint::FilePath)]
    pub(crate) index: Option<PathBuf>,
    /// Pass plain files through; write binary data to a terminal
    #[arg(short, long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) decoding: Decoding,
    #[command(flatten)]
    pub(crate) talk: Talk,
}

/// Make an index to seek in a gzip or zlib file
///
/// Such a file can only be read from its beginning. Its index holds places from where one can go on: for every MiB of
/// data 32 KiB, in the form of indexed_gzip (GZIDX). Other formats need none. FILE is read to the end and so checked.
#[derive(Debug, Group)]
#[command(after_help = "Examples:\n  \
        demijohn index access.log.gz                writes access.log.gz.gzidx\n  \
        demijohn cat --offset 1G --length 64K --index access.log.gz.gzidx access.log.gz\n\n\
        With --json, one object: file, index (its name), places, compressed and plain (bytes).")]
pub(crate) struct Index {
    /// The file to read
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Write the index to this file
    #[arg(short, long, value_name = "INDEX", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Bytes of data from one place to the next, at least
    #[arg(long, value_name = "SIZE", value_parser = bytes::parse, default_value = "1M")]
    pub(crate) spacing: u64,
    /// Overwrite an older index
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) decoding: Decoding,
    #[command(flatten)]
    pub(crate) talk: Talk,
}

/// Check files: decode them to the end and verify everything there is to verify
///
/// Truncation, damage, wrong checksums and bytes that follow the data are reported, one line for each bad
/// file on standard error. Nothing is written.
#[derive(Debug, Group)]
#[command(after_help = "With --json, one object a line for each file:\n  \
        file, ok, format, compressed (bytes), plain (bytes), and error: null, or an object of\n  \
        kind, message, offset_in (compressed byte), offset_out (decoded byte).\n\n\
        Kinds: truncated, corrupt, checksum, trailing_data, unknown_format, unsupported, limit, io.")]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Let files pass that are not compressed
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Print one JSON object per file
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) decoding: Decoding,
    #[command(flatten)]
    pub(crate) talk: Talk,
}

/// Show what is in joblib files, pickles, .npy and .npz files
///
/// Prints format and sizes, the classes and functions that a pickle names, and the objects with their paths, of
/// arrays also dtype, shape, order, size and place. Each FILE is read to its end and checked; nothing in it is
/// run, and array data is not kept. Of other files it says what they are compressed with.
#[derive(Debug, Group)]
#[command(after_help = "Examples:\n  \
        demijohn inspect model.pkl.gz\n  \
        demijohn inspect --json *.pkl | jq -r '.arrays[].path'\n\n\
        Exits with 1 if a FILE is damaged, cut short or of no known kind; what was found is printed all the same.\n\n\
        With --json, one object a line for each FILE:\n  \
        file, ok, content (pickle, npy, npz, data, unknown), format (compression, none for plain files,\n  \
        zfile for that of joblib before 0.10),\n  \
        compressed (bytes), uncompressed (bytes, null if the end was not reached),\n  \
        protocol (of the pickle, null for none, 0 and 1), lead (bytes in front of a zip file),\n  \
        tail (bytes behind the object, or behind a zip file and the pickles in it),\n  \
        further (how many objects follow it: those bytes begin with them, and globals has their names too),\n  \
        globals, each an object of module, name, offset (of the first use, in a zip entry if it is there), count,\n  \
        known_safe,\n  \
        arrays (of plain data, not of Python objects; of a masked one its data and its mask; no other subclasses),\n  \
        each an object of path, dtype (as numpy has it), shape, order (C or F), bytes,\n  \
        offset (of the elements in the uncompressed stream, null in a zip entry, and for short ones in a pickle that is not joblib's),\n  \
        arrays_omitted (how many more there are than are listed), others (names of zip entries that are no arrays),\n  \
        companions (arrays in files of their own, of joblib before 0.10), each an object of path, file,\n  \
        and dtype, shape, order, bytes (null if the file was not read or holds a pickle),\n  \
        and error: null, or an object of\n  \
        kind, message, offset_in, offset_out, as `demijohn test` has it.")]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Print one JSON object per file
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) wary: Wary,
}

/// List the classes and functions that joblib files and pickles name
///
/// Loading a pickle in Python calls what it names. Every name is listed, used or not, and marked with ! if it is
/// not on the list of names that are known to be harmless. Nothing is run. A name without a mark does nothing
/// bad; one with a mark may be fine, if you know where the file comes from.
#[derive(Debug, Group)]
#[command(
    after_help = "Exits with 3 if there is a marked name, and with 1 if a FILE could not be read to its end; the names\n\
        before the damage are listed.\n\n\
        With --json, one object a line for each FILE:\n  \
        file, ok (read to its end), safe (no marked names), tail, further, globals and error, as in\n  \
        `demijohn inspect --json`."
)]
pub(crate) struct Scan {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Print one JSON object per file
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) wary: Wary,
}

/// Write one array of a file as .npy or CSV
///
/// PATH is one that `demijohn inspect` prints; of a .npz file it is the name of an entry, in brackets and quotes if
/// it could not be told from others otherwise, of a .npy file a dot.
/// Without -o, the output is named after PATH and stands in the current directory.
#[derive(Debug, Group)]
#[command(after_help = "Examples:\n  \
        demijohn extract model.pkl.gz 'layers[3].weight'              writes layers.3.weight.npy\n  \
        demijohn extract model.pkl.gz 'layers[3].weight' -o w.csv     numbers, one row a line\n  \
        demijohn extract data.npz labels -o - --csv | head\n\n\
        A masked array is two, with .data and .mask behind its path. Structs whose fields overlap, which numpy refuses to\n\
        save, are written as opaque elements (V8), and how to see the fields is said.\n\n\
        CSV is for one and two axes of numbers or booleans.")]
pub(crate) struct Extract {
    /// The file to read
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Which array
    #[arg(value_name = "PATH", allow_hyphen_values = true)]
    pub(crate) path: String,
    /// Write to this file, - for standard output; a name that ends in .csv asks for CSV
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath, allow_hyphen_values = true)]
    pub(crate) output: Option<PathBuf>,
    /// Write CSV whatever the name
    #[arg(long)]
    pub(crate) csv: bool,
    /// Overwrite the output; write binary data to a terminal
    #[arg(short, long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) wary: Wary,
}

/// Recompress a joblib file, make it .npy or .npz, or upgrade an old one
///
/// The names say what to do. A stream that is to hold the same as before is decoded and compressed anew, byte for
/// byte, whatever it is. Pickles become .npy (an array) and .npz (a dict, list or tuple of arrays), and those become
/// joblib files. Files of joblib before 0.10, with the companion files beside them, become one file of today's
/// joblib. Nothing in IN is run, and it is kept; OUT appears whole or not at all, and may be IN itself. A
/// file that it replaces leaves it its mode; a new one has what the umask allows, whatever the mode of IN.
#[derive(Debug, Group)]
#[command(
    after_help = "Names end in .pkl, .pickle, .joblib, .npy or .npz, and then in the extension of a format if the whole is to be\n\
        compressed. An OUT that says neither holds what IN holds; one without a format's extension is plain.\n\n\
        Examples:\n  \
        demijohn convert model.pkl.gz model.pkl.zst       other compression, the same pickle\n  \
        demijohn convert -19 -f model.pkl.zst model.pkl.zst\n  \
        demijohn convert old/model.pkl model.joblib       old/model.pkl_01.npy and so on are read too\n  \
        demijohn convert weights.pkl.xz weights.npz       arrays by name, for numpy.load\n  \
        demijohn convert weights.npz weights.pkl.z        and back, for joblib.load\n  \
        curl -s https://example.org/w.npy | demijohn convert --to pickle --format gzip - - > w.pkl.gz"
)]
pub(crate) struct Convert {
    /// The file to read, - for standard input
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    pub(crate) from: PathBuf,
    /// The file to write, - for standard output
    #[arg(value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) to: PathBuf,
    /// What OUT is to hold, whatever its name
    #[arg(long = "to", value_name = "WHAT", value_parser = named(&HELD, Content::as_str))]
    pub(crate) content: Option<Content>,
    /// What OUT is compressed with, whatever its name; none for nothing
    #[arg(long, value_name = "NAME", value_parser = formats())]
    pub(crate) format: Option<Compressor>,
    /// Compression level (short: -1 … -19); each format has its own range and default. The arrays of a .npz file
    /// are deflated if there is one
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) level: Option<i32>,
    /// Overwrite OUT; write binary data to a terminal
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Have OUT survive a power cut, not only the end of the program
    #[arg(long)]
    pub(crate) sync: bool,
    /// Write blocks of so many bytes, 1M if no size is given, to which readers can jump: one array is then taken out of a
    /// compressed OUT without the others, and several threads read zstd
    #[arg(long, value_name = "BLOCK", value_parser = block, num_args = 0..=1, require_equals = true, default_missing_value = "1M")]
    pub(crate) seekable: Option<usize>,
    #[command(flatten)]
    pub(crate) threads: Threads,
    #[command(flatten)]
    pub(crate) wary: Wary,
    #[command(flatten)]
    pub(crate) talk: Talk,
}

/// What can be converted to.
const HELD: [Content; 3] = [Content::Pickle, Content::Npy, Content::Npz];

/// Measure every format on your own data: size and speed, at several levels
///
/// Each FILE, or standard input for -, is compressed and decompressed in memory by every format at its lowest,
/// default and highest sensible level. Without a FILE built-in data of rising entropy is measured, at the
/// default levels. What comes back is compared; exits with 1 if anything is different.
#[derive(Debug, Group)]
#[command(after_help = "Examples:\n  \
        demijohn bench dump.sql\n  \
        demijohn bench --formats zstd,lz4 --all-levels dump.sql\n  \
        demijohn bench --plot dump.svg dump.sql\n  \
        tar c src | demijohn bench -T 0 --levels 1,6..9 --sample 64M -\n\n\
        With --json, one object a line for each FILE:\n  \
        file, measured (bytes), total (bytes, null if not known), compressed_with (format or null),\n  \
        element_size (bytes), decoded (by --decode), threads, and results, the smallest first, each an object of\n  \
        format, level (null for a format without), compressed (bytes), ratio, compress_seconds,\n  \
        compress_runs, decompress_seconds, decompress_runs (seconds are the median of so many runs),\n  \
        best_compress, best_decompress (nothing else is smaller and as fast), error (text or null).")]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Formats to measure, as in zstd,xz; else all that compress
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = formats())]
    pub(crate) formats: Vec<Compressor>,
    /// Levels to measure, as in 1,6..9, of those that a format has
    #[arg(
        long,
        value_name = "N,…",
        allow_hyphen_values = true,
        conflicts_with = "all_levels"
    )]
    pub(crate) levels: Option<Levels>,
    /// Measure all levels up to 19
    #[arg(long)]
    pub(crate) all_levels: bool,
    /// Bytes to measure of each FILE, from its beginning; of built-in data 1 MiB at most
    #[arg(long, value_name = "SIZE", value_parser = bytes::parse, default_value = "8MiB")]
    pub(crate) sample: u64,
    /// Measure what is in a compressed FILE instead of its bytes
    #[arg(long)]
    pub(crate) decode: bool,
    /// Bytes in an element, for formats that shuffle [default: what a .npy file says, else 1]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) element_size: Option<u8>,
    /// Repeat each measurement for so long, once at least
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "0.2")]
    pub(crate) min_time: Duration,
    #[command(flatten)]
    pub(crate) threads: Threads,
    /// Draw speed against size into this file, as SVG
    #[arg(long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) plot: Option<PathBuf>,
    /// Overwrite the picture
    #[arg(short, long, requires = "plot")]
    pub(crate) force: bool,
    /// No progress bar
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print one JSON object per FILE
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show the main job: dump an object through every codec, load it back, compare
///
/// Without a FILE the object is a built-in one, a dict with arrays, strings and nested lists. With one it is the
/// array in a .npy file or the object in a joblib file (.pkl, .pkl.gz, …); nothing in the file is run. xz, lzma
/// and bz2 work at level 1 here, the others at their default. Exits with 1 if an object came back different.
#[derive(Debug, Group)]
#[command(after_help = "Examples:\n  \
        demijohn demo\n  \
        demijohn demo --keep /tmp/demo     then in Python: joblib.load(\"/tmp/demo/demo.pkl.gz\")\n  \
        demijohn demo weights.npy          how your own array does\n  \
        demijohn demo --json model.pkl.gz  for scripts\n\n\
        Times are of one run each; the first dump pays for warming up.")]
pub(crate) struct Demo {
    /// A .npy or joblib file to use instead of the built-in object
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Leave the files in this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) keep: Option<PathBuf>,
    /// Overwrite files that are there already
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Bytes of array data in the built-in object, roughly
    #[arg(long, value_name = "SIZE", value_parser = bytes::parse, default_value = "28MB")]
    pub(crate) size: u64,
    /// Print a JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// List the formats and what each can do
#[derive(Debug, Group)]
pub(crate) struct Codecs {
    /// Print a JSON array instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print a completion script for a shell
#[derive(Debug, Group)]
#[command(after_help = "Examples:\n  \
        demijohn completions bash > ~/.local/share/bash-completion/completions/demijohn\n  \
        demijohn completions zsh > ~/.zfunc/_demijohn\n  \
        demijohn completions fish > ~/.config/fish/completions/demijohn.fish")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

#[cfg(test)]
mod tests {
    use demijohn_codecs::Limits;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Args::command().debug_assert();
    }

    #[test]
    fn limits_are_the_librarys_unless_told() {
        let args = Args::parse_from(["demijohn", "cat"]);
        let Verb::Cat(cat) = args.verb else {
            panic!("asked for cat")
        };
        assert_eq!(cat.decoding.limits(), Limits::default());

        let args = Args::parse_from(["demijohn", "scan"]);
        let Verb::Scan(scan) = args.verb else {
            panic!("asked for scan")
        };
        assert_eq!(scan.wary.limits().stream, Limits::untrusted());
    }
}
