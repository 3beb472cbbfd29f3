//! Following paths, and naming the way to what is below a value.

use std::collections::HashSet;

use super::{Id, Value, View};
use crate::path::{PARTS, Path, Step, is_name};
use crate::{Error, Result};

/// A [`Step`] that borrows from the document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StepRef<'d> {
    Name(&'d str),
    Key(&'d str),
    Index(i64),
    NthKey(usize),
    NthValue(usize),
    NthState(usize),
}

impl StepRef<'_> {
    pub(crate) fn to_step(self) -> Step {
        match self {
            Self::Name(name) => Step::Name(name.into()),
            Self::Key(key) => Step::Key(key.into()),
            Self::Index(n) => Step::Index(n),
            Self::NthKey(n) => Step::NthKey(n),
            Self::NthValue(n) => Step::NthValue(n),
            Self::NthState(n) => Step::NthState(n),
        }
    }
}

/// Keys that are longer, in bytes, are not named in the paths of what stands under them. One text can be the key of any number
/// of dicts, and each of them would have to look at all of it.
const LONGEST_STEP: usize = 256;

/// An index as paths have it. No container has as many items as would not fit.
fn index(i: usize) -> StepRef<'static> {
    StepRef::Index(i64::try_from(i).unwrap_or(i64::MAX))
}

impl<'d> Value<'d> {
    /// The value at a [path](crate::path) from here.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) if that is no path, or if nothing is there; the error says how far
    /// the path leads, and what is there.
    pub fn at_path(self, path: &str) -> Result<Self> {
        self.follow(&path.parse()?)
    }

    /// The value at a parsed path from here.
    ///
    /// # Errors
    /// [`Parameter`](crate::ErrorKind::Parameter) as for [`at_path`](Self::at_path).
    pub fn follow(self, path: &Path) -> Result<Self> {
        let mut value = self;
        for (i, step) in path.steps.iter().enumerate() {
            value = value.step(step).ok_or_else(|| {
                let before = match i {
                    0 => "the object".to_owned(),
                    _ => {
                        let steps = path.steps[..i].to_vec();
                        Path { steps }.to_string()
                    }
                };
                Error::parameter(format!("nothing at {path}: {before} ({value:?}) has no {step}"))
            })?;
        }
        Ok(value)
    }

    fn step(self, step: &Step) -> Option<Self> {
        match (step, self.node()) {
            (Step::Name(name), View::Object(term)) => match &**name {
                "callable" => Some(self.at(term.callable)),
                "args" => Some(self.at(term.args)),
                "kwargs" => term.kwargs.map(|id| self.at(id)),
                "state" => term.state.map(|id| self.at(id)),
                name => self.find(name).or_else(|| self.find_attr(name)),
            },
            (Step::Name(key) | Step::Key(key), View::Dict(_) | View::Object(_)) => self.find(key),
            (&Step::Index(n), View::Dict(pairs)) => self.int_key(pairs, n),
            (&Step::Index(n), View::Object(term)) if term.items().is_empty() => self.int_key(term.pairs(), n),
            (&Step::Index(n), node) => {
                let items = match node {
                    View::Tuple(items) | View::List(items) | View::Set(items) | View::FrozenSet(items) => {
                        items
                    }
                    View::ObjectArray(objects) => &objects.items,
                    View::Object(term) => term.items(),
                    _ => return None,
                };
                items.get(usize::try_from(n).ok()?).map(|&id| self.at(id))
            }
            (&Step::NthKey(n), node) => Some(self.at(pairs(node)?.get(n)?.0)),
            (&Step::NthValue(n), node) => Some(self.at(pairs(node)?.get(n)?.1)),
            (&Step::NthState(n), _) => self.as_object()?.states().nth(n),
            _ => None,
        }
    }

    /// The value of an integer key.
    fn int_key(self, pairs: &[(Id, Id)], n: i64) -> Option<Self> {
        let is_key = |&&(key, _): &&(Id, Id)| matches!(self.at(key).node(), View::Int(key) if key == n);
        pairs.iter().rev().find(is_key).map(|&(_, value)| self.at(value))
    }

    /// What is right below this value, each with the path of a step that leads there: the items of sequences, keys and
    /// values of dicts by turns, and all parts of objects.
    pub fn below(self) -> impl ExactSizeIterator<Item = (Path, Self)> {
        self.children().into_iter().map(move |(step, id)| {
            let steps = vec![step.to_step()];
            (Path { steps }, self.at(id))
        })
    }

    /// As [`below`](Self::below), in a form that borrows.
    pub(crate) fn children(self) -> Vec<(StepRef<'d>, Id)> {
        let numbered = |items: &[Id]| -> Vec<(StepRef<'d>, Id)> {
            items.iter().enumerate().map(|(i, &id)| (index(i), id)).collect()
        };
        match self.node() {
            View::Tuple(items) | View::List(items) | View::Set(items) | View::FrozenSet(items) => {
                numbered(items)
            }
            View::ObjectArray(objects) => numbered(&objects.items),
            View::Dict(pairs) => {
                let mut children = Vec::with_capacity(2 * pairs.len());
                self.entries(pairs, &mut children);
                children
            }
            View::Object(term) => {
                let mut children = vec![
                    (StepRef::Name(PARTS[0]), term.callable),
                    (StepRef::Name(PARTS[1]), term.args),
                ];
                children.extend(term.kwargs.map(|id| (StepRef::Name(PARTS[2]), id)));
                children.extend(numbered(term.items()));
                self.entries(term.pairs(), &mut children);
                let earlier = term.earlier_states().iter().enumerate();
                children.extend(earlier.map(|(i, &id)| (StepRef::NthState(i), id)));
                children.extend(term.state.map(|id| (StepRef::Name(PARTS[3]), id)));
                children
            }
            _ => Vec::new(),
        }
    }

    /// Keys and values by turns. A value is named by its key if that leads there and is not long, otherwise by its number.
    fn entries(self, pairs: &'d [(Id, Id)], out: &mut Vec<(StepRef<'d>, Id)>) {
        let is_dict = matches!(self.node(), View::Dict(_));
        let (mut texts, mut ints) = (HashSet::new(), HashSet::new());
        let start = out.len();
        // From the end, as the last of equal keys is the one that counts.
        for (i, &(key, value)) in pairs.iter().enumerate().rev() {
            let by_key = match self.at(key).node() {
                View::Int(n) if is_dict && ints.insert(n) => Some(StepRef::Index(n)),
                _ => self
                    .at(key)
                    .as_str()
                    .filter(|text| text.len() <= LONGEST_STEP && texts.insert(*text))
                    .map(|text| {
                        if is_dict && is_name(text) {
                            StepRef::Name(text)
                        } else {
                            StepRef::Key(text)
                        }
                    }),
            };
            out.push((by_key.unwrap_or(StepRef::NthValue(i)), value));
            out.push((StepRef::NthKey(i), key));
        }
        out[start..].reverse();
    }
}

/// The entries set on a dict or object.
fn pairs(node: View<'_>) -> Option<&[(Id, Id)]> {
    match node {
        View::Dict(pairs) => Some(pairs),
        View::Object(term) => Some(term.pairs()),
        _ => None,
    }
}
