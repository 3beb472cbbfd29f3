"""inspect, scan and load_array: what is said of files, of all sorts of them."""

import collections
import datetime
import io
import os
import pathlib
import pickle
import signal
import sys
import zipfile
from html.parser import HTMLParser

import joblib
import numpy as np
import pytest

import demijohn
from streams import CODECS, BAD_DATA, Unseekable, every_codec


class Model:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a, self.b = 1, "two"


class Evil:
    def __reduce__(self):
        return os.system, ("touch ran",)


def thing():
    return {
        "name": "small",
        "epochs": 10,
        "layers": [{"weight": np.arange(24.0).reshape(4, 6), "bias": np.zeros(6, np.float32)} for _ in range(2)],
        "labels": np.array(["a", "bb", None], object),
        "when": datetime.datetime(2026, 1, 2, 3, 4),
        "model": Model(alpha=0.5, coef=np.arange(3, dtype=np.int16)),
        ("t", 1): 2.5,
        3: "three",
        "odd key": b"bytes",
        "turned": np.asfortranarray(np.ones((3, 5), ">i2")),
    }


def dumped(value, path, **options):
    joblib.dump(value, path, **options)
    return path


def bytes_of(value, protocol=None):
    return pickle.dumps(value, protocol)


# What is said.


@pytest.mark.parametrize("extension", ["", ".gz", ".bz2", ".xz", ".lzma", ".z"])
def test_a_file_of_joblib(extension, tmp_path):
    path = dumped(thing(), tmp_path / f"model.pkl{extension}")
    found = demijohn.inspect(path)
    assert found.error is None
    assert (found.content, found.protocol, found.tail) == ("pickle", pickle.DEFAULT_PROTOCOL, 0)
    assert found.format == {"": "none", ".gz": "gzip", ".z": "zlib"}.get(extension, extension[1:])
    assert found.compressed == path.stat().st_size
    with demijohn.open(path) as file:
        plain = file.read()
    assert found.uncompressed == len(plain)
    for entry in found.arrays:
        array = demijohn.load_array(path, entry.path)
        assert (array.dtype, array.shape, array.nbytes) == (entry.dtype, entry.shape, entry.nbytes)
        assert array.flags[f"{entry.order}_CONTIGUOUS"]
        # It is where it is said to be.
        assert plain[entry.offset :][: entry.nbytes] == array.tobytes("A")
    assert [entry.path for entry in found.arrays] == [
        "layers[0].weight",
        "layers[0].bias",
        "layers[1].weight",
        "layers[1].bias",
        "model.state.coef",
        "turned",
    ]
    names = {str(entry): entry.known_safe for entry in found.globals}
    assert names[f"{__name__}.Model"] is False
    assert names["numpy.dtype"] is True
    assert [str(entry) for entry in demijohn.scan(path)] == list(names)


@every_codec
def test_every_format(codec, tmp_path):
    path = tmp_path / "file"
    with demijohn.open(path, "wb", compression=codec) as file:
        pickle.dump([1, "two"], file)
    found = demijohn.inspect(path)
    assert (found.format, found.error) == (codec, None)
    assert [node.summary for node in found.root.children] == ["1", '"two"']


def test_the_tree(tmp_path):
    found = demijohn.inspect(dumped(thing(), tmp_path / "model.pkl"))
    root = found.root
    assert (root.path, root.type, root.filled) == (".", "dict", True)
    children = {node.label: node for node in root.children}
    assert list(children) == [
        "name",
        "epochs",
        "layers",
        "labels",
        "when",
        "model",
        '("t", 1)',
        "[3]",
        '"odd key"',
        "turned",
    ]
    assert children["name"].value == "small"
    assert children["epochs"].value == 10
    assert children['("t", 1)'].value == 2.5
    assert children["[3]"].value == "three"
    assert children['"odd key"'].value == b"bytes"
    assert children["when"].type == "datetime" and not children["when"].filled
    assert children["layers"].children[1].children[0].array.shape == (4, 6)
    assert [node.value for node in children["labels"].children] == ["a", "bb", None]
    model = children["model"]
    assert model.type == f"{__name__}.Model"
    assert [(node.label, node.type) for node in model.children] == [("alpha", "float"), ("coef", "ndarray")]
    # Every path leads back.
    todo = [root]
    for node in todo:
        same = found[node.path]
        assert (same.path, same.type, str(same)) == (node.path, node.type, str(node))
        todo.extend(node.children)
    assert len(todo) > 20


def test_types_and_values(tmp_path):
    values = {
        "none": None,
        "true": True,
        "int": 2**70,
        "negative": -(2**100),
        "float": 1e300,
        "text": "größe\n\x1b[31m",
        "bytes": b"\0\xff",
        "complex": 1 + 2j,
    }
    found = demijohn.inspect(dumped(values, tmp_path / "values.pkl"))
    for name, value in values.items():
        got = found[name].value
        assert (type(got), got) == (type(value), value)
    containers = {
        "tuple": (1, 2),
        "list": [1, 2],
        "set": {1, 2},
        "frozenset": frozenset({1, 2}),
        "ordered": collections.OrderedDict(a=1, b=2),
        "default": collections.defaultdict(list, a=[], b=2),
        "counter": collections.Counter("aab"),
        "deque": collections.deque([1, 2]),
        "slots": Slotted(),
    }
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        plain = {key: value for key, value in containers.items() if protocol >= 2 or key != "slots"}
        found = demijohn.inspect(io.BytesIO(bytes_of(plain, protocol)))
        assert found.error is None
        for name in plain:
            node = found[name]
            assert len(node.children) == 2, (protocol, name, node)
            with pytest.raises(TypeError):
                node.value


def test_paths_that_lead_nowhere(tmp_path):
    found = demijohn.inspect(dumped({"a": [1]}, tmp_path / "file"))
    for path in ("b", "a[1]", "a.b", "..", "["):
        with pytest.raises(KeyError):
            found[path]


def test_files_of_numpy(tmp_path):
    arrays = {"x": np.arange(5), "y": np.ones((2, 2), order="F"), "odd name": np.zeros((0, 3))}
    np.savez(tmp_path / "a.npz", **arrays)
    found = demijohn.inspect(tmp_path / "a.npz")
    assert (found.content, found.error) == ("npz", None)
    assert [node.path for node in found.root.children] == list(arrays)
    assert found["y"].array.order == "F"
    assert found["y"].array.offset is None
    for name, array in arrays.items():
        loaded = demijohn.load_array(tmp_path / "a.npz", name)
        np.testing.assert_array_equal(loaded, array)
        assert loaded.dtype == array.dtype
    with pytest.raises(KeyError):
        found["z"]

    np.save(tmp_path / "a.npy", arrays["x"])
    found = demijohn.inspect(tmp_path / "a.npy")
    assert (found.content, found.root.array.shape, found.root.array.offset) == ("npy", (5,), 128)
    np.testing.assert_array_equal(demijohn.load_array(tmp_path / "a.npy", "."), arrays["x"])

    np.save(tmp_path / "o.npy", np.array([1, "a"], object))
    found = demijohn.inspect(tmp_path / "o.npy")
    assert (found.content, found.error) == ("npy", None)
    assert [node.summary for node in found.root.children] == ["1", '"a"']


DTYPES = [
    "?",
    "i1",
    ">u8",
    "f2",
    ">c16",
    "g",
    "S5",
    "U3",
    "V7",
    "M8[ns]",
    "m8[25s]",
    ">M8[D]",
    [("a", "<i4"), ("b", ">f8", (2, 3))],
    np.dtype([("a", "u1"), ("b", "f8")], align=True),
    np.dtype({"names": ["b", "a"], "formats": ["i4", "u1"], "offsets": [8, 0], "itemsize": 20}),
    [("outer", [("inner", "U2"), ("it's", "?")])],
    [(("a title", "name"), "i2")],
]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_dtypes(dtype, tmp_path):
    dtype = np.dtype(dtype)
    array = np.frombuffer(os.urandom(6 * dtype.itemsize), np.uint8)
    # Bytes that all types take.
    array = (array & 1).view(np.uint8).copy() if dtype.kind in "U?" or dtype.fields else array.copy()
    array = np.ndarray((2, 3), dtype, array)
    path = dumped({"array": array}, tmp_path / "file.pkl")
    found = demijohn.inspect(path)
    assert found["array"].array.dtype == dtype
    loaded = demijohn.load_array(path, "array")
    assert loaded.dtype == dtype
    assert loaded.tobytes() == array.tobytes()


def test_a_loaded_array_is_like_any_other(tmp_path):
    path = dumped([np.arange(1_000_000)], tmp_path / "file.pkl.gz")
    array = demijohn.load_array(path, "[0]")
    assert type(array) is np.ndarray
    assert array.flags.writeable and array.flags.aligned
    # Not a copy: the memory is that of the native part.
    assert not array.flags.owndata
    array[0] = 7
    array.sort()
    assert array[-1] == 999_999
    part = array[10:12]
    del array
    # Sorted, with a 7 in the place of the 0.
    assert part.tolist() == [10, 11]
    np.testing.assert_array_equal(demijohn.load_array(path, "[0]"), np.arange(1_000_000))


def test_what_is_no_array(tmp_path):
    path = dumped({"weights": np.zeros(3), "name": "a", "things": np.array([None])}, tmp_path / "file.pkl")
    with pytest.raises(ValueError, match="weights"):
        demijohn.load_array(path, "weight")
    with pytest.raises(ValueError):
        demijohn.load_array(path, "name")
    with pytest.raises(ValueError):
        demijohn.load_array(path, "..")
    with pytest.raises(demijohn.UnsupportedError):
        demijohn.load_array(path, "things")
    with pytest.raises(TypeError):
        demijohn.load_array(path, 3)


# Nothing is run.


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_run(protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = bytes_of({"a": Evil(), "w": [1]}, protocol)
    found = demijohn.inspect(io.BytesIO(data))
    assert found.error is None
    evil = found["a"]
    assert evil.type == "made by posix.system"
    assert [node.value for node in evil.children[0].children] == ["touch ran"]
    assert [str(entry) for entry in demijohn.scan(io.BytesIO(data)) if not entry.known_safe] == ["posix.system"]
    repr(found), found._repr_html_()
    with pytest.raises(ValueError):
        demijohn.load_array(io.BytesIO(data), "a")
    assert os.listdir(tmp_path) == []


def test_what_is_named_is_not_imported():
    data = b"\x80\x02cno_such_module\nThing\n)\x81."
    assert str(demijohn.scan(io.BytesIO(data))[0]) == "no_such_module.Thing"
    assert demijohn.inspect(io.BytesIO(data)).root.type == "no_such_module.Thing"
    assert "no_such_module" not in sys.modules


# What is not whole.


def test_damage(tmp_path):
    whole = dumped(thing(), tmp_path / "file.pkl.gz").read_bytes()
    for data, kind in [
        (whole[:-4], demijohn.TruncatedError),
        (whole[: len(whole) // 2], demijohn.TruncatedError),
        (whole[:-8] + bytes(4) + whole[-4:], demijohn.ChecksumError),
        (whole + b"behind", demijohn.TrailingDataError),
        (BAD_DATA, demijohn.UnknownFormatError),
        (b"", demijohn.TruncatedError),
        (b"\x80\x04K\x07", demijohn.TruncatedError),
        (b"\x80\x04R.", demijohn.CorruptError),
        (b"PK\x03\x04 and so on", demijohn.DemijohnError),
        (b"\x93NUMPY\x01\x00", demijohn.DemijohnError),
    ]:
        found = demijohn.inspect(io.BytesIO(data))
        assert isinstance(found.error, kind), found.error
        assert "NOT WHOLE" in repr(found)
        assert "not whole" in found._repr_html_()
        with pytest.raises(kind):
            demijohn.scan(io.BytesIO(data))
        with pytest.raises(kind):
            demijohn.load_array(io.BytesIO(data), "turned")
    # What was found before it.
    found = demijohn.inspect(io.BytesIO(whole[: len(whole) // 2]))
    assert found.globals
    assert (found.content, found.root) == ("pickle", None)


def test_every_cut_is_said(tmp_path):
    data = dumped({"a": np.arange(10), "b": Model(x=1)}, tmp_path / "file.pkl").read_bytes()
    for size in range(len(data)):
        found = demijohn.inspect(io.BytesIO(data[:size]))
        assert isinstance(found.error, demijohn.DemijohnError), size
        repr(found), found._repr_html_()


def test_errors_name_the_file(tmp_path):
    path = tmp_path / "cut.pkl"
    path.write_bytes(b"\x80\x04K")
    assert "cut.pkl" in str(demijohn.inspect(path).error)
    with pytest.raises(EOFError, match="cut.pkl"):
        demijohn.load_array(path, ".")
    for look in (demijohn.inspect, demijohn.scan):
        with pytest.raises(FileNotFoundError) as caught:
            look(tmp_path / "missing")
        assert caught.value.filename == str(tmp_path / "missing")
        with pytest.raises(IsADirectoryError):
            look(tmp_path)


def test_what_is_behind_the_object(tmp_path):
    found = demijohn.inspect(io.BytesIO(bytes_of([1]) + b"tail"))
    assert (found.error, found.tail) == (None, 4)
    assert "4 bytes behind" in repr(found)
    evil = b"cos\nsystem\n."
    found = demijohn.inspect(io.BytesIO(bytes_of([1]) + evil))
    assert (found.error, found.tail, found.further) == (None, len(evil), 1)
    assert [entry.name for entry in demijohn.scan(io.BytesIO(bytes_of([1]) + evil)) if not entry.known_safe] == ["system"]


def test_what_scan_cannot_say(tmp_path):
    with pytest.raises(demijohn.UnknownFormatError, match="no pickle"):
        demijohn.scan(io.BytesIO(demijohn.compress(BAD_DATA)))
    np.savez(tmp_path / "b.npz", x=np.arange(3))
    assert demijohn.scan(tmp_path / "b.npz") == []


def test_pickles_in_npz_files_are_looked_into(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.array([Model()]), y=np.arange(3))
    assert [str(entry) for entry in demijohn.scan(path) if not entry.known_safe] == [f"{__name__}.Model"]
    found = demijohn.inspect(path)
    assert [entry.path for entry in found.arrays] == ["y"]
    assert [(entry.path, entry.shape) for entry in found.object_arrays] == [("x", (1,))]
    assert ".npz file of 2 arrays" in repr(found)
    with pytest.raises(demijohn.UnsupportedError, match="objects"):
        demijohn.load_array(path, "x")


def test_what_is_around_the_arrays_of_npz_files(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.arange(3))
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("notes.txt", "text")
    found = demijohn.inspect(io.BytesIO(b"PK\3\4" + path.read_bytes() + b"behind"))
    assert (found.others, found.lead, found.tail, found.error) == (["notes.txt"], 4, 6, None)
    assert "1 entry that is no array: notes.txt" in repr(found)
    assert "4 bytes in front of the zip file" in repr(found)
    assert "6 bytes behind the zip file" in repr(found)


def test_every_path_that_is_listed_leads_to_an_array(tmp_path):
    masked = np.ma.masked_array(np.arange(6000.0).reshape(2, 3000), [[0], [1]] * np.ones((2, 3000)))
    fields = {"names": ["a", "b"], "formats": ["<i4", "<i2"], "offsets": [0, 2], "itemsize": 8}
    value = {"m": [masked], "o": np.arange(3).view(np.dtype(fields)), "objects": np.array([np.arange(2), None], dtype=object)}
    joblib.dump(value, tmp_path / "a.pkl.gz")
    (tmp_path / "b.pkl").write_bytes(pickle.dumps(value))
    for file in [tmp_path / "a.pkl.gz", tmp_path / "b.pkl"]:
        paths = [entry.path for entry in demijohn.inspect(file).arrays]
        assert paths == ["m[0].data", "m[0].mask", "o", "objects[0]"]
        data, mask, overlapping, inner = (demijohn.load_array(file, path) for path in paths)
        np.testing.assert_array_equal(data, masked.data)
        np.testing.assert_array_equal(mask, masked.mask)
        assert overlapping.dtype == value["o"].dtype
        np.testing.assert_array_equal(overlapping, value["o"])
        np.testing.assert_array_equal(inner, [0, 1])
        with pytest.raises(demijohn.UnsupportedError, match=r"m\[0\].data and m\[0\].mask"):
            demijohn.load_array(file, "m[0]")


# Limits.


def test_bombs(tmp_path):
    bomb = dumped(np.zeros(80 << 20, np.uint8), tmp_path / "bomb.pkl.gz", compress=("gzip", 9))
    found = demijohn.inspect(bomb)
    assert isinstance(found.error, demijohn.LimitError)
    for look in (demijohn.scan, lambda path: demijohn.load_array(path, ".")):
        with pytest.raises(demijohn.LimitError):
            look(bomb)
    assert demijohn.inspect(bomb, max_output=100 << 20).error is None
    assert demijohn.load_array(bomb, ".", max_output=100 << 20).nbytes == 80 << 20
    small = io.BytesIO(demijohn.compress(bytes_of("a" * 100_000)))
    assert isinstance(demijohn.inspect(small, max_output=50_000).error, demijohn.LimitError)
    assert isinstance(demijohn.inspect(small, max_memory=1).error, demijohn.LimitError)


@every_codec
def test_limits_hold_in_every_format(codec, tmp_path):
    bomb = tmp_path / "bomb"
    demijohn.dump([np.zeros(3_000_000, np.uint8)], bomb, compress=codec)

    def take(file, **limits):
        return demijohn.load_array(file, "[0]", **limits)

    for file in (bomb, io.BytesIO(bomb.read_bytes())):
        assert isinstance(demijohn.inspect(file, max_output=1_000_000).error, demijohn.LimitError)
        for look in (demijohn.scan, take):
            with pytest.raises(demijohn.LimitError):
                look(file, max_output=1_000_000)
    assert take(bomb, max_output=4_000_000).nbytes == 3_000_000


def test_pickles_that_grow_without_end():
    laughs = bytearray(b"\x80\x02]q\x00")
    for i in range(1, 100):
        laughs += bytes([93, 113, i, 40, 104, i - 1, 104, i - 1, 101])
    found = demijohn.inspect(io.BytesIO(laughs + b"."))
    assert found.error is None
    assert len(repr(found)) < 10_000
    assert len(found._repr_html_()) < 1_000_000
    deep = b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."
    found = demijohn.inspect(io.BytesIO(deep))
    assert found.error is None
    assert len(repr(found)) < 10_000
    circle = [1]
    circle.append(circle)
    found = demijohn.inspect(io.BytesIO(bytes_of(circle)))
    assert len(repr(found)) < 10_000
    found._repr_html_()


def test_of_much_a_little_is_shown():
    many = {f"key {n}": [n] * 100 for n in range(10_000)}
    found = demijohn.inspect(io.BytesIO(bytes_of(many)))
    assert repr(found).count("\n") < 60
    assert "9988 more" in repr(found)
    assert len(found.root.children) == 10_000
    assert found.root.first(3)[1] == 10_000


# How it looks.


def test_repr(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    value = {"name": "a", "layers": [np.zeros((3, 4))], "model": Model(alpha=0.5)}
    dumped(value, "model.pkl", protocol=4)
    found = demijohn.inspect("model.pkl")
    assert repr(found).splitlines() == [
        "model.pkl: joblib file, pickle of protocol 4",
        f"  {found.compressed} B, not compressed",
        f"  4 classes and functions named, 1 not known to be harmless: {__name__}.Model",
        "  dict of 3 items",
        '  ├─ name    "a"',
        "  ├─ layers  list of 1 item",
        "  │  └─ [0]  array float64 (3, 4), 96 B",
        f"  └─ model   {__name__}.Model",
        "     └─ alpha  0.5",
    ]
    assert repr(found["layers"]).splitlines() == ["list of 1 item", "└─ [0]  array float64 (3, 4), 96 B"]


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_strangers_write_neither_pages_nor_to_terminals(tmp_path):
    nasty = {"<script>alert(1)</script>": "<b>&", "\x1b[31m\n": "\x1b]0;title\x07\u202e", "a" * 500: "b" * 500}
    data = bytes_of({"n": nasty, "m": [b"\x1b[2J"]}) + b"x"
    name = "\x1b[31m<i>.pkl"
    file = io.BytesIO(data)
    file.name = name
    found = demijohn.inspect(file)
    for text in (repr(found), repr(found["n"])):
        assert all(c.isprintable() or c == "\n" for c in text)
        assert max(map(len, text.splitlines())) < 200
    for page in (found._repr_html_(), found["n"]._repr_html_()):
        assert "<script" not in page and "<i>.pkl" not in page and "\x1b" not in page
        parser = Balance()
        parser.feed(page)
        assert parser.open == []
        assert "alert(1)" in parser.text


# File objects, signals, references.


def test_file_objects_stay_where_they_are(tmp_path):
    data = dumped(thing(), tmp_path / "file.pkl").read_bytes()
    for source in (io.BytesIO(b"before" + data), open(tmp_path / "file.pkl", "rb")):
        with source:
            at = 6 if isinstance(source, io.BytesIO) else 0
            source.seek(at)
            found = demijohn.inspect(source)
            assert found.error is None
            assert source.tell() == at
            assert demijohn.scan(source) == found.globals
            assert source.tell() == at
            np.testing.assert_array_equal(demijohn.load_array(source, "layers[1].weight"), thing()["layers"][1]["weight"])
            assert source.tell() == at
    # One compressed file in another.
    with demijohn.open(io.BytesIO(demijohn.compress(data, "xz"))) as source:
        assert demijohn.inspect(source).error is None


def test_wrong_arguments():
    for file in (5, None, [], object()):
        for look in (demijohn.inspect, demijohn.scan, lambda file: demijohn.load_array(file, ".")):
            with pytest.raises(TypeError):
                look(file)
    with pytest.raises(io.UnsupportedOperation):
        demijohn.inspect(Unseekable(b""))
    with pytest.raises(OverflowError):
        demijohn.inspect(io.BytesIO(b""), max_output=-1)


def test_an_exception_of_the_file_comes_out_as_it_is():
    class Trouble(Exception):
        pass

    class Failing(io.BytesIO):
        left = 100

        def read(self, size=-1):
            self.left -= 1
            if self.left < 0:
                raise Trouble
            return super().read(size)

    data = demijohn.compress(bytes_of(thing()), "bz2")
    for left in range(3):
        file = Failing(data)
        file.left = left
        for look in (demijohn.inspect, demijohn.scan, lambda file: demijohn.load_array(file, "turned")):
            if left < 2:
                with pytest.raises(Trouble):
                    look(file)


def test_a_signal_ends_it(tmp_path):
    class Trouble(Exception):
        pass

    def handler(number, frame):
        raise Trouble

    path = tmp_path / "file.gz"
    path.write_bytes(demijohn.compress(bytes(16 << 20), "gzip") * 200)
    before = signal.signal(signal.SIGALRM, handler)
    looked = []
    try:
        with pytest.raises(Trouble):
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            looked.append(demijohn.inspect(path, max_output=1 << 40))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert looked == []


def test_nothing_keeps_the_file(tmp_path):
    source = io.BytesIO(dumped(thing(), tmp_path / "file.pkl").read_bytes())
    count = sys.getrefcount(source)
    found = demijohn.inspect(source)
    array = demijohn.load_array(source, "turned")
    node = found.root.children[0]
    assert sys.getrefcount(source) == count
    del found
    # A node holds what it is of.
    assert node.value == "small"
    assert array.sum() == 15


def test_old_files_with_companions():
    corpus = os.environ.get("DEMIJOHN_CORPUS", pathlib.Path(__file__).parents[3] / "shared/corpus")
    path = pathlib.Path(corpus, "pickle/good/joblib_0.9.2_pickle_py35_np19.pkl")
    if not path.exists():
        pytest.skip("skip: no corpus with files of joblib 0.9")
    found = demijohn.inspect(path)
    assert found.error is None
    assert found.companions
    assert all(entry.file.endswith(".npy") for entry in found.companions)
    assert "in other files" in repr(found)
    plain = [demijohn.load_array(path, entry.path) for entry in found.companions[:2]]
    np.testing.assert_array_equal(plain[0], np.arange(5, dtype=np.int64))
    np.testing.assert_array_equal(plain[1], np.arange(5, dtype=np.float64))
    with pytest.raises(demijohn.UnsupportedError, match="found only by the path of this"):
        demijohn.load_array(io.BytesIO(path.read_bytes()), found.companions[0].path)
