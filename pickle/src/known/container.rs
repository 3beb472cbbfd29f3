//! Containers that Python makes by calling a class, and what is in them.

use super::value::Shape;
use crate::graph::{Id, View};
use crate::known::Callable;
use crate::{Int, Value};

/// `range(start, stop, step)`.
pub(super) fn range(value: Value<'_>) -> Option<[Int<'_>; 3]> {
    let [start, stop, step] = Shape::call(value, Callable::Range)?.bare()?.exactly()?;
    let step = step.as_int()?;
    (step.as_i64() != Some(0)).then_some([start.as_int()?, stop.as_int()?, step])
}

/// `slice(start, stop, step)`.
pub(super) fn slice(value: Value<'_>) -> Option<[Value<'_>; 3]> {
    Shape::call(value, Callable::Slice)?.bare()?.exactly()
}

/// `set([…])` or `frozenset([…])`: the list.
pub(crate) fn set(value: Value<'_>, callable: Callable) -> Option<Value<'_>> {
    let [items] = Shape::call(value, callable)?.bare()?.exactly()?;
    matches!(items.node(), View::List(_)).then_some(items)
}

/// `OrderedDict()` and the items set on it, or of older Pythons `OrderedDict([[key, value], …])`: the list.
pub(crate) fn ordered_dict(value: Value<'_>) -> Option<Option<Value<'_>>> {
    let shape = Shape::call(value, Callable::OrderedDict)?;
    if let Some([list]) = shape.bare().and_then(|args| args.exactly()) {
        return pair_list(list).map(|_| Some(list));
    }
    shape.pairs_only()?.all().is_empty().then_some(None)
}

/// A list of pairs, as older Pythons give to dicts.
pub(crate) fn pair_list(value: Value<'_>) -> Option<&[Id]> {
    let View::List(items) = value.node() else {
        return None;
    };
    let is_pair = |&id: &Id| match value.at(id).node() {
        View::List(pair) | View::Tuple(pair) => pair.len() == 2,
        _ => false,
    };
    items.iter().all(is_pair).then_some(items)
}

/// `defaultdict(factory)` and the items set on it: the factory.
pub(super) fn default_dict(value: Value<'_>) -> Option<Value<'_>> {
    let args = Shape::call(value, Callable::DefaultDict)?.pairs_only()?;
    let [factory] = args.exactly()?;
    (factory.is_none() || factory.as_global().is_some()).then_some(factory)
}

/// `Counter({…})`: the dict.
pub(crate) fn counter(value: Value<'_>) -> Option<Value<'_>> {
    let [counts] = Shape::call(value, Callable::Counter)?.bare()?.exactly()?;
    matches!(counts.node(), View::Dict(_)).then_some(counts)
}

/// `deque()`, or with a greatest length `deque((), maxlen)`, and what is appended, or of Python 2 `deque([…], maxlen)`: the items in front,
/// and the greatest length.
pub(crate) fn deque(value: Value<'_>) -> Option<(&[Id], Option<Value<'_>>)> {
    let args = Shape::call(value, Callable::Deque)?.items_only()?;
    if args.all().is_empty() {
        return Some((&[], None));
    }
    let (first, maxlen) = args.one_or_two()?;
    let (View::List(items) | View::Tuple(items)) = first.node() else {
        return None;
    };
    let maxlen = maxlen.filter(|n| !n.is_none());
    let sensible = maxlen.is_none_or(|n| n.as_int().is_some_and(|n| !n.is_negative()));
    sensible.then_some((items, maxlen))
}

/// `PosixPath("/", "a", "b")`: the parts, and whether it is a path of Windows.
pub(super) fn path(value: Value<'_>) -> Option<(&[Id], bool)> {
    let posix = Shape::call(value, Callable::PosixPath);
    let windows = posix.is_none();
    let args = posix
        .or_else(|| Shape::call(value, Callable::WindowsPath))?
        .bare()?
        .all();
    args.iter()
        .all(|&id| value.at(id).as_str().is_some())
        .then_some((args, windows))
}
