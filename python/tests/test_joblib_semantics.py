"""What dump and load make of their arguments, held against stock joblib's."""

import io
import os
import pathlib
import pickle
import socket
import threading
import warnings

import joblib
import numpy as np
import pytest

import demijohn
from demijohn import _native

VALUE = {"weights": np.arange(2000.0).reshape(40, 50), "name": "small", "shared": [1, 2, 3]}


def same(a, b):
    return pickle.dumps(a) == pickle.dumps(b)


def codec_of(path):
    return _native.format_by_content(path.read_bytes()[:64])


def outcome(dump, compress, name, folder):
    """What comes of a dump: the exception, or the answer and how the file begins."""
    path = os.path.join(folder, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            answer = dump(VALUE, path, compress)
    except Exception as error:  # noqa: BLE001: whatever it is, it is compared
        return type(error)
    with open(path, "rb") as file:
        head = file.read(6)
    # The second byte of zlib tells the level, which the two round differently.
    return answer == [path], head[:1] if head[:1] == b"\x78" else head[:4]


COMPRESS = [
    0, 1, 3, 9, 10, -1, 2.5, None, True, False, "gzip", "zlib", "bz2", "lzma", "xz", "lz4", "rar", "",
    ("gzip", 3), ("zlib", 9), ("bz2", 1), ("lzma", 6), ("xz", 1), ("lz4", 0), ("lz4", 3), ("xz", 0), ("gzip", 0),
    ("gzip", None), ("zlib", 10), ("zlib", True), ("zlib", False), ("gzip", "3"), ("gzip",), ("gzip", 3, 4), ("rar", 3),
    (), [], ["gzip", 3], "GZIP",
]  # fmt: skip
NAMES = ["a.pkl", "a.z", "a.gz", "a.bz2", "a.lzma", "a.xz", "a.lz4", "a", "a.gz.pkl", "a.GZ", "a.pkl.z"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("compress", COMPRESS, ids=repr)
def test_compress_and_extension_mean_what_they_mean_to_joblib(compress, name, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    expected = outcome(joblib.dump, compress, name, theirs)
    assert outcome(demijohn.dump, compress, name, ours) == expected
    if not isinstance(expected, type):
        assert same(joblib.load(ours / name), VALUE)
        assert same(demijohn.load(theirs / name), VALUE)
        assert same(demijohn.load(ours / name), VALUE)


@pytest.mark.parametrize("level", [3.0, np.int64(3), np.float32(3), np.array(3)], ids=repr)
@pytest.mark.parametrize("codec", ["zlib", "gzip", "xz", "zstd"])
def test_whatever_equals_a_level_is_one(codec, level):
    assert demijohn.dumps(VALUE, (codec, level)) == demijohn.dumps(VALUE, (codec, 3))
    assert demijohn.dumps(VALUE, level) == demijohn.dumps(VALUE, 3)


@pytest.mark.parametrize("compress", [("rar", 3), ("zlib", 10), ("gzip",), ("gzip", "3")], ids=repr)
def test_wrong_arguments_are_explained_as_joblib_explains_them(compress, tmp_path):
    def words(dump):
        with pytest.raises(ValueError) as caught:
            dump(VALUE, str(tmp_path / "a"), compress)
        return str(caught.value).split(". Possible")[0]

    assert words(demijohn.dump) == words(joblib.dump)
    assert not (tmp_path / "a").exists()


def test_arguments_the_wrong_way_round_are_explained():
    with pytest.raises(ValueError, match="Second argument should be a filename or a file-like object"):
        demijohn.dump("a.pkl", VALUE)


@pytest.mark.parametrize(
    ("codec", "extension", "levels", "wrong"),
    [
        ("zstd", ".zst", [-5, 0, 1, 19, 22], 23),
        ("snappy", ".sz", [None, 3], 10),
        ("blosc", ".blp", [0, 9], 10),
        ("lzo", ".lzo", [1, 9], 0),
    ],
)
def test_more_compressors_by_name_extension_and_their_own_levels(codec, extension, levels, wrong, tmp_path):
    by_extension = tmp_path / f"a{extension}"
    assert demijohn.dump(VALUE, by_extension) == [str(by_extension)]
    assert codec_of(by_extension) == codec
    assert same(demijohn.load(by_extension), VALUE)
    for level in levels:
        path = tmp_path / "b.pkl"
        demijohn.dump(VALUE, path, (codec, level))
        assert codec_of(path) == codec
        assert same(demijohn.load(path), VALUE)
    with pytest.raises(ValueError, match="Non valid compress level given"):
        demijohn.dump(VALUE, tmp_path / "c.pkl", (codec, wrong))
    assert not (tmp_path / "c.pkl").exists()


@pytest.mark.parametrize("path_type", [str, pathlib.Path], ids=["str", "Path"])
def test_paths_of_all_kinds(path_type, tmp_path):
    path = path_type(tmp_path / "a.pkl.gz")
    assert demijohn.dump(VALUE, path) == joblib.dump(VALUE, path) == [str(path)]
    assert same(demijohn.load(path), VALUE)


@pytest.mark.parametrize("protocol", [None, 0, 1, 2, 3, 4, 5, -1])
@pytest.mark.parametrize("compress", [0, "zlib", "lz4"])
def test_protocols_are_joblibs(protocol, compress, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    demijohn.dump(VALUE, ours, compress, protocol)
    joblib.dump(VALUE, theirs, compress, protocol)
    assert same(joblib.load(ours), VALUE)
    assert same(demijohn.load(theirs), VALUE)
    if not compress:
        assert ours.read_bytes() == theirs.read_bytes()


def test_a_protocol_beyond_the_highest_is_refused(tmp_path):
    with pytest.raises(ValueError, match="pickle protocol must be <="):
        demijohn.dump(VALUE, tmp_path / "a", protocol=99)
    assert not (tmp_path / "a").exists()


# File objects.


@pytest.mark.parametrize("compress", [0, 3, "gzip", ("bz2", 1), "zstd"])
def test_file_objects_are_written_where_they_stand_and_not_closed(compress):
    file = io.BytesIO()
    file.write(b"before")
    assert demijohn.dump(VALUE, file, compress) is None
    assert not file.closed
    file.write(b"behind")
    file.seek(6)
    assert same(demijohn.load(file), VALUE)
    assert not file.closed


def test_a_file_object_without_compression_holds_what_joblib_writes():
    ours, theirs = io.BytesIO(b"12345"), io.BytesIO(b"12345")
    ours.seek(5)
    theirs.seek(5)
    demijohn.dump(VALUE, ours)
    joblib.dump(VALUE, theirs)
    assert ours.getvalue() == theirs.getvalue()


@pytest.mark.parametrize("opened", [lambda path: open(path, "rb"), lambda path: open(path, "rb", buffering=0)])
def test_objects_in_one_file_load_one_after_another(opened, tmp_path):
    path = tmp_path / "several.pkl"
    values = [VALUE, "text", np.arange(10), {"n": 5}]
    with open(path, "wb") as file:
        for value in values:
            demijohn.dump(value, file)
    with opened(path) as file:
        for value in values:
            assert same(demijohn.load(file), value)
        assert file.tell() == path.stat().st_size


@pytest.mark.parametrize("compress", [0, "zlib", "zstd", "blosc"])
def test_sockets_and_pipes_work(compress):
    left, right = socket.socketpair()
    with left, right, left.makefile("wb") as sink, right.makefile("rb") as source:
        def send():
            demijohn.dump(VALUE, sink, compress)
            sink.close()
            left.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        assert same(demijohn.load(source), VALUE)
        sender.join()

    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as source, open(writing, "wb", buffering=0) as sink:
        sender = threading.Thread(target=lambda: (demijohn.dump(VALUE, sink, compress), sink.close()))
        sender.start()
        assert same(demijohn.load(source), VALUE)
        sender.join()


# Mapping.


def mapped(value):
    return {key: type(item).__name__ for key, item in value.items()}


def test_no_mode_empties_the_file(tmp_path):
    path = tmp_path / "a.pkl"
    demijohn.dump(VALUE, path)
    for mode in ["w+", "write"]:
        value = demijohn.load(path, mmap_mode=mode)
        assert value["weights"].flags.writeable
        assert same(demijohn.load(path), VALUE)


@pytest.mark.parametrize("mode", ["r", "r+", "c", "w+"])
def test_mapping_is_joblibs(mode, tmp_path):
    path = tmp_path / "a.pkl"
    joblib.dump(VALUE, path)
    ours, theirs = demijohn.load(path, mmap_mode=mode), joblib.load(path, mmap_mode=mode)
    assert mapped(ours) == mapped(theirs)
    for attribute in ["mode", "offset", "filename", "shape", "dtype"]:
        assert getattr(ours["weights"], attribute) == getattr(theirs["weights"], attribute)
    assert ours["weights"].flags.writeable == (mode != "r")
    np.testing.assert_array_equal(ours["weights"], VALUE["weights"])


def test_what_is_written_to_a_mapped_array_is_in_the_file(tmp_path):
    path = tmp_path / "a.pkl"
    demijohn.dump(VALUE, path)
    value = demijohn.load(path, mmap_mode="r+")
    value["weights"][0, 0] = -1
    value["weights"].flush()
    assert joblib.load(path)["weights"][0, 0] == -1
    copied = demijohn.load(path, mmap_mode="c")
    copied["weights"][0, 0] = 7
    assert joblib.load(path)["weights"][0, 0] == -1


def test_a_mapped_array_is_dumped_like_any_other(tmp_path):
    first, second, third = (tmp_path / name for name in ["1.pkl", "2.pkl", "3.pkl"])
    demijohn.dump(VALUE, first)
    value = demijohn.load(first, mmap_mode="r")
    demijohn.dump(value, second)
    joblib.dump(value, third)
    assert second.read_bytes() == third.read_bytes()


def warned(load, *args, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = load(*args, **options)
    assert same(value, VALUE)
    return [(w.category, str(w.message).split(" at 0x")[0], w.filename) for w in caught]


@pytest.mark.parametrize("name", ["a.pkl.gz", "a.pkl"])
@pytest.mark.parametrize("how", ["path", "file", "BytesIO"])
def test_mapping_that_cannot_be_warns_as_joblib_does(name, how, tmp_path):
    path = str(tmp_path / name)
    joblib.dump(VALUE, path)

    def results(load):
        if how == "path":
            return warned(load, path, mmap_mode="r") if name.endswith(".gz") else []
        with open(path, "rb") as file:
            return warned(load, io.BytesIO(file.read()) if how == "BytesIO" else file, mmap_mode="r")

    ours, theirs = results(demijohn.load), results(joblib.load)
    assert [w[:2] for w in ours] == [w[:2] for w in theirs]
    assert all(w[2] == __file__ for w in ours), "the warning is about the caller"


def mapping_of(load, *args, **options):
    try:
        array = load(*args, **options)["weights"]
    except ValueError as error:
        return str(error)
    return type(array), getattr(array, "mode", None), array.flags.writeable


@pytest.mark.parametrize("native", ["auto", True, False, None, 0, 1])
@pytest.mark.parametrize("mode", [None, "r", "readonly", "x", "", 5, True, False], ids=repr)
def test_modes_that_are_none_are_refused_as_joblib_refuses_them(mode, native, tmp_path):
    path = tmp_path / "a.pkl"
    demijohn.dump(VALUE, path)
    how = {"mmap_mode": mode, "ensure_native_byte_order": native}
    assert mapping_of(demijohn.load, path, **how) == mapping_of(joblib.load, path, **how)


def test_native_order_and_mapping_exclude_one_another(tmp_path):
    path = tmp_path / "a.pkl"
    demijohn.dump(VALUE, path)
    with pytest.raises(ValueError, match="Native byte ordering can only be enforced"):
        demijohn.load(path, mmap_mode="r", ensure_native_byte_order=True)


@pytest.mark.parametrize("native", ["auto", True, False])
@pytest.mark.parametrize("dtype", [">i4", "<f8", ">U3", ">M8[s]", [("a", ">i2"), ("b", ">f8")], [("a", ">i2"), ("b", "u1")]])
def test_byte_order_is_joblibs(native, dtype, tmp_path):
    path = tmp_path / "a.pkl"
    demijohn.dump(np.zeros(3, dtype), path)
    ours = demijohn.load(path, ensure_native_byte_order=native)
    theirs = joblib.load(path, ensure_native_byte_order=native)
    assert ours.dtype == theirs.dtype
    assert ours.tobytes() == theirs.tobytes()


# Failure.


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        demijohn.load(tmp_path / "missing.pkl")
    assert caught.value.filename == str(tmp_path / "missing.pkl")


@pytest.mark.parametrize("path", ["", "no such directory/file", "no such directory/..", ".", "file/below", "nul\0byte"], ids=repr)
@pytest.mark.parametrize("what", ["dump", "load"])
def test_paths_that_can_be_no_files_are_refused_as_joblib_refuses_them(what, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"")

    def refusal(module):
        with pytest.raises((OSError, ValueError)) as caught:
            module.dump(VALUE, path) if what == "dump" else module.load(path)
        return caught.type, getattr(caught.value, "errno", None), getattr(caught.value, "filename", None)

    assert refusal(demijohn) == refusal(joblib)
    with pytest.raises(refusal(joblib)[0]):
        demijohn.open(path, "wb" if what == "dump" else "rb")
    assert os.listdir(tmp_path) == ["file"]


def test_a_failed_dump_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.pkl"
    demijohn.dump("old", path)
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        demijohn.dump([VALUE, lambda: 0], path)
    assert demijohn.load(path) == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.pkl"]


@pytest.mark.parametrize("compress", [0, "gzip", "zstd", "xz"])
def test_truncated_and_damaged_files_raise_what_joblib_users_catch(compress, tmp_path):
    data = demijohn.dumps(VALUE, compress)
    for end in range(0, len(data), max(1, len(data) // 40)):
        with pytest.raises((EOFError, ValueError)):
            demijohn.loads(data[:end])
    with pytest.raises(EOFError):
        demijohn.loads(data[:-1])
    with pytest.raises(demijohn.UnknownFormatError):
        demijohn.loads(b"not at all a pickle")
