//! What reading the corpus's bad files costs: little memory, whatever they claim, and no time to speak of. One test, as the
//! memory is the process's.

#![allow(clippy::print_stdout, reason = "what was measured is worth seeing")]

mod common;
#[path = "../../testing/resident.rs"]
mod resident;

use std::fs;
use std::io;
use std::time::Instant;

use demijohn_codecs::Options;

/// The most that reading a bad file may cost; the windows of decoders, which their limit allows, are in it.
const MOST: usize = 64 << 20;

#[test]
fn bad_files_cost_little() {
    let Some(corpus) = common::corpus() else { return };
    let manifest = common::manifest(&corpus);
    let (mut files, mut most, mut longest) = (0, 0, 0.0_f64);
    for record in manifest.iter().filter(|record| record["verdict"] == "reject") {
        let path = corpus.join(record["path"].as_str().unwrap());
        let bytes = fs::read(&path).unwrap();
        for format in common::compressed_formats() {
            let begun = Instant::now();
            let cost = resident::cost(|| {
                let reader = Options::new().format(&format).threads(1).reader(&bytes[..]);
                let _ = reader.map(|mut reader| io::copy(&mut reader, &mut io::sink()));
            });
            longest = longest.max(begun.elapsed().as_secs_f64());
            let Some((grown, _)) = cost else {
                common::skip("the system does not tell how much memory is used");
                return;
            };
            assert!(
                grown < MOST,
                "{} as {}: {grown} bytes",
                path.display(),
                format.name()
            );
            most = most.max(grown);
        }
        files += 1;
    }
    println!(
        "{files} bad files, each read as every format: {} KiB of memory and {longest:.1} s at most",
        most >> 10
    );
    assert!(files > 1000, "only {files}");
}
