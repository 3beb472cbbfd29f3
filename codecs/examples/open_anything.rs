//! Prints what a file holds, whatever it is compressed with: `cargo run --example open_anything -- FILE`.

use std::io::{self, BufRead};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("which file?")?;
    let reader = demijohn_codecs::open(path)?;
    eprintln!("format: {}", reader.format());
    let mut lines = 0;
    for line in reader.split(b'\n') {
        line?;
        lines += 1;
    }
    io::Write::write_all(&mut io::stdout(), format!("{lines} lines\n").as_bytes())?;
    Ok(())
}
