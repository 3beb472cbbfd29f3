//! `demijohn extract`

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek as _, Write};
use std::path::{Path, PathBuf};

use demijohn::Array;
use demijohn::arrays::{Element, Order, Scalar, f16, npy};

use crate::args::Extract;
use crate::input::{self, Operand};
use crate::interrupt::Interruptible;
use crate::output::{Decoded, OutputFile};
use crate::report::{Exit, Failure, shown};

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
    let array = match operand.path() {
        Some(path) => demijohn::extract_beside(file, path, &args.path, &limits),
        None => demijohn::extract(file, &args.path, &limits),
    };
    let array = array.map_err(|error| Failure::of_object(&operand, error))?;
    let text = args.csv || output.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    let form = if text {
        Form::csv(&operand, array)?
    } else {
        // What .npy cannot hold is to leave the old file alone.
        npy::header(array.layout()).map_err(|error| Failure::refused(&operand, error.to_string()))?;
        Form::Npy(array)
    };
    if to_stdout {
        let mut sink = BufWriter::new(Decoded::new(args.force)?);
        let written = form.write(&mut sink).and_then(|()| sink.flush());
        written.map_err(|error| Decoded::failure(&operand, error))?;
        return Ok(Exit::Ok);
    }
    OutputFile::plain(output, args.force)?.fill(|sink| form.write(sink))?;
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
    Npy(Array),
    /// Of one or two axes, in C order and this machine's byte order, of numbers.
    Csv(Array),
}

impl Form {
    fn csv(operand: &Operand, array: Array) -> Result<Self, Failure> {
        let complex = [Scalar::Complex64, Scalar::Complex128];
        let numbers = array
            .dtype()
            .scalar()
            .is_some_and(|scalar| !complex.contains(&scalar));
        if !numbers || !matches!(array.ndim(), 1 | 2) {
            let layout = array.layout();
            let why =
                format!("CSV is for one or two axes of numbers, but this is {layout}; a .npy file takes it");
            return Err(Failure::refused(operand, why));
        }
        let failed = |error: demijohn::arrays::Error| Failure::refused(operand, error.to_string());
        let array = match array.order() {
            Order::C => array,
            Order::F => array.to_order(Order::C).map_err(failed)?.into_owned(),
        };
        Ok(Form::Csv(array.into_native().map_err(failed)?))
    }

    fn write(&self, sink: &mut impl Write) -> io::Result<()> {
        match self {
            Form::Npy(array) => Ok(npy::write(array, sink)?),
            Form::Csv(array) => match array.dtype().scalar() {
                Some(Scalar::Bool) => rows::<bool>(array, sink),
                Some(Scalar::Int8) => rows::<i8>(array, sink),
                Some(Scalar::Int16) => rows::<i16>(array, sink),
                Some(Scalar::Int32) => rows::<i32>(array, sink),
                Some(Scalar::Int64) => rows::<i64>(array, sink),
                Some(Scalar::Uint8) => rows::<u8>(array, sink),
                Some(Scalar::Uint16) => rows::<u16>(array, sink),
                Some(Scalar::Uint32) => rows::<u32>(array, sink),
                Some(Scalar::Uint64) => rows::<u64>(array, sink),
                Some(Scalar::Float16) => rows::<f16>(array, sink),
                Some(Scalar::Float32) => rows::<f32>(array, sink),
                Some(Scalar::Float64) => rows::<f64>(array, sink),
                _ => Err(io::ErrorKind::Unsupported.into()),
            },
        }
    }
}

/// One value a line, or one row. Floats have the digits that make them come back as they were.
fn rows<T: Element + Debug>(array: &Array, sink: &mut impl Write) -> io::Result<()> {
    let values = array.as_slice::<T>()?;
    let width = if array.ndim() == 2 { array.shape()[1] } else { 1 };
    for at in 0..array.shape()[0] {
        for (i, value) in values[at * width..(at + 1) * width].iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(sink, "{comma}{value:?}")?;
        }
        sink.write_all(b"\n")?;
    }
    Ok(())
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
