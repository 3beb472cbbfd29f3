"""``safe_load``: plain data comes back, and nothing that a file says is run."""

import collections
import datetime
import decimal
import fractions
import gzip
import io
import os
import pathlib
import pickle
import subprocess
import sys
import threading
import uuid

import joblib
import numpy as np
import pytest

import demijohn
from demijohn import _native
from demijohn._safe import safe_load
from safe import dumped, load
from streams import SANITIZED

PROTOCOLS = range(6)
RAN = []


def canary(*args, **kwargs):
    """What must not be called."""
    RAN.append(args)
    return {}


class Canary:
    def __new__(cls, *args, **kwargs):
        RAN.append(args)
        return super().__new__(cls)

    def __setstate__(self, state):
        RAN.append(state)


class Point:
    def __init__(self, x):
        self.x = x


class Items(list):
    pass


@pytest.fixture(autouse=True)
def nothing_ran():
    RAN.clear()
    yield
    assert RAN == []


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def text(value):
    return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()


HERE = __name__
RUN = name(HERE, "canary")

PLAIN = [
    *[None, True, ..., NotImplemented, 7, 2**100, 1.5, 1 + 2j, "text", "\ud800", b"bytes", bytearray(b"ab")],
    *[[], [1, [2]], {}, {"a": {(1, 2): None}}, (), ((1,), 2), {1, "a"}, frozenset({1}), range(3), slice(1, None, 2)],
    *[collections.OrderedDict(a=1), collections.defaultdict(list, a=[1]), collections.Counter("aab")],
    *[collections.deque([1, 2], 3), collections.deque(range(99)), set(range(99))],
    *[datetime.date(2020, 2, 29), datetime.time(1, 2, 3), datetime.timedelta(1, 2, 3)],
    *[datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=1), "X")), datetime.UTC],
    *[decimal.Decimal("-1.50E+3"), decimal.Decimal("NaN"), fractions.Fraction(1, 3), uuid.UUID(int=7)],
    *[pathlib.PurePosixPath("/a/b"), pathlib.PureWindowsPath("c:/x"), int, np.float64, np.ndarray],
    *[np.float32(1.5), np.int64(3), np.str_("a"), np.bytes_(b"a"), np.datetime64("2020-01-01T00", "25s"), np.bool_(1)],
    *[np.dtype("f8"), np.dtype(">i4"), np.dtype("U5"), np.dtype("M8[25s]"), np.dtype("O"), np.dtype(("f4", (2, 2)))],
    np.dtype({"names": ["a", "b"], "formats": ["<i4", ">f8"], "offsets": [0, 8], "itemsize": 24}),
    np.dtype([("a", "i1"), ("b", "f8")], align=True),
    np.dtype([("s", [("x", "f4"), ("y", "S3")], (2,))]),
    np.dtype([(("title", "a"), "i4")]),
    *[np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)), np.zeros((0, 3)), np.array(1)],
    *[np.array(["a", "é"]), np.array(["2020-01-01"], "M8[D]"), np.zeros(2, [("a", "i4"), ("b", ">f8")])],
    *[np.array([1, "a", [None, {}]], dtype=object), np.array([[{}, ()], [None, 1]], dtype=object)],
    *[np.rec.array([(1, 2.0)], names="a,b"), np.char.array(["ab", "c"]), np.asmatrix([[1, 2]])],
    *[np.ma.masked_array([1, 2, 3], [0, 1, 0]), np.ma.masked_array([1.5], [1], fill_value=7)],
    np.zeros(1, [("a", "i4"), ("b", "f8")])[0],
    np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    {"arrays": [np.arange(3)] * 3, "more": (np.float64(1), [np.array(["x"], dtype=object)])},
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", PLAIN, ids=lambda value: f"{type(value).__name__} {value!r:.15}")
def test_plain_data_comes_back(value, protocol):
    for data in (dumped(value, protocol), pickle._dumps(value, protocol)):
        whole, ours = _native.load_bytes(data, True), load(data)
        assert type(ours) is type(whole)
        assert pickle._dumps(ours, 4) == pickle._dumps(whole, 4)


def test_what_is_not_known_is_listed_whole_before_anything_is_built():
    value = [fractions.Fraction(1, 2), canary, os.path.join, {"k": Point(1)}, Canary]
    data = pickle.dumps(value)
    with pytest.raises(demijohn.UntrustedError) as raised:
        load(data)
    expected = sorted(f"{v.__module__}.{v.__qualname__}" for v in (canary, os.path.join, Point, Canary))
    assert raised.value.globals == expected
    for each in expected:
        assert each in str(raised.value)
    assert isinstance(raised.value, pickle.UnpicklingError)


def test_names_behind_the_damage_do_not_hide_those_before():
    with pytest.raises(demijohn.UntrustedError):
        load(b"\x80\x02" + RUN + b")R" + b"\xff.")
    with pytest.raises(demijohn.TruncatedError):
        load(b"\x80\x02]")


TRUSTED = [f"{HERE}.{cls.__name__}" for cls in (Point, Items)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_trusted_by_name_is_built(protocol):
    items = Items([1, 2])
    items.attribute = "a"
    data = dumped({"point": Point(np.arange(3)), "items": items}, protocol)
    loaded = load(data, TRUSTED)
    assert type(loaded["point"]) is Point
    assert loaded["point"].x.tolist() == [0, 1, 2]
    assert (type(loaded["items"]), loaded["items"], loaded["items"].attribute) == (Items, [1, 2], "a")
    with pytest.raises(demijohn.UntrustedError) as raised:
        load(data, TRUSTED[:1])
    assert raised.value.globals == TRUSTED[1:]


def test_names_are_trusted_whole():
    for trusted in (HERE, f"{HERE}.", "canary", f"{HERE}.canar", f"{HERE}.canary2", f"{HERE}.Point"):
        with pytest.raises(demijohn.UntrustedError):
            load(b"\x80\x02" + RUN + b".", [trusted])
    with pytest.raises(TypeError):
        safe_load(io.BytesIO(), "collections.Counter")


def test_models_are_loaded_by_those_who_trust_their_classes():
    linear_model = pytest.importorskip("sklearn.linear_model")
    model = linear_model.LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
    data = dumped(model)
    with pytest.raises(demijohn.UntrustedError) as raised:
        load(data)
    assert raised.value.globals == ["sklearn.linear_model._base.LinearRegression"]
    assert load(data, raised.value.globals).predict([[2.0]]).round(9).tolist() == [5.0]


# Attacks. All of them only name what is known to be harmless, or what runs the canary.

UNKNOWN = {
    "reduce": RUN + b")R.",
    "reduce and pop": RUN + b")R0N.",
    "new": name(HERE, "Canary") + b")\x81.",
    "new with keywords": name(HERE, "Canary") + b")}\x92.",
    "obj": b"(" + name(HERE, "Canary") + b"o.",
    "inst": b"(i" + HERE.encode() + b"\nCanary\n.",
    "build": name(HERE, "Canary") + b")\x81Nb.",
    "in a memo": RUN + b"q\x000h\0)R.",
    "name from a list": b"\x80\x04" + text(HERE) + text("canary") + b"\x93)R.",
    "dotted": b"\x80\x04" + text("numpy") + text("ndarray.tofile") + b"\x93.",
    "dotted out of a module": b"\x80\x04" + text("pathlib") + text("os.system") + b"\x93.",
    "getattr": name("builtins", "getattr") + b".",
    "partial": name("functools", "partial") + RUN + b"\x85R.",
    "attrgetter": name("operator", "attrgetter") + text("a") + b"\x85R.",
    "python 2 name": name("__builtin__", "eval") + b".",
    "numpy.load": name("numpy", "load") + b".",
    "joblib.load": name("joblib", "load") + b".",
    "alike": name("collections ", "OrderedDict") + b".",
    "a copy of joblib": name("x.joblib.numpy_pickle", "NumpyArrayWrapper") + b".",
    "a companion": name("joblib.numpy_pickle", "NDArrayWrapper") + b")\x81}" + text("filename") + text("x") + b"sb.",
}


@pytest.mark.parametrize("attack", UNKNOWN)
def test_unknown_names_are_refused_however_they_are_used(attack):
    with pytest.raises((demijohn.UntrustedError, demijohn.CorruptError)):
        load(b"\x80\x02" + UNKNOWN[attack])


@pytest.mark.parametrize("attack", ["reduce", "new", "obj", "inst", "build"])
def test_the_canary_would_notice(attack):
    _native.load_bytes(b"\x80\x02" + UNKNOWN[attack], True)
    assert RAN
    RAN.clear()


def dtype_of(code, *state):
    made = name("numpy", "dtype") + text(code) + b"\x89\x88\x87R"
    return made + (pickle._dumps(state, 2)[2:-1] if state else b"") + (b"b" if state else b"")


STATE = ("|", None, None, None, -1, -1)
EMPTY_ARRAY = name("numpy.core.multiarray", "_reconstruct") + name("numpy", "ndarray") + b"K\0\x85C\x01b\x87R"


def array(shape, dtype, data):
    return EMPTY_ARRAY + b"(K\x01" + shape + dtype + b"\x89" + data + b"tb."


MISUSED = {
    "memmap": name("numpy", "memmap") + text("PATH") + text("u1") + text("w+") + b"\x87R.",
    "memmap, instance": b"(" + name("numpy", "memmap") + text("PATH") + b"o.",
    "memmap, new": name("numpy", "memmap") + text("PATH") + b"\x85\x81.",
    "ndarray": name("numpy", "ndarray") + b"J\0\0\0\x40\x85\x85R.",
    "uninitialised memory": name("numpy.core.multiarray", "_reconstruct")
    + name("numpy", "ndarray")
    + b"M\xe8\x03\x85C\x01b\x87R.",
    "memory": name("builtins", "bytes") + b"J\0\0\0\x7f\x85R.",
    "endless list": name("builtins", "list") + name("builtins", "range") + b"K\0J\xff\xff\xff\x7fK\x01\x87R\x85R.",
    "endless set": name("builtins", "set") + name("builtins", "range") + b"K\0J\xff\xff\xff\x7fK\x01\x87R\x85R.",
    "endless deque": name("collections", "deque") + name("builtins", "range") + b"K\0J\xff\xff\xff\x7fK\x01\x87R\x85R.",
    "many copies": b"](" + b"K\x01" * 64 + b"eq\0" + (name("builtins", "set") + b"h\0\x85R") * 2 + b"\x86.",
    "a codec that imports": name("_codecs", "encode") + text("") + text("os") + b"\x86R.",
    "a text": name("builtins", "str") + b"K\x01\x85R.",
    "an object": name("copyreg", "_reconstructor") + name("builtins", "list") * 2 + b"]\x87R.",
    "a class of its own": name("builtins", "object") + b")\x81.",
    "a generator": name("numpy.random._pickle", "__generator_ctor") + text("/") + name("numpy", "memmap") + b"\x86R.",
    "a factory": name("collections", "defaultdict") + name("numpy", "memmap") + b"\x85R.",
    "attributes of a class": name("fractions", "Fraction") + b"N}" + text("limit") + b"K\x01s\x86b.",
    "state of a function": name("numpy.core.multiarray", "scalar") + b"}b.",
    "attributes of an instance": name("collections", "OrderedDict") + b")R}" + text("__class__") + b"K\x01sb.",
    "slots of an instance": name("collections", "OrderedDict") + b")RN}" + text("__class__") + b"K\x01s\x86b.",
    "items of a class": name("collections", "deque") + b"(K\x01K\x02e.",
    "items of an array": EMPTY_ARRAY + b"(K\x01K\x02u.",
    "a dtype that is shared": name("numpy", "dtype") + text("f8") + b"\x85R(K\x03" + text(">") + b"NNNJ\xff\xff\xff\xffJ"
    b"\xff\xff\xff\xffK\0tb.",
    "a field beyond the end": dtype_of("V4", 3, "|", None, ("a",), {"a": (np.dtype("f8"), 1000)}, 4, 1, 16)
    + b".",
    "a field before the beginning": dtype_of("V8", 3, "|", None, ("a",), {"a": (np.dtype("i4"), -4)}, 8, 1, 16) + b".",
    "a huge sub-array": dtype_of("V4", 3, "|", (np.dtype("i4"), (1 << 40,)), None, None, 4, 4, 0) + b".",
    "too little data": array(b"K\x09\x85", dtype_of("u1"), b"C\x01a"),
    "a shape that wraps around": array(b"(\x8a\x05\0\0\0\0\x01\x8a\x05\0\0\0\0\x01t", dtype_of("f8"), b"C\0"),
    "a negative shape": array(b"J\xff\xff\xff\xff\x85", dtype_of("u1"), b"C\0"),
    "objects as bytes": array(b"K\x01\x85", dtype_of("O8"), b"C\x08aaaaaaaa"),
    "too many elements": array(b"\x8a\x08" + b"\xff" * 7 + b"\x3f\x85", dtype_of("V0"), b"C\0"),
    "an array filled twice": array(b"K\x01\x85", dtype_of("u1"), b"C\x01a")[:-1]
    + b"(K\x01K\x01\x85"
    + dtype_of("u1")
    + b"\x89C\x01btb.",
    "a scalar that is too short": name("numpy.core.multiarray", "scalar") + dtype_of("f8") + b"C\x01a\x86R.",
    "a buffer that is too short": name("numpy.core.numeric", "_frombuffer")
    + b"(C\x01a"
    + dtype_of("f8")
    + b"K\x09\x85"
    + text("C")
    + b"tR.",
    "a fraction that takes years": name("fractions", "Fraction")
    + b"\x8b\x00\x00\x01\x00"
    + b"\x55" * 65536
    + b"\x8b\x00\x00\x01\x00"
    + b"\x53" * 65536
    + b"\x86R.",
    "deques in deques": name("collections", "deque") + b"q\0)\x85R" + b"h\0)\x85R" * 2000 + b"a" * 2000 + b".",
    "deques, from the outside in": name("collections", "deque") + b"q\0)\x85Rq\x01"
    + b"".join(b"h\0)\x85Rr" + (n + 2).to_bytes(4, "little") + b"0j" + (n + 1).to_bytes(4, "little") + b"j"
               + (n + 2).to_bytes(4, "little") + b"a0" for n in range(2000)) + b"h\x01.",
    "slices in slices": name("builtins", "slice") + b"q\0NNN\x87Rq\x010h\0h\x01NN\x87R.",
    "extension code": b"\x82\x01.",
    "persistent id": b"Pid\n.",
}  # fmt: skip


# Attacks that make something, and go on with it afterwards.


def put(n):
    return b"r" + n.to_bytes(4, "little")


def get(n):
    return b"j" + n.to_bytes(4, "little")


def fresh(code):
    return name("numpy", "dtype") + text(code) + b"\x89\x88\x87R"


def bytes_of(size):
    return b"B" + size.to_bytes(4, "little") + b"a" * size


SCALAR = name("numpy.core.multiarray", "scalar")
OBJECTS = b"(K\x03" + text("|") + b"N" + text("a") + b"\x85}" + text("a") + fresh("O8") + b"K\0\x86sK\x08K\x01K?tb"
DEEP = b")" + b"\x85" * 400_000
# A list of 10 lists of 10 lists …
LAUGHS = b"]" + put(9) + b"".join(b"0](" + get(9) * 10 + b"e" + put(9) for _ in range(30))
# A tuple of 2 tuples of 2 tuples …
TWINS = b")" + put(9) + b"".join(b"0" + get(9) * 2 + b"\x86" + put(9) for _ in range(23))
MASKED = name("numpy.ma.core", "_mareconstruct") + b"(" + name("numpy.ma", "MaskedArray") + name("numpy", "ndarray")
MASKED += b"K\0\x85C\x01btR"
ONE_BYTE = b"(K\x01K\x01\x85" + fresh("u1") + b"\x89C\x01atb"


def described_array(dtype):
    parts = text("shape") + b"K\x01\x85" + text("order") + text("C") + text("subclass") + name("numpy", "ndarray")
    return name("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}(" + parts + text("dtype") + dtype + b"ub"


MISUSED |= {
    # Numbers would become pointers.
    "a dtype that changes under an array": fresh("V8") + put(1) + EMPTY_ARRAY + b"(K\x01K\x01\x85" + get(1)
    + b"\x89C\x08AAAAAAAAtb" + get(1) + OBJECTS + b"\x86.",
    "a dtype that changes under a scalar": fresh("V8") + put(1) + SCALAR + get(1) + b"C\x08AAAAAAAA\x86R" + get(1) + OBJECTS
    + b"\x86.",
    "a dtype that changes under a dtype": fresh("V8") + put(1) + fresh("V8") + b"(K\x03" + text("|") + b"N" + text("a")
    + b"\x85}" + text("a") + get(1) + b"K\0\x86sK\x08K\x01K\x10tb" + get(1) + OBJECTS + b"\x86.",
    "a dtype that changes under a buffer": fresh("V8") + put(1) + name("numpy.core.numeric", "_frombuffer")
    + b"(C\x08AAAAAAAA" + get(1) + b"K\x01\x85" + text("C") + b"tR" + get(1) + OBJECTS + b"\x86.",
    "an array that is filled again as a scalar": EMPTY_ARRAY + ONE_BYTE + put(1) + SCALAR + fresh("O8") + get(1)
    + b"\x86R(K\x01K\x02\x85" + fresh("u1") + b"\x89C\x02abtb.",
    "an array of a buffer that is filled": name("numpy.core.numeric", "_frombuffer") + b"(C\x01a" + fresh("u1") + b"K\x01\x85"
    + text("C") + b"tR" + ONE_BYTE + b".",
    "two arrays in one memory": b"\x96\x01\0\0\0\0\0\0\0a" + put(1)
    + (name("numpy.core.numeric", "_frombuffer") + b"(" + get(1) + fresh("u1") + b"K\x01\x85" + text("C") + b"tR") * 2 + b"\x86.",
    # Python would hash without end, or beyond the stack.
    "a deep key in a set": name("builtins", "set") + b"]" + DEEP + b"a\x85R.",
    "a deep key in a frozen set": b"(" + DEEP + b"\x91.",
    "a deep key in an ordered dict": name("collections", "OrderedDict") + b"]" + DEEP + b"N\x86a\x85R.",
    "a deep key in a list in an ordered dict": name("collections", "OrderedDict") + b"]](" + DEEP + b"Nea\x85R.",
    "a deep key in an instance": b"(" + name("builtins", "set") + b"]" + DEEP + b"ao.",
    "a deep key in a counter": name("collections", "Counter") + b")R" + DEEP + b"K\x01s.",
    "a deep name of a field": fresh("V8") + b"(K\x03" + text("|") + b"N" + DEEP + b"\x85}K\x08K\x01K\0tb.",
    "a deep title of a field": fresh("V8") + b"(K\x03" + text("|") + b"N" + text("a") + b"\x85}" + text("a") + b"(" + fresh("V8")
    + b"K\0" + DEEP + b"tsK\x08K\x01K\0tb.",
    "keys with endless items": TWINS + b"](" + (b"}" + get(9) + b"Ns") * 3000 + b"e.",
    # Something endless would be shown, or made into something else.
    "a call of something endless": LAUGHS + b")R.",
    "an instance of something endless": LAUGHS + b")\x81.",
    "something endless as a fill value": MASKED + b"(K\x01K\x01\x85" + fresh("U5") + b"\x89C\x14" + b"\0" * 20 + b"C\x01\0"
    + LAUGHS + b"tb.",
    "something endless as the dtype of an array": described_array(LAUGHS) + b"a" * 8 + b".",
    # A few bytes would make many.
    "many decimals of one text": text("9" * 9999) + put(1) + (name("decimal", "Decimal") + get(1) + b"\x85R") * 2 + b"\x86.",
    "many scalars of some bytes": bytes_of(9999) + put(1) + (SCALAR + fresh("S9999") + get(1) + b"\x86R") * 2 + b"\x86.",
    "many paths of one text": name("pathlib", "PurePosixPath") + text("a/" * 5000) + b"\x85R.",
    "many masks of some bytes": (MASKED + b"(K\x01M\xe7\x03\x85" + fresh("V0") + b"\x89C\0" + (b"B\xe7\x03\0\0" + b"\0" * 999 + put(1)
    + b"0" + get(1)) + b"Ntb") + (MASKED + b"(K\x01M\xe7\x03\x85" + fresh("V0") + b"\x89C\0" + get(1) + b"Ntb") + b"\x86.",
    "a range of long numbers": name("builtins", "range") + b"K\0\x8b\0\x01\0\0" + b"\x55" * 256 + b"K\x01\x87R.",
    # An array would be read as what it is not.
    "objects as the dtype of an array": described_array(EMPTY_ARRAY + b"(K\x01K\x01\x85" + fresh("O8") + b"\x89]Natb") + b"A" * 8
    + b".",
    "texts of any length as bytes": described_array(name("numpy._core._internal", "_convert_to_stringdtype_kwargs") + b"\x88\x85R")
    + b"A" * 16 + b".",
}  # fmt: skip


@pytest.mark.parametrize("attack", MISUSED)
def test_harmless_names_are_called_as_real_writers_call_them_only(attack, tmp_path):
    path = tmp_path / "victim"
    path.write_bytes(b"precious")
    data = b"\x80\x02" + MISUSED[attack].replace(text("PATH"), text(str(path)))
    # In a process of its own: some of these end it if they are not refused.
    code = f"""
import resource
import numpy as np
import demijohn
from demijohn import _native
if not {SANITIZED}:
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
try:
    made = _native.load_bytes({data!r}, True, frozenset())
except (demijohn.DemijohnError, OverflowError, RecursionError) as error:
    pass
except Exception as error:
    raise SystemExit(f"{{type(error).__name__}}: {{error}}")
else:
    raise SystemExit(f"made a {{type(made).__name__}}")
assert np.dtype("f8").str == "<f8"
"""
    subprocess.run([sys.executable, "-"], input=code.encode(), check=True, timeout=60)
    assert path.read_bytes() == b"precious"
    assert fractions.Fraction.limit_denominator


def test_bad_pickles_of_the_corpus_are_refused():
    corpus = os.environ.get("DEMIJOHN_CORPUS", pathlib.Path(__file__).parents[3] / "shared/corpus")
    files = sorted(pathlib.Path(corpus, "pickle/bad").glob("*"))
    if not files:
        pytest.skip("skip: no corpus with bad pickles")
    # picklescan's attacks, and what CPython itself refuses.
    assert len(files) > 120
    for file in files:
        with pytest.raises(demijohn.DemijohnError):
            demijohn.safe_load(file)
            pytest.fail(f"{file.name} was loaded")


@pytest.mark.parametrize(
    ("code", "state"),
    [
        # Flags that make numbers pointers, a size that is not its own, an alignment that is none.
        ("f8", (3, "<", None, None, None, -1, -1, 63)),
        ("V4", (3, "|", None, None, None, 4000, 1, 0)),
        ("U5", (3, "<", None, None, None, 20, 1 << 30, 8)),
    ],
)
def test_dtypes_are_what_numpy_itself_makes_of_a_description(code, state):
    made, honest = load(b"\x80\x02" + dtype_of(code, *state) + b"."), np.dtype(code)
    assert (made, made.itemsize, made.flags, made.alignment) == (honest, honest.itemsize, honest.flags, honest.alignment)


@pytest.mark.filterwarnings("ignore:.*scipy.sparse:DeprecationWarning")
def test_each_known_name_can_be_named_without_harm():
    names = [entry for entry in known_names() if not entry[0].startswith(("numpy.core", "pathlib._local"))]
    assert len(names) > 50
    for module, attribute in names:
        try:
            load(b"\x80\x02" + name(module, attribute) + b".")
        except (ImportError, AttributeError):
            # Of another version of Python or numpy.
            continue


def known_names():
    """The list of the Rust crates, as the source has it."""
    source = (pathlib.Path(__file__).parents[2] / "pickle/src/known/mod.rs").read_text()
    listed = source.partition("const LIST")[2].partition("];\n\nimpl")[0]
    module = None
    for part in listed.split('("')[1:]:
        word = part.split('"', 1)[0]
        if part.startswith((f'{word}", &[', f'{word}", PATHS', f'{word}", M', f'{word}", N', f'{word}", R', f'{word}", W')):
            module = word
        elif part.startswith(f'{word}", C::'):
            yield module, word


def test_nothing_is_called_that_has_no_rule():
    """Every rule is of a name on the list, and whatever else is on it can be named and not called."""
    from demijohn._safe import _CALLS

    for full in _CALLS:
        module, _, attribute = full.rpartition(".")
        with pytest.raises(demijohn.UntrustedError) as raised:
            load(b"\x80\x02" + name(module, attribute) + name(HERE, "canary") + b"\x85R.")
        assert raised.value.globals == [f"{HERE}.canary"]
    for module, attribute in known_names():
        if f"{module}.{attribute}" in _CALLS or module not in ("builtins", "numpy", "uuid"):
            continue
        with pytest.raises((demijohn.UntrustedError, AttributeError)):
            load(b"\x80\x02" + name(module, attribute) + b")R.")


# Bombs.


def test_bombs_are_an_error():
    bomb = gzip.compress(b"\x80\x02" + b"]" + b"(" + b"N" * (200 << 20) + b"e.")
    with pytest.raises(demijohn.LimitError):
        load(bomb)
    deep = gzip.compress(b"\x80\x02" + b"(" * (8 << 20))
    with pytest.raises(demijohn.LimitError):
        load(deep)


def test_laughs_cost_nothing():
    laughs = b"\x80\x02]q\0" + b"".join(b"](" + b"h\0" * 10 + b"eq\0" for _ in range(30)) + b"."
    loaded = load(laughs)
    for _ in range(30):
        assert len(loaded) == 10
        loaded = loaded[0]


# Sources.


class OnlyRead:
    def __init__(self, data):
        self.read = io.BytesIO(data).read


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("compress", [0, 3, "xz"])
def test_files_of_all_kinds_are_looked_through_and_then_loaded(compress, protocol, tmp_path):
    value = {"a": np.arange(100_000), "b": list(range(3000))}
    path = tmp_path / "file"
    joblib.dump(value, path, compress=compress, protocol=protocol)
    data = path.read_bytes()

    def check(file):
        loaded = safe_load(file)
        assert joblib.hash(loaded) == joblib.hash(value)

    check(path)
    check(str(path))
    check(OnlyRead(data))
    with open(path, "rb") as file:
        check(file)
        assert file.tell() == len(data)
    file = io.BytesIO(data + b"rest")
    check(file)
    assert file.read() == b"rest"
    read, write = os.pipe()
    thread = threading.Thread(target=lambda: send(write, data + b"rest"))
    thread.start()
    with os.fdopen(read, "rb") as pipe:
        check(pipe)
        assert pipe.read() == b"rest"
    thread.join()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    thread = threading.Thread(target=fifo.write_bytes, args=(data,))
    thread.start()
    check(fifo)
    thread.join()


def send(write, data):
    with os.fdopen(write, "wb") as pipe:
        pipe.write(data)


def test_a_file_that_changes_between_the_looks_is_held_to_the_list_all_the_same():
    harmless, harmful = name("collections", "OrderedDict") + b")R.", RUN + b")R."
    length = max(map(len, (harmless, harmful)))

    class Changes(io.BytesIO):
        """Another file once it is read again."""

        def seek(self, at, whence=0):
            if whence == 0 and at == 0 and self.tell() > 0:
                reads = b"\x80\x02" + harmful.ljust(length, b".")
                self.getbuffer()[: len(reads)] = reads
            return super().seek(at, whence)

    with pytest.raises(demijohn.UntrustedError):
        safe_load(Changes(b"\x80\x02" + harmless.ljust(length, b".")))


@pytest.mark.parametrize(
    "dtype",
    [
        EMPTY_ARRAY + b"(K\x01K\x01\x85" + fresh("O8") + b"\x89]Natb",
        name("numpy._core._internal", "_convert_to_stringdtype_kwargs") + b"\x88\x85R",
        name("numpy", "float64"),
        LAUGHS,
    ],
    ids=["an array", "texts", "a class", "something endless"],
)
def test_what_describes_an_array_is_looked_at_by_those_who_make_it_too(dtype):
    """The look before would find it, but may be at another file."""
    from demijohn._safe import Policy

    policy, refused = Policy(frozenset()), []
    wrapper = demijohn._arrays.NumpyArrayWrapper()
    described = _native.load_bytes(b"\x80\x02" + dtype + b".", True)
    for key, value in (("dtype", described), ("shape", (-1,)), ("shape", [1]), ("array", None), ("order", []), ("subclass", 1)):
        try:
            policy.state(wrapper, {key: value})
        except (demijohn.UntrustedError, demijohn.CorruptError):
            refused.append(key)
    assert refused == ["dtype", "shape", "shape", "array", "order", "subclass"]


def test_objects_in_companions_are_held_to_the_list(tmp_path):
    np.save(tmp_path / "a.npy", np.array([Canary], dtype=object))
    file = tmp_path / "file"
    wrapper = name("joblib.numpy_pickle", "NDArrayWrapper")
    file.write_bytes(b"\x80\x02" + wrapper + b")\x81}" + text("filename") + text("a.npy") + b"sb.")
    with pytest.raises(demijohn.UntrustedError) as raised:
        safe_load(file)
    assert raised.value.globals == ["joblib.numpy_pickle.NDArrayWrapper"]
    with pytest.raises(demijohn.UntrustedError) as raised:
        safe_load(file, ["joblib.numpy_pickle.NDArrayWrapper"])
    assert raised.value.globals == [f"{HERE}.Canary"]
    np.save(tmp_path / "a.npy", np.array([1, None], dtype=object))
    with pytest.warns(DeprecationWarning):
        assert safe_load(file, ["joblib.numpy_pickle.NDArrayWrapper"]).tolist() == [1, None]
