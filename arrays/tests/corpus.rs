//! Real `.npy` files of other projects, good and bad, from `$DEMIJOHN_CORPUS` (default `../shared/corpus` from the root of
//! the workspace). Without them the test says that it was skipped.

#[path = "../../testing/outside.rs"]
mod outside;

use std::fmt::Write;
use std::fs;

use demijohn_arrays::{ErrorKind, Order, npy};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn files_of_the_corpus_are_what_they_are_said_to_be() {
    let Some(corpus) = outside::corpus() else { return };
    let json = |name| -> Value { serde_json::from_slice(&fs::read(corpus.join(name)).unwrap()).unwrap() };
    let (manifest, expect) = (json("MANIFEST.json"), json("EXPECT.json"));
    let files = manifest
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["codec"] == "npy");
    let mut seen = 0;
    for file in files {
        seen += 1;
        let path = file["path"].as_str().unwrap();
        let read = npy::load(corpus.join(path));
        let verdict = file["verdict"].as_str().unwrap();
        let array = match (verdict, read) {
            ("reject", read) => {
                let kind = read.expect_err(path).kind();
                // An unknown version, or no magic.
                assert!(
                    matches!(kind, ErrorKind::Unsupported | ErrorKind::Corrupt),
                    "{path}: {kind:?}"
                );
                continue;
            }
            ("either", Err(error)) => {
                // Arrays of objects, and only these.
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{path}: {error}");
                assert!(error.to_string().contains("objects"), "{path}: {error}");
                let mut file = fs::File::open(corpus.join(path)).unwrap();
                let header = npy::read_header(&mut file, npy::MAX_HEADER).unwrap();
                assert!(header.layout.dtype().has_objects(), "{path}");
                continue;
            }
            (_, read) => read.unwrap_or_else(|error| panic!("{path}: {error}")),
        };
        let bytes = array.to_order(Order::C).unwrap();
        assert_eq!(
            hex(&Sha256::digest(bytes.as_bytes())),
            file["sha256"].as_str().unwrap(),
            "{path}"
        );
        let described = &expect[file["expect_key"].as_str().unwrap()];
        assert_eq!(
            array.dtype().to_string(),
            described["dtype"].as_str().unwrap(),
            "{path}"
        );
        let shape: Vec<u64> = array.shape().iter().map(|&n| n as u64).collect();
        assert_eq!(Value::from(shape), described["shape"], "{path}");
        if path.contains("bad_value") {
            // The bytes are kept, as numpy does; only a view of `bool` must not see them.
            assert_eq!(array.as_slice::<bool>().unwrap_err().kind(), ErrorKind::Corrupt);
        }
    }
    assert!(seen > 10, "only {seen} files");
}
