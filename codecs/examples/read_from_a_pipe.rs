//! Decodes what comes down a pipe, as it comes: `curl … | cargo run --example read_from_a_pipe > plain`.

use std::io;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut reader = demijohn_codecs::reader(io::stdin().lock())?;
    io::copy(&mut reader, &mut io::stdout().lock())?;
    eprintln!(
        "{} from {} bytes of {}",
        reader.position(),
        reader.position_in(),
        reader.format()
    );
    Ok(())
}
