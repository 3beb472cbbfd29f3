//! What the names in a pickle stand for.

use pyo3::exceptions::{PyAttributeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

/// What `_Unpickler.find_class` finds: the module is imported; from protocol 4 on, dots lead to attributes.
pub(super) fn find<'py>(
    py: Python<'py>,
    module: &str,
    name: &str,
    protocol: u8,
) -> PyResult<Bound<'py, PyAny>> {
    static AUDIT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let audit = AUDIT.import(py, "sys", "audit")?;
    audit.call1((intern!(py, "pickle.find_class"), module, name))?;
    let module = py.import(module)?.into_any();
    if protocol < 4 {
        return module.getattr(name);
    }
    name.split('.').try_fold(module.clone(), |object, part| {
        if part == "<locals>" {
            let message = format!("Can't get local attribute '{name}' on {}", module.repr()?);
            return Err(PyAttributeError::new_err(message));
        }
        object.getattr(part).map_err(|e| {
            if !e.is_instance_of::<PyAttributeError>(py) {
                return e;
            }
            match module.repr() {
                Ok(module) => PyAttributeError::new_err(format!("Can't get attribute '{name}' on {module}")),
                Err(e) => e,
            }
        })
    })
}

/// What a code of the extension registry stands for. What was found is kept where `pickle` keeps it.
pub(super) fn extension(py: Python<'_>, code: u32, protocol: u8) -> PyResult<Bound<'_, PyAny>> {
    let copyreg = py.import(intern!(py, "copyreg"))?;
    let dict = |name| Ok::<_, PyErr>(copyreg.getattr(name)?.cast_into::<PyDict>()?);
    let cache = dict(intern!(py, "_extension_cache"))?;
    if let Some(found) = cache.get_item(code)? {
        return Ok(found);
    }
    let registry = dict(intern!(py, "_inverted_registry"))?;
    let Some(key) = registry.get_item(code)? else {
        return Err(PyValueError::new_err(format!(
            "unregistered extension code {code}"
        )));
    };
    let (module, name): (String, String) = key.cast::<PyTuple>()?.extract()?;
    let found = find(py, &module, &name, protocol)?;
    cache.set_item(code, &found)?;
    Ok(found)
}
