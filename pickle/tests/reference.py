"""The other side of reference.rs: pickles as CPython's Lib/pickle.py writes them, in protocol 4.

    reference.py DIR   writes DIR/values/NAME for what reference.rs makes as well, and DIR/objects/NAME for the rest
"""

import argparse
import collections
import datetime
import decimal
import os
import pickle
import sys

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
        "dates": [datetime.datetime(2020, 1, 2, 3), datetime.timedelta(1), datetime.timezone.utc],
        "numbers": [decimal.Decimal("1.5"), complex(1, 2), 10**400, -(10**700)],
        "odd": ["\ud800", "é", slice(1, 2), range(3), Ellipsis, ValueError("no")],
        "key": {(1, 2): 3, frozenset((4,)): 5, None: 6, 1.5: 7},
        "long": [list(range(40000)), "y" * 70000, b"z" * 70000, [[i] for i in range(20000)]],
    }


for folder, values in [("values", VALUES), ("objects", objects())]:
    os.makedirs(os.path.join(sys.argv[1], folder))
    for name, value in values.items():
        with open(os.path.join(sys.argv[1], folder, name), "wb") as file:
            file.write(pickle._dumps(value, protocol=4))
