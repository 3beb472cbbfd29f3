//! Classes and functions: written by name, once it is sure that the name leads to them.

use demijohn_pickle::Protocol;
use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use pyo3::{Borrowed, intern};

use super::failure::{Failure, Result};
use super::pickler::Pickler;

/// Under which name an object is known.
struct Found<'py> {
    module_name: Bound<'py, PyString>,
    name: Bound<'py, PyString>,
    module: Bound<'py, PyAny>,
    /// Of what the thing is an attribute.
    parent: Bound<'py, PyAny>,
}

impl<'py> Pickler<'py, '_> {
    /// Writes a class whose class is `type`.
    pub(super) fn save_type(&mut self, object: Borrowed<'_, 'py, PyAny>) -> Result<()> {
        let py = self.py;
        for only in [
            py.None().into_bound(py),
            py.NotImplemented().into_bound(py),
            py.Ellipsis().into_bound(py),
        ] {
            if object.is(only.get_type()) {
                let args = PyTuple::new(py, [only])?;
                return self.save_call(object.get_type().into_any(), args, object);
            }
        }
        self.save_global(object, None)
    }

    /// Writes a class, a function, or an object that says by which name it is known.
    pub(super) fn save_global(
        &mut self,
        object: Borrowed<'_, 'py, PyAny>,
        name: Option<&Bound<'py, PyString>>,
    ) -> Result<()> {
        let py = self.py;
        let found = match self.look_up(object, name) {
            Ok(Some(found)) => found,
            Err(e) if !e.is_instance_of::<PyException>(py) => return Err(e.into()),
            _ => return Err(self.not_found(object, name)),
        };
        let Found {
            module_name,
            name,
            module,
            parent,
        } = found;
        if self.protocol >= Protocol::V2
            && let Some(code) = self.known.extensions.get_item((&module_name, &name))?
        {
            return self.save_extension(code.extract()?);
        }
        let text = name.to_cow()?.into_owned();
        let last = text.rsplit('.').next().unwrap_or_default();
        let of_module = parent.is(&module);
        let name = if of_module && last.len() < text.len() {
            PyString::new(py, last)
        } else {
            name
        };
        if self.protocol >= Protocol::V4 {
            self.save_text(&module_name)?;
            self.save_text(&name)?;
            self.out.stack_global()?;
            return self.memoize(object);
        }
        if of_module {
            self.save_lines(&module_name, last)?;
            return self.memoize(object);
        }
        let getattr = py
            .import(intern!(py, "builtins"))?
            .getattr(intern!(py, "getattr"))?;
        if py.version_info() < (3, 13) {
            let args = PyTuple::new(py, [parent, PyString::new(py, last).into_any()])?;
            self.save(getattr.as_borrowed())?;
            self.save(args.as_any().as_borrowed())?;
            self.out.reduce()?;
            return self.memoize(object);
        }
        let (first, attributes) = text.split_once('.').unwrap_or((&text, ""));
        let attributes = attributes.split('.');
        for _ in attributes.clone() {
            self.save(getattr.as_borrowed())?;
            if self.protocol < Protocol::V2 {
                self.out.mark()?;
            }
        }
        self.save_lines(&module_name, first)?;
        for attribute in attributes {
            self.save_text(&PyString::new(py, attribute))?;
            if self.protocol < Protocol::V2 {
                self.out.tuple_from_mark()?;
            } else {
                self.out.tuple(2)?;
            }
            self.out.reduce()?;
        }
        self.memoize(object)
    }

    /// Writes a code of the extension registry.
    fn save_extension(&mut self, code: i64) -> Result<()> {
        match u32::try_from(code) {
            Ok(code @ 1..=0x7fff_ffff) => Ok(self.out.extension(code)?),
            _ => {
                let message = format!("extension code {code} is out of range");
                Err(PyRuntimeError::new_err(message).into())
            }
        }
    }

    /// Writes module and name in the form of old protocols.
    fn save_lines(&mut self, module: &Bound<'py, PyString>, name: &str) -> Result<()> {
        let module = module.to_cow()?;
        if self.protocol < Protocol::V3 && !(module.is_ascii() && name.is_ascii()) {
            let message = format!(
                "can't pickle global identifier '{module}.{name}' using pickle protocol {}",
                self.protocol.number()
            );
            return Err(Failure::pickling(self.py, message));
        }
        Ok(self.out.global(&module, name)?)
    }

    /// Finds an object by its name; nothing if the name leads to another one.
    fn look_up(
        &self,
        object: Borrowed<'_, 'py, PyAny>,
        name: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Option<Found<'py>>> {
        let py = self.py;
        let name = match name {
            Some(name) => name.clone(),
            None => match object.getattr_opt(intern!(py, "__qualname__"))? {
                Some(name) if !name.is_none() => name.cast_into()?,
                _ => object.getattr(intern!(py, "__name__"))?.cast_into()?,
            },
        };
        let path = name.to_cow()?.into_owned();
        let module_name = module_of(object, &path)?;
        let module = py.import(&module_name)?.into_any();
        let (found, parent) = follow(&module, &path)?;
        Ok(found.is(object).then_some(Found {
            module_name,
            name,
            module,
            parent,
        }))
    }

    /// Says what `pickle.py` of this Python says of an object that no name leads to.
    fn not_found(&self, object: Borrowed<'_, 'py, PyAny>, name: Option<&Bound<'py, PyString>>) -> Failure {
        let py = self.py;
        let asked = || -> PyResult<()> {
            let file = py.import("io")?.getattr("BytesIO")?.call0()?;
            let pickler = py
                .import("pickle")?
                .getattr("_Pickler")?
                .call1((file, self.protocol.number()))?;
            pickler.call_method1("save_global", (object, name))?;
            Ok(())
        };
        match asked() {
            Err(e) => e.into(),
            Ok(()) => Failure::pickling(
                py,
                format!("Can't pickle {object:?}: its name does not lead to it"),
            ),
        }
    }
}

/// The name of the module that an object says it is from, or else of one that has it.
fn module_of<'py>(object: Borrowed<'_, 'py, PyAny>, path: &str) -> PyResult<Bound<'py, PyString>> {
    let py = object.py();
    if let Some(module) = object.getattr_opt(intern!(py, "__module__"))?
        && !module.is_none()
    {
        return Ok(module.cast_into()?);
    }
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    // A copy, because asking a module may import others.
    let modules = modules.call_method0(intern!(py, "copy"))?.cast_into::<PyDict>()?;
    for (name, module) in modules {
        let Ok(name) = name.cast_into::<PyString>() else {
            continue;
        };
        let is_main = ["__main__", "__mp_main__"].iter().any(|main| name == *main);
        if is_main || module.is_none() {
            continue;
        }
        if follow(&module, path).is_ok_and(|(found, _)| found.is(object)) {
            return Ok(name);
        }
    }
    Ok(PyString::new(py, "__main__"))
}

/// Follows a dotted path; answers where it ends and the last stop before.
fn follow<'py>(from: &Bound<'py, PyAny>, path: &str) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let (mut object, mut parent) = (from.clone(), from.clone());
    for name in path.split('.') {
        parent = object;
        object = parent.getattr(name)?;
    }
    Ok((object, parent))
}
