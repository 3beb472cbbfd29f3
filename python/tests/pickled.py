"""Objects of all kinds for the tests of pickling, and what they have in common."""

import collections
import copyreg
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import os
import uuid
from typing import NamedTuple

from demijohn import _native

PROTOCOLS = range(6)


def dumps(value, protocol):
    return _native.dump_bytes(value, None, None, protocol)


def outcome(dump, value, protocol):
    """What pickling gives: bytes, or the class of the exception."""
    try:
        return dump(value, protocol)
    except Exception as e:
        return type(e)


class Plain:
    def __init__(self):
        self.number = 1
        self.me = [self]

    def method(self):
        pass

    class Inner:
        class Innermost:
            pass

        @staticmethod
        def static():
            pass


class Colour(enum.Enum):
    RED = 1


class Bits(enum.Flag):
    ONE = 1
    TWO = 2


@dataclasses.dataclass
class Point:
    x: int = 1
    name: str = "p"


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    x: int = 1


class Pair(NamedTuple):
    left: int
    right: str


class Slots:
    __slots__ = ("__dict__", "a", "b")


def slots():
    value = Slots()
    value.a = 1
    value.c = 2
    return value


class NewArgs(tuple):
    def __new__(cls, *args):
        return tuple.__new__(cls, args)

    def __getnewargs__(self):
        return tuple(self)


class NewArgsEx(int):
    def __new__(cls, number, *, scale):
        self = int.__new__(cls, number * scale)
        self.scale = scale
        return self

    def __getnewargs_ex__(self):
        return (self // self.scale,), {"scale": self.scale}


class GetState:
    def __getstate__(self):
        return ("any", "thing")

    def __setstate__(self, state):
        pass


class NoState:
    def __getstate__(self):
        return None


class Reduces:
    """Answers what it is told to when it is asked how it is made."""

    def __init__(self, answer):
        self.answer = answer

    def __reduce__(self):
        return self.answer


class ReducesEx(Reduces):
    def __reduce_ex__(self, protocol):
        return self.answer


class Known(Reduces):
    """Known by a name."""


known = Known("known")


def set_state(value, state):
    value.__dict__.update(state)


class Registered:
    pass


copyreg.pickle(Registered, lambda _: (Registered, ()))


class Meta(type):
    pass


class WithMeta(metaclass=Meta):
    pass


class ListLike(list):
    pass


class DictLike(dict):
    pass


class SetLike(set):
    pass


def filled(container, attribute):
    container.attribute = attribute
    return container


def recursive_list():
    value = []
    value.append((value,))
    return value


def recursive_tuple(n):
    value = (*range(n - 1), [])
    value[-1].append(value)
    return value


def recursive_dict():
    value = {}
    value["me"] = value
    return value


def recursive_through(cls):
    """A hashable thing in a container that refers back to it."""
    value = Reduces(None)
    container = cls([value])
    value.answer = (Reduces, (None,), {"container": container})
    return container


def recursive_reduce():
    """An object that is an argument of the call that makes it, at a remove."""
    box = []
    value = Reduces((Reduces, (box,)))
    box.append(value)
    return value


def shared():
    item = [1]
    text = "".join(["sha", "red"])
    return [item, item, (item, text), {text: item, "other": text}, text, (text,), {1: (item,)}]


OBJECTS = [
    *[None, True, False, ..., NotImplemented],
    *[0, 1, 255, 256, 65535, 65536, -1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1],
    *[2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 2**127, 2**128, -(2**128), 10**600, -(10**1000), 1 << 2047],
    *[0.0, -0.0, 1.5, 1e16, 1e-5, 5e-324, float("inf"), float("-inf"), float("nan"), 1 + 2j],
    *["", "a", "é", "\u20ac", "\U0001f600", "\ud800", "a\udfffb", "\\u0041\0\r\n\x1a\\", "x" * 255, "x" * 256],
    *["x" * 65535, "x" * 65536, "\ud800" * 30000, ["\n", "\n"], ["e\\"] * 2],
    *[b"", b"a", bytes(range(256)), b"a" * 65535, b"a" * 65536, [b"same"] * 2],
    *[bytearray(), bytearray(b"ab"), bytearray(65535), bytearray(65536), [bytearray(b"same")] * 2],
    *[[], [1], [1, 2], ["a", "a"], *([i] * n for i in ("k", 7) for n in (999, 1000, 1001, 2000, 2001))],
    *[{}, {1: 2}, {None: (), (): None}, *(dict.fromkeys(range(n), "v") for n in (999, 1000, 1001, 2000, 2001))],
    *[(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((),), tuple(range(1001))],
    *[set(), {1}, {1, 2, 3}, *(set(range(n)) for n in (999, 1000, 1001, 2000))],
    *[frozenset(), frozenset({1, 2}), frozenset(range(1001)), {frozenset({1}), frozenset({2})}],
    *[recursive_list(), recursive_dict(), *(recursive_tuple(n) for n in (1, 2, 3, 4, 5))],
    *[recursive_through(list), recursive_through(set), recursive_through(frozenset), recursive_through(tuple)],
    *[shared(), [range(3)] * 3, [("key", i) for i in range(20000)], [[i] for i in range(300)] * 2],
    *[Plain(), slots(), Slots(), NewArgs(1, 2), NewArgs(), NewArgsEx(3, scale=4), GetState(), NoState()],
    *[Colour.RED, Bits.ONE | Bits.TWO, Point(), Frozen(), Pair(1, "b"), ValueError("x"), filled(OSError(2, "no"), 1)],
    *[known, Registered(), WithMeta, WithMeta(), Reduces((list, ()))],
    *[Reduces((Reduces, (None,), {"answer": 1}, None, None, set_state)), recursive_reduce()],
    *[ListLike(), ListLike([1]), ListLike(range(1001)), filled(ListLike([1, 2]), 3), filled(ListLike([1, 2]), None)],
    *[DictLike(), DictLike({1: 2}), DictLike.fromkeys(range(1001)), filled(DictLike({1: 2}), 3), SetLike({1})],
    *[collections.OrderedDict(a=1, b=2), collections.defaultdict(list, a=[1]), collections.Counter("abca")],
    *[collections.deque([1, 2], 3), collections.deque(range(1001)), collections.ChainMap({1: 2}, {3: 4})],
    *[datetime.datetime(2024, 2, 29, 12, 30, 1, 7, datetime.UTC), datetime.timedelta(1), datetime.date(1, 1, 1)],
    *[decimal.Decimal("1.50"), fractions.Fraction(1, 3), uuid.UUID(int=7), range(3), slice(1, 2)],
    *[functools.partial(int, base=2), Plain.method, Plain().method, "abc".join, str.join, [].append, len, os.path.join],
    *[Plain, Plain.Inner, Plain.Inner.Innermost, Plain.Inner.static, Colour, int, type, object, list[int]],
    *[type(None), type(...), type(NotImplemented), collections.OrderedDict.fromkeys],
]
