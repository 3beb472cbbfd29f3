//! `demijohn extract`

mod csv;

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek as _, Write};
use std::path::{Path, PathBuf};

use demijohn::Extraction;
use demijohn::arrays::{DType, Layout, Order, npy};

use crate::args::Extract;
use crate::copy::{CopyError, copy};
use crate::input::{self, Operand};
use crate::interrupt::Interruptible;
use crate::output::{Decoded, OutputFile};
use crate::report::{Exit, Failure, say, shown};
use csv::Csv;

/// The longest name that is made of a path, in bytes; most file systems take 255.
const NAME: usize = 100;

pub(crate) fn run(args: &Extract) -> Result<Exit, Failure> {
    let operand = Operand::from_arg(&args.file);
    let output = match &args.output {
        Some(output) => output.clone(),
        None => default_name(&args.path, &args.file, args.csv),
    };
    let to_stdout = output.as_os_str() == "-";
    if !to_stdout {
        check(&output, &operand, args.force)?;
    }
    let file = seekable(&operand).map_err(|error| Failure::new(&operand, error))?;
    let limits = args.wary.limits();
    let found = match operand.path() {
        Some(path) => Extraction::beside(file, path, &args.path, &limits),
        None => Extraction::of(file, &args.path, &limits),
    };
    let failed = |error| Failure::of_object(&operand, error);
    let mut found = found.map_err(failed)?;
    let layout = found.layout().clone();
    let text = args.csv || output.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    let form = Form::of(&operand, layout, text)?;
    let (turned, mut elements): (_, Box<dyn Read + '_>);
    if matches!(&form, Form::Csv(layout) if layout.canonical_order() == Order::F) {
        // Its rows stand nowhere in a row.
        let array = found.read().map_err(failed)?;
        turned = array
            .to_order(Order::C)
            .map_err(|error| failed(error.into()))?
            .into_owned();
        elements = Box::new(turned.as_bytes());
    } else {
        elements = Box::new(found.elements().map_err(failed)?);
    }
    let of_source = |error: io::Error| failed(demijohn::Error::from(error));
    if to_stdout {
        let mut stdout = Decoded::new(args.force)?;
        form.write(&mut elements, &mut stdout)
            .map_err(|error| match error {
                CopyError::Read(error) => of_source(error),
                CopyError::Write(error) => Decoded::failure(&operand, error),
            })?;
        return Ok(Exit::Ok);
    }
    let mut file = OutputFile::plain(output, args.force)?;
    form.write(&mut elements, &mut file)
        .map_err(|error| match error {
            CopyError::Read(error) => of_source(error),
            CopyError::Write(error) => Failure::new(shown(file.path()), error),
        })?;
    file.publish(None)?;
    Ok(Exit::Ok)
}

/// Opens a file that can be gone through twice: what does not seek is kept in a temporary one.
fn seekable(operand: &Operand) -> io::Result<File> {
    let (file, metadata) = input::open(operand)?;
    if metadata.is_file() {
        return Ok(file);
    }
    let mut kept = tempfile::tempfile()?;
    io::copy(&mut Interruptible(file), &mut kept)?;
    kept.rewind()?;
    Ok(kept)
}

/// Refuses an output that would be refused in the end, before anything is read.
fn check(output: &Path, operand: &Operand, force: bool) -> Result<(), Failure> {
    let there = fs::metadata(output).is_ok_and(|metadata| metadata.is_file());
    if !there {
        return Ok(());
    }
    let real = |path: &Path| fs::canonicalize(path).ok();
    if operand.path().is_some_and(|path| real(path) == real(output)) {
        return Err(Failure::refused(
            shown(output),
            "would be the source itself; name another output with -o",
        ));
    }
    if !force {
        return Err(Failure::refused(
            shown(output),
            "exists already; -f overwrites it",
        ));
    }
    Ok(())
}

/// A file name made of a path: `layers[3].weight` becomes `layers.3.weight.npy`; of the root, that of the source.
fn default_name(path: &str, file: &Path, csv: bool) -> PathBuf {
    let mut name = String::new();
    for c in path.chars() {
        let c = match c {
            ']' | '"' => continue,
            c if c.is_alphanumeric() || matches!(c, '_' | '-') => c,
            '.' | '[' => '.',
            _ => '_',
        };
        let doubled = c == '.' && (name.is_empty() || name.ends_with('.'));
        if !doubled && name.len() + c.len_utf8() <= NAME {
            name.push(c);
        }
    }
    if name.is_empty() {
        let source = file.file_name().unwrap_or_default().to_string_lossy();
        name = source
            .split('.')
            .find(|part| !part.is_empty())
            .unwrap_or("array")
            .to_owned();
    }
    let extension = if csv { "csv" } else { "npy" };
    PathBuf::from(format!("{name}.{extension}"))
}

/// What is written.
enum Form {
    /// With what stands in front of the elements.
    Npy(Vec<u8>),
    Csv(Layout),
}

impl Form {
    /// Refuses what the form cannot hold, which is to leave the old file alone.
    fn of(operand: &Operand, layout: Layout, text: bool) -> Result<Self, Failure> {
        let refused = |error: demijohn::arrays::Error| Failure::refused(operand, error.to_string());
        if !text {
            return match npy::header(&layout) {
                Ok(header) => Ok(Form::Npy(header)),
                Err(_) => Form::opaque(operand, &layout).map_err(refused),
            };
        }
        if csv::takes(&layout) {
            return Ok(Form::Csv(layout));
        }
        let why =
            format!("CSV is for one or two axes of numbers, but this is {layout}; a .npy file takes it");
        Err(Failure::refused(operand, why))
    }

    /// Structs that the list of fields in a `.npy` file cannot describe, whose fields overlap as a rule: numpy refuses to write
    /// them, and lets what is opaque be seen as them.
    fn opaque(operand: &Operand, layout: &Layout) -> demijohn::arrays::Result<Self> {
        let dtype = layout.dtype();
        let opaque: DType = format!("V{}", dtype.itemsize()).parse()?;
        let header = npy::header(&Layout::new(opaque.clone(), layout.shape(), layout.order())?)?;
        say(format_args!(
            "{operand}: a .npy file cannot say where these fields are, so it holds {opaque}; in Python, .view({dtype}) of it has them"
        ));
        Ok(Form::Npy(header))
    }

    fn write(&self, elements: &mut impl Read, sink: &mut impl Write) -> Result<(), CopyError> {
        match self {
            Form::Npy(header) => {
                sink.write_all(header).map_err(CopyError::Write)?;
                copy(elements, sink)?;
                sink.flush().map_err(CopyError::Write)
            }
            Form::Csv(layout) => {
                let mut csv = Csv::new(layout, BufWriter::new(sink));
                copy(elements, &mut csv)?;
                csv.finish(layout.shape()[0]).map_err(CopyError::Write)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named_after_paths() {
        let long = "x".repeat(300);
        for (path, name) in [
            ("weights", "weights.npy"),
            ("layers[3].weight", "layers.3.weight.npy"),
            ("[0]", "0.npy"),
            (r#"a["../b c"]"#, "a._b_c.npy"),
            (".args[0]", "args.0.npy"),
            (".", "model.npy"),
            ("", "model.npy"),
        ] {
            assert_eq!(
                default_name(path, Path::new("dir/model.pkl.gz"), false),
                Path::new(name),
                "{path}"
            );
        }
        assert!(default_name(&long, Path::new("m"), true).as_os_str().len() < 110);
    }
}
