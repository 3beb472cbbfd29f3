//! Decodes a stranger's file within bounds: `cargo run --example untrusted_file -- upload.bin`.

use std::io::{self, Read};

use demijohn_codecs::{Error, ErrorKind, Limits, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("which file?")?;
    // At most 64 MiB of window or dictionary, 1 GiB of data, and 1,000 bytes out for each byte in.
    let limits = Limits::untrusted().memory(64 << 20).output(1 << 30);
    let mut reader = Options::new().limits(limits).open(path)?;
    match io::copy(&mut reader.by_ref(), &mut io::sink()).map_err(Error::from) {
        Ok(n) => eprintln!("{n} bytes, whole and checked"),
        Err(error) if error.kind() == ErrorKind::Limit => eprintln!("refused: {error}"),
        Err(error) => eprintln!("damaged: {error}"),
    }
    Ok(())
}
