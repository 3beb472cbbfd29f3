//! Streams that are cut, damaged, followed by something, or no streams at all.

use std::fs;

use demijohn::Array;
use demijohn::arrays::{Layout, Order};

use crate::util::{Dir, codecs, quickly, sample};

const LEN: usize = 2_000_000;

/// `sample(LEN)` compressed by a codec.
fn packed(codec: &str) -> Vec<u8> {
    let dir = Dir::new();
    let args = [&["compress", "--format", codec], quickly(codec)].concat();
    dir.demijohn(args).stdin(sample(LEN)).run().ok()
}

#[test]
fn a_cut_is_reported_after_everything_before_it_has_been_written() {
    for codec in codecs() {
        let dir = Dir::new();
        let name = format!("notes{}", codec.extension());
        let whole = packed(codec.name());
        let cut = whole.len() / 4 * 3; // Behind the first block, where blocks come out whole.
        dir.write(&name, &whole[..cut]);

        let ended = dir.demijohn(["cat", &name]).run();
        let start = format!("demijohn: {name}: {}: truncated: ", codec.name());
        assert!(ended.fails().starts_with(&start), "{ended}");
        let plain = ended.stdout();
        assert!(sample(LEN).starts_with(plain), "{}", codec.name());
        assert!(
            plain.len() > LEN / 4,
            "{}: {} bytes came out",
            codec.name(),
            plain.len()
        );
        let offsets = format!("(at compressed byte {cut}, decoded byte {})", plain.len());
        assert!(ended.fails().ends_with(&offsets), "{ended}");

        let ended = dir.demijohn(["test", &name]).run();
        assert!(ended.fails().starts_with(&start), "{ended}");
        assert!(ended.stdout().is_empty());

        let ended = dir.demijohn(["decompress", &name]).run();
        assert!(ended.fails().starts_with(&start), "{ended}");
        assert_eq!(dir.names(), [name]);
    }
}

#[test]
fn losing_only_the_last_byte_is_noticed() {
    for codec in codecs().into_iter().filter(|c| c.has("detects_truncation")) {
        let dir = Dir::new();
        let whole = packed(codec.name());
        dir.write("notes", &whole[..whole.len() - 1]);
        for verb in ["cat", "test"] {
            let ended = dir.demijohn([verb, "notes"]).run();
            assert!(ended.fails().contains(": truncated: "), "{ended}");
        }
    }
}

#[test]
fn damage_is_reported_with_kind_and_place() {
    for codec in codecs() {
        let dir = Dir::new();
        let mut bad = packed(codec.name());
        let middle = bad.len() / 2;
        for byte in &mut bad[middle..middle + 100] {
            *byte ^= 0x55;
        }
        dir.write("notes", &bad);
        let ended = dir.demijohn(["cat", "notes"]).run();
        let line = ended.fails();
        let kinds = [": corrupt: ", ": checksum mismatch: ", ": truncated: "];
        assert!(kinds.iter().any(|kind| line.contains(kind)), "{ended}");
        assert!(
            line.contains(&format!("demijohn: notes: {}: ", codec.name())),
            "{ended}"
        );
        assert!(line.contains("(at compressed byte "), "{ended}");
    }
}

#[test]
fn a_wrong_checksum_at_the_end_is_found() {
    let dir = Dir::new();
    let mut bad = packed("gzip");
    let crc = bad.len() - 8;
    bad[crc] ^= 1;
    dir.write("notes.gz", &bad);
    let ended = dir.demijohn(["test", "notes.gz"]).run();
    assert!(
        ended
            .fails()
            .starts_with("demijohn: notes.gz: gzip: checksum mismatch: "),
        "{ended}"
    );
    let ended = dir.demijohn(["cat", "notes.gz"]).run();
    ended.fails();
    assert!(ended.stdout() == sample(LEN));
}

#[test]
fn what_follows_a_stream_is_reported_after_the_data() {
    for codec in codecs() {
        let dir = Dir::new();
        dir.write(
            "notes",
            [packed(codec.name()), b"and something else".to_vec()].concat(),
        );
        let kind = if codec.has("detects_truncation") {
            ": trailing data: "
        } else {
            // What ends only with its input takes everything for its own.
            ": corrupt: "
        };
        let ended = dir.demijohn(["cat", "notes"]).run();
        assert!(ended.fails().contains(kind), "{ended}");
        assert!(ended.stdout() == sample(LEN), "{}", codec.name());
        let ended = dir.demijohn(["test", "notes"]).run();
        assert!(ended.fails().contains(kind), "{ended}");
    }
}

#[test]
fn verdicts_are_json_on_request() {
    let dir = Dir::new();
    let good = packed("gzip");
    dir.write("good.gz", &good);
    dir.write("cut.gz", &good[..1000]);
    dir.write("plain", b"some text");
    let args = ["test", "--json", "good.gz", "cut.gz", "plain", "missing"];
    let ended = dir.demijohn(args).run().status(1);
    let verdicts = ended.json_lines();
    assert_eq!(verdicts.len(), 4);
    assert_eq!(
        verdicts[0],
        serde_json::json!({
            "file": "good.gz", "ok": true, "format": "gzip",
            "compressed": good.len(), "plain": LEN, "error": null,
        })
    );
    let cut = &verdicts[1];
    assert_eq!((&cut["ok"], &cut["format"]), (&false.into(), &"gzip".into()));
    assert_eq!(cut["error"]["kind"], "truncated");
    assert_eq!(cut["error"]["offset_in"], 1000);
    assert!(cut["error"]["offset_out"].as_u64().unwrap() > 0);
    assert!(cut["error"]["message"].as_str().unwrap().contains("ends before"));
    assert_eq!(verdicts[2]["error"]["kind"], "unknown_format");
    assert_eq!(verdicts[3]["error"]["kind"], "io");
    assert_eq!(verdicts[3]["error"]["message"], "no such file or directory");
    // People get their lines all the same.
    assert_eq!(ended.stderr().lines().count(), 3, "{ended}");
}

#[test]
fn test_is_silent_unless_asked_to_speak() {
    let dir = Dir::new();
    let good = packed("xz");
    dir.write("good.xz", &good);
    assert!(dir.demijohn(["test", "good.xz"]).run().ok().is_empty());
    let said = dir.demijohn(["test", "-v", "good.xz"]).run().ok();
    let said = String::from_utf8(said).unwrap();
    assert!(said.starts_with("good.xz: ok, xz, 2.00 MB -> "), "{said}");
    assert!(said.contains(", ratio "), "{said}");
}

#[test]
fn what_no_codec_claims_is_named_and_refused() {
    let dir = Dir::new();
    dir.write("a.zip", b"PK\x03\x04\x14\0\0\0");
    dir.write("page.gz", b"<!DOCTYPE html><title>404</title>");
    dir.write("model.pkl", b"\x80\x04\x95\x10\0\0\0\0\0\0\0}.");
    dir.write("bytes", b"\x01\x02\xff\xfe\x00\x10\x20\x30\x40");
    for (name, expected) in [
        ("a.zip", "unknown format: it looks like a ZIP archive (or .npz)"),
        (
            "page.gz",
            "unknown format: not gzip, though its name says so; it looks like an HTML page, perhaps of a \
             download that failed",
        ),
        (
            "model.pkl",
            "unknown format: it looks like a Python pickle (or joblib file), not compressed",
        ),
        ("bytes", "unknown format: it begins with 01 02 ff fe 00 10 20 30"),
    ] {
        for args in [
            &["cat", name][..],
            &["test", name],
            &["decompress", "-o", "out", name],
        ] {
            let ended = dir.demijohn(args).run();
            assert_eq!(ended.fails(), format!("demijohn: {name}: {expected}"));
            assert!(ended.stdout().is_empty());
        }
    }
    assert!(!dir.names().contains(&"out".to_owned()));
}

#[test]
fn force_lets_plain_files_through() {
    let dir = Dir::new();
    dir.write("plain", b"some text\n");
    assert_eq!(dir.demijohn(["cat", "-f", "plain"]).run().ok(), b"some text\n");
    assert_eq!(
        dir.demijohn(["decompress", "-cf", "plain"]).run().ok(),
        b"some text\n"
    );
    dir.demijohn(["test", "-f", "plain"]).run().ok();
    // Damage is no plain file.
    dir.write("cut.gz", &packed("gzip")[..500]);
    dir.demijohn(["cat", "-f", "cut.gz"]).run().fails();
}

#[test]
fn text_is_never_taken_for_a_weakly_marked_format() {
    // Their first two bytes are zlib headers by the letter of RFC 1950.
    for text in [
        "x^2 + y^2 = z^2, he wrote",
        "HK dollars and other money",
        "8O is not a smiley",
    ] {
        let head = text.as_bytes();
        let check = u16::from_be_bytes([head[0], head[1]]);
        assert!(
            check.is_multiple_of(31) && head[0] & 0x0f == 8,
            "{text:?} is a good example"
        );
        let dir = Dir::new();
        dir.write("notes", text);
        assert_eq!(dir.demijohn(["cat", "-f", "notes"]).run().ok(), head);
        let ended = dir.demijohn(["cat", "notes"]).run();
        assert!(ended.fails().contains("it looks like plain text"), "{ended}");
    }
}

#[test]
fn old_pickles_are_never_taken_for_a_weakly_marked_format() {
    // A text of 777 bytes, whose opcode and length are a zlib header and an empty block too; a list, a tuple.
    let text = [&b"X\x09\x03\0\0"[..], &[b'a'; 777], b"."].concat();
    for pickle in [&text[..], b"]q\0(K\x01K\x02e.", b"](K\x01e.", b"(S'abc'\nt."] {
        let dir = Dir::new();
        dir.write("old.pkl", pickle);
        let shown = pickle.escape_ascii();
        assert_eq!(
            dir.demijohn(["cat", "-f", "old.pkl"]).run().ok(),
            pickle,
            "{shown}"
        );
        dir.demijohn(["test", "-f", "old.pkl"]).run().ok();
        for args in [&["cat"][..], &["test"], &["decompress", "-o", "out"]] {
            let ended = dir.demijohn(args.iter().chain([&"old.pkl"])).run();
            let said = ended.fails();
            assert!(said.starts_with("demijohn: old.pkl: unknown format: "), "{said}");
        }
        dir.demijohn(["compress", "old.pkl"]).run().ok();
        assert_eq!(dir.demijohn(["cat", "old.pkl.zst"]).run().ok(), pickle, "{shown}");
    }
}

#[test]
fn empty_input_is_a_stream_that_was_cut() {
    let dir = Dir::new();
    dir.write("empty.xz", b"");
    let ended = dir.demijohn(["test", "empty.xz"]).run();
    assert!(
        ended
            .fails()
            .starts_with("demijohn: empty.xz: xz: truncated: empty input"),
        "{ended}"
    );
    let ended = dir.demijohn(["cat"]).stdin(*b"").run();
    assert_eq!(ended.fails(), "demijohn: standard input: truncated: empty input");
    assert!(dir.demijohn(["cat", "-f"]).stdin(*b"").run().ok().is_empty());
}

#[test]
fn a_file_cut_within_its_magic_is_known_by_its_name() {
    for codec in codecs() {
        let dir = Dir::new();
        let name = format!("notes{}", codec.extension());
        dir.write(&name, &packed(codec.name())[..1]);
        let ended = dir.demijohn(["test", &name]).run();
        let start = format!("demijohn: {name}: {}: truncated: ", codec.name());
        assert!(ended.fails().starts_with(&start), "{ended}");
    }
}

#[test]
fn a_named_format_is_not_second_guessed() {
    let dir = Dir::new();
    dir.write("notes", packed("gzip"));
    let ended = dir.demijohn(["cat", "--format", "xz", "notes"]).run();
    assert!(
        ended.fails().starts_with("demijohn: notes: xz: corrupt: "),
        "{ended}"
    );
    let plain = dir.demijohn(["cat", "--format", "none", "notes"]).run().ok();
    assert_eq!(plain, fs::read(dir.path("notes")).unwrap());
}

#[test]
fn output_beyond_the_limit_is_refused_and_what_is_within_delivered() {
    let dir = Dir::new();
    dir.write("notes.gz", packed("gzip"));
    let ended = dir.demijohn(["cat", "--max-output", "1MB", "notes.gz"]).run();
    assert!(
        ended
            .fails()
            .starts_with("demijohn: notes.gz: gzip: limit exceeded: "),
        "{ended}"
    );
    assert!(ended.stdout() == &sample(LEN)[..1_000_000]);
    dir.demijohn(["test", "--max-output", "2000000", "notes.gz"])
        .run()
        .ok();
    dir.demijohn(["decompress", "--max-output", "1M", "notes.gz"])
        .run()
        .fails();
    assert_eq!(dir.names(), ["notes.gz"]);
}

#[test]
fn decoders_that_want_more_memory_than_allowed_are_refused() {
    let dir = Dir::new();
    let args = ["compress", "-9", "--format", "xz"];
    dir.write("notes.xz", dir.demijohn(args).stdin(sample(1000)).run().ok());
    // Level 9 means a dictionary of 64 MiB.
    let ended = dir.demijohn(["test", "--memlimit", "16M", "notes.xz"]).run();
    assert!(
        ended
            .fails()
            .starts_with("demijohn: notes.xz: xz: limit exceeded: "),
        "{ended}"
    );
    dir.demijohn(["test", "--memlimit", "80M", "notes.xz"]).run().ok();
    dir.demijohn(["test", "--memlimit", "none", "notes.xz"])
        .run()
        .ok();
}

#[test]
fn no_verb_unpacks_more_than_it_is_allowed() {
    let dir = Dir::new();
    let dtype = "|u1".parse().unwrap();
    let zeros = Array::zeros(Layout::new(dtype, &[8 << 20], Order::C).unwrap()).unwrap();
    for codec in codecs() {
        let name = format!("bomb.pkl{}", codec.extension());
        demijohn::dump_with(&[&zeros], dir.path(&name), codec.name()).unwrap();
        for line in [
            &["test", &name][..],
            &["cat", &name],
            &["decompress", "--keep", &name],
            &["inspect", &name],
            &["scan", &name],
            &["extract", &name, "[0]", "-o", "out.npy"],
            &["convert", &name, "out.npz"],
            &["convert", &name, "out.pkl"],
        ] {
            let ended = dir
                .demijohn(line.iter().copied().chain(["--max-output", "1M"]))
                .run();
            assert_eq!(ended.code(), 1, "{ended}");
            assert!(ended.stderr().contains("limit exceeded"), "{ended}");
            assert!(ended.stdout().len() <= 1 << 20, "{ended}");
        }
        dir.demijohn(["test", &name]).run().ok();
        fs::remove_file(dir.path(&name)).unwrap();
    }
    assert_eq!(dir.names(), [""; 0], "a part of a file is left");
}
