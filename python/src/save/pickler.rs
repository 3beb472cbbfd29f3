//! The walk itself: which kind of object is written how.

use std::ffi::c_int;
use std::io::Write;

use demijohn_pickle::{Emitter, Protocol};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyType};
use pyo3::{Borrowed, ffi, intern};

use super::arrays::Arrays;
use super::depth::Depth;
use super::failure::{Failure, Result};
use super::memo::Memo;
use super::numpy::Numpy;
use crate::buffers::Exported;

/// Writes one pickle.
pub(super) struct Pickler<'py, 's> {
    pub(super) py: Python<'py>,
    pub(super) out: Emitter<&'s mut dyn Write>,
    pub(super) protocol: Protocol,
    pub(super) memo: Memo<'py>,
    /// How arrays are written; without, as numpy pickles them.
    pub(super) arrays: Option<Arrays>,
    pub(super) known: Known<'py>,
    /// Once it has been imported.
    pub(super) numpy: Option<Numpy<'py>>,
    depth: Depth,
}

/// What the walk knows of the interpreter.
#[derive(Clone)]
pub(super) struct Known<'py> {
    /// `copyreg.dispatch_table`.
    pub(super) reducers: Bound<'py, PyDict>,
    /// `copyreg._extension_registry`.
    pub(super) extensions: Bound<'py, PyDict>,
    /// `copyreg.__newobj__`, which makes most objects.
    pub(super) newobj: Bound<'py, PyAny>,
    pub(super) function: Bound<'py, PyType>,
    pub(super) pickle_buffer: Bound<'py, PyAny>,
}

impl<'py> Known<'py> {
    fn new(py: Python<'py>) -> PyResult<Self> {
        let copyreg = py.import(intern!(py, "copyreg"))?;
        Ok(Self {
            reducers: copyreg.getattr(intern!(py, "dispatch_table"))?.cast_into()?,
            extensions: copyreg.getattr(intern!(py, "_extension_registry"))?.cast_into()?,
            newobj: copyreg.getattr(intern!(py, "__newobj__"))?,
            function: py
                .import(intern!(py, "types"))?
                .getattr(intern!(py, "FunctionType"))?
                .cast_into()?,
            pickle_buffer: py
                .import(intern!(py, "pickle"))?
                .getattr(intern!(py, "PickleBuffer"))?,
        })
    }
}

/// Writes an object as a pickle, its arrays as `arrays` says.
pub(super) fn write<'py>(
    object: &Bound<'py, PyAny>,
    out: &mut dyn Write,
    protocol: Protocol,
    arrays: Option<Arrays>,
) -> Result<()> {
    write_with(object, out, protocol, arrays, Known::new(object.py())?)
}

pub(super) fn write_with<'py>(
    object: &Bound<'py, PyAny>,
    out: &mut dyn Write,
    protocol: Protocol,
    arrays: Option<Arrays>,
    known: Known<'py>,
) -> Result<()> {
    let py = object.py();
    let mut pickler = Pickler {
        py,
        out: Emitter::new(out, protocol)?,
        protocol,
        memo: Memo::new(py),
        arrays,
        known,
        numpy: None,
        depth: Depth::new(),
    };
    pickler.save(object.as_borrowed())?;
    pickler.out.finish()?;
    Ok(())
}

/// The type of an object, to be compared with those of the interpreter.
pub(super) fn type_of(object: Borrowed<'_, '_, PyAny>) -> *mut ffi::PyTypeObject {
    // SAFETY: the object is alive.
    unsafe { ffi::Py_TYPE(object.as_ptr()) }
}

/// Whether a type is one of the interpreter's.
macro_rules! is {
    ($kind:expr, $($type:ident)|+) => {
        $($kind == &raw mut ffi::$type)||+
    };
}

impl<'py> Pickler<'py, '_> {
    /// Writes an object.
    #[inline(never)]
    pub(super) fn save(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        if self.save_leaf(object)? {
            return Ok(());
        }
        self.save_inner(object)
    }

    /// Writes an object without parts, if it is one; answers whether it is. Nobody needs to hold the object until
    /// this returns, only to have held it when it was called.
    #[inline(always)]
    pub(super) fn save_leaf(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<bool> {
        let kind = type_of(object);
        if is!(kind, PyUnicode_Type) {
            self.save_str(object)?;
        } else if is!(kind, PyLong_Type) {
            self.save_int(object)?;
        } else if is!(kind, PyFloat_Type) {
            self.save_float(object)?;
        } else if object.is_none() {
            self.out.none()?;
        } else if is!(kind, PyBool_Type) {
            // SAFETY: the interpreter's `True` is always there.
            self.out.bool(object.as_ptr() == unsafe { ffi::Py_True() })?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Writes an object with parts.
    fn save_inner(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let (py, kind) = (self.py, type_of(object));
        let is_list = is!(kind, PyList_Type);
        let first = is_list || is!(kind, PyDict_Type);
        // Lists and dicts are memoized before their items.
        let memoized = if first {
            self.memo.get_or_put(object, self.out.next_memo_id())
        } else {
            self.memo.get(object)
        };
        if let Some(id) = memoized {
            return Ok(self.out.get(id)?);
        }
        let level = self.depth.enter(py)?;
        if is_list {
            self.save_list(object)
        } else if first {
            self.save_dict(object)
        } else if is!(kind, PyTuple_Type) {
            self.save_tuple(object)
        } else if is!(kind, PyBytes_Type) {
            self.save_bytes(object)
        } else if is!(kind, PySet_Type) {
            self.save_set(object)
        } else if is!(kind, PyFrozenSet_Type) {
            self.save_frozenset(object)
        } else if is!(kind, PyByteArray_Type) {
            self.save_bytearray(object)
        } else {
            self.save_other(object)
        }?;
        drop(level);
        Ok(())
    }

    #[inline(always)]
    fn save_float(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        if self.protocol == Protocol::V0 {
            return Ok(self.out.float_text(&object.repr()?.to_cow()?)?);
        }
        // SAFETY: the object is a float.
        let value = unsafe { ffi::PyFloat_AsDouble(object.as_ptr()) };
        Ok(self.out.float(value)?)
    }

    #[inline(never)]
    fn save_str(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        if self.protocol == Protocol::V0 {
            return self.save_str_text(object);
        }
        // The memo holds the text from here on.
        if let Some(id) = self.memo.get_or_put(object, self.out.next_memo_id()) {
            return Ok(self.out.get(id)?);
        }
        let mut len = 0;
        // SAFETY: the object is a text, whose UTF-8 lives as long as itself: it is in the memo.
        let utf8 = unsafe {
            let start = ffi::PyUnicode_AsUTF8AndSize(object.as_ptr(), &raw mut len);
            (!start.is_null()).then(|| std::slice::from_raw_parts(start.cast::<u8>(), len.unsigned_abs()))
        };
        match utf8 {
            Some(utf8) => self.out.wtf8(utf8)?,
            None => self.save_surrogates(object)?,
        }
        self.out.memoize()?;
        Ok(())
    }

    /// Writes a text that has no UTF-8.
    #[cold]
    fn save_surrogates(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        drop(PyErr::take(self.py));
        let bytes = object.call_method1(intern!(self.py, "encode"), ("utf-8", "surrogatepass"))?;
        let bytes = bytes.cast::<PyBytes>().map_err(PyErr::from)?;
        Ok(self.out.wtf8(bytes.as_bytes())?)
    }

    /// Writes a text in the escapes of protocol 0.
    #[cold]
    fn save_str_text(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let py = self.py;
        if let Some(id) = self.memo.get(object) {
            return Ok(self.out.get(id)?);
        }
        let mut text = object.to_owned();
        for (of, by) in [
            ("\\", "\\u005c"),
            ("\0", "\\u0000"),
            ("\n", "\\u000a"),
            ("\r", "\\u000d"),
            ("\x1a", "\\u001a"),
        ] {
            text = text.call_method1(intern!(py, "replace"), (of, by))?;
        }
        let bytes = text.call_method1(intern!(py, "encode"), ("raw-unicode-escape",))?;
        self.out
            .str_text(bytes.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes())?;
        // Before 3.13, texts with escapes are not found again.
        let written = if py.version_info() < (3, 13) {
            text.as_borrowed()
        } else {
            object
        };
        self.memoize(written)
    }

    #[inline(always)]
    fn save_int(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let mut overflow: c_int = 0;
        // SAFETY: the object is an int.
        let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(object.as_ptr(), &raw mut overflow) };
        if overflow != 0 {
            return self.save_long(object);
        }
        Ok(self.out.int(value)?)
    }

    /// Writes a number that takes more than 64 bits.
    #[cold]
    fn save_long(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let py = self.py;
        if self.protocol < Protocol::V2 {
            return Ok(self.out.int_text(&object.repr()?.to_cow()?)?);
        }
        let bits: usize = object.call_method0(intern!(py, "bit_length"))?.extract()?;
        let signed = PyDict::new(py);
        signed.set_item(intern!(py, "signed"), true)?;
        let bytes = object.call_method(intern!(py, "to_bytes"), (bits / 8 + 1, "little"), Some(&signed))?;
        let bytes = bytes.cast::<PyBytes>().map_err(PyErr::from)?;
        Ok(self.out.long(bytes.as_bytes())?)
    }

    fn save_bytes(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let bytes = object.cast::<PyBytes>().map_err(PyErr::from)?;
        if self.protocol < Protocol::V3 {
            return self.save_bytes_call(&bytes);
        }
        self.out.bytes(bytes.as_bytes())?;
        self.memoize(object)
    }

    fn save_bytearray(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        if self.protocol < Protocol::V5 {
            return self.save_bytearray_call(object);
        }
        // While it is exported nobody can make it longer or shorter.
        let exported = Exported::bytes(object)?;
        self.out.bytearray(exported.as_bytes())?;
        self.memoize(object)
    }

    /// Puts the object written last into the memo.
    pub(super) fn memoize(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let id = self.out.memoize()?;
        match self.memo.get_or_put(object, id) {
            None => Ok(()),
            Some(_) => {
                let message = format!("{} was written twice", object.get_type());
                Err(Failure::pickling(self.py, message))
            }
        }
    }

    /// Writes what is of no type that needs no asking.
    fn save_other(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let class = object.get_type();
        if self.numpy.is_none() {
            self.numpy = Numpy::loaded(self.py)?;
        }
        let is_array = self.numpy.as_ref().is_some_and(|numpy| numpy.is_array(&class));
        if is_array && self.arrays.is_some() {
            return self.save_array(object, &class);
        }
        if class.is(&self.known.function) {
            return self.save_global(object, None);
        }
        // SAFETY: types are never freed here: the object holds its own.
        if is!(type_of(object), PyType_Type) {
            return self.save_type(object);
        }
        if class.is(&self.known.pickle_buffer) {
            return self.save_pickle_buffer(object);
        }
        self.save_reduced(object, &class)
    }

    /// Writes a text that the walk itself brings along.
    pub(super) fn save_text(&mut self, text: &Bound<'py, PyString>) -> Result<()> {
        self.save(text.as_any().as_borrowed())
    }
}
