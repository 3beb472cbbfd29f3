"""What ``safe_load`` lets a file say of Python's own types: calls that real writers write, and no others."""

from __future__ import annotations

import datetime
import pathlib
import re
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from demijohn._safe import Policy, Rule, StateRule

    _Check = Callable[[Policy, tuple[Any, ...]], bool]

ATOMS = (int, float, complex, str, bytes, bool, type(None))

PATHS = (pathlib.PosixPath, pathlib.PurePosixPath, pathlib.PureWindowsPath, pathlib.WindowsPath)

_LONGEST_PATH = 8192


def one_of(value: Any, choices: Any) -> bool:
    """Whether it is one of these, which it is not asked itself."""
    return any(value is choice for choice in choices)


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
    return one_of(args[0], harmless) or policy.is_trusted(args[0])


def _deque(policy: Policy, args: Sequence[Any]) -> bool:
    if not args:
        return True
    fits = len(args) < 3 and type(args[0]) in (list, tuple) and policy.once(args[0])
    return fits and type(args[-1] if len(args) == 2 else None) in (int, type(None)) and not any(
        policy.nests(item) for item in args[0]
    )


def _zoned(size: int) -> _Check:
    """Packed fields, and perhaps a time zone."""

    def rule(policy: Policy, args: Sequence[Any]) -> bool:
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
    return _all(str)(policy, args) and re.fullmatch(number, args[0], re.ASCII) is not None and policy.once(args[0])


def _path(_: Policy, args: tuple[Any, ...]) -> bool:
    return all(type(part) is str for part in args) and sum(map(len, args)) <= _LONGEST_PATH


def _range(policy: Policy, args: tuple[Any, ...]) -> bool:
    # Its length is a number of its own.
    return _all(int, int, int)(policy, args) and all(n.bit_length() < 1 << 10 for n in args)


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
    return policy.is_trusted(cls) and one_of(base, bases) and type(state) is base


def _uuid(policy: Policy, _: Any, state: Any) -> Any:
    known = type(state) is dict and type(state.get("int")) is int and 0 <= state["int"] < 1 << 128
    if not known or state.keys() - {"int", "is_safe"} or type(state.get("is_safe")) not in ATOMS:
        policy.refuse("gives a UUID a state that no writer does")
    return state


CALLS: dict[str, Rule] = {
    "_codecs.encode": _encode,
    "builtins.bytearray": _bytearray,
    "builtins.bytes": _all(),
    "builtins.complex": _all((int, float), (int, float)),
    "builtins.frozenset": _copy_of(list),
    "builtins.range": _range,
    "builtins.set": _copy_of(list),
    "builtins.slice": _all(ATOMS, ATOMS, ATOMS),
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
    "uuid.SafeUUID": _all(ATOMS),
    **{f"pathlib.{path.__name__}": _path for path in PATHS},
}

STATES: dict[type, StateRule] = {uuid.UUID: _uuid}
