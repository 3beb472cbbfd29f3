"""Pickling: the same bytes as ``pickle.py``, whatever the object."""

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import os
import pickle
from typing import NamedTuple

import pytest

from demijohn import _native

PROTOCOLS = range(6)


def dumps(value, protocol):
    return _native.dump_bytes(value, None, None, protocol)


class Plain:
    def __init__(self):
        self.number = 1
        self.me = [self]


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Point:
    x: int = 1
    name: str = "p"


class Pair(NamedTuple):
    left: int
    right: str


def recursive_list():
    value = []
    value.append((value,))
    return value


def recursive_tuple():
    value = ([],)
    value[0].append(value)
    return value


def recursive_dict():
    value = {}
    value["me"] = value
    return value


OBJECTS = [
    *[None, True, False, ..., NotImplemented],
    *[0, 1, 255, 256, 65535, 65536, -1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63, -(2**63), 2**64, 10**1000],
    *[0.0, -0.0, 1.5, float("inf"), 1 + 2j],
    *["", "a", "é", "\U0001f600", "\ud800", "x" * 255, "x" * 256, "x" * 70000],
    *[b"", b"a", bytes(range(256)), b"a" * 70000],
    *[bytearray(), bytearray(b"ab"), bytearray(70000)],
    *[[], [1], [1, 2], ["a", "a"], *([[i] * n for i in ("k", 7) for n in (999, 1000, 1001, 2000, 2001)])],
    *[{}, {1: 2}, *(dict.fromkeys(range(n), "v") for n in (999, 1000, 1001, 2000, 2001))],
    *[(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), tuple(range(1001))],
    *[set(), {1}, {1, 2, 3}, set(range(1000)), set(range(1001)), frozenset(), frozenset({1, 2})],
    *[recursive_list(), recursive_tuple(), recursive_dict(), Plain()],
    *[Colour.RED, Point(), Pair(1, "b"), ValueError("x")],
    *[collections.OrderedDict(a=1, b=2), collections.defaultdict(list, a=[1]), collections.Counter("abca")],
    *[collections.deque([1, 2], 3), collections.deque(range(1001))],
    *[datetime.datetime(2024, 2, 29, 12, 30, 1, 7, datetime.UTC), decimal.Decimal("1.50"), fractions.Fraction(1, 3)],
    *[range(3), slice(1, 2), functools.partial(int, base=2)],
    *[Plain, Colour, Point, len, os.path.join, int, type(None), type(...), type(NotImplemented), str.join, ",".join],
    [("key", i) for i in range(50000)],
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_bytes_are_those_of_pickle(protocol):
    for value in OBJECTS:
        assert dumps(value, protocol) == pickle._dumps(value, protocol), repr(value)[:100]
