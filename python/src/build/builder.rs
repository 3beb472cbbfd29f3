//! The builder of live objects: each construct of a pickle as `_Unpickler` of CPython's `Lib/pickle.py` makes it.

use std::borrow::Cow;
use std::ffi::c_char;
use std::ops::Deref;
use std::vec::Drain;

use demijohn::pickle::{Apart, Builder, Error, ErrorKind, Raw, Result};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyList, PySet, PyString, PyTuple, PyType};
use pyo3::{ffi, intern};

use super::arrays::{Arrays, Behind};
use super::gc::Pause;
use super::hashing::Keys;
use super::held::Held;
use super::trust::Trust;
use super::{fast, names, raised, state};

/// Makes live objects of a pickle. Names are imported, and what the pickle wants called is called.
///
/// A node is a reference of its own, so that nothing that runs in between can take an object away.
pub(super) struct Live<'a, 'py> {
    py: Python<'py>,
    pause: &'a Pause,
    /// Who decides what may be done, if not the file alone.
    trust: Option<&'a Trust<'py>>,
    keys: Keys,
    protocol: u8,
    arrays: Arrays<'py>,
    /// Whether the pickle of an array of objects is being read, in which arrays are pickled as numpy does.
    nested: bool,
}

type Object<'py> = Bound<'py, PyAny>;

impl<'a, 'py> Live<'a, 'py> {
    pub(super) fn new(
        py: Python<'py>,
        pause: &'a Pause,
        arrays: Arrays<'py>,
        trust: Option<&'a Trust<'py>>,
    ) -> Self {
        Self {
            py,
            pause,
            trust,
            keys: Keys::new(trust.is_some()),
            protocol: 0,
            arrays,
            nested: false,
        }
    }

    pub(super) fn into_arrays(self) -> Arrays<'py> {
        self.arrays
    }

    /// Does something that may run any code.
    fn open<T>(&self, work: impl FnOnce() -> PyResult<T>) -> Result<T> {
        self.pause.lifted(work).map_err(raised)
    }

    /// The same, where an object comes of it.
    fn open_for(&self, work: impl FnOnce() -> PyResult<Object<'py>>) -> Result<Held<'py>> {
        self.open(work).map(Held::from)
    }

    /// Asks whether something may be done, if somebody is to be asked.
    fn ask(&self, question: impl FnOnce(&Trust<'py>) -> PyResult<()>) -> PyResult<()> {
        self.trust.map_or(Ok(()), question)
    }

    /// What comes of a call.
    fn called(&self, callable: &Object<'py>, args: Object<'py>) -> PyResult<Object<'py>> {
        let args = match self.trust {
            None => args,
            Some(trust) => trust.call(callable, &args)?,
        };
        let made = callable.call(arguments(&args)?, None)?;
        self.ask(|trust| trust.made(callable, &made))?;
        Ok(made)
    }

    /// The object that a function of the C API returns with a reference, or the exception it has set.
    ///
    /// # Safety
    /// `object` must be such a result.
    unsafe fn owned(&self, object: *mut ffi::PyObject) -> Result<Held<'py>> {
        // SAFETY: passed on.
        made(unsafe { Bound::from_owned_ptr_or_err(self.py, object) })
    }

    /// Runs a pickle with a memo of its own, in which data of joblib's is not looked for.
    fn nested(&mut self, raw: &mut Raw<'_>, apart: Option<Apart>) -> Result<Held<'py>> {
        let protocol = std::mem::replace(&mut self.protocol, 0);
        self.nested = true;
        let object = match apart {
            None => raw.nested(self),
            Some(apart) => raw.nested_in(apart, self),
        };
        self.nested = false;
        self.protocol = protocol;
        object
    }
}

/// Pointer and length of bytes, as the C API wants them.
fn raw_parts(bytes: &[u8]) -> (*const c_char, ffi::Py_ssize_t) {
    // No slice is longer than `isize::MAX`.
    (bytes.as_ptr().cast(), bytes.len().cast_signed())
}

impl<'py> Builder for Live<'_, 'py> {
    type Node = Held<'py>;

    #[inline]
    fn dup(&mut self, node: &Self::Node) -> Self::Node {
        self.arrays.resolve(node)
    }

    fn protocol(&mut self, protocol: u8) {
        self.protocol = protocol;
    }

    fn none(&mut self) -> Result<Self::Node> {
        Ok(self.py.None().into_bound(self.py).into())
    }

    fn bool(&mut self, value: bool) -> Result<Self::Node> {
        // SAFETY: returns a new reference.
        unsafe { self.owned(ffi::PyBool_FromLong(value.into())) }
    }

    fn int(&mut self, value: i64) -> Result<Self::Node> {
        made(fast::int(self.py, value))
    }

    fn long(&mut self, bytes: Cow<'_, [u8]>) -> Result<Self::Node> {
        let py = self.py;
        let kwargs = PyDict::new(py);
        let int = || {
            kwargs.set_item(intern!(py, "signed"), true)?;
            let class = py.get_type::<pyo3::types::PyInt>();
            class.call_method(
                intern!(py, "from_bytes"),
                (&*bytes, intern!(py, "little")),
                Some(&kwargs),
            )
        };
        made(int())
    }

    fn float(&mut self, value: f64) -> Result<Self::Node> {
        // SAFETY: returns a new reference.
        unsafe { self.owned(ffi::PyFloat_FromDouble(value)) }
    }

    fn str(&mut self, text: Cow<'_, str>) -> Result<Self::Node> {
        self.unicode(Cow::Borrowed(text.as_bytes()))
    }

    fn wtf8(&mut self, text: Cow<'_, [u8]>) -> Result<Self::Node> {
        self.unicode(text)
    }

    fn unicode(&mut self, bytes: Cow<'_, [u8]>) -> Result<Self::Node> {
        let (start, len) = raw_parts(&bytes);
        let errors = c"surrogatepass".as_ptr();
        // SAFETY: the bytes are read before the function returns, with a new reference, and the name ends with a NUL.
        unsafe { self.owned(ffi::PyUnicode_DecodeUTF8(start, len, errors)) }
    }

    /// ASCII is text. What is not may be text in any encoding, or no text at all, and stays bytes.
    fn str8(&mut self, bytes: Cow<'_, [u8]>) -> Result<Self::Node> {
        if bytes.is_ascii() {
            self.unicode(bytes)
        } else {
            self.bytes(bytes)
        }
    }

    fn bytes(&mut self, bytes: Cow<'_, [u8]>) -> Result<Self::Node> {
        let (start, len) = raw_parts(&bytes);
        // SAFETY: as in `unicode`.
        unsafe { self.owned(ffi::PyBytes_FromStringAndSize(start, len)) }
    }

    fn bytearray(&mut self, bytes: Cow<'_, [u8]>) -> Result<Self::Node> {
        let (start, len) = raw_parts(&bytes);
        // SAFETY: as in `unicode`.
        unsafe { self.owned(ffi::PyByteArray_FromStringAndSize(start, len)) }
    }

    fn tuple(&mut self, items: Drain<'_, Self::Node>) -> Result<Self::Node> {
        self.keys.tuple(items.len());
        made(fast::tuple(self.py, items))
    }

    fn list(&mut self, items: Drain<'_, Self::Node>) -> Result<Self::Node> {
        made(PyList::new(self.py, items))
    }

    fn dict(&mut self) -> Result<Self::Node> {
        // SAFETY: returns a new reference.
        unsafe { self.owned(ffi::PyDict_New()) }
    }

    fn set(&mut self) -> Result<Self::Node> {
        // SAFETY: returns a new reference.
        unsafe { self.owned(ffi::PySet_New(std::ptr::null_mut())) }
    }

    fn frozenset(&mut self, items: Drain<'_, Self::Node>) -> Result<Self::Node> {
        self.keys.check(items.as_slice().iter().map(Held::deref))?;
        made(PyFrozenSet::new(self.py, items))
    }

    fn append(&mut self, target: &Self::Node, mut items: Drain<'_, Self::Node>) -> Result<()> {
        if let Ok(list) = target.cast_exact::<PyList>() {
            return fast::append(list, items).map_err(raised);
        }
        let py = self.py;
        let append = |item| target.call_method1(intern!(py, "append"), (item,)).map(drop);
        self.open(|| {
            self.ask(|trust| trust.items(target, items.as_slice()))?;
            if items.len() == 1 {
                return items.try_for_each(append);
            }
            match target.getattr_opt(intern!(py, "extend"))? {
                Some(extend) => extend.call1((PyList::new(py, items)?,)).map(drop),
                None => items.try_for_each(append),
            }
        })
    }

    fn set_items(&mut self, target: &Self::Node, mut pairs: Drain<'_, Self::Node>) -> Result<()> {
        self.keys
            .check(pairs.as_slice().iter().step_by(2).map(Held::deref))?;
        if let Ok(dict) = target.cast_exact::<PyDict>() {
            return fast::set_items(dict, pairs).map_err(raised);
        }
        self.open(|| {
            self.ask(|trust| trust.items(target, pairs.as_slice()))?;
            while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
                target.set_item(key, value)?;
            }
            Ok(())
        })
    }

    fn add_items(&mut self, target: &Self::Node, mut items: Drain<'_, Self::Node>) -> Result<()> {
        self.keys.check(items.as_slice().iter().map(Held::deref))?;
        if let Ok(set) = target.cast_exact::<PySet>() {
            return items.try_for_each(|item| set.add(item)).map_err(raised);
        }
        let py = self.py;
        self.open(|| {
            self.ask(|trust| trust.items(target, items.as_slice()))?;
            if target.is_instance_of::<PySet>() {
                let items = PyList::new(py, items)?;
                return target.call_method1(intern!(py, "update"), (items,)).map(drop);
            }
            let add = target.getattr(intern!(py, "add"))?;
            items.try_for_each(|item| add.call1((item,)).map(drop))
        })
    }

    fn text<'a>(&'a self, node: &'a Self::Node) -> Option<&'a str> {
        node.cast_exact::<PyString>().ok()?.to_str().ok()
    }

    fn global(&mut self, module: &str, name: &str, _: u64) -> Result<Self::Node> {
        self.ask(|trust| trust.admit(module, name)).map_err(raised)?;
        let found = match self.arrays.stand_in(module, name)? {
            Some(stand_in) => stand_in,
            None => self.open(|| names::find(self.py, module, name, self.protocol))?,
        };
        self.ask(|trust| trust.found(module, name, &found))
            .map_err(raised)?;
        Ok(found.into())
    }

    fn extension(&mut self, code: u32) -> Result<Self::Node> {
        if self.trust.is_some() {
            let message = "the file names something by a code of this program's extension registry";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        self.open_for(|| names::extension(self.py, code, self.protocol))
    }

    fn reduce(&mut self, callable: Self::Node, args: Self::Node) -> Result<Self::Node> {
        if self.trust.is_some() {
            self.keys.check_arguments(&args)?;
        }
        self.open_for(|| self.called(&callable, args.into_bound()))
    }

    fn newobj(&mut self, class: Self::Node, args: Self::Node) -> Result<Self::Node> {
        self.open_for(|| {
            self.ask(|trust| trust.new_instance(&class, &args, None))?;
            let made = fast::new(&class, &arguments(&args)?, None)?;
            self.ask(|trust| trust.made(&class, &made))?;
            Ok(made)
        })
    }

    fn newobj_ex(&mut self, class: Self::Node, args: Self::Node, kwargs: Self::Node) -> Result<Self::Node> {
        self.open_for(|| {
            self.ask(|trust| trust.new_instance(&class, &args, Some(&kwargs)))?;
            let made = fast::new(&class, &arguments(&args)?, Some(kwargs.cast::<PyDict>()?))?;
            self.ask(|trust| trust.made(&class, &made))?;
            Ok(made)
        })
    }

    fn instance(&mut self, class: Self::Node, args: Drain<'_, Self::Node>) -> Result<Self::Node> {
        let py = self.py;
        let args = PyTuple::new(py, args).map_err(raised)?;
        if self.trust.is_some() {
            self.keys.check_arguments(&args)?;
        }
        self.open_for(|| {
            let initargs = intern!(py, "__getinitargs__");
            if !args.is_empty() || !class.is_instance_of::<PyType>() || class.hasattr(initargs)? {
                return self.called(&class, args.into_any());
            }
            self.ask(|trust| trust.new_instance(&class, &args, None))?;
            let made = class.call_method1(intern!(py, "__new__"), (&*class,))?;
            self.ask(|trust| trust.made(&class, &made))?;
            Ok(made)
        })
    }

    fn build(&mut self, object: Self::Node, given: Self::Node, raw: &mut Raw<'_>) -> Result<Self::Node> {
        self.open(|| match self.trust {
            None => state::set(&object, &given),
            Some(trust) => state::set(&object, &trust.state(&object, &given)?),
        })?;
        if self.nested {
            return Ok(object);
        }
        let array = match self.arrays.behind(&object, raw)? {
            Behind::Nothing => return Ok(object),
            Behind::Array(array) => array,
            Behind::Pickle(apart) => {
                let array = self.nested(raw, apart)?;
                self.arrays.pickled(array.into_bound())?
            }
        };
        self.arrays.keep(&object, &array)?;
        Ok(array.into())
    }

    fn persistent(&mut self, _: Self::Node) -> Result<Self::Node> {
        Err(raised(unpickling_error(
            self.py,
            "unsupported persistent id encountered",
        )))
    }

    fn next_buffer(&mut self) -> Result<Self::Node> {
        let message = "pickle stream refers to out-of-band data but no *buffers* argument was given";
        Err(raised(unpickling_error(self.py, message)))
    }

    fn readonly_buffer(&mut self, buffer: Self::Node) -> Result<Self::Node> {
        let py = self.py;
        self.open_for(|| {
            let view = pyo3::types::PyMemoryView::from(&buffer)?;
            if view.getattr(intern!(py, "readonly"))?.is_truthy()? {
                return Ok(buffer.into_bound());
            }
            view.call_method0(intern!(py, "toreadonly"))
        })
    }
}

/// What was made, as the machine holds it.
fn made<T>(object: PyResult<Bound<'_, T>>) -> Result<Held<'_>> {
    object.map(|object| object.into_any().into()).map_err(raised)
}

/// What a call is given.
fn arguments<'py>(args: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    match args.cast::<PyTuple>() {
        Ok(args) => Ok(args.clone()),
        Err(_) => PyTuple::new(args.py(), args.try_iter()?.collect::<PyResult<Vec<_>>>()?),
    }
}

fn unpickling_error(py: Python<'_>, message: &'static str) -> PyErr {
    match py
        .import(intern!(py, "pickle"))
        .and_then(|pickle| pickle.getattr(intern!(py, "UnpicklingError")))
    {
        Ok(class) => match class.cast_into::<PyType>() {
            Ok(class) => PyErr::from_type(class, message),
            Err(e) => e.into(),
        },
        Err(e) => e,
    }
}
