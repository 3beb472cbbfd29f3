//! Objects that say themselves how they are made: `__reduce_ex__` and its relatives.

use demijohn_pickle::Protocol;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple, PyType};
use pyo3::{Borrowed, intern};

use super::failure::{Failure, Result, Within};
use super::pickler::Pickler;

/// What was answered when an object was asked how it is made.
struct Recipe<'py> {
    callable: Bound<'py, PyAny>,
    args: Bound<'py, PyTuple>,
    state: Option<Bound<'py, PyAny>>,
    items: Option<Bound<'py, PyAny>>,
    pairs: Option<Bound<'py, PyAny>>,
    state_setter: Option<Bound<'py, PyAny>>,
}

/// Callables that have opcodes of their own.
enum Maker {
    NewObj,
    NewObjEx,
    Call,
}

impl<'py> Recipe<'py> {
    fn call(callable: Bound<'py, PyAny>, args: Bound<'py, PyTuple>) -> Self {
        Self {
            callable,
            args,
            state: None,
            items: None,
            pairs: None,
            state_setter: None,
        }
    }

    fn new(answer: &Bound<'py, PyTuple>) -> Result<Self> {
        let py = answer.py();
        let part = |i| -> PyResult<_> {
            if i >= answer.len() {
                return Ok(None);
            }
            Ok(Some(answer.get_item(i)?).filter(|part| !part.is_none()))
        };
        let callable = answer.get_item(0)?;
        let Ok(args) = answer.get_item(1)?.cast_into::<PyTuple>() else {
            let message = "the arguments that __reduce__ answered must be a tuple";
            return Err(Failure::pickling(py, message.to_owned()));
        };
        if !callable.is_callable() {
            let message = "the first of what __reduce__ answered must be callable";
            return Err(Failure::pickling(py, message.to_owned()));
        }
        Ok(Self {
            callable,
            args,
            state: part(2)?,
            items: part(3)?,
            pairs: part(4)?,
            state_setter: part(5)?,
        })
    }
}

impl<'py> Pickler<'py, '_> {
    /// Asks an object how it is made, and writes that.
    pub(super) fn save_reduced(
        &mut self,
        object: Borrowed<'_, 'py, PyAny>,
        class: &Bound<'py, PyType>,
    ) -> Result<()> {
        let py = self.py;
        let answer = if let Some(reduce) = self.known.reducers.get_item(class)? {
            reduce.call1((object,))?
        } else if self.save_numpy_number(object, class)? {
            return Ok(());
        } else if class.is_subclass_of::<PyType>()? {
            return self.save_global(object, None);
        } else if let Some(reduce) = attribute(object, intern!(py, "__reduce_ex__"))? {
            reduce.call1((self.protocol.number(),))?
        } else if let Some(reduce) = attribute(object, intern!(py, "__reduce__"))? {
            reduce.call0()?
        } else {
            let message = format!("Can't pickle {:?} object: {object:?}", class.name()?);
            return Err(Failure::pickling(py, message));
        };
        if let Ok(name) = answer.cast::<PyString>() {
            return self.save_global(object, Some(name));
        }
        let Ok(answer) = answer.cast::<PyTuple>() else {
            let message = format!("__reduce__ of {class} must return string or tuple");
            return Err(Failure::pickling(py, message));
        };
        if !(2..=6).contains(&answer.len()) {
            let message = format!("tuple returned by __reduce__ of {class} must have two to six elements");
            return Err(Failure::pickling(py, message));
        }
        self.save_recipe(Recipe::new(answer)?, object)
            .within(object, || "object".to_owned())
    }

    /// Writes the call that makes an object, and what the object is given afterwards.
    fn save_recipe(&mut self, recipe: Recipe<'py>, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        match self.maker(&recipe.callable)? {
            Maker::NewObj if self.protocol >= Protocol::V2 => self.save_newobj(&recipe.args, object)?,
            Maker::NewObjEx if self.protocol >= Protocol::V2 => self.save_newobj_ex(&recipe.args, object)?,
            _ => {
                self.save(recipe.callable.as_borrowed())?;
                self.save(recipe.args.as_any().as_borrowed())?;
                self.out.reduce()?;
            }
        }
        // The arguments may have led back to the object, and written it.
        match self.memo.get(object) {
            Some(id) => {
                self.out.pop()?;
                self.out.get_bare(id)?;
            }
            None => self.memoize(object)?,
        }
        if let Some(items) = &recipe.items {
            self.append_all(object, items)?;
        }
        if let Some(pairs) = &recipe.pairs {
            self.set_all(object, pairs)?;
        }
        let Some(state) = &recipe.state else {
            return Ok(());
        };
        if let Some(setter) = &recipe.state_setter {
            self.save(setter.as_borrowed())?;
            self.save(object)?;
        }
        self.save(state.as_borrowed())
            .within(object, || "state".to_owned())?;
        if recipe.state_setter.is_some() {
            self.out.tuple(2)?;
            self.out.reduce()?;
            self.out.pop()?;
        } else {
            self.out.build()?;
        }
        Ok(())
    }

    /// What a callable stands for. `pickle.py` goes by its name, whatever it is.
    fn maker(&self, callable: &Bound<'py, PyAny>) -> Result<Maker> {
        if callable.is(&self.known.newobj) {
            return Ok(Maker::NewObj);
        }
        let Some(name) = callable.getattr_opt(intern!(self.py, "__name__"))? else {
            return Ok(Maker::Call);
        };
        Ok(match name.cast::<PyString>() {
            Ok(name) if name == "__newobj__" => Maker::NewObj,
            Ok(name) if name == "__newobj_ex__" => Maker::NewObjEx,
            _ => Maker::Call,
        })
    }

    fn save_newobj(&mut self, args: &Bound<'py, PyTuple>, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        if args.is_empty() {
            return Err(PyIndexError::new_err("tuple index out of range").into());
        }
        let class = args.get_item(0)?;
        self.check_class(&class, object, "__newobj__")?;
        self.save(class.as_borrowed())?;
        if args.len() == 1 {
            self.out.tuple(0)?;
        } else {
            self.save(args.get_slice(1, args.len()).as_any().as_borrowed())?;
        }
        Ok(self.out.newobj()?)
    }

    fn save_newobj_ex(&mut self, args: &Bound<'py, PyTuple>, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let py = self.py;
        let (class, args, kwargs): (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>) =
            args.extract()?;
        self.check_class(&class, object, "__newobj_ex__")?;
        if self.protocol >= Protocol::V4 {
            self.save(class.as_borrowed())?;
            self.save(args.as_borrowed())?;
            self.save(kwargs.as_borrowed())?;
            return Ok(self.out.newobj_ex()?);
        }
        // partial(class.__new__, class, *args, **kwargs)()
        let mut all = vec![class.getattr(intern!(py, "__new__"))?, class];
        for arg in args.try_iter()? {
            all.push(arg?);
        }
        let partial = py
            .import(intern!(py, "functools"))?
            .getattr(intern!(py, "partial"))?;
        let kwargs = kwargs.cast::<PyDict>().map_err(PyErr::from)?;
        let partial = partial.call(PyTuple::new(py, all)?, Some(kwargs))?;
        self.save(partial.as_borrowed())?;
        self.save(PyTuple::empty(py).as_any().as_borrowed())?;
        Ok(self.out.reduce()?)
    }

    fn check_class(
        &self,
        class: &Bound<'py, PyAny>,
        object: Borrowed<'_, 'py, PyAny>,
        maker: &str,
    ) -> Result<()> {
        let py = self.py;
        if !class.is_instance_of::<PyType>() && !class.hasattr(intern!(py, "__new__"))? {
            let message = format!("args[0] from {maker} args has no __new__");
            return Err(Failure::pickling(py, message));
        }
        if !class.is(&object.getattr(intern!(py, "__class__"))?) {
            let message = format!("args[0] from {maker} args has the wrong class");
            return Err(Failure::pickling(py, message));
        }
        Ok(())
    }

    /// Writes a call that makes an object.
    pub(super) fn save_call(
        &mut self,
        callable: Bound<'py, PyAny>,
        args: Bound<'py, PyTuple>,
        object: Borrowed<'_, 'py, PyAny>,
    ) -> Result<()> {
        self.save_recipe(Recipe::call(callable, args), object)
    }

    /// A set or frozenset where the protocol has no opcode for it.
    pub(super) fn save_set_call(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let py = self.py;
        let items = PyList::empty(py);
        for item in object.try_iter()? {
            items.append(item?)?;
        }
        let args = PyTuple::new(py, [items])?;
        self.save_call(object.get_type().into_any(), args, object)
    }

    /// Bytes where the protocol has no opcode for them.
    pub(super) fn save_bytes_call(&mut self, bytes: &Bound<'py, PyBytes>) -> Result<()> {
        let py = self.py;
        let object = bytes.as_any().as_borrowed();
        if bytes.as_bytes().is_empty() {
            return self.save_call(object.get_type().into_any(), PyTuple::empty(py), object);
        }
        let encode = py.import(intern!(py, "codecs"))?.getattr(intern!(py, "encode"))?;
        let latin1 = intern!(py, "latin1");
        let text = bytes.call_method1(intern!(py, "decode"), (latin1,))?;
        let args = PyTuple::new(py, [&text, latin1.as_any()])?;
        self.save_call(encode, args, object)
    }

    /// A bytearray where the protocol has no opcode for it.
    pub(super) fn save_bytearray_call(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let py = self.py;
        let class = object.get_type().into_any();
        if object.len()? == 0 {
            return self.save_call(class, PyTuple::empty(py), object);
        }
        let bytes = py.get_type::<PyBytes>().call1((object,))?;
        self.save_call(class, PyTuple::new(py, [bytes])?, object)
    }
}

/// An attribute. One that is `None` is not there before Python 3.13.
fn attribute<'py>(
    object: Borrowed<'_, 'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let value = object.getattr_opt(name)?;
    Ok(value.filter(|value| !value.is_none() || object.py().version_info() >= (3, 13)))
}
