//! Printing values, within bounds.

use std::collections::HashMap;
use std::fmt;

use super::walk::{Link, path};
use super::{Id, Kind, Value, View};
use crate::graph::resolve::StepRef;

/// How many values are printed unless the caller says otherwise.
const NODES: usize = 1000;

/// A value in one line, much as Python would print it: [`Value::summary`].
#[derive(Clone, Copy)]
pub struct Summary<'d> {
    value: Value<'d>,
    nodes: usize,
}

impl<'d> Value<'d> {
    /// Something that prints the value with all that is in it, much as Python would: `{"a": [1, 2], "w": array(<f8 (2,
    /// 3) C)}`.
    ///
    /// The output is bounded whatever the value is: arrays, long texts and byte strings are summarised, a container
    /// that was printed before is a reference to the path where it was (`<a.b>`), which goes for cycles too, and after
    /// 1000 values (or [as many as asked for](Summary::nodes)) there are only dots.
    #[must_use]
    pub fn summary(self) -> Summary<'d> {
        Summary {
            value: self,
            nodes: NODES,
        }
    }
}

impl Summary<'_> {
    /// Prints this many values at most.
    #[must_use]
    pub fn nodes(self, nodes: usize) -> Self {
        Self { nodes, ..self }
    }
}

impl fmt::Debug for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is still to be printed, the next on top.
enum Todo<'d> {
    Text(&'static str),
    Value(Id, Link<'d>),
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.nodes;
        let mut trail: Vec<Link<'_>> = Vec::new();
        let mut printed: HashMap<Id, u32> = HashMap::new();
        let start = Link { from: 0, step: None };
        let mut todo = vec![Todo::Value(self.value.id, start)];
        while let Some(next) = todo.pop() {
            let (id, link) = match next {
                Todo::Text(text) => {
                    f.write_str(text)?;
                    continue;
                }
                Todo::Value(id, link) => (id, link),
            };
            if left == 0 {
                f.write_str("…")?;
                continue;
            }
            left -= 1;
            let value = self.value.at(id);
            let Some((open, close)) = delimiters(value) else {
                write!(f, "{value:?}")?;
                continue;
            };
            if let Some(&at) = printed.get(&id) {
                write!(f, "<{}>", path(&trail, at))?;
                continue;
            }
            let at = u32::try_from(trail.len()).expect("no more than there are nodes");
            trail.push(link);
            printed.insert(id, at);
            f.write_str(open)?;
            todo.push(Todo::Text(close));
            let children = value.children();
            let shown = children.len().min(left + 1);
            push_children(value, &children[..shown], shown < children.len(), at, &mut todo);
        }
        Ok(())
    }
}

/// What stands around the items of a container; `None` for what has none to print.
fn delimiters(value: Value<'_>) -> Option<(&'static str, &'static str)> {
    Some(match value.node() {
        View::Tuple(items) if items.len() == 1 => ("(", ",)"),
        View::Tuple(_) => ("(", ")"),
        View::List(_) => ("[", "]"),
        View::Dict(_) | View::Set(_) => ("{", "}"),
        View::FrozenSet(_) => ("frozenset({", "})"),
        View::ObjectArray(_) => ("array([", "], object)"),
        View::Object(_) => match value.kind() {
            Kind::Object => ("<", ">"),
            Kind::OrderedDict => ("OrderedDict(", ")"),
            Kind::DefaultDict => ("defaultdict(", ")"),
            Kind::Counter => ("Counter(", ")"),
            Kind::Deque => ("deque(", ")"),
            Kind::Set => ("set(", ")"),
            Kind::FrozenSet => ("frozenset(", ")"),
            _ => return None,
        },
        _ => return None,
    })
}

/// Pushes what is between the delimiters, the last first.
fn push_children<'d>(
    value: Value<'d>,
    children: &[(StepRef<'d>, Id)],
    cut: bool,
    from: u32,
    todo: &mut Vec<Todo<'d>>,
) {
    if cut {
        todo.push(Todo::Text(", …"));
    }
    // The callable of a well-known value goes without saying.
    let known = matches!(value.node(), View::Object(_)) && value.kind() != Kind::Object;
    let children = if known {
        &children[1.min(children.len())..]
    } else {
        children
    };
    for (i, &(step, id)) in children.iter().enumerate().rev() {
        todo.push(Todo::Value(
            id,
            Link {
                from,
                step: Some(step),
            },
        ));
        let is_value = i > 0 && matches!(children[i - 1].0, StepRef::NthKey(_));
        todo.push(Todo::Text(match (step, i) {
            _ if is_value => ": ",
            (_, 0) => "",
            // Callable and arguments stand together.
            (StepRef::Name("args"), _) if matches!(value.node(), View::Object(_)) => "",
            (StepRef::Name("state"), _) if matches!(value.node(), View::Object(_)) => ", state: ",
            _ => ", ",
        }));
    }
}
