//! Copies stdin to a file; the extension says how to compress it:
//! `cargo run --example write_by_extension -- notes.txt.xz < notes.txt`.

use std::io;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("which file?")?;
    let mut file = demijohn_codecs::create(path)?;
    io::copy(&mut io::stdin().lock(), &mut file)?;
    // Until here the file is not there, or the old one still is.
    let summary = file.finish()?;
    eprintln!("{} bytes in {}", summary.plain, summary.compressed);
    Ok(())
}
