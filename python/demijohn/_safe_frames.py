"""What ``safe_load`` lets a file say of the classes of pandas.

A frame is pickled as calls of what is inside of pandas, which believes what it is told: places of columns, codes of
categories and levels, texts that are texts. So each call has exactly the arguments that pandas writes, all of them
describe what is really there, and states are put together anew, without caches.
"""

from __future__ import annotations

import datetime
import decimal
import importlib
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from demijohn._errors import CorruptError, LimitError
from demijohn._safe import Policy, Rule, StateRule

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_UNITS = ("s", "ms", "us", "ns")
_HALF = 1 << 62

_WIDE, _WIDEST = 1 << 16, 1 << 22
"""How many columns a block may have before its size is looked at, and a frame at all."""


def _inside(name: str) -> Any:
    """Something of pandas that is not for others, if this version has it."""
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        return None


_Block = _inside("pandas._libs.internals.Block")
_BlockManager = _inside("pandas.core.internals.managers.BlockManager")
_SingleBlockManager = _inside("pandas.core.internals.managers.SingleBlockManager")
_Offset = _inside("pandas._libs.tslibs.offsets.BaseOffset")
_StringArray = _inside("pandas.arrays.StringArray")
_Timedeltas = _inside("pandas.core.arrays.TimedeltaArray")
_Datetimes = _inside("pandas.core.arrays.DatetimeArray")

_INTEGERS = [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
_MASKED_DTYPES = [getattr(pd, f"{name}Dtype") for name in (*_INTEGERS, "Float32", "Float64", "Boolean")]
_MASKED_ARRAYS = {pd.arrays.IntegerArray: "iu", pd.arrays.FloatingArray: "f", pd.arrays.BooleanArray: "b"}
_BACKED_ARRAYS = (_Datetimes, _Timedeltas, _StringArray, pd.Categorical)
_FLAT_INDEXES = (pd.Index, pd.RangeIndex, pd.DatetimeIndex, pd.TimedeltaIndex, pd.CategoricalIndex)
_INDEXES = (*_FLAT_INDEXES, pd.MultiIndex)


def _wrong(what: str) -> CorruptError:
    return CorruptError(f"the file describes a frame that cannot be: {what}")


def _is(policy: Policy, value: Any, *kinds: Any) -> bool:
    """Whether it is exactly one of these, and complete."""
    return type(value) in kinds and policy.is_finished(value)


def _is_plain_dict(value: Any, *keys: str) -> TypeIs[dict[str, Any]]:
    return type(value) is dict and value.keys() == set(keys)


_HASHED = (
    *(bool, int, float, complex, str, bytes, type(None), type(pd.NA), type(pd.NaT), pd.Timestamp, pd.Timedelta),
    *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID),
)


def _is_name(value: Any) -> bool:
    """What pandas hashes and compares without being asked."""
    return all(
        type(part) in _HASHED or isinstance(part, (np.number, np.bool_, np.str_, np.datetime64))
        for part in (value if type(value) is tuple else (value,))
    )


def _are_names(array: Any) -> bool:
    return all(map(_is_name, array))


def _are_texts(array: Any) -> bool:
    return all(type(item) is str or item is pd.NA or (type(item) is float and item != item) for item in array)


def _bounds(codes: Any) -> tuple[int, int]:
    return (int(codes.min()), int(codes.max())) if codes.size else (0, -1)


def _is_array(policy: Policy, value: Any, kinds: str, *axes: int) -> bool:
    known = type(value) is np.ndarray and value.dtype.kind in kinds and value.ndim in axes
    return known and value.dtype.isnative and not value.dtype.names and policy.is_finished(value)


def _are_codes(policy: Policy, codes: Any, count: int) -> bool:
    """Whether these are places in something, or -1 for none."""
    if not _is_array(policy, codes, "i", 1):
        return False
    least, greatest = policy.look(codes, _bounds)
    return bool(least >= -1 and greatest < count)


def _own(policy: Policy, places: Any) -> Any:
    """Places that nobody else can change, though the file may have given the same array a name of its own."""
    return policy.look(places, np.copy)


def _is_elements(policy: Policy, value: Any, axes: int) -> bool:
    """Whether it is one of the arrays that may have several axes, with so many."""
    if _is(policy, value, _Datetimes, _Timedeltas):
        return bool(value.ndim == axes)
    return _is_array(policy, value, "biufcO", axes)


def _is_column(policy: Policy, value: Any) -> bool:
    """Whether it is an array with one axis."""
    return _is_elements(policy, value, 1) or _is(policy, value, _StringArray, pd.Categorical, *_MASKED_ARRAYS)


# Arrays and their types.


def _string_dtype(_: Policy, args: tuple[Any, ...]) -> bool:
    storage, missing = args if len(args) == 2 else (args[0] if len(args) == 1 else None, pd.NA)
    return storage == "python" and type(storage) is str and (missing is pd.NA or (type(missing) is float and missing != missing))


def _backed(_: Policy, args: tuple[Any, ...]) -> bool:
    known = len(args) == 3 and any(args[0] is cls for cls in _BACKED_ARRAYS)
    return known and type(args[1]) is int and args[2] is None


def _backed_state(policy: Policy, target: Any, state: Any) -> tuple[Any, ...]:
    """Type and elements, in either order, and attributes."""
    if type(state) is not tuple or len(state) not in (2, 3):
        raise _wrong("an array has a state of another form")
    dtype, data = state[:2] if type(state[1]) is np.ndarray else (state[1], state[0])
    extra = state[2] if len(state) == 3 else {}
    kind = type(target)
    if kind is pd.Categorical:
        fits = _is(policy, dtype, pd.CategoricalDtype) and _is(policy, dtype.categories, *_FLAT_INDEXES)
        fits = fits and _are_codes(policy, data, len(dtype.categories))
        data = _own(policy, data) if fits else data
    elif kind is _StringArray:
        fits = _is(policy, dtype, pd.StringDtype) and _is_array(policy, data, "O", 1) and policy.look(data, _are_texts)
    else:
        fits = _is_array(policy, data, "M" if kind is _Datetimes else "m", 1, 2)
        unit, step = np.datetime_data(data.dtype) if fits else ("", 0)
        fits = fits and unit in _UNITS and step == 1
        zoned = kind is _Datetimes and _is(policy, dtype, pd.DatetimeTZDtype)
        fits = fits and (dtype.unit == unit if zoned else policy.is_dtype(dtype) and dtype == data.dtype)
    if not fits or type(extra) is not dict:
        raise _wrong("an array and its type do not fit one another")
    kept = {}
    if type(extra.get("_readonly")) is bool:
        kept["_readonly"] = extra["_readonly"]
    if "_freq" in extra and _is_frequency(policy, extra["_freq"]):
        kept["_freq"] = extra["_freq"]
    return dtype, data, kept


def _masked_state(policy: Policy, target: Any, state: Any) -> dict[str, Any]:
    if type(state) is not dict or not {"_data", "_mask"} <= state.keys():
        raise _wrong("an array has a state of another form")
    data, mask = state["_data"], state["_mask"]
    whole = _is_array(policy, data, _MASKED_ARRAYS[type(target)], 1) and _is_array(policy, mask, "b", 1)
    if not whole or data.shape != mask.shape:
        raise _wrong("an array and its mask do not fit one another")
    made = {"_data": data, "_mask": mask}
    if "_dtype" in state:
        if not _is(policy, state["_dtype"], pd.BooleanDtype) or type(target) is not pd.arrays.BooleanArray:
            raise _wrong("an array and its type do not fit one another")
        made["_dtype"] = state["_dtype"]
    if type(state.get("_readonly")) is bool:
        made["_readonly"] = state["_readonly"]
    return made


def _categories(policy: Policy, _: Any, state: Any) -> dict[str, Any]:
    if not _is_plain_dict(state, "categories", "ordered") or type(state["ordered"]) not in (bool, type(None)):
        raise _wrong("categories have a state of another form")
    if state["categories"] is not None and not _is(policy, state["categories"], *_FLAT_INDEXES):
        raise _wrong("its categories are none")
    return dict(state)


def _zoned(_: Policy, __: Any, state: Any) -> dict[str, Any]:
    if not _is_plain_dict(state, "unit", "tz") or state["unit"] not in _UNITS or type(state["tz"]) is not datetime.timezone:
        raise _wrong("a type of dates has a state of another form")
    return dict(state)


def _remembered(_: Policy, __: Any, state: Any) -> dict[str, Any]:
    """Of types that have no state but what they remember."""
    if type(state) is not dict or not state.keys() <= {"_cache"}:
        raise _wrong("a type has a state of another form")
    return {}


# Scalars and frequencies.


def _is_resolution(value: Any) -> bool:
    return type(value) is int and 7 <= value <= 10


def _is_count(value: Any) -> bool:
    return type(value) is int and -(1 << 63) <= value < 1 << 63


def _timestamp(_: Policy, args: tuple[Any, ...]) -> bool:
    known = len(args) in (3, 4) and _is_count(args[0]) and args[1] is None
    return known and type(args[2]) in (type(None), datetime.timezone) and all(map(_is_resolution, args[3:]))


def _timedelta(_: Policy, args: tuple[Any, ...]) -> bool:
    return len(args) == 2 and _is_count(args[0]) and _is_resolution(args[1])


def _nat(_: Policy, args: tuple[Any, ...]) -> bool:
    return args == (None,)


def _offset(_: Policy, args: tuple[Any, ...]) -> bool:
    """So many periods, whether to their beginning, and perhaps a day of the week or a month."""
    whole = len(args) in (2, 3) and type(args[0]) is int and abs(args[0]) < 1 << 31 and type(args[1]) in (bool, int)
    rest = args[2] if len(args) == 3 else None
    if type(rest) is datetime.timedelta:
        return whole and not rest
    return whole and (rest is None or (type(rest) is int and 0 <= rest <= 12))


def _is_frequency(policy: Policy, value: Any) -> bool:
    return value is None or (isinstance(value, _Offset) and policy.is_finished(value))


# Indexes.


def _range(policy: Policy, given: dict[str, Any]) -> bool:
    numbers = [given.get(key) for key in ("start", "stop", "step")]
    return all(type(n) is int and abs(n) < _HALF for n in numbers) and numbers[2] != 0


def _multi(policy: Policy, given: dict[str, Any]) -> bool:
    levels, codes, names = given["levels"], given["codes"], given["names"]
    if not all(type(part) is list for part in (levels, codes, names)) or not 0 < len(levels) == len(codes) == len(names):
        return False
    if type(given.get("sortorder")) not in (int, type(None)):
        return False
    fits = all(_is(policy, level, *_FLAT_INDEXES) for level in levels) and all(map(_is_name, names))
    fits = fits and all(_are_codes(policy, each, len(level)) for each, level in zip(codes, levels, strict=True))
    return fits and len({len(each) for each in codes}) == 1


def _index(policy: Policy, args: tuple[Any, ...]) -> bool | tuple[Any, ...]:
    if len(args) != 2 or type(args[1]) is not dict:
        return False
    cls, given = args
    data = given.get("data")
    if cls is pd.MultiIndex:
        # Sorted or not, it finds out itself.
        fits = given.keys() == {"levels", "codes", "sortorder", "names"} and _multi(policy, given)
        return fits and (cls, {**given, "sortorder": None, "codes": [_own(policy, each) for each in given["codes"]]})
    if not _is_name(given.get("name")):
        return False
    if cls is pd.RangeIndex:
        return given.keys() == {"name", "start", "stop", "step"} and _range(policy, given) and (cls, dict(given))
    if cls is pd.CategoricalIndex:
        fits = _is(policy, data, pd.Categorical)
    elif cls is pd.TimedeltaIndex:
        # Of pandas 2, where the array knows the frequency.
        fits = _is(policy, data, _Timedeltas) and data.ndim == 1
    elif cls is pd.Index:
        fits = _is_array(policy, data, "biufcO", 1) or _is(policy, data, _StringArray, *_MASKED_ARRAYS)
        if fits and _is_array(policy, data, "O", 1):
            fits = policy.look(data, _are_names)
    else:
        return False
    return fits and given.keys() == {"data", "name"} and (cls, dict(given))


def _times(kind: Any, index: Any) -> Rule:
    def rule(policy: Policy, args: tuple[Any, ...]) -> bool | tuple[Any, ...]:
        if len(args) != 2 or args[0] is not index or type(args[1]) is not dict:
            return False
        given: dict[str, Any] = args[1]
        data: Any = given.get("data")
        fits = _is(policy, data, kind) and data.ndim == 1 and _is_name(given.get("name"))
        fits = fits and given.keys() <= {"data", "name", "freq", "tz"} and _is_frequency(policy, given.get("freq"))
        if "tz" in given:
            fits = fits and (given["tz"] is None or type(given["tz"]) is datetime.timezone) and given["tz"] == data.tz
        return fits and (index, dict(given))

    return rule


# Blocks, and what is made of them.


def _places(policy: Policy, placement: Any) -> Sequence[int] | None:
    """Which columns a block is of."""
    if type(placement) is slice:
        start, stop, step = placement.start, placement.stop, placement.step
        if all(type(n) is int and 0 <= n < 1 << 31 for n in (start, stop)) and type(step) is int and 0 < step < 1 << 31:
            return range(start, stop, step)
    elif _is_array(policy, placement, "i", 1):
        places: list[int] = placement.tolist()
        return places if all(n >= 0 for n in places) else None
    return None


def _block(policy: Policy, args: tuple[Any, ...]) -> bool | tuple[Any, ...]:
    if len(args) != 3 or type(args[2]) is not int or args[2] != 2:
        return False
    values, places = args[0], _places(policy, args[1])
    flat = _is(policy, values, _StringArray, pd.Categorical, *_MASKED_ARRAYS)
    if places is None or not (flat or _is_elements(policy, values, 2)):
        return False
    if len(places) != (1 if flat else len(values)):
        return False
    if not flat and len(values) > _WIDE:
        # Places take memory, even where there are no rows.
        if not values.size:
            raise LimitError("a frame has too many columns for its rows")
        policy.once(values)
    return values, args[1] if type(args[1]) is slice else _own(policy, args[1]), 2


def _frame_blocks(policy: Policy, args: tuple[Any, ...]) -> bool | tuple[Any, ...]:
    if len(args) != 2 or type(args[0]) is not tuple or type(args[1]) is not list or len(args[1]) != 2:
        return False
    blocks, axes = args
    if not all(isinstance(block, _Block) and policy.is_finished(block) for block in blocks):
        return False
    if not all(_is(policy, axis, *_INDEXES) for axis in axes):
        return False
    count = sum(len(block.mgr_locs) for block in blocks)
    if count > _WIDEST or any(id(block) in policy.placed for block in blocks):
        raise LimitError("frames have too many columns, or share them")
    policy.placed.update(map(id, blocks))
    places = np.sort(np.concatenate([np.empty(0, np.intp), *(block.mgr_locs.as_array for block in blocks)]))
    if count != len(axes[0]) or not np.array_equal(places, np.arange(count)):
        raise _wrong("its columns are not each in one place")
    if any(block.values.shape[-1] != len(axes[1]) for block in blocks):
        raise _wrong("its columns are not as long as its index")
    # A list of its own, which the file cannot go on changing.
    return blocks, list(axes)


def _series_state(policy: Policy, _: Any, state: Any) -> tuple[Any, ...]:
    if type(state) is not tuple or len(state) != 4 or not _is_plain_dict(state[3], "0.14.1"):
        raise _wrong("a series has a state of another form")
    parts = state[3]["0.14.1"]
    if not _is_plain_dict(parts, "axes", "blocks") or not all(type(part) is list and len(part) == 1 for part in parts.values()):
        raise _wrong("a series has a state of another form")
    (index,), (block,) = parts["axes"], parts["blocks"]
    if not _is_plain_dict(block, "values", "mgr_locs") or not _is(policy, index, *_INDEXES):
        raise _wrong("a series has a state of another form")
    values = block["values"]
    if not _is_column(policy, values) or len(values) != len(index):
        raise _wrong("a series is not as long as its index")
    made = {"axes": [index], "blocks": [{"values": values, "mgr_locs": slice(0, len(index), 1)}]}
    return [index], [values], [index], {"0.14.1": made}


def _object_state(typ: str, manager: Any) -> StateRule:
    """The state of a frame or a series."""

    def rule(policy: Policy, _: Any, state: Any) -> dict[str, Any]:
        known = type(state) is dict and state.get("_typ") == typ and _is(policy, state.get("_mgr"), manager)
        if not known or type(state.get("attrs")) is not dict or type(state.get("_metadata")) is not list:
            raise _wrong("its state is of another form")
        flags = state.get("_flags")
        if not _is_plain_dict(flags, "allows_duplicate_labels") or type(flags["allows_duplicate_labels"]) is not bool:
            raise _wrong("its flags are of another form")
        made = {"_mgr": state["_mgr"], "_typ": typ, "attrs": dict(state["attrs"]), "_flags": dict(flags)}
        made["_metadata"] = []
        for name in {"_name", "name"} & state.keys() if typ == "series" else ():
            if not _is_name(state[name]):
                raise _wrong("its name is none")
            made[name] = state[name]
            made["_metadata"] = [name]
        return made

    return rule


def _table(rules: dict[Any, Any]) -> dict[int, Any]:
    return {id(what): rule for what, rule in rules.items() if what is not None}


_OFFSETS = (
    *("Day", "Hour", "Minute", "Second", "Milli", "Micro", "Nano", "BusinessDay", "Week"),
    *(f"{period}{end}" for period in ("Month", "BusinessMonth", "Quarter", "Year") for end in ("Begin", "End")),
)

CALLS: dict[int, Rule] = _table(
    {
        **{_inside(f"pandas._libs.tslibs.offsets.{name}"): _offset for name in _OFFSETS},
        _inside("pandas._libs.arrays.__pyx_unpickle_NDArrayBacked"): _backed,
        _inside("pandas._libs.internals._unpickle_block"): _block,
        _inside("pandas._libs.tslibs.nattype.__nat_unpickle"): _nat,
        _inside("pandas._libs.tslibs.nattype._nat_unpickle"): _nat,
        _inside("pandas._libs.tslibs.timedeltas._timedelta_unpickle"): _timedelta,
        _inside("pandas._libs.tslibs.timestamps._unpickle_timestamp"): _timestamp,
        _inside("pandas.core.indexes.base._new_Index"): _index,
        _inside("pandas.core.indexes.datetimes._new_DatetimeIndex"): _times(_Datetimes, pd.DatetimeIndex),
        _inside("pandas.core.indexes.timedeltas._new_TimedeltaIndex"): _times(_Timedeltas, pd.TimedeltaIndex),
        _BlockManager: _frame_blocks,
        pd.StringDtype: _string_dtype,
    }
)

STATES: dict[int, StateRule] = _table(
    {
        **dict.fromkeys(_BACKED_ARRAYS, _backed_state),
        **dict.fromkeys(_MASKED_ARRAYS, _masked_state),
        **dict.fromkeys(_MASKED_DTYPES, _remembered),
        pd.CategoricalDtype: _categories,
        pd.DatetimeTZDtype: _zoned,
        pd.DataFrame: _object_state("dataframe", _BlockManager),
        pd.Series: _object_state("series", _SingleBlockManager),
        _SingleBlockManager: _series_state,
    }
)

WHOLE_WITHOUT_STATE = _table(dict.fromkeys(_MASKED_DTYPES))
