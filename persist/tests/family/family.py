"""The other side of main.rs: objects made from their descriptions, by a joblib of any version.

    family.py exchange DIR OURS THEIRS    compares what is in OURS with the objects, and dumps all of these into THEIRS
    family.py check DIR OURS              compares only

DIR/objects.json has a description of each object, how to compress it and in which protocol to dump it. Files are named by
the number of their object, with a dot and whatever behind it.
"""

import ast
import json
import math
import pathlib
import struct
import sys

import joblib
import numpy as np

folder = pathlib.Path(sys.argv[2])
cases = json.loads((folder / "objects.json").read_text())


def build(node):
    """What a description describes."""
    kind, value = node["t"], node.get("v")
    if kind == "none":
        return None
    if kind in ("bool", "str"):
        return value
    if kind == "int":
        return int.from_bytes(bytes.fromhex(value), "little", signed=True)
    if kind == "float":
        return struct.unpack(">d", bytes.fromhex(value))[0]
    if kind == "bytes":
        return bytes.fromhex(value)
    if kind == "array":
        dtype = np.dtype(ast.literal_eval(node["dtype"]) if node["dtype"][0] in "[{" else node["dtype"])
        return np.ndarray(node["shape"], dtype, bytearray.fromhex(value), order=node["order"])
    if kind == "objects":
        array = np.empty(math.prod(node["shape"]), object)
        for i, item in enumerate(value):
            array[i] = build(item)
        return array.reshape(node["shape"])
    if kind == "dict":
        return {build(key): build(item) for key, item in value}
    return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](map(build, value))


def elements(array):
    """The bytes of an array's elements in native byte order, field by field: nobody copies those between fields."""
    if array.dtype.names:
        return [elements(array[name]) for name in array.dtype.names]
    return array.astype(array.dtype.newbyteorder("=")).tobytes()


def difference(a, b, path=""):
    """Where `b`, which was loaded, is not equal to `a` or of another type; None if it is the same all the way down."""
    if type(a) is not type(b):
        return f"{path}: {type(b)} instead of {type(a)}"
    if isinstance(a, np.ndarray):
        layout = ("F_CONTIGUOUS", "C_CONTIGUOUS")
        if a.shape != b.shape or any(a.flags[flag] != b.flags[flag] for flag in layout):
            return f"{path}: {b.shape} {b.flags} instead of {a.shape} {a.flags}"
        if a.dtype == object:
            return difference(a.ravel("K").tolist(), b.ravel("K").tolist(), path)
        one, two = ((array.dtype.newbyteorder("="), elements(array)) for array in (a, b))
        return None if one == two else f"{path}: {two} instead of {one}"
    if isinstance(a, (list, tuple)) and len(a) == len(b):
        found = (difference(x, y, f"{path}[{i}]") for i, (x, y) in enumerate(zip(a, b)))
        return next(filter(None, found), None)
    if isinstance(a, dict) and list(a) == list(b):
        found = (difference(a[key], b[key], f"{path}[{key!r}]") for key in a)
        return next(filter(None, found), None)
    same = struct.pack("d", a) == struct.pack("d", b) if isinstance(a, float) else a == b
    return None if same else f"{path}: {b!r} instead of {a!r}"


def check(ours):
    wrong, count = [], 0
    for path in sorted((folder / ours).iterdir()):
        count += 1
        case = cases[int(path.name.split(".")[0])]
        try:
            found = difference(build(case["object"]), joblib.load(path))
        except Exception as error:  # Whatever it is, it is to be reported.
            found = repr(error)
        if found:
            wrong.append(f"{path.name}, {case['codec']}, protocol {case['protocol']}: {found}")
    print(f"joblib {joblib.__version__}: {len(wrong)} of {count} wrong", *wrong, sep="\n")
    sys.exit(bool(wrong))


def exchange(ours, theirs):
    for i, case in enumerate(cases):
        compress = 0 if case["codec"] == "none" else (case["codec"], 1)
        joblib.dump(build(case["object"]), folder / theirs / f"{i}.pkl", compress=compress, protocol=case["protocol"])
    check(ours)


{"exchange": exchange, "check": check}[sys.argv[1]](*sys.argv[3:])
