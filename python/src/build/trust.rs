//! Loading files that are not trusted: what the native side asks the policy of `demijohn/_safe.py`.

use std::collections::HashSet;

use demijohn::GlobalEntry;
use demijohn::pickle::known::is_known_safe;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::held::Held;

type Object<'py> = Bound<'py, PyAny>;

/// What a file may name, and who decides on what it does with that.
pub(super) struct Trust<'py> {
    names: HashSet<String>,
    policy: Object<'py>,
}

impl<'py> Trust<'py> {
    /// On top of what is known to be harmless, these names are trusted.
    pub(super) fn new(trusted: &Object<'py>) -> PyResult<Self> {
        let names = trusted.try_iter()?.map(|name| name?.extract());
        let names = names.collect::<PyResult<_>>()?;
        let policy = trusted.py().import("demijohn._safe")?.getattr("Policy")?;
        Ok(Self {
            names,
            policy: policy.call1((trusted,))?,
        })
    }

    fn admits(&self, module: &str, name: &str) -> bool {
        is_known_safe(module, name) || self.names.contains(&format!("{module}.{name}"))
    }

    /// Makes sure that all of these may be named; the error tells all that may not.
    pub(super) fn admit_all(&self, names: &[GlobalEntry]) -> PyResult<()> {
        let refused = names
            .iter()
            .filter(|global| !self.admits(&global.module, &global.name));
        let refused: Vec<_> = refused.map(|global| (&*global.module, &*global.name)).collect();
        if refused.is_empty() {
            return Ok(());
        }
        self.refuse(refused)
    }

    /// Makes sure that this may be named.
    pub(super) fn admit(&self, module: &str, name: &str) -> PyResult<()> {
        if self.admits(module, name) {
            return Ok(());
        }
        self.refuse(vec![(module, name)])
    }

    fn refuse(&self, names: Vec<(&str, &str)>) -> PyResult<()> {
        let py = self.policy.py();
        self.policy
            .call_method1(intern!(py, "untrusted"), (names,))
            .map(drop)
    }

    /// A name was looked up.
    pub(super) fn found(&self, module: &str, name: &str, value: &Object<'py>) -> PyResult<()> {
        let py = value.py();
        self.policy
            .call_method1(intern!(py, "found"), (module, name, value))
            .map(drop)
    }

    /// With what this may be called instead of these arguments.
    pub(super) fn call(&self, callable: &Object<'py>, args: &Object<'py>) -> PyResult<Object<'py>> {
        self.policy
            .call_method1(intern!(args.py(), "call"), (callable, args))
    }

    /// It was called, or an instance was made of it, and this came of it.
    pub(super) fn made(&self, callable: &Object<'py>, made: &Object<'py>) -> PyResult<()> {
        let py = made.py();
        self.policy
            .call_method1(intern!(py, "made"), (callable, made))
            .map(drop)
    }

    /// The object is complete.
    pub(super) fn finish(&self) -> PyResult<()> {
        let py = self.policy.py();
        self.policy.call_method0(intern!(py, "finish")).map(drop)
    }

    /// Makes sure that an instance may be made.
    pub(super) fn new_instance(
        &self,
        class: &Object<'py>,
        args: &Object<'py>,
        kwargs: Option<&Object<'py>>,
    ) -> PyResult<()> {
        let py = args.py();
        self.policy
            .call_method1(intern!(py, "new"), (class, args, kwargs))
            .map(drop)
    }

    /// Makes sure that an object may be given items.
    pub(super) fn items(&self, target: &Object<'py>, items: &[Held<'py>]) -> PyResult<()> {
        let py = target.py();
        let items = PyList::new(py, items.iter().map(|item| &**item))?;
        self.policy
            .call_method1(intern!(py, "items"), (target, items))
            .map(drop)
    }

    /// The state that an object may be given instead of this one.
    pub(super) fn state(&self, target: &Object<'py>, state: &Object<'py>) -> PyResult<Object<'py>> {
        self.policy
            .call_method1(intern!(target.py(), "state"), (target, state))
    }
}
