//! numpy's arrays, as joblib writes them: an object that describes the array, with the elements right behind it in the
//! stream. The form is that of `demijohn`'s own writer for arrays of Rust, specified in
//! [`joblib/numpy_pickle.py`](https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle.py).

use demijohn_codecs::ElementSize;
use demijohn_pickle::{Batch, MemoId, Protocol};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyType};
use pyo3::{Borrowed, intern};

use super::failure::{Failure, Result};
use super::pickler::{self, Pickler};
use crate::buffers::Exported;

/// Elements start at a multiple of this.
const ALIGNMENT: u8 = 16;

/// The most bytes of an array that are put into order at a time.
const SLICE: usize = 16 << 20;

/// How arrays are written.
pub(super) struct Arrays {
    /// Where the sink learns of the arrays in the stream.
    element_size: ElementSize,
    /// Where in its file the pickle begins.
    base: u64,
    /// Where the memo has the class of the objects that describe arrays.
    wrapper: Option<MemoId>,
}

impl Arrays {
    pub(super) fn new(element_size: ElementSize, base: u64) -> Self {
        Self {
            element_size,
            base,
            wrapper: None,
        }
    }
}

impl<'py> Pickler<'py, '_> {
    /// Writes an array. It is not memoized: joblib writes it as often as it occurs.
    pub(super) fn save_array(
        &mut self,
        array: Borrowed<'_, 'py, PyAny>,
        class: &Bound<'py, PyType>,
    ) -> Result<()> {
        let py = self.py;
        let dtype = array.getattr(intern!(py, "dtype"))?;
        let has_objects = dtype.getattr(intern!(py, "hasobject"))?.is_truthy()?;
        let exported = Exported::strided(array)?;
        let order = if exported.is_contiguous(b'F') && !exported.is_contiguous(b'C') {
            intern!(py, "F")
        } else {
            intern!(py, "C")
        };
        self.save_wrapper(array, class, order, &dtype, !has_objects)?;
        let behind = self.out.commit_frame()?;
        if has_objects {
            // A pickle of its own, of numpy's making, whatever the protocol of the whole.
            let known = self.known.clone();
            return pickler::write_with(&array, self.out.outside()?, Protocol::V5, None, known);
        }
        let base = self.arrays.as_ref().map_or(0, |arrays| arrays.base);
        // The elements stand behind the byte that holds the pad's length; at least one byte of pad, as joblib does.
        let over = (base + behind + 1) % u64::from(ALIGNMENT);
        let pad = ALIGNMENT - u8::try_from(over).unwrap_or(0);
        self.out.raw(&[pad])?;
        self.out.raw(&[0xff; ALIGNMENT as usize][..pad.into()])?;
        self.announce(exported.element_size());
        if exported.is_contiguous(b'A') {
            self.out.raw(exported.as_bytes())?;
        } else {
            self.save_scattered(array, order, exported.element_size())?;
        }
        self.announce(1);
        Ok(())
    }

    fn announce(&self, element_size: usize) {
        if let Some(arrays) = &self.arrays {
            arrays.element_size.set(element_size);
        }
    }

    /// Writes the elements of an array that lie apart.
    fn save_scattered(
        &mut self,
        array: Borrowed<'_, 'py, PyAny>,
        order: &Bound<'py, PyString>,
        element_size: usize,
    ) -> Result<()> {
        let py = self.py;
        let options = PyDict::new(py);
        options.set_item("flags", ["external_loop", "buffered", "zerosize_ok"])?;
        options.set_item("buffersize", (SLICE / element_size.max(1)).max(1))?;
        options.set_item("order", order)?;
        let slices = py
            .import(intern!(py, "numpy"))?
            .call_method("nditer", (array,), Some(&options))?;
        for slice in slices.try_iter()? {
            let slice = slice?;
            let exported = Exported::strided(slice.as_borrowed())?;
            if exported.is_contiguous(b'C') {
                self.out.raw(exported.as_bytes())?;
            } else {
                let bytes = slice.call_method0(intern!(py, "tobytes"))?;
                self.out
                    .raw(bytes.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Writes the object that describes an array.
    fn save_wrapper(
        &mut self,
        array: Borrowed<'_, 'py, PyAny>,
        class: &Bound<'py, PyType>,
        order: &Bound<'py, PyString>,
        dtype: &Bound<'py, PyAny>,
        allow_mmap: bool,
    ) -> Result<()> {
        let py = self.py;
        self.out.begin()?;
        if self.protocol >= Protocol::V2 {
            self.save_wrapper_class()?;
            self.out.tuple(0)?;
            self.out.newobj()?;
        } else {
            // copyreg._reconstructor(class, object, None)
            let copyreg = py.import(intern!(py, "copyreg"))?;
            self.save(copyreg.getattr(intern!(py, "_reconstructor"))?.as_borrowed())?;
            self.out.mark()?;
            self.save_wrapper_class()?;
            self.save(py.get_type::<PyAny>().as_any().as_borrowed())?;
            self.out.none()?;
            self.out.tuple_from_mark()?;
            self.out.memoize()?;
            self.out.reduce()?;
        }
        self.out.memoize()?;
        self.out.dict()?;
        self.out.memoize()?;
        let mut state = Batch::set_items(Some(6));
        let keys = [
            intern!(py, "subclass"),
            intern!(py, "shape"),
            intern!(py, "order"),
            intern!(py, "dtype"),
            intern!(py, "allow_mmap"),
            intern!(py, "numpy_array_alignment_bytes"),
        ];
        for (i, key) in keys.into_iter().enumerate() {
            state.before(&mut self.out)?;
            self.save_text(key)?;
            match i {
                0 => self.save(class.as_any().as_borrowed())?,
                1 => self.save(array.getattr(key)?.as_borrowed())?,
                2 => self.save_text(order)?,
                3 => self.save(dtype.as_borrowed())?,
                4 => self.out.bool(allow_mmap)?,
                _ => self.out.int(ALIGNMENT)?,
            }
            state.after(&mut self.out)?;
        }
        state.end(&mut self.out)?;
        Ok(self.out.build()?)
    }

    /// Writes the class of what describes arrays. joblib need not be there, so it has only a name.
    fn save_wrapper_class(&mut self) -> Result<()> {
        let py = self.py;
        if let Some(id) = self.arrays.as_ref().and_then(|arrays| arrays.wrapper) {
            return Ok(self.out.get(id)?);
        }
        let (module, name) = (
            intern!(py, "joblib.numpy_pickle"),
            intern!(py, "NumpyArrayWrapper"),
        );
        if self.protocol >= Protocol::V4 {
            self.save_text(module)?;
            self.save_text(name)?;
            self.out.stack_global()?;
        } else {
            self.out.global(&module.to_cow()?, &name.to_cow()?)?;
        }
        let id = self.out.memoize()?;
        if let Some(arrays) = &mut self.arrays {
            arrays.wrapper = Some(id);
        }
        Ok(())
    }

    /// Writes a buffer that an object hands over to be pickled, as arrays do where they are pickled by numpy.
    pub(super) fn save_pickle_buffer(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        if self.protocol < Protocol::V5 {
            let message = "PickleBuffer can only be pickled with protocol >= 5";
            return Err(Failure::pickling(self.py, message.to_owned()));
        }
        let exported = Exported::strided(object)?;
        if !exported.is_contiguous(b'A') {
            let message = "PickleBuffer can not be pickled when pointing to a non-contiguous buffer";
            return Err(Failure::pickling(self.py, message.to_owned()));
        }
        if exported.is_readonly() {
            self.out.bytes(exported.as_bytes())?;
        } else {
            self.out.bytearray(exported.as_bytes())?;
        }
        // What is memoized is the content, which is no object here.
        self.out.memoize()?;
        Ok(())
    }
}
