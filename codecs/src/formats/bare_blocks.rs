//! The bare blocks of the corpus, which have no container and so no format: for the decoders inside the formats. The
//! rest of the corpus is read by `tests/corpus.rs`.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Result;

/// Gives every block that the corpus files under `codec` to a decoder and compares what comes of it with the
/// verdict: `ok` must be the bytes known, `reject` an error, `either` one of these. `otherwise` lists what we decide
/// against the verdict: paths, and whether the block decodes.
pub(super) fn judge(
    codec: &str,
    otherwise: &[(&str, bool)],
    mut decode: impl FnMut(&[u8]) -> Result<Vec<u8>>,
) {
    let given = std::env::var_os("DEMIJOHN_CORPUS").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let corpus = given.unwrap_or_else(beside);
    let Ok(manifest) = std::fs::read(corpus.join("MANIFEST.json")) else {
        eprintln!("skip: no corpus in {}", corpus.display());
        return;
    };
    let manifest: Vec<Value> = serde_json::from_slice(&manifest).unwrap();
    let blocks: Vec<_> = manifest
        .iter()
        .filter(|record| record["codec"] == codec)
        .collect();
    assert!(!blocks.is_empty(), "the corpus has no {codec}");
    let mut wrong = Vec::new();
    for record in blocks {
        let path = record["path"].as_str().unwrap();
        let coded = std::fs::read(corpus.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
        let result = decode(&coded);
        let known = record["sha256"].as_str();
        let right = match (record["verdict"].as_str().unwrap(), &result) {
            (_, result) if otherwise.iter().any(|(other, _)| *other == path) => {
                otherwise.contains(&(path, result.is_ok()))
            }
            ("ok" | "either", Ok(plain)) => known == Some(&*sha256(plain)),
            ("reject" | "either", Err(_)) => true,
            _ => false,
        };
        if !right {
            let result = result.map(|plain| format!("{} bytes", plain.len()));
            wrong.push(format!("{path}, {}: {result:?}", record["verdict"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn sha256(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
