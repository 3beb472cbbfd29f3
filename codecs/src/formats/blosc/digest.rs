//! The checksums of bloscpack, which cover coded chunks and metadata.

use sha2::digest::DynDigest;

use crate::error::{Error, ErrorKind, Result};

/// Which checksum, as bloscpack numbers them from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(u8);

/// Name and length in bytes.
const KINDS: [(&str, usize); 9] = [
    ("no checksum", 0),
    ("Adler-32", 4),
    ("CRC-32", 4),
    ("MD5", 16),
    ("SHA-1", 20),
    ("SHA-224", 28),
    ("SHA-256", 32),
    ("SHA-384", 48),
    ("SHA-512", 64),
];

impl Kind {
    pub(super) const NONE: Kind = Kind(0);

    pub(super) fn new(number: u8) -> Result<Self> {
        if usize::from(number) < KINDS.len() {
            return Ok(Kind(number));
        }
        Err(Error::unsupported(format!(
            "the checksum has number {number}; bloscpack 3 has {} of them",
            KINDS.len()
        )))
    }

    fn name(self) -> &'static str {
        KINDS[usize::from(self.0)].0
    }

    /// Bytes in it.
    pub(super) fn len(self) -> usize {
        KINDS[usize::from(self.0)].1
    }
}

/// A checksum being computed.
pub(super) struct Digest {
    kind: Kind,
    state: State,
}

enum State {
    None,
    Adler32(simd_adler32::Adler32),
    Crc32(crc32fast::Hasher),
    Cryptographic(Box<dyn DynDigest + Send>),
}

impl Digest {
    pub(super) fn new(kind: Kind) -> Self {
        let state = match kind.0 {
            0 => State::None,
            1 => State::Adler32(simd_adler32::Adler32::new()),
            2 => State::Crc32(crc32fast::Hasher::new()),
            3 => State::Cryptographic(Box::new(md5::Md5::default())),
            4 => State::Cryptographic(Box::new(sha1::Sha1::default())),
            5 => State::Cryptographic(Box::new(sha2::Sha224::default())),
            6 => State::Cryptographic(Box::new(sha2::Sha256::default())),
            7 => State::Cryptographic(Box::new(sha2::Sha384::default())),
            _ => State::Cryptographic(Box::new(sha2::Sha512::default())),
        };
        Digest { kind, state }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::None => {}
            State::Adler32(state) => state.write(bytes),
            State::Crc32(state) => state.update(bytes),
            State::Cryptographic(state) => state.update(bytes),
        }
    }

    /// Compares what has been computed with what the file says, and begins again.
    pub(super) fn check(&mut self, stored: &[u8], of: &str) -> Result<()> {
        let computed = match std::mem::replace(&mut self.state, State::None) {
            State::None => Vec::new(),
            State::Adler32(state) => state.finish().to_le_bytes().to_vec(),
            State::Crc32(state) => state.finalize().to_le_bytes().to_vec(),
            State::Cryptographic(state) => state.finalize().into_vec(),
        };
        *self = Digest::new(self.kind);
        if computed == stored {
            return Ok(());
        }
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Err(Error::new(
            ErrorKind::Checksum,
            format!(
                "{} of {of} is {}, the file says {}",
                self.kind.name(),
                hex(&computed),
                hex(stored)
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `abc`, from the specifications: RFC 1321, FIPS 180-4, and as zlib counts.
    const KNOWN: [&str; 9] = [
        "",
        "27014d02",
        "c2412435",
        "900150983cd24fb0d6963f7d28e17f72",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
         8086072ba1e7cc2358baeca134c825a7",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ];

    #[test]
    fn digests_are_those_of_the_specifications() {
        for (number, known) in (0..).zip(KNOWN) {
            let known: Vec<u8> = (0..known.len() / 2)
                .map(|i| u8::from_str_radix(&known[2 * i..2 * i + 2], 16).unwrap())
                .collect();
            let kind = Kind::new(number).unwrap();
            assert_eq!(kind.len(), known.len());
            let mut digest = Digest::new(kind);
            // Twice, to see that it begins again; in two pieces.
            for _ in 0..2 {
                digest.update(b"a");
                digest.update(b"bc");
                digest.check(&known, "abc").unwrap();
            }
            if number > 0 {
                digest.update(b"abd");
                let error = digest.check(&known, "the test").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Checksum);
                assert!(error.to_string().contains(kind.name()), "{error}");
            }
        }
        assert_eq!(Kind::new(9).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
