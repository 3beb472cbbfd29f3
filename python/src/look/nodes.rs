//! What is in a value, as its user thinks of it: items, entries and attributes, but not the calls that a pickle makes of
//! them.

use demijohn::arrays::Layout;
use demijohn::pickle::path::Path;
use demijohn::pickle::{How, Kind};
use demijohn::{Inspection, Value};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// Dtype, shape, order, size and offset of an array.
pub(super) type ArrayRow<'py> = (String, Bound<'py, PyTuple>, &'static str, usize, Option<u64>);

/// A value as Python is told of it: path, label, type, what it is in a line, what array it is, which file that is in if
/// not in this one, and whether there is something in it.
pub(super) type Row<'py> = (
    String,
    String,
    String,
    String,
    Option<ArrayRow<'py>>,
    Option<String>,
    bool,
);

pub(super) fn array_row<'py>(
    py: Python<'py>,
    layout: &Layout,
    offset: Option<u64>,
) -> PyResult<ArrayRow<'py>> {
    Ok((
        layout.dtype().to_string(),
        PyTuple::new(py, layout.shape())?,
        layout.canonical_order().as_str(),
        layout.nbytes(),
        offset,
    ))
}

/// What is said of a value.
pub(super) fn row<'py>(
    py: Python<'py>,
    found: &Inspection,
    path: &Path,
    label: String,
    value: Value<'_>,
) -> PyResult<Row<'py>> {
    let array = match found.layout(value) {
        Some(layout) => Some(array_row(py, layout, found.offset(value))?),
        None => None,
    };
    let kind = class_of(value).unwrap_or_else(|| match array {
        Some(_) => "ndarray".to_owned(),
        None => value.type_name().to_owned(),
    });
    let summary = match value.kind() {
        Kind::Object => kind.clone(),
        _ => format!("{value:?}"),
    };
    let file = found.companion(value).map(str::to_owned);
    let filled = match value.kind() {
        Kind::Object => Parts::of(value, 0).total > 0,
        _ => is_container(value) && value.len() != Some(0),
    };
    Ok((path.to_string(), label, kind, summary, array, file, filled))
}

/// The class of an instance, or what made a thing of whatever class.
fn class_of(value: Value<'_>) -> Option<String> {
    let object = value.as_object().filter(|_| value.kind() == Kind::Object)?;
    let (module, name) = object.class().as_global()?;
    // What is called need not be a class, unless it is said to be one.
    let called = object.how() == How::Reduce && object.class().is(object.callable());
    Some(format!("{}{module}.{name}", if called { "made by " } else { "" }))
}

fn is_container(value: Value<'_>) -> bool {
    use Kind::{Counter, DefaultDict, Deque, Dict, FrozenSet, List, ObjectArray, OrderedDict, Set, Tuple};
    matches!(
        value.kind(),
        Tuple | List | Dict | Set | FrozenSet | ObjectArray | OrderedDict | DefaultDict | Counter | Deque
    )
}

/// The first parts of a value.
pub(super) struct Parts<'d> {
    most: usize,
    /// No more than are wanted, each with the path from the value, and what it is called there.
    pub(super) parts: Vec<(Path, String, Value<'d>)>,
    /// How many there are.
    pub(super) total: usize,
}

impl<'d> Parts<'d> {
    pub(super) fn of(value: Value<'d>, most: usize) -> Self {
        let mut parts = Self {
            most,
            parts: Vec::new(),
            total: 0,
        };
        if value.kind() == Kind::Object || is_container(value) {
            if value.as_object().is_some() {
                parts.object(value);
            } else {
                parts.entries(&Path::default(), value);
            }
        }
        parts
    }

    fn push(&mut self, path: Path, label: impl FnOnce() -> String, value: Value<'d>) {
        self.total += 1;
        if self.parts.len() < self.most {
            self.parts.push((path, label(), value));
        }
    }

    /// Items, and values under their keys.
    fn entries(&mut self, to: &Path, value: Value<'d>) {
        self.steps(to, value.below());
    }

    fn steps(&mut self, to: &Path, steps: impl Iterator<Item = (Path, Value<'d>)>) {
        let mut key = None;
        for (step, value) in steps {
            if step.is_key() {
                key = Some(value);
                continue;
            }
            let key = key.take();
            let path = to.join(&step);
            self.push(path, || label(&step, key), value);
        }
    }

    /// What an object is made of, and what is set on it. The class says itself what it is.
    fn object(&mut self, value: Value<'d>) {
        let instance = value.kind() == Kind::Object;
        let here = Path::default();
        let mut rest = Vec::new();
        for (step, part) in value.below() {
            match step.to_string().as_str() {
                ".callable" => {}
                ".args" if instance => {
                    let told = value
                        .as_object()
                        .is_some_and(|object| object.class().is(object.callable()));
                    if told && !part.is_empty() {
                        self.push(step, || "args".to_owned(), part);
                    }
                }
                // Of collections, the first argument is what they hold to begin with.
                ".args" => {
                    if let Some((first, items)) = part.below().next() {
                        self.entries(&step.join(&first), items);
                    }
                }
                ".state" => self.state(&step, part),
                _ => rest.push((step, part)),
            }
        }
        self.steps(&here, rest.into_iter());
    }

    /// Attributes, if the state is such: a dict, or two for classes with slots.
    fn state(&mut self, step: &Path, state: Value<'d>) {
        let is_dict = |value: Value<'_>| matches!(value.kind(), Kind::Dict | Kind::None);
        match state.kind() {
            Kind::Dict => self.entries(step, state),
            Kind::Tuple if state.len() == Some(2) && state.iter().all(is_dict) => {
                for (half, attributes) in state.below() {
                    self.entries(&step.join(&half), attributes);
                }
            }
            _ => self.push(step.clone(), || "state".to_owned(), state),
        }
    }
}

/// What a step is called: the name or number in it, or the key.
fn label(step: &Path, key: Option<Value<'_>>) -> String {
    let text = step.to_string();
    match key {
        Some(key) if text.starts_with("[value") => key.summary().nodes(10).to_string(),
        _ => match text.strip_prefix("[\"").and_then(|text| text.strip_suffix("\"]")) {
            Some(quoted) => format!("\"{quoted}\""),
            None => text.trim_start_matches('.').to_owned(),
        },
    }
}
