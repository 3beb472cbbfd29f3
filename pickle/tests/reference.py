"""The other side of reference.rs: pickles as CPython's Lib/pickle.py writes them.

    reference.py write DIR   writes DIR/values.P/NAME for what reference.rs makes as well, in protocols P from 2 to 5,
                             and DIR/objects.P/NAME for the rest, in protocols from 0 to 5
    reference.py check DIR   loads what is in DIR/objects.*/ and compares it with the original
"""

import argparse
import collections
import datetime
import decimal
import fractions
import math
import os
import pathlib
import pickle
import sys
import uuid

try:
    import numpy
except ImportError:
    numpy = None

VALUES = {
    "none": None,
    "true": True,
    # Three bytes of opcodes are no frame, four are.
    "three": 5,
    "four": 256,
    "ints": [0, 255, 256, 65535, 65536, -1, -128, -129, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, -(2**63)]
    + [2**63, 2**64 - 1, 2**127 - 1, -(2**127), 2**128 - 1],
    "floats": [0.5, -0.0, 1e300],
    "empty": [[], {}, ()],
    "tuples": [(1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "records": [{"name": i, "size": -i} for i in range(3)],
    "one": {"key": [7]},
    "frames": [list(range(30000)), list(range(30000, 60000))],
    "strings": [str(i) * 3 for i in range(20000)],
}
for n in (0, 1, 2, 999, 1000, 1001, 2000, 2001, 3500):
    VALUES[f"list{n}"] = list(range(n))
    VALUES[f"dict{n}"] = {i: None for i in range(n)}
for n in (0, 1, 255, 256, 65535, 65536, 200000):
    VALUES[f"str{n}"] = [n, "x" * n, n]
    VALUES[f"bytes{n}"] = [n, b"x" * n, n]


class KeywordOnly:
    """Pickled with NEWOBJ_EX."""

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls)
        self.made_of = args, kwargs
        return self

    def __getnewargs_ex__(self):
        return self.made_of

    def __eq__(self, other):
        return self.made_of == other.made_of


class Slots:
    __slots__ = "a", "b"

    def __init__(self):
        self.a, self.b = 1, [self]

    def __eq__(self, other):
        return (self.a, self.b[0] is self) == (other.a, other.b[0] is other)


class Hashable(argparse.Namespace):
    __hash__ = object.__hash__


class Outer:
    class Inner:
        class Deep:
            def __eq__(self, other):
                return type(self) is type(other)


def arrays():
    grid = numpy.arange(6, dtype="<f8").reshape(2, 3)
    things = numpy.array([[1, "a"], [None, 2.5]], dtype=object)
    record = numpy.array([(1, 2.5, b"x"), (2, 3.5, b"yz")], [("a", "<i4"), ("b", ">f8"), ("c", "S3")])
    return {
        "array": grid,
        "array_f": numpy.asfortranarray(grid),
        "arrays": [grid, grid, grid[0], numpy.zeros((0, 3), "u1"), numpy.array(7, ">i2"), numpy.array([True])],
        "array_axes": numpy.arange(24, dtype="<i2").reshape(2, 3, 4).transpose(1, 2, 0),
        "array_big": numpy.arange(20000, dtype="<i8"),
        "array_record": record,
        "array_text": numpy.array(["a", "bcd"]),
        "array_dates": numpy.array(["2020-01-01", "NaT"], "M8[25s]"),
        "array_objects": [things, things],
    }


def objects():
    shared = [1]
    cyclic = []
    cyclic.append(cyclic)
    small_tuple = []
    small_tuple.append((1, small_tuple))
    large_tuple = []
    large_tuple.append((1, 2, 3, large_tuple))
    namespace = argparse.Namespace(a=1)
    namespace.me = namespace
    in_set = argparse.Namespace(a=1)
    in_set.__class__ = Hashable
    in_set.sets = [{in_set}, frozenset([in_set])]
    return {
        "shared": [shared, shared, (shared,)],
        "cyclic": cyclic,
        "small_tuple": small_tuple[0],
        "large_tuple": large_tuple[0],
        "namespace": namespace,
        "ordered": collections.OrderedDict((i, str(i)) for i in range(1001)),
        "one_item": collections.OrderedDict(a=1),
        "default": collections.defaultdict(list, a=[]),
        "deque": collections.deque(range(1500), 2000),
        "sets": [set(), {1}, set(range(1000)), set(range(2500)), frozenset(), frozenset((1, 2, 3))],
        "bytearrays": [bytearray(), bytearray(b"abc"), bytearray(70000)],
        "types": [dict, int, collections.OrderedDict, datetime.date],
        "in_set": in_set.sets[0],
        "keyword": [KeywordOnly(a=1), KeywordOnly(1, 2, 3, b=[2]), KeywordOnly(c=3)],
        "slots": Slots(),
        "nested_name": [dict.fromkeys, collections.OrderedDict.fromkeys, Outer.Inner, Outer.Inner.Deep()],
        "paths": [pathlib.PurePosixPath("/a/b"), pathlib.PurePosixPath("."), pathlib.PureWindowsPath("c:/x")],
        "uuid": uuid.UUID(int=2**127 + 5),
        "fractions": [fractions.Fraction(-1, 3), fractions.Fraction(10**30)],
        "counter": [collections.Counter("abca"), collections.Counter()],
        "complexes": [complex(-0.0, math.inf), 1j],
        "zones": [
            datetime.datetime(2020, 1, 2, 3, 4, 5, 6, datetime.timezone(datetime.timedelta(hours=-5), "X"), fold=1),
            datetime.time(23, 59, tzinfo=datetime.timezone.utc),
            datetime.date(9999, 12, 31),
            datetime.timedelta(-1, 5, 7),
        ],
        "old_names": [OSError(2), ValueError("x"), FileNotFoundError(2, "y"), range(2), collections.UserDict(a=1)],
        "dates": [datetime.datetime(2020, 1, 2, 3), datetime.timedelta(1), datetime.timezone.utc],
        "numbers": [decimal.Decimal("1.5"), complex(1, 2), 10**400, -(10**700)],
        "odd": ["\ud800", "é", slice(1, 2), range(3), Ellipsis, ValueError("no")],
        "key": {(1, 2): 3, frozenset((4,)): 5, None: 6, 1.5: 7},
        "long": [list(range(40000)), "y" * 70000, b"z" * 70000, [[i] for i in range(20000)]],
    }


def same(a, b, seen):
    """Equal, of the same types all the way down, shared and cyclic where the other is."""
    if type(a) is not type(b):
        return False
    if id(a) in seen:
        return seen[id(a)] is b
    if isinstance(a, (list, dict, set)):
        seen[id(a)] = b
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y, seen) for x, y in zip(a, b))
    if isinstance(a, dict):
        pairs = list(zip(a.items(), b.items()))
        return len(a) == len(b) and all(same(x, y, seen) for x, y in pairs)
    if isinstance(a, Hashable):
        return len(a.sets) == len(b.sets)
    if isinstance(a, (set, frozenset)):
        return len(a) == len(b) and (a == b or isinstance(next(iter(b)), Hashable))
    if isinstance(a, Exception):
        return a.args == b.args
    if isinstance(a, argparse.Namespace):
        return a.a == b.a and (a.me is a) == (b.me is b)
    if numpy is not None and isinstance(a, numpy.ndarray):
        # numpy puts what it loads from `_reconstruct` in native byte order.
        if not a.flags.forc:
            return same(numpy.ascontiguousarray(a), b, {})  # it is written so
        a_says, b_says = (
            (x.dtype.newbyteorder("="), x.shape, x.tolist(), x.flags.f_contiguous, x.flags.c_contiguous) for x in (a, b)
        )
        return a_says == b_says or repr(a) == repr(b)
    return a == b or repr(a) == repr(b)


def everything():
    return objects() | (arrays() if numpy else {})


def write(out):
    for folder, values, protocols in [("values", VALUES, range(2, 6)), ("objects", everything(), range(6))]:
        for protocol in protocols:
            os.makedirs(os.path.join(out, f"{folder}.{protocol}"))
            for name, value in values.items():
                if protocol < 2 and name == "slots":
                    continue  # not possible
                if protocol < 4 and name == "nested_name":
                    value = value[1:]  # a builtin method is written by way of `getattr`, each time anew
                with open(os.path.join(out, f"{folder}.{protocol}", name), "wb") as file:
                    file.write(pickle._dumps(value, protocol=protocol))


def check(root):
    originals = everything()
    wrong = []
    count = 0
    for folder in sorted(os.listdir(root)):
        for name in sorted(os.listdir(os.path.join(root, folder))):
            original = originals[name]
            count += 1
            try:
                with open(os.path.join(root, folder, name), "rb") as file:
                    loaded = pickle.load(file)
                if name == "nested_name":
                    original, loaded = original[-3:], loaded[-3:]
                if not same(original, loaded, {}):
                    wrong.append(f"{folder}/{name}: differs: {loaded!r:.200}")
            except Exception as error:  # whatever it is, it is to be reported
                wrong.append(f"{folder}/{name}: {error!r}")
    print(f"{count} files, {len(wrong)} wrong", *wrong, sep="\n")
    sys.exit(bool(wrong) or not count)


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](sys.argv[2])
