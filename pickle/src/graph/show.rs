//! Printing values, within bounds.

use std::collections::HashMap;
use std::fmt;

use super::walk::{Link, path};
use super::{Id, Kind, Value, View};
use crate::graph::resolve::StepRef;

/// How many values are printed unless the caller says otherwise.
const NODES: usize = 1000;

/// How many levels are indented, and by what. Deeper ones stand below one another.
const LEVELS: usize = 40;
const INDENT: &str = "    ";

/// A value with all that is in it, much as Python would print it: [`Value::summary`].
#[derive(Clone, Copy)]
pub struct Summary<'d> {
    value: Value<'d>,
    nodes: usize,
}

impl<'d> Value<'d> {
    /// Something that prints the value with all that is in it, much as Python would. With `{}` it is one line, with
    /// `{:#}` each entry of a dict has its own, and each item of what holds containers.
    ///
    /// The output is bounded whatever the value is: arrays, long texts and byte strings are summarised, a container
    /// that was printed before is a reference to the path where it was (`<a.b>`), which goes for cycles too, and after
    /// 1000 values (or [as many as asked for](Summary::nodes)) there are only dots.
    ///
    /// ```
    /// // pickle.dumps({"name": "a", "layers": [{"size": (1, 2)}]}, 2)
    /// let bytes = b"\x80\x02}(X\x04\0\0\0nameX\x01\0\0\0aX\x06\0\0\0layers]}X\x04\0\0\0sizeK\x01K\x02\x86sau.";
    /// let document = demijohn_pickle::read(&mut bytes.as_slice())?;
    /// let summary = document.root().summary();
    /// assert_eq!(format!("{summary}"), r#"{"name": "a", "layers": [{"size": (1, 2)}]}"#);
    /// let lines = r#"{
    ///     "name": "a",
    ///     "layers": [
    ///         {
    ///             "size": (1, 2),
    ///         },
    ///     ],
    /// }"#;
    /// assert_eq!(format!("{summary:#}"), lines);
    /// # Ok::<(), demijohn_pickle::Error>(())
    /// ```
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
    /// The beginning of a line at this level.
    Line(usize),
    Value(Id, Link<'d>, usize),
    /// The end of a container, at the beginning of a line if there is a level.
    Close(&'static str, Option<usize>),
}

fn line(f: &mut fmt::Formatter<'_>, level: usize) -> fmt::Result {
    f.write_str("\n")?;
    (0..level.min(LEVELS)).try_for_each(|_| f.write_str(INDENT))
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.nodes;
        let mut trail: Vec<Link<'_>> = Vec::new();
        let mut printed: HashMap<Id, u32> = HashMap::new();
        let start = Link { from: 0, step: None };
        let mut todo = vec![Todo::Value(self.value.id, start, 0)];
        while let Some(next) = todo.pop() {
            let (id, link, level) = match next {
                Todo::Text(text) => {
                    f.write_str(text)?;
                    continue;
                }
                Todo::Line(level) => {
                    line(f, level)?;
                    continue;
                }
                Todo::Close(text, None) => {
                    f.write_str(text)?;
                    continue;
                }
                Todo::Close(text, Some(level)) => {
                    f.write_str(",")?;
                    line(f, level)?;
                    // The comma of a tuple of one is there already.
                    f.write_str(text.trim_start_matches(','))?;
                    continue;
                }
                Todo::Value(id, link, level) => (id, link, level),
            };
            if left == 0 {
                f.write_str("…")?;
                let end = todo.iter().rposition(|next| matches!(next, Todo::Close(..)));
                todo.truncate(end.map_or(0, |end| end + 1));
                continue;
            }
            left -= 1;
            let value = self.value.at(id);
            let Some((open, close)) = delimiters(value) else {
                write!(f, "{value:?}")?;
                continue;
            };
            if value.is_common() {
                write!(f, "{open}{close}")?;
                continue;
            }
            if let Some(&at) = printed.get(&id) {
                write!(f, "<{}>", path(&trail, at))?;
                continue;
            }
            let at = u32::try_from(trail.len()).expect("no more than there are nodes");
            trail.push(link);
            printed.insert(id, at);
            f.write_str(open)?;
            let mut children = value.children();
            if is_known(value) {
                // The callable goes without saying.
                children.drain(..1.min(children.len()));
            }
            // What is behind them could not be printed.
            children.truncate(left + 1);
            let lines = f.alternate() && has_lines(value, &children);
            let lines = lines.then_some(level);
            todo.push(Todo::Close(close, lines));
            push(value, &children, at, lines, level, &mut todo);
        }
        Ok(())
    }
}

/// Whether it is a call of a well-known name that is shown by a name of its own.
fn is_known(value: Value<'_>) -> bool {
    matches!(value.node(), View::Object(_)) && value.kind() != Kind::Object
}

/// Whether each item is to have a line of its own.
fn has_lines(value: Value<'_>, children: &[(StepRef<'_>, Id)]) -> bool {
    let holds = |id: Id| {
        let child = value.at(id);
        !child.is_common() && delimiters(child).is_some()
    };
    match value.node() {
        View::Object(_) => false,
        View::Dict(_) => !children.is_empty(),
        _ => children.iter().any(|&(_, id)| holds(id)),
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
        View::ObjectArray(objects) if objects.dtype.is_none() => ("array([", "], object)"),
        View::ObjectArray(_) => ("array([", "])"),
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

/// Puts what a container holds on top of what is to be printed: in lines one level below that of the container, if
/// this has one.
fn push<'d>(
    value: Value<'d>,
    children: &[(StepRef<'d>, Id)],
    from: u32,
    lines: Option<usize>,
    level: usize,
    todo: &mut Vec<Todo<'d>>,
) {
    let (inner, separator) = match lines {
        Some(level) => (level + 1, ","),
        None => (level, ", "),
    };
    let separate = |todo: &mut Vec<Todo<'d>>, text: &'static str| {
        todo.extend(lines.map(|_| Todo::Line(inner)));
        todo.push(Todo::Text(text));
    };
    let is_object = matches!(value.node(), View::Object(_));
    for (i, &(step, id)) in children.iter().enumerate().rev() {
        let is_value = i > 0 && matches!(children[i - 1].0, StepRef::NthKey(_));
        let link = Link {
            from,
            step: Some(step),
        };
        todo.push(Todo::Value(id, link, inner));
        match (step, i) {
            _ if is_value => todo.push(Todo::Text(": ")),
            (_, 0) => separate(todo, ""),
            // Callable and arguments stand together.
            (StepRef::Name("args"), _) if is_object => {}
            (StepRef::Name("state"), _) if is_object => todo.push(Todo::Text(", state: ")),
            _ => separate(todo, separator),
        }
    }
}
