//! Arrays as CSV: numbers of one or two axes.

use std::fmt::Debug;
use std::io::{self, Write};

use demijohn::Array;
use demijohn::arrays::{DType, Element, Layout, Order, Scalar, f16};

/// Whether there is a form for arrays of this layout.
pub(super) fn takes(layout: &Layout) -> bool {
    let complex = [Scalar::Complex64, Scalar::Complex128];
    let scalar = layout.dtype().scalar();
    scalar.is_some_and(|scalar| !complex.contains(&scalar)) && matches!(layout.ndim(), 1 | 2)
}

/// Takes the bytes of elements in C order, and writes one row a line, or one value of what has one axis. Floats have the
/// digits that make them come back as they were.
pub(super) struct Csv<W> {
    sink: W,
    dtype: DType,
    width: usize,
    /// How many values the row has that is being written.
    column: usize,
    /// The beginning of an element.
    pending: Vec<u8>,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(layout: &Layout, sink: W) -> Self {
        Self {
            sink,
            dtype: layout.dtype().clone(),
            width: layout.shape().get(1).copied().unwrap_or(1),
            column: 0,
            pending: Vec::new(),
        }
    }

    /// Ends what was written of so many rows.
    pub(super) fn finish(mut self, rows: usize) -> io::Result<()> {
        // Rows without values have no bytes by which they would have been noticed.
        for _ in 0..rows * usize::from(self.width == 0) {
            self.sink.write_all(b"\n")?;
        }
        self.sink.flush()
    }

    fn elements(&mut self, bytes: &[u8]) -> io::Result<()> {
        let count = bytes.len() / self.dtype.itemsize();
        let layout = Layout::new(self.dtype.clone(), &[count], Order::C)?;
        let array = Array::from_bytes(layout, bytes)?.into_native()?;
        match array.dtype().scalar() {
            Some(Scalar::Bool) => self.values::<bool>(&array),
            Some(Scalar::Int8) => self.values::<i8>(&array),
            Some(Scalar::Int16) => self.values::<i16>(&array),
            Some(Scalar::Int32) => self.values::<i32>(&array),
            Some(Scalar::Int64) => self.values::<i64>(&array),
            Some(Scalar::Uint8) => self.values::<u8>(&array),
            Some(Scalar::Uint16) => self.values::<u16>(&array),
            Some(Scalar::Uint32) => self.values::<u32>(&array),
            Some(Scalar::Uint64) => self.values::<u64>(&array),
            Some(Scalar::Float16) => self.values::<f16>(&array),
            Some(Scalar::Float32) => self.values::<f32>(&array),
            Some(Scalar::Float64) => self.values::<f64>(&array),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn values<T: Element + Debug>(&mut self, array: &Array) -> io::Result<()> {
        for value in array.as_slice::<T>()? {
            let comma = if self.column == 0 { "" } else { "," };
            write!(self.sink, "{comma}{value:?}")?;
            self.column += 1;
            if self.column == self.width {
                self.sink.write_all(b"\n")?;
                self.column = 0;
            }
        }
        Ok(())
    }
}

impl<W: Write> Write for Csv<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = self.dtype.itemsize();
        self.pending.extend_from_slice(bytes);
        let whole = self.pending.len() / size * size;
        let rest = self.pending.split_off(whole);
        let whole = std::mem::replace(&mut self.pending, rest);
        self.elements(&whole)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(dtype: &str, shape: &[usize], cuts: &[&[u8]]) -> String {
        let layout = Layout::new(dtype.parse().unwrap(), shape, Order::C).unwrap();
        let mut out = Vec::new();
        let mut csv = Csv::new(&layout, &mut out);
        for cut in cuts {
            csv.write_all(cut).unwrap();
        }
        csv.finish(shape[0]).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn elements_may_be_cut_anywhere() {
        let cuts: [&[u8]; 4] = [&[0], &[1, 0, 2, 0], &[3], &[0, 4]];
        assert_eq!(csv(">i2", &[2, 2], &cuts), "1,2\n3,4\n");
        assert_eq!(csv("<u2", &[4], &cuts), "256,512\n768,1024\n".replace(',', "\n"));
    }

    #[test]
    fn rows_without_values_are_lines() {
        assert_eq!(csv("<f8", &[3, 0], &[]), "\n\n\n");
        assert_eq!(csv("<f8", &[0, 3], &[]), "");
    }
}
