"""``safe_load``: objects of files that are not trusted, built from what is known to be harmless."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import importlib
import os
import types
import uuid
from collections.abc import Callable, Collection, Iterable
from typing import Any, BinaryIO, NoReturn

import numpy as np

from demijohn import _native, _safe_numpy as _numpy, _safe_plain as _plain
from demijohn._arguments import is_path
from demijohn._errors import LimitError, UntrustedError
from demijohn._safe_plain import one_of


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

StateRule = Callable[["Policy", Any, Any], Any]
"""The state that an object may be given in place of this one."""

_LONG = 64
"""Values from this length on may be made into other values once: a few bytes can name them any number of times."""

_DEPTH = 100
"""How deep containers may be nested whose end Python reaches by recursion."""

# Where numpy and Python have had the same things.
_MOVED = {"numpy.core.": "numpy._core.", "numpy.ma.core.": "numpy.ma.", "pathlib._local.": "pathlib."}

_CALLS: dict[str, Rule] = {**_plain.CALLS, **_numpy.CALLS}
_STATES: dict[type, StateRule] = {**_plain.STATES, **_numpy.STATES}

_BY_STATE = (uuid.UUID, *_numpy.WRAPPERS)
_RECURSIVE = (collections.deque, collections.defaultdict, np.ndarray)

# What the file can make without the help of trusted code, but for numpy's scalars, which share a base.
_PLAIN_TYPES = frozenset(
    (
        *(*_plain.ATOMS, bytearray, memoryview, tuple, list, dict, set, frozenset, range, slice, type(...), type(NotImplemented)),
        *(collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque),
        *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone),
        *(decimal.Decimal, fractions.Fraction, uuid.UUID, uuid.SafeUUID, *_plain.PATHS),
        *(*_numpy.SUBCLASSES, *_numpy.WRAPPERS),
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
        self.weights: dict[int, tuple[int, int]] = {}
        """How many parts dtypes have, and how deep they are nested."""
        self._rules: dict[int, Rule | None] = {}
        self._trusted_ids: set[int] = set()
        self._used: set[int] = set()
        self._spent = 0
        self._fresh: set[int] = set()
        self._depth: dict[int, int] = {}
        self._above: dict[int, set[int]] = {}
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
            self.refuse(f"would call {self._name(function)} in a way that is not known to be harmless")
        return args if answer is True else answer

    def made(self, function: Any, made: Any) -> None:
        """Something was called, or an instance was made of it."""
        if id(function) in self._trusted_ids:
            return
        kind = type(made)
        if isinstance(made, (np.ndarray, np.dtype)):
            if self._rules.get(id(function)) in _numpy.WAITING:
                self._kept.append(made)
                self._fresh.add(id(made))
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
            self.refuse(f"would make an instance of {self._name(cls)} in a way that is not known to be harmless")

    def items(self, target: Any, items: list[Any]) -> None:
        """Something other than a list, a dict or a set is to be given items."""
        kind = type(target)
        if kind is collections.deque or kind is collections.defaultdict:
            self.nest(target, items)
        elif kind not in (collections.OrderedDict, collections.Counter):
            self._instance(target, "items")

    def state(self, target: Any, state: Any) -> Any:
        """Something is to be given a state; answers which."""
        kind = type(target)
        if id(target) in self._rules or id(target) in self._trusted_ids:
            self.refuse("would change what it has not made")
        if isinstance(target, np.dtype):
            return _numpy.dtype_state(self, target, state)
        if id(kind) in self._states and id(kind) not in self._trusted_ids:
            if id(target) not in self._unfinished and not (id(kind) in self._whole and id(target) in self._made):
                self.refuse("would change an object that it has not made")
            state = self._states[id(kind)](self, target, state)
            self._unfinished.discard(id(target))
            return state
        if rule := _STATES.get(kind):
            return rule(self, target, state)
        self._instance(target, "a state")
        return state

    def once(self, source: Any) -> bool:
        """Whether another value may be made of this one."""
        if len(source) < _LONG:
            return True
        if not self.is_new(source):
            raise LimitError("the file makes several values of one long one")
        return True

    def is_new(self, source: Any) -> bool:
        """Whether this has not been asked of this before."""
        if id(source) in self._used:
            return False
        self._used.add(id(source))
        self._kept.append(source)
        return True

    def spend(self, cost: int, most: int) -> None:
        """Counts what a file gets for a few bytes."""
        self._spent += cost
        if self._spent > most:
            raise LimitError("the file makes many values of few bytes")

    def look(self, source: Any, what: Callable[[Any], Any]) -> Any:
        """What a function says of something that does not change, which it is asked once."""
        key = (id(source), what)
        if key not in self._known:
            self._kept.append(source)
            self._known[key] = what(source)
        return self._known[key]

    def is_finished(self, value: Any) -> bool:
        """Whether this is not an object that waits for its state."""
        return id(value) not in self._unfinished and id(value) not in self._fresh

    def is_fresh(self, value: Any) -> bool:
        """Whether this is an array or a dtype that waits for its state, and that nothing has looked at."""
        return id(value) in self._fresh

    def settle(self, value: Any) -> None:
        """From now on this stays as it is."""
        self._fresh.discard(id(value))

    def is_dtype(self, value: Any) -> bool:
        """Whether this is a dtype, which then stays as it is."""
        self.settle(value)
        return isinstance(value, np.dtype)

    def nests(self, value: Any) -> bool:
        """Whether Python reaches the end of what is in this by recursion."""
        return type(value) in _RECURSIVE

    def gets_state(self, cls: Any) -> bool:
        """Whether instances of this are made empty and get a state."""
        return one_of(cls, _BY_STATE) or id(cls) in self._states

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

    def _name(self, value: Any) -> str:
        """What to call this in a message; if the file has made it, it might be endless."""
        return repr(value) if self.is_named(value) else f"a {type(value).__name__}"

    def nest(self, outer: Any, items: Iterable[Any]) -> None:
        """Notes how deep those containers are nested in one another that Python frees by recursion."""
        for item in items:
            if not self.nests(item):
                continue
            self._kept += (outer, item)
            self._above.setdefault(id(item), set()).add(id(outer))
            waiting = [(id(outer), self._depth.get(id(item), 0) + 1)]
            while waiting:
                at, depth = waiting.pop()
                if depth > self._depth.get(at, 0):
                    if depth > _DEPTH:
                        raise LimitError(f"containers are nested more than {_DEPTH} deep")
                    self._depth[at] = depth
                    waiting += ((above, depth + 1) for above in self._above.get(at, ()))
