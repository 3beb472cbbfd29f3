"""Dumping to paths, file objects and bytes: what becomes of the target, whatever happens."""

import errno
import gzip
import io
import itertools
import os
import pathlib
import pickle
import signal
import sys
import threading

import demijohn
import joblib
import numpy as np
import pytest
from demijohn import _native
from streams import every_codec

VALUE = {"name": "x", "array": np.arange(1000.0), "list": list(range(3000))}


class Unpicklable:
    def __reduce__(self):
        raise LookupError("of its own")


class Endless:
    """Is written for as long as nobody interrupts it, without a line of Python being run."""

    def __reduce__(self):
        return list, (), None, itertools.repeat(None)


def equal(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "target"
    path.write_bytes(b"what was there")
    yield path
    assert os.listdir(tmp_path) == ["target"], "something was left behind"


@pytest.fixture
def untouched(target):
    yield target
    assert target.read_bytes() == b"what was there"


@pytest.mark.parametrize("format", [None, "none", "zlib", "gzip", "bz2", "lzma", "xz"])
def test_joblib_reads_what_is_dumped(format, target):
    _native.dump_path(VALUE, target, format, None, 4)
    assert equal(joblib.load(target), VALUE)
    file = io.BytesIO()
    _native.dump_file(VALUE, file, format, None, 4)
    assert file.getvalue() == target.read_bytes() == _native.dump_bytes(VALUE, format, None, 4)


@every_codec
def test_paths_files_and_bytes_hold_the_same(codec, target):
    _native.dump_path(VALUE, target, codec, None, 5, threads=2)
    data = target.read_bytes()
    assert _native.dump_bytes(VALUE, codec, None, 5) == data
    file = io.BytesIO()
    _native.dump_file(VALUE, file, codec, None, 5)
    assert file.getvalue() == data
    assert equal(_native.load_bytes(data, True), VALUE)


def test_blosc_hears_of_the_size_of_elements():
    # Of which the high bytes are alike: a matter of shuffling by the right size.
    array = np.arange(100_000, dtype="u8") * 977
    shuffled = len(_native.dump_bytes(array, "blosc", None, 4))
    assert shuffled * 3 < len(_native.dump_bytes(array.tobytes(), "blosc", None, 4))


@pytest.mark.parametrize("as_path", [str, pathlib.Path, lambda path: path])
def test_paths_of_all_kinds(as_path, target):
    _native.dump_path([1], as_path(target), None, None, 4)
    assert target.read_bytes() == pickle._dumps([1], 4)


def test_levels_are_heeded(target):
    sizes = []
    for level in (1, 9):
        _native.dump_path(VALUE["list"] * 10, target, "gzip", level, 4)
        sizes.append(target.stat().st_size)
    assert sizes[0] > sizes[1]


def test_dumping_in_place_keeps_the_file_and_its_links(target, tmp_path):
    link = tmp_path / "link"
    os.link(target, link)
    _native.dump_path([1], target, None, None, 4, in_place=True)
    assert link.read_bytes() == pickle._dumps([1], 4)
    _native.dump_path([2], target, None, None, 4)
    assert link.read_bytes() == pickle._dumps([1], 4)
    link.unlink()


def test_durable_files_are_there(target):
    _native.dump_path([1], target, "gzip", None, 4, durable=True)
    assert gzip.decompress(target.read_bytes()) == pickle._dumps([1], 4)


@pytest.mark.parametrize("format", [None, "gzip", "xz", "blosc"])
def test_failing_leaves_the_file_as_it_was(format, untouched):
    for value in ([1, Unpicklable()], [np.zeros(1 << 20), Unpicklable()], [sys]):
        with pytest.raises((LookupError, TypeError)):
            _native.dump_path(value, untouched, format, None, 4)


@pytest.mark.parametrize(
    ("format", "level", "protocol"), [("none", 5, 4), ("gzip", 10, 4), ("gzip", -1, 4), ("no such", None, 4), (None, None, 6)]
)
def test_wrong_arguments_leave_the_file_as_it_was(format, level, protocol, untouched):
    with pytest.raises(ValueError):
        _native.dump_path([1], untouched, format, level, protocol)
    with pytest.raises(ValueError):
        _native.dump_path([1], untouched, format, level, protocol, in_place=True)
    with pytest.raises(ValueError):
        _native.dump_bytes([1], format, level, protocol)
    file = io.BytesIO()
    with pytest.raises(ValueError):
        _native.dump_file([1], file, format, level, protocol)
    assert file.getvalue() == b""


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    for path, number in [(tmp_path / "no" / "such", errno.ENOENT), (tmp_path, errno.EISDIR)]:
        with pytest.raises(OSError) as raised:
            _native.dump_path([1], path, None, None, 4)
        assert raised.value.errno == number
        assert str(path) in str(raised.value)


class Alarm(Exception):
    pass


@pytest.fixture
def alarm():
    """Raises ``Alarm`` in a moment, in whatever the main thread does then."""

    def ring(*_):
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("format", [None, "gzip"])
def test_a_signal_ends_dumping(format, untouched, alarm):
    with pytest.raises(Alarm):
        _native.dump_path(Endless(), untouched, format, None, 4)


def test_a_signal_ends_dumping_to_memory(alarm):
    with pytest.raises(Alarm):
        _native.dump_bytes(Endless(), "gzip", None, 4)


def test_a_signal_ends_a_slow_compression(untouched, alarm):
    with pytest.raises(Alarm):
        _native.dump_path(np.random.default_rng(1).integers(0, 4000, 16 << 20), untouched, "xz", 9, 4)


def test_a_keyboard_interrupt_of_another_thread_ends_dumping(untouched):
    import _thread

    timer = threading.Timer(0.2, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        _native.dump_path(Endless(), untouched, None, None, 4)
    timer.join()


def test_other_threads_run_meanwhile(target):
    """A pipe that is read by a thread of the same interpreter would stop for ever otherwise."""
    fifo = target.parent / "fifo"
    os.mkfifo(fifo)
    array = np.arange(1 << 20)
    read = []
    thread = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    thread.start()
    _native.dump_path(array, fifo, None, None, 4, in_place=True)
    thread.join()
    fifo.unlink()
    assert read == [_native.dump_bytes(array, None, None, 4)]


class Sink:
    """A file object that does as it is told."""

    def __init__(self, answer=len):
        self.answer, self.written = answer, []

    def write(self, data):
        n = self.answer(data)
        self.written.append(bytes(data[:n] if type(n) is int else data))
        return n


def data_of(sink):
    return b"".join(sink.written)


def test_a_file_object_needs_write_only():
    for answer in (len, lambda _: None, lambda data: (len(data) + 1) // 2, lambda _: 1 if _ else 0):
        sink = Sink(answer)
        _native.dump_file({"a": 1}, sink, None, None, 4)
        assert data_of(sink) == pickle._dumps({"a": 1}, 4)


def test_a_file_object_is_not_closed():
    file = io.BytesIO()
    _native.dump_file([1], file, "gzip", None, 4)
    _native.dump_file([2], file, "gzip", None, 4)
    assert not file.closed
    assert gzip.decompress(file.getvalue()) == pickle._dumps([1], 4) + pickle._dumps([2], 4)


def test_what_a_file_object_raises_comes_out():
    error = KeyError("of its own")

    def fail(data):
        raise error

    for format in (None, "gzip"):
        with pytest.raises(KeyError) as raised:
            _native.dump_file(VALUE, Sink(fail), format, None, 4)
        assert raised.value is error


class Raw(io.RawIOBase):
    def writable(self):
        return True

    def write(self, data):
        return None


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (Sink(lambda data: len(data) + 1), ValueError),
        (Sink(lambda data: -1), OverflowError),
        (Sink(lambda data: 0), OSError),
        (Sink(lambda data: "all"), TypeError),
        (Raw(), BlockingIOError),
        (object(), TypeError),
        (io.StringIO(), TypeError),
        (io.BufferedReader(io.BytesIO()), io.UnsupportedOperation),
    ],
    ids=repr,
)
def test_a_file_object_that_misbehaves_is_told(file, expected):
    for format in (None, "gzip"):
        with pytest.raises(expected):
            _native.dump_file(VALUE, file, format, None, 4)


def test_a_closed_file_is_refused():
    file = io.BytesIO()
    file.close()
    with pytest.raises(ValueError, match="closed"):
        _native.dump_file([1], file, None, None, 4)


class Positioned(Sink):
    def __init__(self, tell):
        super().__init__()
        self.tell = tell


def unsupported():
    raise io.UnsupportedOperation


@pytest.mark.parametrize("tell", [unsupported, None, lambda: None, lambda: -5, lambda: "5", lambda: 2**70, lambda: 1 / 0])
def test_a_position_that_is_none_counts_as_the_beginning(tell):
    sink = Positioned(tell)
    _native.dump_file(VALUE, sink, None, None, 4)
    assert data_of(sink) == _native.dump_bytes(VALUE, None, None, 4)


def test_a_failed_stream_does_not_look_complete():
    for format in ("gzip", "zstd", "xz"):
        file = io.BytesIO()
        with pytest.raises(LookupError):
            _native.dump_file([np.zeros(1 << 18), Unpicklable()], file, format, None, 4)
        with pytest.raises((EOFError, ValueError)):
            _native.load_bytes(file.getvalue(), True)


def test_an_object_may_dump_others_while_it_is_dumped():
    class Dumps:
        def __reduce__(self):
            return bytes, (_native.dump_bytes([1, np.arange(3)], "gzip", None, 4),)

    inner = pickle.loads(_native.dump_bytes(Dumps(), None, None, 4))
    assert inner == _native.dump_bytes([1, np.arange(3)], "gzip", None, 4)


@pytest.mark.parametrize("format", ["bz2", "xz", "zstd", "lz4", "gzip"])
def test_what_is_to_be_sought_in_is_loaded_in_parts(format, tmp_path):
    arrays = {"a": np.arange(200_000), "b": np.arange(200_000) * 3}
    path, plain = str(tmp_path / "seekable"), str(tmp_path / "plain")
    demijohn.dump(arrays, path, compress=format, seekable=100_000)
    demijohn.dump(arrays, plain, compress=format)
    file = io.BytesIO()
    demijohn.dump(arrays, file, compress=format, seekable=100_000)
    with open(path, "rb") as whole:
        assert file.getvalue() == whole.read()
    if format in ("gzip", "zstd", "lz4"):
        assert os.path.getsize(path) != os.path.getsize(plain), "it is no other file"
    assert equal(demijohn.load(path), arrays)
    assert (demijohn.load_array(path, "b") == arrays["b"]).all()


def test_what_has_no_form_to_be_sought_in_is_refused(untouched):
    for format in ("zlib", "lzma"):
        with pytest.raises(demijohn.UnsupportedError):
            demijohn.dump([1], untouched, compress=format, seekable=1 << 20)
        with pytest.raises(demijohn.UnsupportedError):
            demijohn.dump([1], io.BytesIO(), compress=format, seekable=1 << 20)
