//! `demijohn index`

use std::path::PathBuf;

use demijohn_codecs::Options;
use serde_json::json;

use crate::args::Index;
use crate::bytes;
use crate::input::{self, Decoder, Operand};
use crate::output::{self, OutputFile};
use crate::report::{Exit, Failure, say, shown};

pub(crate) fn run(args: &Index) -> Result<Exit, Failure> {
    if args.file.as_os_str() == "-" {
        let why = "an index is of a file that one can seek in; this needs the name of one";
        return Err(Failure::refused("standard input", why));
    }
    let operand = Operand::Path(args.file.clone());
    let path = args.output.clone().unwrap_or_else(|| {
        let mut name = args.file.clone().into_os_string();
        name.push(".gzidx");
        PathBuf::from(name)
    });
    if path.exists() && !args.force {
        return Err(Failure::refused(shown(&path), "exists already; -f overwrites it"));
    }
    let options = Options::new().index_spacing(args.spacing);
    let Decoder { mut reader, bar, .. } =
        input::decoder_with(&operand, &args.decoding, false, args.talk, options)?;
    let index = reader.seek_index();
    // Before anything is said.
    drop(bar);
    let index = index.map_err(|error| Failure::new(&operand, error))?;
    let file = OutputFile::plain(path, args.force)?;
    let name = shown(file.path());
    let written = file.fill(|sink| index.write(sink))?;
    if args.json {
        let line = json!({
            "file": operand.to_string(),
            "index": name,
            "places": index.len(),
            "compressed": index.compressed_size(),
            "plain": index.plain_size(),
        });
        output::print(&format!("{line}\n"))?;
    } else if args.talk.verbose {
        let (places, size) = (index.len(), bytes::shown(written.plain));
        say(format_args!("{operand}: {name} with {places} places, {size}"));
    }
    Ok(Exit::Ok)
}
