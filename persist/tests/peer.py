"""The other side of interop.rs: stock joblib.

    peer.py write DIR   dumps every value of VALUES through every container, and a few forms only Python has
    peer.py check DIR   loads every file in DIR named VALUE.*.pkl and compares it with that value
"""

import argparse
import collections
import datetime
import decimal
import math
import os
import sys

import joblib
import numpy as np

CONTAINERS = {
    "none": 0,
    "zlib": ("zlib", 3),
    "gzip": ("gzip", 3),
    "bz2": ("bz2", 9),
    "lzma": ("lzma", 6),
    "xz": ("xz", 6),
}

try:
    import lz4.frame  # Where joblib has no lz4, there is nothing to exchange.

    CONTAINERS["lz4"] = ("lz4", 1)
except ImportError:
    pass

CODES = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]


def pattern(dtype, shape, order="C"):
    """An array of arbitrary bytes; interop.rs makes the same."""
    dtype = np.dtype(dtype)
    count = math.prod(shape)
    size = count * dtype.itemsize
    data = bytes((i * 7 + 3) % 251 for i in range(size))
    if dtype == bool:
        data = bytes(b & 1 for b in data)
    return np.ndarray(shape, dtype, bytearray(data), order=order)


def basics():
    return {
        "none": None,
        "bools": [True, False],
        "ints": [0, 1, 255, 256, 65535, 65536, -1, 2**31 - 1, -(2**31), 2**31, -(2**31) - 1]
        + [2**63 - 1, -(2**63), 2**64 - 1, 2**127 - 1, -(2**127), 2**128 - 1],
        "floats": [0.0, -0.0, 1.5, math.inf, -math.inf, 5e-324],
        "texts": ["", "a", "é€😀", "x" * 255, "x" * 256, "y" * 70000],
        "bytes": [b"", b"\0\xff", b"z" * 256, b"w" * 70000],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "variants": ["Unit", {"New": 5}, {"Pair": (1, "b")}, {"Named": {"x": 1, "y": [2]}}],
        "batches": [list(range(n)) for n in (0, 1, 2, 999, 1000, 1001, 2000, 2500)],
        "counts": {i: str(i) for i in range(1001)},
    }


def shapes():
    return [
        pattern("<f8", shape, order)
        for order in "CF"
        for shape in [(), (0,), (5,), (1, 5), (5, 1), (2, 3), (3, 0, 2), (2, 3, 4), (2, 1, 3, 2, 1)]
    ]


def objects():
    """What only Python can make: interop.rs loads it and dumps what it has loaded."""
    shared = [1, 2]
    cyclic = ["self"]
    cyclic.append(cyclic)
    in_tuple = []
    in_tuple.append((in_tuple, 1))
    namespace = argparse.Namespace(weights=pattern("<f4", (2, 2)), name="n")
    return {
        "ordered": collections.OrderedDict([("b", pattern("<i2", (3,))), ("a", 1)]),
        "default": collections.defaultdict(list, {"k": [1]}),
        "deque": collections.deque([1, 2, 3], 5),
        "set": {7},
        "frozenset": frozenset([8]),
        "complex": 1 + 2j,
        "bytearray": bytearray(b"mutable"),
        "when": datetime.datetime(2020, 2, 29, 12, 30, 1, 5),
        "decimal": decimal.Decimal("1.50"),
        "slice": slice(1, None, 2),
        "scalar": np.float64(2.5),
        "type": dict,
        "lone": "\ud800x",
        "masked": np.ma.array(pattern("<i4", (4,)), mask=[0, 1, 0, 1]),
        "namespace": namespace,
        "shared": [shared, shared],
        "cyclic": cyclic,
        "in_tuple": in_tuple,
        "big": {"text": "t" * 200_000, "array": pattern("<u2", (50_000,)), "after": list(range(30_000))},
    }


VALUES = {
    "basics": basics(),
    "dtypes": {order + code: pattern(order + code, (3, 2)) for code in CODES for order in "<>"},
    "shapes": shapes(),
    "array": pattern("<f8", (400, 300)),
    "objects": objects(),
}


def same(a, b, seen=None):
    """Equal, of the same types all the way down, shared and cyclic where the other is."""
    seen = {} if seen is None else seen
    if id(a) in seen:
        return seen[id(a)] == id(b)
    if isinstance(a, np.ma.MaskedArray):
        return isinstance(b, np.ma.MaskedArray) and same(a.data, b.data) and same(a.mask, b.mask)
    if isinstance(a, np.ndarray):
        # joblib turns big-endian arrays into native ones when it loads them.
        native = a.astype(a.dtype.newbyteorder("="))
        layout = ("F_CONTIGUOUS", "C_CONTIGUOUS")
        return (
            type(b) is np.ndarray
            and (b.dtype, b.shape) == (native.dtype, a.shape)
            and all(a.flags[flag] == b.flags[flag] for flag in layout)
            and b.tobytes() == native.tobytes()
        )
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple, dict, set, argparse.Namespace, bytearray, collections.deque)):
        # `a` must not be collected and its id reused: it is part of VALUES.
        seen[id(a)] = id(b)
    if isinstance(a, (list, tuple, collections.deque)):
        return len(a) == len(b) and all(same(x, y, seen) for x, y in zip(a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key], seen) for key in a)
    if isinstance(a, argparse.Namespace):
        return same(vars(a), vars(b), seen)
    if isinstance(a, float):
        return np.float64(a).tobytes() == np.float64(b).tobytes()
    return a == b


def write(folder):
    for name, value in VALUES.items():
        for container, compress in CONTAINERS.items():
            joblib.dump(value, os.path.join(folder, f"{name}.{container}.pkl"), compress=compress)
    for protocol in range(6):
        joblib.dump(VALUES["dtypes"], os.path.join(folder, f"dtypes.protocol{protocol}.pkl"), protocol=protocol)
    objects = np.array([1, "a", None], dtype=object)
    objects[2] = np.arange(3, dtype="<i8")
    joblib.dump(objects, os.path.join(folder, "others.objects.pkl"))
    joblib.dump(np.array(["2020-01-01"], "M8[D]"), os.path.join(folder, "others.dates.pkl"))
    joblib.dump(np.array([(0, 0), (1, 0)], [("a", "<i4"), ("b", "<f8")]), os.path.join(folder, "others.records.pkl"))


def check(folder):
    files = sorted(os.listdir(folder))
    wrong = []
    for file in files:
        try:
            if not same(VALUES[file.split(".")[0]], joblib.load(os.path.join(folder, file))):
                wrong.append(f"{file}: differs")
        except Exception as error:  # whatever it is, it is to be reported
            wrong.append(f"{file}: {error!r}")
    print(f"{len(files)} files, {len(wrong)} wrong", *wrong, sep="\n")
    sys.exit(bool(wrong) or not files)


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](sys.argv[2])
