//! Visiting everything in a document.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use demijohn_arrays::Array;

use super::resolve::StepRef;
use super::{Document, Id, Value};
use crate::path::Path;
use crate::{Error, Kind};

/// How far an error looks for the path of the value it is about, and how long a path it shows.
const LOOK: usize = 10_000;
const SHOWN: usize = 50;

/// How a value was reached: the step that led there, and from where.
#[derive(Clone, Copy)]
pub(super) struct Link<'d> {
    pub(super) from: u32,
    pub(super) step: Option<StepRef<'d>>,
}

/// The path that ends with a link.
pub(super) fn path<'d>(trail: &[Link<'d>], mut at: u32) -> Path {
    let mut steps = Vec::new();
    while let Some(step) = trail[at as usize].step {
        steps.push(step.to_step());
        at = trail[at as usize].from;
    }
    steps.reverse();
    Path { steps }
}

/// Visits all that can be reached from a value; see [`Document::walk`].
///
/// Takes memory in proportion to what has been visited, and no stack.
pub struct Walk<'d> {
    root: Value<'d>,
    seen: Vec<bool>,
    todo: Vec<(Id, Link<'d>)>,
    /// How much there was to do without the parts of the last value.
    without_parts: usize,
    trail: Rc<RefCell<Vec<Link<'d>>>>,
}

/// A value that a [`Walk`] has come to.
#[derive(Clone)]
pub struct Visit<'d> {
    value: Value<'d>,
    at: u32,
    trail: Rc<RefCell<Vec<Link<'d>>>>,
}

impl<'d> Visit<'d> {
    /// The value.
    #[must_use]
    pub fn value(&self) -> Value<'d> {
        self.value
    }

    /// The path to it from where the walk began; one of several, if it is shared. Takes time in proportion to its
    /// length.
    #[must_use]
    pub fn path(&self) -> Path {
        path(&self.trail.borrow(), self.at)
    }
}

impl fmt::Debug for Visit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visit({:?})", self.value)
    }
}

impl<'d> Walk<'d> {
    pub(super) fn new(root: Value<'d>) -> Self {
        let link = Link { from: 0, step: None };
        Self {
            root,
            seen: vec![false; root.arena_len()],
            todo: vec![(root.id, link)],
            without_parts: 0,
            trail: Rc::default(),
        }
    }

    /// Does not go on to the parts of the value that was visited last, other than by another way.
    ///
    /// ```
    /// // pickle.dumps([[1], 2], 2)
    /// let bytes = b"\x80\x02](]K\x01aK\x02e.";
    /// let document = demijohn_pickle::read(&mut bytes.as_slice())?;
    /// let mut walk = document.walk();
    /// walk.by_ref().nth(1);
    /// walk.skip_parts();
    /// assert_eq!(walk.next().unwrap().path().to_string(), "[1]");
    /// # Ok::<(), demijohn_pickle::Error>(())
    /// ```
    pub fn skip_parts(&mut self) {
        self.todo.truncate(self.without_parts);
    }
}

impl fmt::Debug for Walk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Walk({} visited)", self.trail.borrow().len())
    }
}

impl<'d> Iterator for Walk<'d> {
    type Item = Visit<'d>;

    fn next(&mut self) -> Option<Visit<'d>> {
        let (id, link) = loop {
            let (id, link) = self.todo.pop()?;
            if !std::mem::replace(&mut self.seen[id.index()], true) {
                break (id, link);
            }
        };
        let at = u32::try_from(self.trail.borrow().len()).expect("no more than there are nodes");
        self.trail.borrow_mut().push(link);
        let value = self.root.at(id);
        self.without_parts = self.todo.len();
        let below = value.children().into_iter().rev();
        self.todo
            .extend(below.filter(|(_, id)| !self.seen[id.index()]).map(|(step, id)| {
                let step = Some(step);
                (id, Link { from: at, step })
            }));
        Some(Visit {
            value,
            at,
            trail: Rc::clone(&self.trail),
        })
    }
}

impl<'d> Value<'d> {
    /// All values that can be reached from here, as [`Document::walk`] has them.
    #[must_use]
    pub fn walk(self) -> Walk<'d> {
        Walk::new(self)
    }
}

impl Document {
    /// All arrays of plain data, each once, with their paths.
    pub fn arrays(&self) -> impl Iterator<Item = (Path, &Array)> {
        self.walk()
            .filter(|visit| visit.value.kind() == Kind::Array)
            .filter_map(|visit| Some((visit.path(), visit.value.as_array()?)))
    }
}

impl Error {
    /// Says where the value is that the error is about, if that is soon found.
    pub(crate) fn in_value(self, value: Value<'_>) -> Self {
        let Some(root) = value.root().filter(|_| !value.is_common()) else {
            return self;
        };
        let visit = root.walk().take(LOOK).find(|visit| visit.value.is(value));
        match visit.map(|visit| visit.path()) {
            Some(path) if !path.is_root() && path.depth() <= SHOWN => self.at_path(path),
            _ => self,
        }
    }
}
