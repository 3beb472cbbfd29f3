//! Pickles of protocols 0 and 1, whose first bytes can be those of a compressed stream too.

use demijohn::pickle::Kind;
use demijohn::{codecs, load_from};

/// A text of protocol 1: `BINUNICODE`, whose opcode is the first byte of a zlib stream with a window of 8 KiB, and the
/// length, of which the lowest byte makes that a valid header or not.
fn text(len: u32) -> Vec<u8> {
    let letters = (0..len).map(|i| b'a' + (i % 26).to_le_bytes()[0]);
    let mut bytes = vec![b'X'];
    bytes.extend(len.to_le_bytes());
    bytes.extend(letters);
    bytes.extend(b"q\0.");
    bytes
}

/// Lengths at which a text's first two bytes are a valid zlib header: `58 09`, `58 47`, `58 85`, `58 c3`.
fn treacherous() -> impl Iterator<Item = u32> {
    (0..0x1000).filter(|len| matches!(len & 0xff, 0x09 | 0x47 | 0x85 | 0xc3))
}

/// Loads by path and from a stream; both must say the same.
fn load(bytes: &[u8]) -> demijohn::Document {
    let folder = tempfile::tempdir().unwrap();
    // Under a name that would have it otherwise.
    let path = folder.path().join("old.pkl.z");
    std::fs::write(&path, bytes).unwrap();
    let shown = || bytes[..bytes.len().min(16)].escape_ascii().to_string();
    let by_path = demijohn::load(&path).unwrap_or_else(|error| panic!("{}: {error}", shown()));
    let by_stream = load_from(bytes).unwrap_or_else(|error| panic!("{}: {error}", shown()));
    assert!(
        by_path.root().deep_eq(by_stream.root(), 1000).unwrap(),
        "{}",
        shown()
    );
    by_path
}

#[test]
fn texts_are_not_taken_for_zlib_streams() {
    let mut weak = 0;
    for len in treacherous() {
        let bytes = text(len);
        let found = codecs::Registry::global().detect_head(&codecs::Head::of(&bytes));
        weak += u32::from(matches!(found, codecs::Detection::Weak(_)));
        let document = load(&bytes);
        assert_eq!(
            document.root().as_str().map(str::len),
            Some(len as usize),
            "{len}"
        );
    }
    assert!(weak > 0, "no text was in danger, so this proves nothing");
}

#[test]
fn lists_are_not_taken_for_lzma_streams() {
    // `EMPTY_LIST` is the usual first byte of an LZMA header, behind which the size of the dictionary begins.
    for (bytes, len) in [
        (&b"]."[..], 0),
        (b"]q\0.", 0),
        (b"](K\x01K\x02e.", 2),
        (b"]q\0(K\x01K\x02e.", 2),
        (b"]q\0(G@\x04\0\0\0\0\0\0G\0\0\0\0\0\0\0\0Ne.", 3),
        (b"]r\0\0\x80\0.", 0),
    ] {
        let document = load(bytes);
        assert_eq!(document.root().kind(), Kind::List);
        assert_eq!(document.root().len(), Some(len), "{}", bytes.escape_ascii());
    }
}

#[test]
fn tuples_of_texts_are_not_taken_for_zlib_streams() {
    // `28 53`, a mark and a string, is the header of a zlib stream with a window of 1 KiB.
    for bytes in [&b"(S'abc'\nt."[..], b"(S'abc'\np0\ntp1\n.", b"(S\"a\"\nS'b'\nl."] {
        let document = load(bytes);
        let root = document.root();
        assert!(
            matches!(root.kind(), Kind::Tuple | Kind::List),
            "{}",
            bytes.escape_ascii()
        );
        assert!(root.iter().next().is_some());
    }
}

#[test]
fn no_first_opcode_of_an_old_pickle_is_taken_for_a_stream() {
    // One for each opcode that needs nothing before it, with some more behind.
    for bytes in [
        &b"(t."[..],
        b")q\0.",
        b"}q\0.",
        b"ccollections\nOrderedDict\np0\n.",
        b"G?\xf0\0\0\0\0\0\0.",
        b"F1.5\n.",
        b"I42\n.",
        b"J\x08\x1d\0\0.",
        b"K\x78.",
        b"L42L\n.",
        b"M\x78\x9c.",
        b"N.",
        b"S'x'\n.",
        b"T\x05\0\0\0hello.",
        b"U\x05hello.",
        b"Vhello\np0\n.",
        b"X\x05\0\0\0hello.",
    ] {
        load(bytes);
    }
}
