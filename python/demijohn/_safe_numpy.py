"""What ``safe_load`` lets a file say of numpy's types.

numpy takes a state at its word: flags that turn numbers into pointers, fields beyond the end. So a dtype gets the state that
numpy itself gives to one like it, arrays as much data as they want, and both are given it once and before anything else
gets to see them: what had looked at one would otherwise go on with what it saw.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from demijohn._arrays import NDArrayWrapper, NumpyArrayWrapper, ZNDArrayWrapper
from demijohn._errors import CorruptError, LimitError
from demijohn._safe_plain import ATOMS, one_of

if TYPE_CHECKING:
    from demijohn._safe import Policy, Rule, StateRule

SUBCLASSES = (np.ndarray, np.matrix, np.memmap, np.recarray, np.char.chararray, np.ma.MaskedArray)
WRAPPERS = (NumpyArrayWrapper, NDArrayWrapper, ZNDArrayWrapper)

_MOST_PARTS, _DEEPEST = 1 << 16, 32
"""Of a dtype: numpy goes through its parts by recursion, and through each as often as it meets it."""

_FREE = 1 << 22
"""How many names of fields may be had for no more than a reference to them."""


def _count(shape: Any) -> int:
    """How many elements an array of this shape has."""
    if type(shape) is not tuple or len(shape) > 64 or not all(type(n) is int and n >= 0 for n in shape):
        raise CorruptError("the file gives an array a shape that cannot be")
    count = 1
    for n in shape:
        count *= n
    return count


def _is_data(data: Any, size: int) -> bool:
    return type(data) in (bytes, bytearray, str) and len(data) == size


def _described(policy: Policy, dtype: Any, state: Any) -> Any:
    """A dtype by numpy's own constructor, from what a state says of it."""
    if type(state) is not tuple or len(state) not in (8, 9) or state[0] not in (3, 4):
        raise ValueError("its state is of another form")
    order, subarray, names, fields, itemsize, _, flags = state[1:8]
    order = order.decode("ascii") if type(order) is bytes else order
    if order not in ("<", ">", "|", "="):
        raise ValueError("its byte order is none")
    if subarray is not None:
        base, shape = subarray
        shape = (shape,) if type(shape) is int else shape
        if not policy.is_dtype(base) or _count(shape) * base.itemsize >= 1 << 31:
            raise ValueError("its sub-array is none")
        _weigh(policy, dtype, [base])
        return np.dtype((base, shape))
    if names is not None:
        if type(names) is not tuple or type(fields) is not dict or len(names) > _MOST_PARTS:
            raise ValueError("its fields are none")
        if not all(type(name) is str for name in names) or type(itemsize) is not int:
            raise ValueError("its fields are none")
        if not policy.is_new(names):
            policy.spend(len(names), _FREE)
        parts = [fields[name] for name in names]
        if not all(type(part) is tuple and policy.is_dtype(part[0]) and type(part[1]) is int for part in parts):
            raise ValueError("its fields are none")
        _weigh(policy, dtype, [part[0] for part in parts])
        titles = [part[2] if len(part) > 2 else None for part in parts]
        if not all(type(title) in (str, type(None)) for title in titles):
            raise ValueError("a title is no text")
        spec: Any = {
            "names": list(names),
            "formats": [part[0] for part in parts],
            "offsets": [part[1] for part in parts],
            "itemsize": itemsize,
        }
        if any(titles):
            spec["titles"] = titles
        struct = np.dtype(spec, align=bool(flags & 0x80))
        return np.dtype((dtype.type, struct)) if dtype.type is np.record else struct
    if dtype.kind in "mM" and len(state) == 9 and state[8] is not None:
        unit, step = state[8][1][:2]
        unit = unit.decode("ascii") if type(unit) is bytes else unit
        if not re.fullmatch("generic|[A-Za-z]{1,2}", unit) or type(step) is not int:
            raise ValueError("its unit is none")
        dtype = np.dtype(f"{dtype.kind}8" if unit == "generic" else f"{dtype.kind}8[{step}{unit}]")
    return dtype.newbyteorder(order) if order in "<>" else dtype


def _weigh(policy: Policy, dtype: Any, parts: list[Any]) -> None:
    """Notes how many parts a dtype has, and how deep they are nested."""
    weights = [policy.weights.get(id(part), (1, 1)) for part in parts]
    count, depth = 1 + sum(weight[0] for weight in weights), 1 + max((weight[1] for weight in weights), default=0)
    if count > _MOST_PARTS or depth > _DEEPEST:
        raise LimitError("a dtype has too many parts")
    policy.weights[id(dtype)] = (count, depth)


def dtype_state(policy: Policy, dtype: Any, state: Any) -> Any:
    # One that numpy shares would be another for everybody.
    if not policy.is_fresh(dtype) or dtype is np.dtype(dtype.str):
        policy.refuse("would change a dtype that it has not made, or that is in use")
    try:
        reference = _described(policy, dtype, state)
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        raise CorruptError(f"the file describes a dtype that cannot be: {error}") from None
    sized = reference.itemsize == dtype.itemsize or dtype.type is np.record
    if not sized or reference.kind != dtype.kind:
        raise CorruptError("the file describes a dtype that cannot be: its size or kind is another")
    policy.settle(dtype)
    return reference.__reduce__()[2]


def _fill_value(policy: Policy, value: Any) -> bool:
    """Whether numpy can make sense of it without looking far."""
    scalar = type(value) is np.ndarray and value.ndim == 0 and not value.dtype.hasobject and policy.is_finished(value)
    return scalar or type(value) in ATOMS or isinstance(value, np.generic)


def _array_state(policy: Policy, array: Any, given: Any) -> Any:
    if not policy.is_fresh(array):
        policy.refuse("would change an array that it has not made, or that is in use")
    policy.settle(array)
    state: Any = given
    masked, mask = type(array) is np.ma.MaskedArray, None
    if type(state) is tuple and masked and len(state) == 7 and _fill_value(policy, state[6]):
        state, mask = state[:5], state[5]
    elif masked:
        policy.refuse("gives an array a state that no writer does")
    if type(state) is tuple and len(state) == 5 and type(state[0]) is int and state[0] in (0, 1):
        state = state[1:]
    if type(state) is not tuple or len(state) != 4:
        policy.refuse("gives an array a state that no writer does")
    shape, dtype, _, data = state
    if not policy.is_dtype(dtype):
        policy.refuse("gives an array a dtype that is none")
    count = _count(shape)
    if type(data) is list:
        fits = dtype.hasobject and len(data) == count
        policy.nest(array, data)
    else:
        fits = not dtype.hasobject and _is_data(data, count * dtype.itemsize)
    if masked:
        fits = fits and _is_data(mask, count * np.ma.make_mask_descr(dtype).itemsize) and policy.once(mask)
    if not fits or (dtype.itemsize == 0 and count > 1 << 20):
        raise CorruptError("the file gives an array more or less data than its shape wants")
    policy.once(data)
    return given


def _wrapper_state(policy: Policy, _: Any, state: Any) -> Any:
    """What joblib says of an array whose elements stand somewhere else."""
    if type(state) is not dict:
        policy.refuse("describes an array in a way that no writer does")
    for key, value in state.items():
        if type(key) is not str or key == "array":
            known = False
        elif key == "dtype":
            known = _has_elements(policy, value)
        elif key == "shape":
            known = _count(value) >= 0
        elif key == "subclass":
            known = isinstance(value, type)
        elif key == "state":
            # All but the data, of joblib before 0.10.
            known = type(value) is tuple and len(value) in (3, 4) and _count(value[-3]) >= 0
            known = known and _has_elements(policy, value[-2])
        else:
            known = type(value) in (*ATOMS, tuple)
        if not known:
            policy.refuse("describes an array in a way that no writer does")
    return state


def _has_elements(policy: Policy, dtype: Any) -> bool:
    """Whether it is a dtype whose elements are objects, or nothing but their bytes."""
    return policy.is_dtype(dtype) and dtype.kind in "?biufcmMSUVO"


def _dtype(_: Policy, args: tuple[Any, ...]) -> bool:
    if len(args) not in (1, 3) or not all(type(flag) in (bool, int) for flag in args[1:]):
        return False
    code = r"[|<>=]?[a-zA-Z?]\d{0,9}(\[\d{0,9}[A-Za-z]{1,2}\])?"
    return args[0] is np.record or (type(args[0]) is str and re.fullmatch(code, args[0], re.ASCII) is not None)


def _reconstruct(policy: Policy, args: tuple[Any, ...]) -> bool:
    """An array without elements, whatever its class: the rest is its state."""
    return len(args) == 3 and _is_empty(args[1:]) and _is_array_class(policy, args[0])


def _is_empty(args: tuple[Any, ...]) -> bool:
    """Whether these are the shape and the type that numpy gives to arrays which are still to be filled."""
    shape, code = args
    return type(shape) is tuple and shape == (0,) and type(code) in (bytes, str) and code in ("b", b"b")


def _is_array_class(policy: Policy, cls: Any) -> bool:
    return one_of(cls, SUBCLASSES[:5]) or (policy.is_trusted(cls) and isinstance(cls, type) and issubclass(cls, np.ndarray))


def _masked(_: Policy, args: tuple[Any, ...]) -> bool:
    whole = len(args) == 4 and args[0] is np.ma.MaskedArray and args[1] is np.ndarray
    return whole and _is_empty(args[2:])


def _frombuffer(policy: Policy, args: tuple[Any, ...]) -> bool:
    if len(args) not in (4, 5) or type(args[0]) not in (bytes, bytearray) or not policy.is_dtype(args[1]):
        return False
    buffer, dtype, shape, order = args[:4]
    axes = len(args) == 4 or (type(args[4]) is tuple and sorted(args[4]) == list(range(len(shape))))
    if type(buffer) is bytearray and not policy.is_new(buffer):
        policy.refuse("makes two arrays that share their memory")
    fits = not dtype.hasobject and dtype.kind != "T" and dtype.itemsize > 0 and _is_data(buffer, _count(shape) * dtype.itemsize)
    return fits and axes and order in ("C", "F", "K") and (type(buffer) is bytearray or policy.once(buffer))


def _scalar(policy: Policy, args: tuple[Any, ...]) -> bool:
    if len(args) != 2 or not policy.is_dtype(args[0]):
        return False
    dtype, data = args
    known = not dtype.hasobject and dtype.kind != "T" and type(data) in (bytes, str) and len(data) == dtype.itemsize
    return bool(known and policy.once(data))


def _string_dtype(_: Policy, args: tuple[Any, ...]) -> bool:
    return len(args) in (1, 2) and type(args[0]) in (bool, int) and type(args[-1]) in ATOMS


CALLS: dict[str, Rule] = {
    "numpy._core._internal._convert_to_stringdtype_kwargs": _string_dtype,
    "numpy._core.multiarray._reconstruct": _reconstruct,
    "numpy._core.multiarray.scalar": _scalar,
    "numpy._core.numeric._frombuffer": _frombuffer,
    "numpy.dtype": _dtype,
    "numpy.ma._mareconstruct": _masked,
}

WAITING = (_reconstruct, _dtype, _masked)
"""The rules of calls whose results wait for a state."""

STATES: dict[type, StateRule] = {
    **dict.fromkeys(SUBCLASSES, _array_state),
    **dict.fromkeys(WRAPPERS, _wrapper_state),
}
