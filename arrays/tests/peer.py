"""The other side of numpy.rs: numpy itself.

    peer.py write DIR   saves every case as NAME.npy, all of them as stored.npz and deflated.npz, and cases.json
    peer.py check DIR   loads NAME.npy of every case and every .npz file in DIR, and compares
"""

import hashlib
import json
import math
import os
import sys
import warnings

import numpy as np

CODES = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
CODES += ["S5", "U3", "V7", "M8[ns]", "M8[25s]", "M8[Y]", "M8", "m8[us]", "m8", "g", "G"]

STRUCTS = [
    [],
    [("a", "<i4"), ("b", ">f8"), ("c", "?"), ("d", "S3"), ("e", "U2"), ("f", "M8[D]"), ("g", "V2"), ("h", "g")],
    [("a", "<i4", (2, 3)), ("b", "u1", (1,)), ("c", "V3", (2,))],
    [("p", [("x", ">i2"), ("q", [("y", "<c8", (2,)), ("z", "S1")], (2, 2))]), ("n", "m8[7m]")],
    [("a", ("<i4", (2,)), (3,))],
    [(("a title", "a"), "<i4"), ("b", "<i4"), (("t'\"", "c"), "u1")],
    [("it's", "<i4"), ('"', "<i4"), ("'\"", "<i4"), ("tab\t nul\0 line\n back\\", "u1"), ("é", "u1")],
    [("π", "<f4"), ("\u2028 😀", "<f4")],
    [(f"a column with a long name, number {i}", "u1") for i in range(2000)],
    {"names": ["a", "b"], "formats": ["?", "<i4"], "offsets": [1, 4], "titles": ["t", None], "itemsize": 9},
    {"names": [], "formats": [], "offsets": [], "itemsize": 4},
    {"names": ["a"], "formats": [[("x", "u1"), ("y", "V0")]], "offsets": [3], "itemsize": 8},
]
ALIGNED = [[("a", "i1"), ("b", "<i4"), ("c", "i1")], [("a", "?"), ("s", [("x", "u1"), ("y", ">f8")]), ("l", "g")]]

# What the list of fields in a .npy file cannot say.
NOT_NPY = [
    {"names": ["a", "b"], "formats": ["<i4", "<i4"], "offsets": [0, 2]},
    {"names": ["b", "a"], "formats": ["<i4", "<i4"], "offsets": [4, 0]},
]

SHAPES = [(), (0,), (5,), (1, 5), (2, 3), (3, 0, 2), (2, 3, 4), (2,) * 5 + (1,) * 59]


def cases():
    """Name to (dtype, shape, order)."""
    dtypes = [np.dtype(order + code) for code in CODES for order in "<>"]
    dtypes += [np.dtype(fields) for fields in STRUCTS] + [np.dtype(fields, align=True) for fields in ALIGNED]
    every = [(dtype, (3, 2), order) for dtype in dtypes for order in "CF"]
    every += [(np.dtype(d), shape, order) for d in (">i2", STRUCTS[2]) for shape in SHAPES for order in "CF"]
    return {f"case {number}": case for number, case in enumerate(every)}


def pattern(dtype, shape, order):
    """An array of arbitrary bytes; numpy.rs makes the same."""
    size = math.prod(shape) * dtype.itemsize
    data = bytearray((i * 7 + 3) % 251 & (1 if dtype == bool else 255) for i in range(size))
    return np.ndarray(shape, dtype, data, order=order)


def raw(array):
    """The elements in C order, gaps and all."""
    size = array.dtype.itemsize
    return array.view(f"V{size}").tobytes() if size else b""


def text(dtype):
    """The type as a literal from which nothing is missing; unlike `str`, which forgets that inner structs are aligned."""
    if dtype.subdtype:
        base, shape = dtype.subdtype
        return f"({inner(base)}, {shape})"
    if dtype.names is None:
        return dtype.str
    fields = [dtype.fields[name] for name in dtype.names]
    parts = {
        "names": list(dtype.names),
        "offsets": [f[1] for f in fields],
        "titles": [f[2] if len(f) > 2 else None for f in fields],
        "itemsize": dtype.itemsize,
        "aligned": dtype.isalignedstruct,
    }
    formats = ", ".join(inner(f[0]) for f in fields)
    return f"{{'formats': [{formats}], {repr(parts)[1:]}"


def inner(dtype):
    return text(dtype) if dtype.subdtype or dtype.names is not None else repr(dtype.str)


def printed(dtype):
    """What ours print: `str`, or for simple types the type string."""
    return str(dtype) if dtype.names is not None else dtype.str


def write(folder):
    listed = {}
    arrays = {}
    for name, (dtype, shape, order) in cases().items():
        array = arrays[name] = pattern(dtype, shape, order)
        np.save(os.path.join(folder, f"{name}.npy"), array)
        listed[name] = {
            "dtype": text(dtype),
            "printed": printed(dtype),
            "itemsize": dtype.itemsize,
            "alignment": dtype.alignment,
            "native": bool(dtype.isnative),
            "shape": shape,
            "order": order,
            "sha256": hashlib.sha256(raw(array)).hexdigest(),
        }
    arrays["in/a folder/é"] = np.arange(3)
    np.savez(os.path.join(folder, "stored.npz"), **arrays)
    np.savez_compressed(os.path.join(folder, "deflated.npz"), **arrays)
    objects = np.array([1, "a", None], dtype=object)
    np.save(os.path.join(folder, "objects"), objects, allow_pickle=True)
    others = [printed(np.dtype(fields)) for fields in NOT_NPY]
    with open(os.path.join(folder, "cases.json"), "w") as out:
        json.dump({"cases": listed, "not_npy": others}, out)


def difference(array, case):
    dtype, shape, order = case
    expected = pattern(dtype, shape, order)
    if (array.dtype, array.shape) != (dtype, shape):
        return f"{array.dtype} {array.shape}"
    # numpy itself forgets the order of arrays without bytes.
    orders = [(a.flags.f_contiguous, a.flags.c_contiguous) for a in (array, expected)]
    if dtype.itemsize and orders[0] != orders[1]:
        return "other order"
    return None if same(array, expected) else "other bytes"


def same(a, b):
    """Field by field, as numpy does not copy what is between them when it reads a .npz file."""
    if raw(a) == raw(b):
        return True
    return a.dtype.names is not None and all(same(a[name].copy(), b[name].copy()) for name in a.dtype.names)


def check(folder):
    expected = cases()
    wrong = []
    seen = 0

    def compare(name, where, load):
        nonlocal seen
        seen += 1
        try:
            problem = difference(load(), expected[name])
        except Exception as error:  # whatever it is, it is to be reported
            problem = repr(error)
        if problem:
            wrong.append(f"{where} {name}: {problem}")

    for file in sorted(os.listdir(folder)):
        path = os.path.join(folder, file)
        if file.endswith(".npy"):
            compare(file[:-4], "npy", lambda: np.load(path, max_header_size=10**6))
        elif file.endswith(".npz"):
            with np.load(path, max_header_size=10**6) as arrays:
                if arrays.zip.testzip() is not None:
                    wrong.append(f"{file}: bad checksum")
                keys = [key for key in arrays.files if key != "in/a folder/é"]
                if len(keys) == len(arrays.files) or arrays["in/a folder/é"].tolist() != [0, 1, 2]:
                    wrong.append(f"{file}: the array in a folder is missing or wrong")
                if keys != list(expected):
                    wrong.append(f"{file}: has {arrays.files}")
                for key in keys:
                    compare(key, file, lambda: arrays[key])
    print(f"{seen} arrays, {len(wrong)} wrong", *wrong, sep="\n")
    sys.exit(bool(wrong) or seen < 3 * len(expected))


# Names that are not Latin-1 need version 3 of the format, of which numpy warns.
warnings.simplefilter("ignore")
{"write": write, "check": check}[sys.argv[1]](sys.argv[2])
