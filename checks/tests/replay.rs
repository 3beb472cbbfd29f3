//! The seeds of the fuzz targets, as far as the corpus is there, and what fuzzing has found, as ordinary tests.

#[path = "../../testing/effort.rs"]
mod effort;
#[path = "../../testing/outside.rs"]
mod outside;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use arbitrary::{Arbitrary, Unstructured};
use demijohn_checks::{
    Pieces, Plan, Walk, decode, detect, differ, legacy, npy, npz, persist_inspect, persist_load, pickle_read,
    pickle_round_trip, seek_index,
};

/// Larger files are for the fuzzer, if anything: what is special about them does not take so many bytes.
const MOST: u64 = 16 << 10;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), found);
        } else if entry.metadata().unwrap().len() <= MOST {
            found.push(entry.path());
        }
    }
}

/// Feeds the files of some folders of the corpus to a check: of many, one in so many.
fn replay(folders: &[&str], one_in: usize, check: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let Some(corpus) = outside::corpus() else { return };
    let mut paths = Vec::new();
    for folder in folders {
        files(&corpus.join(folder), &mut paths);
    }
    assert!(!paths.is_empty(), "{folders:?}: no files");
    paths.sort();
    let one_in = if effort::tortured() { 1 } else { one_in };
    let mut broken = Vec::new();
    for path in paths.iter().step_by(one_in) {
        let bytes = fs::read(path).unwrap();
        if catch_unwind(|| check(&bytes)).is_err() {
            broken.push(path);
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

macro_rules! decoders {
    ($($format:ident: $folders:expr;)*) => {
        $(
            #[test]
            fn $format() {
                replay(&$folders, 2, |bytes| decode(stringify!($format), bytes));
            }
        )*
    };
}

decoders! {
    zlib: ["zlib"];
    gzip: ["gzip"];
    bz2: ["bz2"];
    lzma: ["lzma"];
    xz: ["xz"];
    zstd: ["zstd"];
    lz4: ["lz4"];
    snappy: ["snappy"];
    blosc: ["blosc", "bloscpack"];
    lzo: ["lzop"];
}

#[test]
fn other_decoders_agree() {
    for format in ["zlib", "gzip", "bz2", "xz", "zstd", "lz4", "snappy"] {
        let both = AtomicUsize::new(0);
        replay(&[format], 1, |bytes| {
            both.fetch_add(differ(format, bytes).into(), Ordering::Relaxed);
        });
        let both = both.into_inner();
        assert!(
            both > 0 || outside::corpus().is_none(),
            "{format}: {both} files are read by both"
        );
    }
}

#[test]
fn detection() {
    replay(
        &["foreign", "lz4", "snappy", "lzop", "bloscpack", "npy"],
        1,
        detect,
    );
    replay(&["gzip", "zlib", "bz2", "xz", "zstd", "pickle"], 5, detect);
}

#[test]
fn pickles() {
    replay(&["pickle"], 1, pickle_read);
    replay(&["pickle"], 2, pickle_round_trip);
}

#[test]
fn files_of_joblib() {
    replay(&["pickle"], 2, persist_load);
    replay(&["pickle"], 3, persist_inspect);
    replay(&["pickle", "npy"], 8, legacy);
}

#[test]
fn arrays() {
    replay(&["npy"], 1, npy);
    replay(&["npy"], 1, npz);
}

/// What the fuzzer makes plans of: bytes without meaning.
fn noise(round: usize) -> Vec<u8> {
    let mut state = (round as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    let len = 20 + usize::from(next()) * 4;
    (0..len).map(|_| next()).collect()
}

/// Plans that are made of noise; what each does, in so many rounds, or for as long as is asked for.
fn of_noise<T: for<'a> Arbitrary<'a>>(usual: usize, run: impl Fn(T)) {
    for round in effort::rounds(usual, 1_000_000) {
        let noise = noise(round);
        let mut source = Unstructured::new(&noise);
        run(T::arbitrary(&mut source).unwrap());
    }
}

#[test]
fn plans_of_noise_are_written_and_read() {
    of_noise(300, |plan: Plan| plan.run());
}

#[test]
fn walks_through_noise_go_where_a_cursor_goes() {
    of_noise(1_000, |walk: Walk| walk.run());
}

#[test]
fn several_threads_read_streams_made_of_noise_as_one_does() {
    of_noise(150, |pieces: Pieces| pieces.run());
}

#[test]
fn indexes_changed_by_noise_lead_to_the_right_data_or_to_an_error() {
    seek_index(&[]);
    for round in effort::rounds(200, 100_000) {
        let noise = noise(round);
        seek_index(&noise[..4 * (1 + round % 4)]);
    }
}

#[test]
fn a_damaged_stream_whose_first_bytes_could_be_a_pickle() {
    // The operand of `P` would be a line of text, but for its last byte, which not every source shows at first.
    let plain = [b"G12345678P", &[b'x'; 50][..], b"\x81"].concat();
    let len = u16::try_from(plain.len()).unwrap();
    let mut coded = vec![0x78, 0x01, 0];
    coded.extend_from_slice(&len.to_le_bytes());
    coded.extend_from_slice(&(!len).to_le_bytes());
    coded.extend_from_slice(&plain);
    // The length of the next stored block, and a complement that is none.
    coded.extend_from_slice(&[0; 64]);
    persist_load(&coded);
}

#[test]
fn names_of_what_follows_an_object_are_counted_too() {
    persist_inspect(b"cnumpy\nndarray\n.(cnumpy\nndarray\n");
}
