//! What a file is that no codec claims: a name for the error message.

/// How many bytes are worth looking at: a tar header and its magic.
pub(crate) const HEAD: usize = 512;

/// What well-known files begin with. Formats that the codecs learn are claimed before anyone looks here.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a ZIP archive (or .npz)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"!<arch>\n", "an ar archive (or .deb)"),
    (b"LZIP", "lzip data"),
    (b"\x1f\x9d", "compress(1) data (.Z)"),
    (b"\x82SNAPPY\x00", "Snappy data (snappy-java)"),
    (b"\x9e\xa8b2frame\x00", "a Blosc2 frame"),
    (b"\x1e\xb5\x2f\xfd", "Zstandard data of a version before 1.0"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array (.npy), not compressed"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1\x00\x00", "an Arrow file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "an ELF program"),
    (
        b"version https://git-lfs",
        "a Git LFS pointer; `git lfs pull` fetches the file itself",
    ),
];

/// What the bytes look like, from a beginning of up to [`HEAD`] bytes.
pub(crate) fn name(head: &[u8]) -> Option<&'static str> {
    if let Some((_, name)) = SIGNATURES.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(name);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some("a tar archive, not compressed");
    }
    if matches!(head, [0x22..=0x27, 0xb5, 0x2f, 0xfd, ..]) {
        return Some("Zstandard data of a version before 1.0");
    }
    // PROTO, with a protocol that exists and takes an opcode after it.
    if matches!(head, [0x80, 2..=5, _, ..]) {
        return Some("a Python pickle (or joblib file), not compressed");
    }
    let text = trim_start(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head));
    if begins_ignoring_case(text, b"<!doctype html") || begins_ignoring_case(text, b"<html") {
        return Some("an HTML page, perhaps of a download that failed");
    }
    if is_text(head) {
        return Some("plain text");
    }
    if !head.is_empty() && head.iter().all(|&byte| byte == 0) {
        return Some("nothing but NUL bytes");
    }
    None
}

/// What the bytes look like, or how they begin.
pub(crate) fn description(head: &[u8]) -> String {
    match name(head) {
        Some(name) => format!("it looks like {name}"),
        None => {
            let hex: Vec<_> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("it begins with {}", hex.join(" "))
        }
    }
}

fn trim_start(text: &[u8]) -> &[u8] {
    let blank = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    &text[blank..]
}

fn begins_ignoring_case(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
}

/// UTF-8 without control characters, but for a character cut at the end.
fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\x0c');
    !valid.is_empty() && valid.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_files_are_named() {
        let mut tar = vec![0; HEAD];
        tar[257..262].copy_from_slice(b"ustar");
        for (head, expected) in [
            (&b"PK\x03\x04rest"[..], "ZIP"),
            (&tar, "tar archive"),
            (b"\x80\x04\x95\0\0", "pickle"),
            (b"\x93NUMPY\x01\0", "NumPy"),
            (b" \n<!DOCTYPE html><p>", "HTML"),
            (b"\xef\xbb\xbf<HTML>", "HTML"),
            (b"\x25\xb5\x2f\xfd", "before 1.0"),
            ("grüße\n".as_bytes(), "plain text"),
            (&"ü".as_bytes()[..1], "begins with c3"),
            (&"aü".as_bytes()[..2], "plain text"),
            (&[0; 9], "NUL"),
            (b"\x01\xfe\xff", "begins with 01 fe ff"),
        ] {
            let said = description(head);
            assert!(said.contains(expected), "{head:?}: {said}");
        }
    }

    #[test]
    fn no_signature_shadows_a_later_one() {
        for (i, (magic, _)) in SIGNATURES.iter().enumerate() {
            let first = SIGNATURES.iter().position(|(m, _)| magic.starts_with(m));
            assert_eq!(first, Some(i), "{magic:?}");
        }
    }

    #[test]
    fn no_codec_claims_what_the_table_calls_foreign() {
        for (magic, name) in SIGNATURES {
            let claimed = demijohn_codecs::Compressor::detect(magic).map(|c| c.name());
            assert!(claimed.is_none(), "{name} is claimed by {claimed:?}");
        }
    }
}
