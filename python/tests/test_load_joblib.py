"""Loading joblib's files: arrays, codecs, mappings and old layouts, held against stock joblib."""

import collections
import io
import json
import os
import pathlib
import pickle
import subprocess
import sys
import types
import warnings

import joblib
import numpy as np
import pytest

import demijohn
from demijohn import _native
from streams import measures_memory

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"
sys.path.insert(0, str(FIXTURES))

import make_fixtures  # noqa: E402

PROTOCOLS = range(6)
CODECS = [0, "zlib", "gzip", "bz2", "lzma", "xz", "lz4"]

ARRAYS = {
    "C": np.arange(24.0).reshape(4, 6),
    "F": np.asfortranarray(np.arange(24).reshape(4, 6)),
    "0-d": np.array(7.5),
    "empty": np.zeros((0, 3), "i4"),
    "empty F": np.zeros((3, 0), order="F"),
    "large": np.arange(300_000),
    "big-endian": np.arange(5, dtype=">i4"),
    "big-endian struct": np.zeros(2, [("a", ">i4"), ("b", ">f8")]),
    "mixed struct": np.zeros(2, [("a", ">i4"), ("b", "<f8"), ("c", "S3")]),
    "dates": np.array(["2020-01-01", "NaT"], "M8[D]"),
    "text": np.array(["a", "bc", "é"]),
    "bytes": np.array([b"a", b"bc"]),
    "void": np.zeros(2, "V7"),
    "long double": np.array([1, 2], np.longdouble),
    "complex": np.array([1 + 2j]),
    "half": np.array([1.5], "f2"),
    "bool": np.array([True, False]),
    "objects": np.array([1, "two", [3, None]], dtype=object),
    "object struct": np.array([(1, "x")], [("n", "i4"), ("o", "O")]),
    "object matrix": np.array([[{}, ()], [None, 1.5]], dtype=object),
    "matrix": np.asmatrix([[1, 2]]),
    "strided": np.arange(20)[::3],
    "read-only": np.broadcast_to(np.arange(3), (2, 3)),
}


def bytes_of(value, **arguments):
    file = io.BytesIO()
    joblib.dump(value, file, **arguments)
    return file.getvalue()


def assert_like(ours, theirs):
    assert type(ours) is type(theirs)
    assert ours.dtype == theirs.dtype
    assert ours.dtype.str == theirs.dtype.str
    assert ours.shape == theirs.shape
    assert ours.flags.writeable == theirs.flags.writeable
    assert ours.flags.aligned
    assert ours.flags.f_contiguous == theirs.flags.f_contiguous
    assert ours.flags.c_contiguous == theirs.flags.c_contiguous
    assert pickle.dumps(ours) == pickle.dumps(theirs)


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_what_joblib_makes_of_them(name, protocol, native):
    data = bytes_of(ARRAYS[name], protocol=protocol)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = joblib.load(io.BytesIO(data), ensure_native_byte_order=native)
    assert_like(_native.load_bytes(data, native), theirs)


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_of_joblib_is_read(codec, tmp_path):
    value = {**ARRAYS, "again": [ARRAYS["C"], ARRAYS["C"]]}
    path = tmp_path / "file"
    joblib.dump(value, path, compress=codec)
    ours, theirs = _native.load_path(path, None, True), joblib.load(path)
    assert ours.keys() == theirs.keys()
    for name in ARRAYS:
        assert_like(ours[name], theirs[name])
    assert ours["again"][0] is not ours["again"][1]


def test_arrays_have_memory_of_their_own_and_can_be_written_to():
    first, second = (_native.load_bytes(bytes_of(ARRAYS["C"]), True) for _ in range(2))
    first[:] = 0
    assert second.sum() == ARRAYS["C"].sum()
    kept = first[1:]
    del first
    kept[:] = 1
    assert kept.sum() == kept.size


def test_joblib_is_not_imported_for_its_arrays(tmp_path):
    path = tmp_path / "file"
    joblib.dump([ARRAYS["C"], ARRAYS["objects"]], path)
    code = f"import sys, demijohn; demijohn.load({str(path)!r}); assert 'joblib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# Wrappers that no writer makes.


def wrapper(*state, protocol=2):
    """An object that says that an array follows."""
    module = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n"
    return b"\x80" + bytes([protocol]) + module + b")\x81}(" + b"".join(state) + b"ub"


def key(name):
    return b"X" + len(name).to_bytes(4, "little") + name.encode()


SHAPE, ORDER, DTYPE = key("shape"), key("order"), key("dtype")
U1 = b"cnumpy\ndtype\nX\x02\0\0\0u1\x89\x88\x87R"
SHORT = (SHAPE + b"K\x03\x85", ORDER + key("C"), DTYPE + U1)


def test_a_wrapper_that_is_referred_to_again_is_its_array():
    memoized = wrapper(*SHORT).replace(b")\x81", b")\x81q\x05")
    array, again = _native.load_bytes(memoized + b"abch\x05\x86.", True)
    assert array is again
    assert array.tolist() == [97, 98, 99]


@pytest.mark.parametrize("module", ["sklearn.externals.joblib.numpy_pickle", "joblib.numpy_pickle"])
def test_copies_of_joblib_are_known(module):
    data = wrapper(*SHORT).replace(b"joblib.numpy_pickle", module.encode()) + b"abc."
    assert _native.load_bytes(data, True).tolist() == [97, 98, 99]


def test_pads_of_any_length_are_skipped():
    for length in (0, 1, 16, 255):
        alignment = key("numpy_array_alignment_bytes") + b"K\x10"
        data = wrapper(*SHORT, alignment) + bytes([length]) + b"\xff" * length + b"abc."
        assert _native.load_bytes(data, True).tolist() == [97, 98, 99]


@pytest.mark.parametrize(
    "state",
    [
        (ORDER + key("C"), DTYPE + U1),
        (SHAPE + b"K\x03\x85", ORDER + key("C")),
        (SHAPE + b"J\xff\xff\xff\xff\x85", DTYPE + U1),
        (SHAPE + key("3"), DTYPE + U1),
        (SHAPE + b"G" + b"\0" * 8 + b"\x85", DTYPE + U1),
        (SHAPE + b"N", DTYPE + U1),
        (SHAPE + b"K\x03\x85", DTYPE + b"N"),
        (SHAPE + b"(" + b"K\x01" * 70 + b"t", DTYPE + U1),
    ],
)
def test_descriptions_that_make_no_sense_are_errors(state):
    with pytest.raises((ValueError, TypeError, AttributeError, OverflowError)):
        _native.load_bytes(wrapper(*state) + b"abc.", True)


@measures_memory
@pytest.mark.parametrize("shape", [(2**40,), (2**32, 2**32), (2**62, 2**62, 2**62), (2**33,)])
@pytest.mark.parametrize("compress", [0, "zlib", "pipe"])
def test_shapes_that_lie_cost_nothing(shape, compress):
    long = b"".join(b"\x8a\x09" + n.to_bytes(9, "little") for n in shape)
    data = wrapper(SHAPE + b"(" + long + b"t", DTYPE + U1) + bytes(100)
    code = f"""
import io, resource, zlib
from demijohn import _native
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
data = {data!r}
try:
    if {compress!r} == "pipe":
        class Pipe:
            read = io.BytesIO(data).read
        _native.load_file(Pipe(), True)
    else:
        _native.load_bytes(zlib.compress(data) if {compress!r} else data, True)
except (EOFError, ValueError):
    # Not getrusage, which begins with what the parent has had.
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < 300 << 10
else:
    raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_bytes_before_the_elements_in_their_frame_are_an_error():
    head, body = wrapper(*SHORT, protocol=4)[:2], wrapper(*SHORT, protocol=4)[2:]
    framed = head + b"\x95" + len(body).to_bytes(8, "little") + body
    assert _native.load_bytes(framed + b"abc.", True).tolist() == [97, 98, 99]
    longer = head + b"\x95" + (len(body) + 1).to_bytes(8, "little") + body
    with pytest.raises(demijohn.CorruptError):
        _native.load_bytes(longer + b"Nabc.", True)


# Mappings.


@pytest.mark.parametrize("mode", ["r", "r+", "c", "w+"])
@pytest.mark.parametrize("name", ARRAYS)
def test_mapped_arrays_are_those_that_joblib_maps(name, mode, tmp_path):
    path = tmp_path / "file"
    value = [ARRAYS[name], "between", ARRAYS["C"]]
    joblib.dump(value, path)
    before = path.read_bytes()
    ours = _native.load_path(str(path), mode, False)
    theirs = joblib.load(path, mmap_mode=mode)
    assert_like(ours[0], theirs[0])
    assert_like(ours[2], theirs[2])
    assert ours[1] == "between"
    for mine, other in zip(ours[::2], theirs[::2], strict=True):
        if isinstance(other, np.memmap):
            assert (mine.filename, mine.offset, mine.mode) == (other.filename, other.offset, other.mode)
    assert path.read_bytes() == before


def test_what_is_written_to_a_mapped_array_goes_where_the_mode_says(tmp_path):
    path = tmp_path / "file"
    for mode, kept in [("r+", 1.0), ("c", 0.0)]:
        joblib.dump(np.zeros(3), path)
        array = _native.load_path(path, mode, False)
        array[0] = 1
        array.flush()
        assert _native.load_path(path, None, True)[0] == kept
    with pytest.raises(ValueError, match="read-only"):
        _native.load_path(path, "r", False)[0] = 1


def test_mapping_is_refused_as_joblib_refuses_it(tmp_path):
    path = tmp_path / "file"
    joblib.dump(np.zeros(3), path, compress=3)
    with pytest.warns(UserWarning, match="not compatible with compressed file"):
        assert type(_native.load_path(path, "r", False)) is np.ndarray
    joblib.dump(np.zeros(3), path)
    for load in (lambda: _native.load_path(path, "x", False), lambda: joblib.load(path, mmap_mode="x")):
        with pytest.raises(ValueError, match="mode must be one of"):
            load()


def test_a_file_that_is_cut_is_not_mapped_and_not_made_longer(tmp_path):
    path = tmp_path / "file"
    joblib.dump(np.zeros(1000), path)
    cut = path.read_bytes()[:-2000]
    path.write_bytes(cut)
    with pytest.raises(EOFError):
        _native.load_path(path, "r+", False)
    assert path.read_bytes() == cut


# Files of all kinds.


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fixtures")
    script = [sys.executable, "-W", "ignore", str(FIXTURES / "make_fixtures.py"), str(folder)]
    subprocess.run(script, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="module")
def manifest(fixtures):
    # The named tuple of the fixtures has a module of its own, as in a program that defines one.
    module = types.ModuleType("fixture_types")
    module.NT = collections.namedtuple("NT", "a b", module="fixture_types")
    sys.modules["fixture_types"] = module
    return json.loads((fixtures / "manifest.json").read_text())["files"]


def comparable(node, ordered):
    """A node without what cannot be equal: matrices load as arrays, and Python before 3.6 had dicts in any order."""
    if isinstance(node, list):
        return [comparable(item, ordered) for item in node]
    if not isinstance(node, dict):
        return node
    node = {k: comparable(v, ordered) for k, v in node.items() if (k, v) != ("subclass", "numpy.matrix")}
    if node.get("t") == "dict" and not ordered:
        node["items"].sort(key=json.dumps)
    return node


def test_all_fixtures_are_what_the_manifest_says(fixtures, manifest):
    wrong, compared = [], 0
    for entry in manifest:
        path = fixtures / entry["file"]
        if entry.get("error"):
            with pytest.raises((demijohn.DemijohnError, OSError)):
                _native.load_path(path, None, False)
            continue
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file.seek(entry.get("start_offset", 0))
            # By name where that is possible: companions are found beside the pickle.
            several = "values" in entry or entry.get("start_offset")
            load = (lambda: _native.load_file(file, False)) if several else lambda: _native.load_path(path, None, False)
            for expected in entry.get("values", [entry.get("value")]):
                loaded = make_fixtures.Describer(entry["protocol"]).node(load())
                loaded, expected = map(make_fixtures.without_gaps, (loaded, expected))
                ordered = not entry["file"].startswith("real/")
                if comparable(loaded, ordered) != comparable(expected, ordered):
                    wrong.append(entry["file"])
                compared += 1
    assert compared > 110
    assert not wrong


def test_every_cut_of_the_small_fixtures_is_an_error(fixtures, manifest):
    tried = 0
    for entry in manifest:
        if entry["size"] > 1500 or entry.get("error") or entry.get("companions") or "values" in entry:
            continue
        if entry.get("start_offset") or entry["container"] not in ("none", "zlib", "gzip", "xz"):
            continue
        data = (fixtures / entry["file"]).read_bytes()
        whole = io.BytesIO(data)
        _native.load_file(whole, True)
        for end in range(whole.tell()):
            with pytest.raises((demijohn.DemijohnError, EOFError, ImportError, AttributeError)):
                _native.load_bytes(data[:end], True)
        tried += 1
    assert tried > 10


# joblib before 0.10.


def test_old_files_are_read_with_joblibs_warning(fixtures, manifest):
    old = [entry["file"] for entry in manifest if entry.get("companions") or entry["container"] == "zfile"]
    assert old
    for name in old:
        with pytest.warns(DeprecationWarning, match="joblib version less than 0.10"):
            _native.load_path(fixtures / name, None, True)


def test_companions_are_opened_beside_the_file_alone(tmp_path, fixtures):
    data = (fixtures / "legacy/companions.pkl").read_bytes()
    with pytest.raises(demijohn.UnsupportedError, match="found only beside a file that is given by its path"):
        _native.load_bytes(data, True)
    (tmp_path / "secret.npy").write_bytes((fixtures / "legacy/companions.pkl_01.npy").read_bytes())
    folder = tmp_path / "folder"
    folder.mkdir()
    names = [b"../secret.npy", str(tmp_path / "secret.npy").encode(), b"link.npy", b"pipe.npy", b".", b"a\0b"]
    (folder / "link.npy").symlink_to(tmp_path / "secret.npy")
    os.mkfifo(folder / "pipe.npy")
    for name in names:
        path = folder / "file"
        module = b"\x80\x02cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81}" + key("filename")
        path.write_bytes(module + b"X" + len(name).to_bytes(4, "little") + name + b"sb.")
        with pytest.raises((demijohn.CorruptError, OSError)):
            _native.load_path(path, None, True)


def test_arrays_of_objects_in_companions_are_live(tmp_path):
    np.save(tmp_path / "a.npy", np.array([1, [2], "x"], dtype=object))
    module = b"\x80\x02cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81}"
    (tmp_path / "file").write_bytes(module + key("filename") + key("a.npy") + b"sb.")
    with pytest.warns(DeprecationWarning):
        assert _native.load_path(tmp_path / "file", None, True).tolist() == [1, [2], "x"]
