"""Loading from file objects: what they are asked for, where they stand afterwards, and what becomes of their errors."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import joblib
import numpy as np
import pytest

import demijohn
from demijohn import _native
from streams import Other, measures_memory

PROTOCOLS = range(6)
OBJECTS = [{"a": np.arange(1000.0), "b": list(range(3000))}, [1, 2, "x"], np.arange(200_000), None]


def several(protocol):
    """Objects one after another, and something else behind them."""
    file = io.BytesIO()
    for value in OBJECTS:
        joblib.dump(value, file, protocol=protocol)
    return file.getvalue() + b"rest"


def load(file):
    return _native.load_file(file, True)


def assert_all_come(file, rest=b"rest"):
    for value in OBJECTS:
        assert joblib.hash(load(file)) == joblib.hash(value)
    assert file.read(4) == rest


class OnlyRead:
    """Counts what it is asked for."""

    def __init__(self, data, most=1 << 30):
        self.file, self.most, self.calls = io.BytesIO(data), most, 0

    def read(self, size):
        self.calls += 1
        return self.file.read(min(size, self.most))


class Answers:
    """Gives one prepared answer after another, and then the end."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def read(self, size):
        answer = self.answers.pop(0) if self.answers else b""
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_objects_come_one_after_another_from_whatever_holds_them(protocol, tmp_path):
    data = several(protocol)
    path = tmp_path / "file"
    path.write_bytes(data)
    assert_all_come(io.BytesIO(data))
    assert_all_come(OnlyRead(data))
    assert_all_come(OnlyRead(data, most=1000))
    for buffering in (-1, 0):
        with open(path, "rb", buffering) as file:
            assert_all_come(file)
            assert file.tell() == len(data)
    with open(path, "r+b") as file:
        assert_all_come(file)
    with tempfile.SpooledTemporaryFile() as file:
        file.write(data)
        file.seek(0)
        assert_all_come(file)
    for module, opened in [(gzip, gzip.open), (bz2, bz2.open), (lzma, lzma.open)]:
        path.write_bytes(module.compress(data))
        with opened(path) as file:
            assert_all_come(file)
    path.write_bytes(data)
    with demijohn.open(path) as file:
        assert_all_come(file)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("buffering", [-1, 0])
def test_objects_come_one_after_another_out_of_pipes_and_sockets(protocol, buffering):
    data = several(protocol)
    read, write = os.pipe()
    with os.fdopen(read, "rb", buffering) as file, sender(data, os.fdopen(write, "wb")):
        assert_all_come(file)
    ours, theirs = socket.socketpair()
    with ours, ours.makefile("rb", None if buffering else 0) as file, sender(data, theirs.makefile("wb"), theirs):
        assert_all_come(file)


class sender:
    """Writes in a thread."""

    def __init__(self, data, *files):
        self.files = files
        self.thread = threading.Thread(target=self.send, args=(data,))

    def send(self, data):
        self.files[0].write(data)
        for file in self.files:
            file.close()

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *error):
        self.thread.join()


def test_what_cannot_seek_is_asked_for_whole_frames():
    data = pickle._dumps([b"x" * 100] * 2 + list(range(50_000)), 4)
    file = OnlyRead(data)
    load(file)
    assert file.calls < 3 * data.count(b"\x95") + 10


def test_no_byte_too_many_is_waited_for():
    read, write = os.pipe()
    with os.fdopen(read, "rb") as file, os.fdopen(write, "wb", 0) as pipe:
        for protocol in PROTOCOLS:
            pipe.write(pickle._dumps(["text", 1], protocol))
            assert load(file) == ["text", 1]


@pytest.mark.parametrize("codec", ["zlib", "gzip", "bz2", "xz", "lzma", "lz4", "zstd"])
def test_files_stand_behind_the_compressed_stream(codec, tmp_path):
    data = demijohn.dumps(OBJECTS[0], codec)
    file = io.BytesIO(b"head" + data + b"rest")
    file.seek(4)
    load(file)
    assert file.tell() == len(data) + 4
    (tmp_path / "file").write_bytes(data + b"rest")
    with open(tmp_path / "file", "rb") as file:
        load(file)
        assert file.read() == b"rest"
    read, write = os.pipe()
    with os.fdopen(read, "rb") as file, sender(data + b"rest", os.fdopen(write, "wb")):
        load(file)
        assert file.read() == b"rest"
    assert joblib.hash(load(OnlyRead(data))) == joblib.hash(OBJECTS[0])


def test_checksums_are_looked_at():
    data = bytearray(gzip.compress(pickle.dumps(OBJECTS[1])))
    data[-5] ^= 1
    with pytest.raises(demijohn.ChecksumError):
        load(io.BytesIO(data))
    with pytest.raises(demijohn.ChecksumError):
        _native.load_bytes(bytes(data), True)


def test_what_read_raises_comes_out_as_itself():
    for error in (OSError(5, "io"), KeyboardInterrupt(), RuntimeError("x")):
        for before in ([], [b"\x80"], [b"\x80", b"\x04", b"\x95"]):
            with pytest.raises(type(error)) as raised:
                load(Answers(*before, error))
            assert raised.value is error


@pytest.mark.parametrize(
    ("answer", "error"),
    [("text", TypeError), (7, TypeError), (b"far too much" * 99, ValueError), (None, BlockingIOError), (b"", EOFError)],
)
def test_answers_that_make_no_sense_are_errors(answer, error):
    with pytest.raises(error):
        load(Answers(answer))
    with pytest.raises(error):
        load(Answers(b"\x80", answer))


def test_buffers_are_as_good_as_bytes():
    data = pickle.dumps([1])
    assert load(Answers(*(bytearray([byte]) for byte in data[:2]), memoryview(data)[2:3], *frames(data[3:]))) == [1]
    for copy in (bytearray(data), memoryview(data)):
        assert _native.load_bytes(copy, True) == [1]
    assert _native.load_bytes(memoryview(data + data)[::1], True) == [1]


def frames(data):
    """The length of the frame, and the frame."""
    return data[:8], data[8:]


def test_files_that_are_empty_or_something_else_say_so(tmp_path):
    for data, error in [
        (b"", demijohn.TruncatedError),
        (b"<html>", demijohn.UnknownFormatError),
        (b"PK\x03\x04", demijohn.UnknownFormatError),
    ]:
        path = tmp_path / "file"
        path.write_bytes(data)
        with pytest.raises(error):
            _native.load_path(path, None, True)
        with pytest.raises(error):
            load(io.BytesIO(data))
    with pytest.raises(IsADirectoryError):
        _native.load_path(tmp_path, None, True)
    with pytest.raises(FileNotFoundError) as raised:
        _native.load_path(tmp_path / "none", None, True)
    assert raised.value.filename == str(tmp_path / "none")


def test_named_pipes_are_loaded_by_path(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    for compress in (0, "gzip"):
        with sender_to(path, demijohn.dumps(OBJECTS[0], compress)):
            assert joblib.hash(_native.load_path(path, None, True)) == joblib.hash(OBJECTS[0])


class sender_to(sender):
    def __init__(self, path, data):
        self.thread = threading.Thread(target=path.write_bytes, args=(data,))


# Threads and signals.


def test_other_threads_go_on_while_a_file_is_read(keeping_the_lock, tmp_path):
    path = tmp_path / "file"
    demijohn.dump(np.random.default_rng(0).integers(0, 50, 4_000_000), path, compress=("gzip", 1))
    with Other() as other:
        assert other.may_run_during(lambda: _native.load_path(path, None, True))


def test_interrupts_end_the_loading_of_arrays():
    code = """
import io, os, signal, threading, time
from demijohn import _native
read, write = os.pipe()
def send():
    os.write(write, HEAD)
    # One that comes just before Python waits for the pipe does not wake it.
    while True:
        os.write(write, bytes(1000))
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
try:
    threading.Thread(target=send, daemon=True).start()
    _native.load_file(os.fdopen(read, "rb"), True)
except KeyboardInterrupt:
    os._exit(0)
raise SystemExit("loaded")
"""
    head = io.BytesIO()
    joblib.dump(np.zeros(1_000_000, "u1"), head)
    code = code.replace("HEAD", repr(head.getvalue()[:300]))
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("safe", [False, True])
@pytest.mark.parametrize("what", ["a list", "a list in pieces", "an array", "an array of objects"])
def test_interrupts_end_the_loading_of_files(what, safe, tmp_path):
    path = tmp_path / "file"
    if what == "a list":
        path.write_bytes(demijohn.compress(b"\x80\x04]" + (b"(" + b"N" * 1_000_000 + b"e") * 30 + b".", "lz4"))
    elif what == "a list in pieces":
        path.write_bytes(b"\x80\x04]" + (b"(" + b"K\x01" * 1000 + b"e") * 10_000 + b".")
    elif what == "an array":
        demijohn.dump(np.zeros(300 << 20, "u1"), path, "lz4")
    else:
        demijohn.dump(np.full(10_000_000, None), path, "lz4")
    code = f"""
import signal
import numpy
import demijohn
def interrupt(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGVTALRM, interrupt)
load = demijohn.safe_load if {safe} else demijohn.load
# Of the time that this process works.
signal.setitimer(signal.ITIMER_VIRTUAL, 0.03)
try:
    load({str(path)!r})
except KeyboardInterrupt:
    raise SystemExit(0)
raise SystemExit("loaded")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@measures_memory
def test_memory_beyond_the_array_is_bounded(tmp_path):
    path = tmp_path / "file"
    value = np.tile(np.arange(1 << 20), 16)
    for compress in (0, ("gzip", 1), ("lz4", 1)):
        demijohn.dump(value, path, compress=compress)
        code = f"""
import numpy
from demijohn import _native
# Not getrusage, which begins with what the parent has had.
def peak():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) << 10
before = peak()
array = _native.load_path({str(path)!r}, None, True)
assert peak() - before < array.nbytes + (32 << 20), (peak() - before) >> 20
"""
        subprocess.run([sys.executable, "-c", code], check=True)
