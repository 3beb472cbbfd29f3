//! What Python would make by calling something.

use std::fmt;

use demijohn_arrays::{DType, Layout, Order};

use super::arena::{Objects, Term};
use super::{How, Iter, Value};

/// What Python would make by calling something, and how it would go on from there.
#[derive(Clone, Copy)]
pub struct Object<'d> {
    pub(super) value: Value<'d>,
    pub(super) term: &'d Term,
}

impl<'d> Object<'d> {
    /// What kind of call it is.
    #[must_use]
    pub fn how(self) -> How {
        self.term.how
    }

    /// What is called: usually a [global](Value::as_global).
    #[must_use]
    pub fn callable(self) -> Value<'d> {
        self.value.at(self.term.callable)
    }

    /// The class of which this is an instance, in whichever protocol that was said: what is called, or the class given
    /// to `copyreg._reconstructor`.
    #[must_use]
    pub fn class(self) -> Value<'d> {
        crate::known::class(self.value).unwrap_or_else(|| self.callable())
    }

    /// The arguments: usually a tuple.
    #[must_use]
    pub fn args(self) -> Value<'d> {
        self.value.at(self.term.args)
    }

    /// The keyword arguments, a dict, if it is that kind of call.
    #[must_use]
    pub fn kwargs(self) -> Option<Value<'d>> {
        self.term.kwargs.map(|id| self.value.at(id))
    }

    /// Items appended to the result (or added, if it is a kind of set).
    #[must_use]
    pub fn appended(self) -> Iter<'d> {
        Iter::new(self.value, self.term.items(), &[])
    }

    /// The state it was given: the last one, should there be several.
    #[must_use]
    pub fn state(self) -> Option<Value<'d>> {
        self.term.state.map(|id| self.value.at(id))
    }

    /// All states it was given, in the order of the stream.
    #[must_use]
    pub fn states(self) -> Iter<'d> {
        Iter::new(self.value, self.term.earlier_states(), self.term.state.as_slice())
    }

    /// Whether what is called is the global of this name.
    #[must_use]
    pub fn calls(self, module: &str, name: &str) -> bool {
        self.callable().as_global() == Some((module, name))
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("how", &self.how())
            .field("callable", &self.callable())
            .field("args", &self.args())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// An array whose elements are, or hold, Python objects: of numpy's dtype `object`, of structs with such fields (then each
/// item is a tuple of the fields), or of `StringDType` (then each is a `str`, or what stands for a missing one).
#[derive(Clone, Copy)]
pub struct ObjectArray<'d> {
    pub(super) value: Value<'d>,
    pub(super) objects: &'d Objects,
}

impl<'d> ObjectArray<'d> {
    /// Number of items along each axis.
    #[must_use]
    pub fn shape(self) -> &'d [usize] {
        self.objects.layout.shape()
    }

    /// The type of its elements.
    #[must_use]
    pub fn dtype(self) -> &'d DType {
        self.objects.layout.dtype()
    }

    /// Type, shape and order.
    #[must_use]
    pub fn layout(self) -> &'d Layout {
        &self.objects.layout
    }

    /// The items in C order (last axis fastest), whatever the order in which numpy keeps them.
    #[must_use]
    pub fn iter(self) -> Iter<'d> {
        Iter::new(self.value, &self.objects.items, &[])
    }

    /// Whether numpy keeps it in Fortran order.
    #[must_use]
    pub fn is_fortran(self) -> bool {
        self.objects.layout.order() == Order::F
    }
}

impl fmt::Debug for ObjectArray<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectArray({})", self.layout())
    }
}
