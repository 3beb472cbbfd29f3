"""joblib's names in demijohn.joblib, and compressors of one's own."""

import io
import pickle

import joblib
import numpy as np
import pytest

import demijohn
import demijohn.joblib

VALUE = {"weights": np.arange(2000.0), "name": "small"}


def same(a, b):
    return pickle.dumps(a) == pickle.dumps(b)


class Reversed(io.BufferedIOBase):
    """A compressor that turns every byte over, in the manner of those that joblib takes."""

    def __init__(self, fileobj, mode, compresslevel=None):
        self.file, self.mode, self.level = fileobj, mode, compresslevel
        if "w" in mode:
            fileobj.write(b"REV1")
        else:
            assert fileobj.read(4) == b"REV1"

    def readable(self):
        return "r" in self.mode

    def writable(self):
        return "w" in self.mode

    def read(self, size=-1):
        return bytes(byte ^ 0xFF for byte in self.file.read(size))

    def readinto(self, out):
        data = self.read(len(out))
        out[: len(data)] = data
        return len(data)

    read1 = read

    def write(self, data):
        self.file.write(bytes(byte ^ 0xFF for byte in bytes(data)))
        return len(data)


@pytest.fixture
def reversed_compressor():
    from demijohn import _compressors

    wrapper = demijohn.joblib.CompressorWrapper(Reversed, prefix=b"REV1", extension=".rev")
    demijohn.joblib.register_compressor("reversed", wrapper)
    yield wrapper
    del _compressors._registered["reversed"]


def test_a_compressor_of_ones_own_dumps_and_loads(reversed_compressor, tmp_path):
    for name, compress in [("a.rev", 0), ("b.pkl", "reversed"), ("c.rev", 3)]:
        path = tmp_path / name
        assert demijohn.dump(VALUE, path, compress) == [str(path)]
        assert path.read_bytes().startswith(b"REV1")
        assert same(demijohn.load(path), VALUE)
        with open(path, "rb") as file:
            assert same(demijohn.load(file), VALUE)
        assert same(demijohn.loads(path.read_bytes()), VALUE)
    assert demijohn.dumps(VALUE, "reversed").startswith(b"REV1")


def test_a_compressor_of_ones_own_that_fails_leaves_the_old_file(reversed_compressor, tmp_path, monkeypatch):
    path = tmp_path / "a.rev"
    demijohn.dump("old", path)

    def failing(self, data):
        raise OSError(28, "no room")

    monkeypatch.setattr(Reversed, "write", failing)
    with pytest.raises(OSError, match="no room"):
        demijohn.dump(VALUE, path)
    monkeypatch.undo()
    assert demijohn.load(path) == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.rev"]


def test_registering_is_checked_as_joblib_checks_it(reversed_compressor):
    for name, wrapper in [
        ("zlib", reversed_compressor),
        ("reversed", reversed_compressor),
        (5, reversed_compressor),
        ("other", "no wrapper"),
        ("other", demijohn.joblib.CompressorWrapper(object(), prefix=b"x")),
    ]:
        with pytest.raises(ValueError):
            demijohn.joblib.register_compressor(name, wrapper)
    demijohn.joblib.register_compressor("reversed", reversed_compressor, force=True)


@pytest.mark.parametrize(("ours", "theirs"), [
    (demijohn.joblib.BinaryZlibFile, joblib.compressor.BinaryZlibFile),
    (demijohn.joblib.BinaryGzipFile, joblib.compressor.BinaryGzipFile),
])
def test_joblibs_file_classes(ours, theirs, tmp_path):
    text = b"so much text" * 5000
    for write, read in [(ours, theirs), (theirs, ours)]:
        path = str(tmp_path / "a")
        with write(path, "wb", compresslevel=6) as file:
            assert file.write(text) == len(text)
        with read(path) as file:
            assert file.read() == text
        with open(path, "rb") as plain, read(plain, "rb") as file:
            assert file.read(4) == b"so m"
            assert file.seek(-5, 2) == len(text) - 5
            assert file.read() == text[-5:]
    for arguments in [("a", "wb", 0), ("a", "wb", 10), ("a", "wb", "3"), ("a", "rw"), ("a", "ab")]:
        with pytest.raises(ValueError):
            ours(*arguments)


def test_the_rest_of_joblib_is_joblibs():
    assert demijohn.joblib.Parallel is joblib.Parallel
    with pytest.raises(AttributeError):
        demijohn.joblib.no_such_thing
