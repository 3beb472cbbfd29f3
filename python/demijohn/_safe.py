"""``safe_load``: objects of files that are not trusted, built from what is known to be harmless."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import importlib
import os
import pathlib
import re
import types
import uuid
from collections.abc import Callable, Collection, Iterable
from typing import Any, BinaryIO, NoReturn

import numpy as np

from demijohn import _native
from demijohn._arguments import is_path
from demijohn._arrays import NDArrayWrapper, NumpyArrayWrapper, ZNDArrayWrapper
from demijohn._errors import CorruptError, LimitError, UntrustedError


def safe_load(filename: str | os.PathLike[str] | BinaryIO, trusted: Collection[str] = ()) -> Any:
    """Reads an object that ``dump`` wrote, and runs no code that the file chooses.

    Built are the types of plain data: those of Python itself, of ``collections``, ``datetime``, ``decimal``,
    ``fractions``, ``pathlib`` and ``uuid``; numpy's arrays, scalars and dtypes; the matrices and arrays of
    ``scipy.sparse``; pandas' frames, series and indexes of numbers, texts, dates (in UTC or at a fixed distance from it)
    and categories; and what the caller trusts. The whole file is looked through first: if it names anything else,
    nothing is built of it. Compressors that the program has registered are not used.

    >>> import demijohn, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "upload.pkl")
    >>> _ = demijohn.dump({"when": [1, 2.5]}, path)
    >>> demijohn.safe_load(path)
    {'when': [1, 2.5]}
    >>> _ = demijohn.dump(os.getcwd, path)
    >>> demijohn.safe_load(path)
    Traceback (most recent call last):
        ...
    demijohn._errors.UntrustedError: the file names what is not known to be harmless: posix.getcwd

    Args:
        filename: A path, or an object with ``read``, which is not closed.
        trusted: Names of classes and functions, as ``"module.name"``, that the file may use as it likes: they are called
            with what it says, and instances of the classes get the state it says.

    Raises:
        UntrustedError: If the file names anything else, or would call something harmless in a way that no writer of plain
            data does. Its ``globals`` are all such names in the file.
        LimitError: If reading on would cost more than an honest file does.
        EOFError, ValueError, OSError: As for ``load``.
    """
    if isinstance(trusted, str):
        raise TypeError("trusted is a collection of names, not one name")
    names = frozenset(trusted)
    if is_path(filename):
        return _native.load_path(os.fsdecode(filename), None, True, names)
    if not hasattr(filename, "read"):
        raise TypeError(f"expected a path, or an object with read, not {type(filename).__name__}")
    return _native.load_file(filename, True, names)


Rule = Callable[["Policy", tuple[Any, ...]], bool | tuple[Any, ...]]
"""Whether something may be called with these arguments, those that a real writer gives it; or with which instead."""

_Check = Callable[["Policy", tuple[Any, ...]], bool]
"""A rule that only looks."""

StateRule = Callable[["Policy", Any, Any], Any]
"""The state that an object may be given in place of this one."""

_LONG = 64
"""Values from this length on may be made into other values once: a few bytes can name them any number of times."""

_DEPTH = 500
"""How deep containers may be nested whose end Python reaches by recursion."""

_ATOMS = (int, float, complex, str, bytes, bool, type(None))

# Where numpy and Python have had the same things.
_MOVED = {"numpy.core.": "numpy._core.", "numpy.ma.core.": "numpy.ma.", "pathlib._local.": "pathlib."}

_SUBCLASSES = (np.ndarray, np.matrix, np.memmap, np.recarray, np.char.chararray, np.ma.MaskedArray)
_WRAPPERS = (NumpyArrayWrapper, NDArrayWrapper, ZNDArrayWrapper)
_BY_STATE = (uuid.UUID, *_WRAPPERS)
_RECURSIVE = (collections.deque, collections.defaultdict, np.ndarray)

_PATHS = (pathlib.PosixPath, pathlib.PurePosixPath, pathlib.PureWindowsPath, pathlib.WindowsPath)

# What the file can make without the help of trusted code, but for numpy's scalars, which share a base.
_PLAIN_TYPES = frozenset(
    (
        *(*_ATOMS, bytearray, memoryview, tuple, list, dict, set, frozenset, range, slice, type(...), type(NotImplemented)),
        *(collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque),
        *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone),
        *(decimal.Decimal, fractions.Fraction, uuid.UUID, uuid.SafeUUID, *_PATHS, *_SUBCLASSES, *_WRAPPERS),
    )
)

# Where the rules for others' classes are, which are imported once a file names one of them.
_HELPERS = {"scipy": "demijohn._safe_sparse", "pandas": "demijohn._safe_frames"}

# State and items are for instances.
_NO_INSTANCES = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)


class Policy:
    """What the native unpickler asks before it does what a file that is not trusted says."""

    def __init__(self, trusted: frozenset[str]) -> None:
        self._trusted = trusted
        self.placed: set[int] = set()
        """The blocks of frames that have one."""
        self._rules: dict[int, Rule | None] = {}
        self._trusted_ids: set[int] = set()
        self._used: set[int] = set()
        self._new_arrays: set[int] = set()
        self._depth: dict[int, int] = {}
        self._above: dict[int, list[int]] = {}
        self._states: dict[int, StateRule] = {}
        self._whole: set[int] = set()
        self._made: set[int] = set()
        self._unfinished: set[int] = set()
        self._known: dict[tuple[int, Any], Any] = {}
        # So that no address is used for something else.
        self._kept: list[Any] = []

    def untrusted(self, names: Iterable[tuple[str, str]]) -> NoReturn:
        """Refuses a file for these names."""
        found = sorted({f"{module}.{name}" for module, name in names})
        shown = ", ".join(found[:20]) + (", …" if len(found) > 20 else "")
        raise UntrustedError(f"the file names what is not known to be harmless: {shown}", found)

    def found(self, module: str, name: str, value: Any) -> None:
        """A name was looked up."""
        self._kept.append(value)
        full = f"{module}.{name}"
        if full in self._trusted:
            self._trusted_ids.add(id(value))
            return
        for old, new in _MOVED.items():
            if full.startswith(old):
                full = new + full.removeprefix(old)
        self._rules.setdefault(id(value), _CALLS.get(full))
        if helper := _HELPERS.get(module.partition(".")[0]):
            rules = importlib.import_module(helper)
            if rule := rules.CALLS.get(id(value)):
                self._rules[id(value)] = rule
            if state := rules.STATES.get(id(value)):
                self._states[id(value)] = state
            if id(value) in rules.WHOLE_WITHOUT_STATE:
                self._whole.add(id(value))

    def call(self, function: Any, args: Any) -> Any:
        """Something is to be called; answers with what."""
        if id(function) in self._trusted_ids:
            return args
        rule = self._rules.get(id(function))
        answer = rule is not None and type(args) is tuple and rule(self, args)
        if answer is False:
            self.refuse(f"would call {function!r} in a way that is not known to be harmless")
        return args if answer is True else answer

    def made(self, function: Any, made: Any) -> None:
        """Something was called, or an instance was made of it."""
        if id(function) in self._trusted_ids:
            return
        kind = type(made)
        if isinstance(made, (np.ndarray, np.dtype)):
            self._kept.append(made)
            self._new_arrays.add(id(made))
        elif not (kind in _PLAIN_TYPES or id(kind) in self._trusted_ids or isinstance(made, np.generic)):
            self._kept.append(made)
            self._made.add(id(made))
            if id(kind) in self._states and id(kind) not in self._whole:
                self._unfinished.add(id(made))

    def finish(self) -> None:
        """The object is complete."""
        if self._unfinished:
            self.refuse("leaves an object without its state")

    def new(self, cls: Any, args: Any, kwargs: Any) -> None:
        """An instance is to be made of a class."""
        if id(cls) in self._trusted_ids:
            return
        if not self.gets_state(cls) or id(cls) not in self._rules or args != () or kwargs:
            self.refuse(f"would make a {cls!r} in a way that is not known to be harmless")

    def items(self, target: Any, items: list[Any]) -> None:
        """Something other than a list, a dict or a set is to be given items."""
        kind = type(target)
        if kind is collections.deque or kind is collections.defaultdict:
            self._nest(target, items)
        elif kind not in (collections.OrderedDict, collections.Counter):
            self._instance(target, "items")

    def state(self, target: Any, state: Any) -> Any:
        """Something is to be given a state; answers which."""
        kind = type(target)
        if id(target) in self._rules or id(target) in self._trusted_ids:
            self.refuse("would change what it has not made")
        if isinstance(target, np.dtype):
            return self._dtype_state(target, state)
        rule = self._states.get(id(kind))
        if rule is not None and id(kind) not in self._trusted_ids:
            if id(target) not in self._unfinished and not (id(kind) in self._whole and id(target) in self._made):
                self.refuse("would change an object that it has not made")
            state = rule(self, target, state)
            self._unfinished.discard(id(target))
            return state
        if kind in _SUBCLASSES:
            self._array_state(target, state)
        elif kind is uuid.UUID:
            self._uuid_state(state)
        elif kind in _WRAPPERS:
            if type(state) is not dict or not all(type(key) is str for key in state):
                self.refuse("describes an array in a way that no writer does")
        else:
            self._instance(target, "a state")
        return state

    def once(self, source: Any) -> bool:
        """Whether another value may be made of this one."""
        if len(source) < _LONG:
            return True
        if id(source) in self._used:
            raise LimitError("the file makes several values of one long one")
        self._used.add(id(source))
        self._kept.append(source)
        return True

    def look(self, source: Any, what: Callable[[Any], Any]) -> Any:
        """What a function says of something that does not change, which it is asked once."""
        key = (id(source), what)
        if key not in self._known:
            self._kept.append(source)
            self._known[key] = what(source)
        return self._known[key]

    def is_finished(self, value: Any) -> bool:
        """Whether this is not an object that waits for its state."""
        return id(value) not in self._unfinished

    def gets_state(self, cls: Any) -> bool:
        """Whether instances of this are made empty and get a state."""
        return _one_of(cls, _BY_STATE) or id(cls) in self._states

    def is_trusted(self, value: Any) -> bool:
        """Whether this is something that the caller has named."""
        return id(value) in self._trusted_ids

    def is_named(self, value: Any) -> bool:
        """Whether this is something importable that the file has named."""
        return id(value) in self._rules or id(value) in self._trusted_ids

    def refuse(self, what: str) -> NoReturn:
        """Refuses what the file would do."""
        raise UntrustedError(f"the file {what}")

    def _instance(self, target: Any, what: str) -> None:
        """Makes sure that trusted code made this."""
        plain = type(target) in _PLAIN_TYPES or isinstance(target, (np.generic, np.dtype))
        if plain or id(target) in self._made or self.is_named(target) or isinstance(target, _NO_INSTANCES):
            self.refuse(f"would give {what} to a {type(target).__name__}")

    def _nest(self, outer: Any, items: Iterable[Any]) -> None:
        """Notes how deep those containers are nested in one another that Python frees by recursion."""
        for item in items:
            if type(item) not in _RECURSIVE:
                continue
            self._kept += (outer, item)
            self._above.setdefault(id(item), []).append(id(outer))
            waiting = [(id(outer), self._depth.get(id(item), 0) + 1)]
            while waiting:
                at, depth = waiting.pop()
                if depth > self._depth.get(at, 0):
                    if depth > _DEPTH:
                        raise LimitError(f"containers are nested more than {_DEPTH} deep")
                    self._depth[at] = depth
                    waiting += ((above, depth + 1) for above in self._above.get(at, ()))

    def _dtype_state(self, dtype: Any, state: Any) -> Any:
        """The state that numpy gives to a dtype like the one described.

        numpy takes a state at its word: flags that turn numbers into pointers, fields beyond the end.
        """
        # One that numpy shares would be another for everybody.
        if id(dtype) not in self._new_arrays or dtype is np.dtype(dtype.str):
            self.refuse("would change a dtype that it has not made")
        try:
            reference = _described(dtype, state)
        except (TypeError, ValueError, LookupError, OverflowError) as error:
            raise CorruptError(f"the file describes a dtype that cannot be: {error}") from None
        sized = reference.itemsize == dtype.itemsize or dtype.type is np.record
        if not sized or reference.kind != dtype.kind:
            raise CorruptError("the file describes a dtype that cannot be: its size or kind is another")
        _check_depth(reference)
        return reference.__reduce__()[2]

    def _array_state(self, array: Any, state: Any) -> None:
        # Once: what looks into the memory of before would look into nothing.
        if id(array) not in self._new_arrays:
            self.refuse("would change an array that it has not made")
        self._new_arrays.discard(id(array))
        if type(state) is not tuple:
            self.refuse("gives an array a state that no writer does")
        masked = type(array) is np.ma.MaskedArray
        mask = None
        if masked:
            if len(state) != 7:
                self.refuse("gives an array a state that no writer does")
            state, mask = state[:5], state[5]
        if len(state) == 5 and state[0] in (0, 1):
            state = state[1:]
        if len(state) != 4:
            self.refuse("gives an array a state that no writer does")
        shape, dtype, _, data = state
        if not isinstance(dtype, np.dtype):
            self.refuse("gives an array a dtype that is none")
        count = _count(shape)
        if type(data) is list:
            fits = dtype.hasobject and len(data) == count
            self._nest(array, data)
        else:
            fits = not dtype.hasobject and _is_data(data, count * dtype.itemsize)
        if mask is not None:
            fits = fits and _is_data(mask, count * np.ma.make_mask_descr(dtype).itemsize)
        if not fits or (dtype.itemsize == 0 and count > 1 << 20):
            raise CorruptError("the file gives an array more or less data than its shape wants")
        self.once(data)

    def _uuid_state(self, state: Any) -> None:
        known = type(state) is dict and type(state.get("int")) is int and 0 <= state["int"] < 1 << 128
        if not known or state.keys() - {"int", "is_safe"} or type(state.get("is_safe")) not in _ATOMS:
            self.refuse("gives a UUID a state that no writer does")


def _count(shape: Any) -> int:
    """How many elements an array of this shape has."""
    if type(shape) is not tuple or len(shape) > 64 or not all(type(n) is int and n >= 0 for n in shape):
        raise CorruptError("the file gives an array a shape that cannot be")
    count = 1
    for n in shape:
        count *= n
    return count


def _one_of(value: Any, choices: Iterable[Any]) -> bool:
    """Whether it is one of these, which it is not asked itself."""
    return any(value is choice for choice in choices)


def _is_data(data: Any, size: int) -> bool:
    return type(data) in (bytes, bytearray, str) and len(data) == size


def _described(dtype: Any, state: Any) -> Any:
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
        if not isinstance(base, np.dtype) or _count(shape) * base.itemsize >= 1 << 31:
            raise ValueError("its sub-array is none")
        return np.dtype((base, shape))
    if names is not None:
        if type(names) is not tuple or type(fields) is not dict or len(names) > 1 << 16:
            raise ValueError("its fields are none")
        parts = [fields[name] for name in names]
        spec: Any = {
            "names": list(names),
            "formats": [part[0] for part in parts],
            "offsets": [part[1] for part in parts],
            "itemsize": itemsize,
        }
        if any(len(part) > 2 for part in parts):
            spec["titles"] = [part[2] if len(part) > 2 else None for part in parts]
        if not all(isinstance(part[0], np.dtype) and type(part[1]) is int for part in parts):
            raise ValueError("its fields are none")
        struct = np.dtype(spec, align=bool(flags & 0x80))
        return np.dtype((dtype.type, struct)) if dtype.type is np.record else struct
    if dtype.kind in "mM" and len(state) == 9 and state[8] is not None:
        unit, step = state[8][1][:2]
        unit = unit.decode("ascii") if type(unit) is bytes else unit
        if not re.fullmatch("generic|[A-Za-z]{1,2}", unit) or type(step) is not int:
            raise ValueError("its unit is none")
        dtype = np.dtype(f"{dtype.kind}8" if unit == "generic" else f"{dtype.kind}8[{step}{unit}]")
    return dtype.newbyteorder(order) if order in "<>" else dtype


def _check_depth(dtype: Any) -> None:
    """numpy goes through the parts of a dtype by recursion, and through each as often as it meets it."""
    level, parts, seen = [dtype], 0, 0
    while level:
        parts += len(level)
        seen += 1
        if parts > 1 << 16 or seen > 32:
            raise LimitError("a dtype has too many parts")
        below = []
        for each in level:
            if each.subdtype is not None:
                below.append(each.subdtype[0])
            elif each.names is not None:
                below += (each.fields[name][0] for name in each.names)
        level = below


# What may be called, and with what.


def _all(*kinds: type | tuple[type, ...]) -> _Check:
    """Exactly these types; a tuple of types is a choice."""
    wanted = [kind if isinstance(kind, tuple) else (kind,) for kind in kinds]
    return lambda _, args: len(args) == len(wanted) and all(type(a) in w for a, w in zip(args, wanted, strict=True))


def _copy_of(*kinds: type) -> _Check:
    """A single container, which is copied; or nothing."""
    return lambda policy, args: not args or (len(args) == 1 and type(args[0]) in kinds and policy.once(args[0]))


def _bytearray(policy: Policy, args: tuple[Any, ...]) -> bool:
    encoded = len(args) == 2 and type(args[0]) is str and args[1] in ("latin-1", "latin1")
    return _copy_of(bytes)(policy, args) or (encoded and policy.once(args[0]))


def _encode(policy: Policy, args: tuple[Any, ...]) -> bool:
    return _all(str, str)(policy, args) and args[1] in ("latin1", "latin-1") and policy.once(args[0])


def _pairs(policy: Policy, args: tuple[Any, ...]) -> bool:
    pairs = args[0] if args else ()
    return _copy_of(list)(policy, args) and all(type(pair) in (list, tuple) and len(pair) == 2 for pair in pairs)


def _defaultdict(policy: Policy, args: tuple[Any, ...]) -> bool:
    if len(args) != 1:
        return False
    harmless = (None, bool, bytes, dict, float, frozenset, int, list, set, str, tuple)
    return _one_of(args[0], harmless) or policy.is_trusted(args[0])


def _deque(policy: Policy, args: tuple[Any, ...]) -> bool:
    if not args:
        return True
    fits = len(args) < 3 and type(args[0]) in (list, tuple) and policy.once(args[0])
    return fits and type(args[-1] if len(args) == 2 else None) in (int, type(None)) and not any(
        type(item) in _RECURSIVE for item in args[0]
    )


def _zoned(size: int) -> _Check:
    """Packed fields, and perhaps a time zone."""

    def rule(policy: Policy, args: tuple[Any, ...]) -> bool:
        packed = len(args) in (1, 2) and type(args[0]) in (bytes, str) and len(args[0]) == size
        plain = len(args) == 1 or type(args[1]) in (type(None), datetime.timezone)
        # A time zone of another class can only have come from trusted code.
        return packed and (plain or (isinstance(args[1], datetime.tzinfo) and not policy.is_named(args[1])))

    return rule


def _timezone(policy: Policy, args: tuple[Any, ...]) -> bool:
    return _all(datetime.timedelta)(policy, args) or _all(datetime.timedelta, str)(policy, args)


def _fraction(policy: Policy, args: tuple[Any, ...]) -> bool:
    text = _all(str)(policy, args) and re.fullmatch(r"-?\d{1,1000}(/\d{1,1000})?", args[0], re.ASCII) is not None
    # Reducing it takes time that grows with the square of its length.
    return text or (_all(int, int)(policy, args) and all(n.bit_length() < 1 << 15 for n in args))


def _decimal(policy: Policy, args: tuple[Any, ...]) -> bool:
    number = r"-?(s?NaN\d*|Infinity|\d+(\.\d+)?(E[+-]?\d+)?)"
    return _all(str)(policy, args) and re.fullmatch(number, args[0], re.ASCII) is not None


def _texts(_: Policy, args: tuple[Any, ...]) -> bool:
    return all(type(part) is str for part in args)


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
    return _one_of(cls, _SUBCLASSES[:5]) or (policy.is_trusted(cls) and isinstance(cls, type) and issubclass(cls, np.ndarray))


def _masked(_: Policy, args: tuple[Any, ...]) -> bool:
    whole = len(args) == 4 and args[0] is np.ma.MaskedArray and args[1] is np.ndarray
    return whole and _is_empty(args[2:])


def _frombuffer(policy: Policy, args: tuple[Any, ...]) -> bool:
    if len(args) not in (4, 5) or type(args[0]) not in (bytes, bytearray) or not isinstance(args[1], np.dtype):
        return False
    buffer, dtype, shape, order = args[:4]
    axes = len(args) == 4 or (type(args[4]) is tuple and sorted(args[4]) == list(range(len(shape))))
    fits = not dtype.hasobject and dtype.itemsize > 0 and _is_data(buffer, _count(shape) * dtype.itemsize)
    return fits and axes and order in ("C", "F", "K") and policy.once(buffer)


def _scalar(_: Policy, args: tuple[Any, ...]) -> bool:
    if len(args) != 2 or not isinstance(args[0], np.dtype):
        return False
    dtype, data = args
    if dtype.hasobject:
        return bool(dtype.kind == "O")
    return type(data) in (bytes, str) and len(data) == dtype.itemsize


def _string_dtype(_: Policy, args: tuple[Any, ...]) -> bool:
    return len(args) in (1, 2) and type(args[0]) in (bool, int) and type(args[-1]) in _ATOMS


def _reconstructor(policy: Policy, args: tuple[Any, ...]) -> bool | tuple[Any, ...]:
    """What protocols 0 and 1 call to make any instance."""
    if len(args) != 3:
        return False
    cls, base, state = args
    if base is object and state is None:
        return policy.gets_state(cls) or policy.is_trusted(cls)
    if base is dict and policy.gets_state(cls) and type(state) is dict:
        # As scipy's dictionaries of keys; what is in them comes with the state again.
        return cls, base, {}
    bases = (int, float, complex, str, bytes, tuple, list, dict, set, frozenset)
    return policy.is_trusted(cls) and _one_of(base, bases) and type(state) is base


_CALLS: dict[str, Rule] = {
    "_codecs.encode": _encode,
    "builtins.bytearray": _bytearray,
    "builtins.bytes": _all(),
    "builtins.complex": _all((int, float), (int, float)),
    "builtins.frozenset": _copy_of(list),
    "builtins.range": _all(int, int, int),
    "builtins.set": _copy_of(list),
    "builtins.slice": _all(_ATOMS, _ATOMS, _ATOMS),
    "collections.Counter": _copy_of(dict),
    "collections.OrderedDict": _pairs,
    "collections.defaultdict": _defaultdict,
    "collections.deque": _deque,
    "copyreg._reconstructor": _reconstructor,
    "datetime.date": lambda policy, args: len(args) == 1 and _zoned(4)(policy, args),
    "datetime.datetime": _zoned(10),
    "datetime.time": _zoned(6),
    "datetime.timedelta": _all(int, int, int),
    "datetime.timezone": _timezone,
    "decimal.Decimal": _decimal,
    "fractions.Fraction": _fraction,
    "numpy._core._internal._convert_to_stringdtype_kwargs": _string_dtype,
    "numpy._core.multiarray._reconstruct": _reconstruct,
    "numpy._core.multiarray.scalar": _scalar,
    "numpy._core.numeric._frombuffer": _frombuffer,
    "numpy.dtype": _dtype,
    "numpy.ma._mareconstruct": _masked,
    "uuid.SafeUUID": _all(_ATOMS),
    **{f"pathlib.{path.__name__}": _texts for path in _PATHS},
}
