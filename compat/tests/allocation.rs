//! Lengths and shapes that lie must not cost memory: counts what is really allocated.

#![cfg(feature = "zlib")]

mod common;
#[path = "../../testing/counting.rs"]
mod counting;

use std::fs;
use std::io::Read;

use common::{list, npy, raw, raw_state, zfile};
use demijohn_codecs::{Limits, Options};
use demijohn_compat::ZFile;

const MIB: usize = 1 << 20;

/// Fails if `work` takes a MiB or more at a time.
fn cheap(what: &str, work: impl FnOnce()) {
    let ((), used) = counting::peak(work);
    assert!(used < MIB, "{what}: {used} bytes");
}

/// One test, as the counters are the process's.
#[test]
fn claims_cost_nothing() {
    for claim in ["0x40000000", "0x4000000000", "0xffffffffffffffff"] {
        let mut file = zfile(b"five!");
        file[2..21].copy_from_slice(format!("{claim:<19}").as_bytes());
        cheap(claim, || {
            let mut reader = Options::new().also(ZFile).exact(file.as_slice()).unwrap();
            let mut plain = Vec::new();
            reader.read_to_end(&mut plain).unwrap_err();
            assert_eq!(plain, b"five!");
        });
    }

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.npy.z"), zfile(b"five!")).unwrap();
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (70368744177664,), }";
    let len = u16::try_from(header.len()).unwrap().to_le_bytes();
    let file = [b"\x93NUMPY\x01\0", &len[..], header.as_bytes(), b"five!"].concat();
    fs::write(folder.path().join("a.npy"), file).unwrap();
    // 2^40 numbers; and 240,000, whose memory would not come in whole pages, so that it is counted here.
    let huge = raw_state(b"\x8a\x06\0\0\0\0\0\x01\x85", "<f8", b"\x89");
    let large = raw_state(b"J\x80\xa9\x03\0\x85", "<f8", b"\x89");
    for (what, wrapper) in [
        ("huge z-file", raw("a.npy.z", huge)),
        ("large z-file", raw("a.npy.z", large)),
        (".npy", npy("a.npy")),
    ] {
        cheap(what, || {
            let read = common::read(&list(&[wrapper]), Some(folder.path()), Limits::default());
            let message = read.unwrap_err().to_string();
            assert!(message.contains("companion file"), "{message}");
        });
    }
}
