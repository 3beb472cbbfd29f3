"""What ``safe_load`` lets a file say of the classes of ``scipy.sparse``.

Their routines take places of elements at their word and write beyond memory where these are wrong, so each is looked at
before there is a matrix. What they remember of themselves (sorted, without duplicates) is left out: they look again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from demijohn._errors import CorruptError
from demijohn._safe import Policy, StateRule

_SMALL_MAX = np.iinfo(np.int32).max
_INDICES = (np.dtype(np.int32), np.dtype(np.int64))


def _wrong(what: str) -> CorruptError:
    return CorruptError(f"the file describes a sparse matrix that cannot be: {what}")


def _bounds(indices: Any) -> tuple[int, int]:
    """The least and the greatest of some integers; of none, those that are allowed anywhere."""
    return (int(indices.min()), int(indices.max())) if indices.size else (0, -1)


def _rises(starts: Any) -> bool:
    return bool((starts[1:] >= starts[:-1]).all())


def _differ(offsets: Any) -> bool:
    return len(np.unique(offsets)) == len(offsets)


def _array(policy: Policy, value: Any, axes: int) -> Any:
    if type(value) is not np.ndarray or value.ndim != axes or not policy.is_finished(value):
        raise _wrong("a part is no array, or has other axes")
    return value


def _elements(policy: Policy, value: Any, axes: int) -> Any:
    if _array(policy, value, axes).dtype.kind not in "biufc":
        raise _wrong("its elements are no numbers")
    return value


def _indices(policy: Policy, value: Any) -> Any:
    if _array(policy, value, 1).dtype not in _INDICES:
        raise _wrong("its indices are no indices")
    return value


def _own(policy: Policy, indices: Any) -> Any:
    """Indices that nobody else can change, though the file may have given the same array a name of its own."""
    return policy.look(indices, np.copy)


def _within(policy: Policy, indices: Any, begin: int, end: int) -> None:
    least, greatest = policy.look(indices, _bounds)
    if least < begin or greatest >= end:
        raise _wrong("an index is beyond its shape")


def _compressed(policy: Policy, state: dict[str, Any], major: int, minor: int, block: tuple[int, ...]) -> dict[str, Any]:
    """Rows (or columns, or rows of blocks), and where each begins."""
    starts, indices = _indices(policy, state["indptr"]), _indices(policy, state["indices"])
    data = _elements(policy, state["data"], 1 + len(block))
    if len(starts) != major + 1 or starts.dtype != indices.dtype or len(indices) != len(data) or data.shape[1:] != block:
        raise _wrong("its parts do not fit one another")
    if starts[0] != 0 or starts[-1] > len(indices) or not policy.look(starts, _rises):
        raise _wrong("its rows overlap")
    _within(policy, indices, 0, minor)
    return {"indptr": _own(policy, starts), "indices": _own(policy, indices), "data": data}


def _csr(policy: Policy, state: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    # One axis is one row.
    return _compressed(policy, state, shape[0] if len(shape) == 2 else 1, shape[-1], ())


def _csc(policy: Policy, state: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    rows, columns = shape
    return _compressed(policy, state, columns, rows, ())


def _bsr(policy: Policy, state: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    rows, columns = shape
    block = _elements(policy, state["data"], 3).shape[1:]
    if 0 in block or rows % block[0] or columns % block[1]:
        raise _wrong("its shape is not one of blocks")
    return _compressed(policy, state, rows // block[0], columns // block[1], block)


def _coo(policy: Policy, state: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    # As two parts before scipy 1.13.
    coords = state["coords"] if "coords" in state else (state["row"], state["col"])
    data = _elements(policy, state["data"], 1)
    if type(coords) is not tuple or len(coords) != len(shape):
        raise _wrong("it has other axes than its shape")
    for indices, extent in zip(coords, shape, strict=True):
        if len(_indices(policy, indices)) != len(data):
            raise _wrong("its parts do not fit one another")
        _within(policy, indices, 0, extent)
    coords = tuple(_own(policy, indices) for indices in coords)
    return {"coords": coords, "data": data, "has_canonical_format": False}


def _dia(policy: Policy, state: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    rows, columns = shape
    data, offsets = _elements(policy, state["data"], 2), _indices(policy, state["offsets"])
    if len(offsets) != len(data) or not policy.look(offsets, _differ):
        raise _wrong("its parts do not fit one another")
    _within(policy, offsets, -rows, columns + 1)
    return {"data": data, "offsets": _own(policy, offsets)}


def _index(value: Any, extent: int) -> bool:
    return bool((type(value) is int or isinstance(value, np.integer)) and 0 <= value < extent)


def _number(value: Any) -> bool:
    return type(value) in (bool, int, float, complex) or isinstance(value, (np.number, np.bool_))


def _dtype(policy: Policy, value: Any) -> Any:
    if not policy.is_dtype(value) or value.kind not in "biufc":
        raise _wrong("its elements are no numbers")
    return value


def _lil(policy: Policy, state: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Lists, which the file could go on changing: so they are copied."""
    rows, data = (_array(policy, state[name], 1) for name in ("rows", "data"))
    lists = [*rows, *data]
    if len(rows) != shape[0] or len(data) != shape[0] or not all(type(each) is list for each in lists):
        raise _wrong("its parts do not fit one another")
    for each in (rows, data, *lists):
        policy.once(each)
    for indices, elements in zip(rows, data, strict=True):
        if len(indices) != len(elements) or not all(map(_number, elements)):
            raise _wrong("its parts do not fit one another")
        rising = all(a < b for a, b in zip(indices, indices[1:], strict=False))
        if not rising or not all(_index(index, shape[1]) for index in indices):
            raise _wrong("an index is beyond its shape")
    copies: dict[str, Any] = {"dtype": _dtype(policy, state["dtype"])}
    for name, lists in (("rows", rows), ("data", data)):
        copies[name] = np.empty(len(lists), dtype=object)
        copies[name][:] = [None] * len(lists)
        for i, each in enumerate(lists):
            copies[name][i] = list(each)
    return copies


def _dok(policy: Policy, state: dict[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """A dict, which is copied for the same reason."""
    elements = state["_dict"]
    if type(elements) is not dict or not policy.once(elements):
        raise _wrong("its elements are no dict")
    for key, value in elements.items():
        at = key if type(key) is tuple else (key,)
        if len(at) != len(shape) or not all(map(_index, at, shape)) or not _number(value):
            raise _wrong("an index is beyond its shape")
    return {"_dict": dict(elements), "dtype": _dtype(policy, state["dtype"])}


Parts = Callable[[Policy, dict[str, Any], tuple[int, ...]], dict[str, Any]]


def _rule(parts: Parts, axes: range) -> StateRule:
    def rule(policy: Policy, _: Any, state: Any) -> dict[str, Any]:
        if type(state) is not dict:
            raise _wrong("its state is of another form")
        shape: Any = state.get("_shape")
        shown = state.get("maxprint", 50)
        known = type(shape) is tuple and len(shape) in axes and all(type(n) is int and 0 <= n < 1 << 63 for n in shape)
        if not known or type(shown) is not int:
            raise _wrong("its shape is none")
        try:
            made = parts(policy, state, shape)
        except KeyError as error:
            raise _wrong(f"it has no {error}") from None
        indices = [part for name, part in made.items() if name != "data"] + list(made.get("coords", ()))
        if max(shape) > _SMALL_MAX and any(getattr(part, "dtype", None) == np.int32 for part in indices):
            raise _wrong("its indices are too small for its shape")
        return {"_shape": shape, "maxprint": shown, **made}

    return rule


CALLS: dict[int, Any] = {}

WHOLE_WITHOUT_STATE: dict[int, Any] = {}

_FLAT_TOO = {"coo": range(1, 65), "csr": range(1, 3), "dok": range(1, 3)}
"""Arrays, unlike matrices, may have another number of axes than two."""

STATES: dict[int, StateRule] = {}

for _name, _parts in {"bsr": _bsr, "coo": _coo, "csc": _csc, "csr": _csr, "dia": _dia, "dok": _dok, "lil": _lil}.items():
    STATES[id(getattr(sparse, f"{_name}_matrix"))] = _rule(_parts, range(2, 3))
    if _class := getattr(sparse, f"{_name}_array", None):
        STATES[id(_class)] = _rule(_parts, _FLAT_TOO.get(_name, range(2, 3)))
