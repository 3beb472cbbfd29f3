"""File objects of streams being read, over every format: all but reading and seeking. The names of tests are as in
``test_file_reading``.
"""

import copy
import gc
import io
import os
import pickle
import threading
import weakref

import pytest

import demijohn
from streams import LINES, TEXT, Unseekable, coded, every_codec, reader


# The file itself.


@every_codec
def test_close(codec, data, tmp_path):
    source = io.BytesIO(data)
    file = demijohn.open(source)
    file.close()
    # Not what was given.
    assert not source.closed
    file.close()
    assert not source.closed

    path = tmp_path / "file"
    path.write_bytes(data)
    file = demijohn.open(path)
    descriptor = file.fileno()
    os.fstat(descriptor)
    file.close()
    with pytest.raises(OSError):
        os.fstat(descriptor)
    file.close()


@every_codec
def test_closed(codec, data):
    file = reader(data)
    assert not file.closed
    file.read()
    assert not file.closed
    file.close()
    assert file.closed


@every_codec
def test_io_on_closed_object(codec, data):
    file = reader(data)
    file.close()
    calls = [
        lambda: file.read(1),
        lambda: file.read1(),
        lambda: file.readinto(bytearray(1)),
        lambda: file.readinto1(bytearray(1)),
        lambda: file.readline(),
        lambda: file.readlines(),
        lambda: file.peek(),
        lambda: file.seek(0),
        lambda: file.tell(),
        lambda: file.flush(),
        lambda: file.fileno(),
        lambda: file.isatty(),
        lambda: file.readable(),
        lambda: file.writable(),
        lambda: file.seekable(),
        lambda: file.write(b""),
        lambda: file.writelines([]),
        lambda: file.__enter__(),
    ]
    for call in calls:
        with pytest.raises(ValueError):
            call()


@every_codec
def test_fileno(codec, data, tmp_path):
    file = reader(data)
    with pytest.raises(io.UnsupportedOperation):
        file.fileno()
    file.close()
    with pytest.raises(ValueError):
        file.fileno()
    path = tmp_path / "file"
    path.write_bytes(data)
    with open(path, "rb") as raw:
        with demijohn.open(raw) as file:
            assert file.fileno() == raw.fileno()
        with pytest.raises(ValueError):
            file.fileno()
    with demijohn.open(path) as file:
        assert os.fstat(file.fileno()).st_size == len(data)


def test_a_file_object_need_not_have_a_descriptor():
    class Bare:
        def read(self, size):
            return b""

    with demijohn.open(Bare()) as file, pytest.raises(io.UnsupportedOperation):
        file.fileno()


@every_codec
def test_seekable_readable_writable(codec, data):
    with reader(data) as file:
        for _ in range(2):
            assert (file.seekable(), file.readable(), file.writable()) == (True, True, False)
            assert file.isatty() is False
            file.read()
    with demijohn.open(Unseekable(data)) as file:
        assert not file.seekable()


@every_codec
def test_write_methods_on_read_only_file(codec, data):
    with reader(data) as file:
        for call in (
            lambda: file.write(b"a"),
            lambda: file.writelines([b"a"]),
            lambda: file.truncate(),
            lambda: file.detach(),
        ):
            with pytest.raises(io.UnsupportedOperation):
                call()
        file.flush()
        assert file.read() == TEXT


@every_codec
def test_context_protocol(codec, data):
    file = reader(data)
    with file as same:
        assert same is file
    assert file.closed
    with pytest.raises(ValueError), file:
        pass
    with pytest.raises(ZeroDivisionError), reader(data) as file:
        1 / 0
    assert file.closed


@every_codec
def test_open_del(codec, data, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(data)
    descriptors = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    with pytest.warns(ResourceWarning, match="unclosed"):
        for _ in range(1000):
            demijohn.open(path)
    if descriptors:
        assert len(os.listdir("/proc/self/fd")) == descriptors


def test_open_nonexistent(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        demijohn.open(tmp_path / "missing")
    assert caught.value.filename == str(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        demijohn.open(tmp_path)


def test_errors_name_the_file(tmp_path):
    path = tmp_path / "cut.gz"
    path.write_bytes(coded(TEXT, "gzip")[:-3])
    with demijohn.open(path) as file, pytest.raises(EOFError, match="cut.gz"):
        file.read()


@every_codec
def test_names(codec, data, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(data)
    for name in (str(path), os.fsencode(path)):
        with demijohn.open(name) as file:
            assert file.name == name
            assert file.read() == TEXT
    with demijohn.open(path) as file:
        assert file.name == str(path)
        assert file.mode == "rb"
        assert codec in repr(file) and str(path) in repr(file)
    assert file.name == str(path)
    with open(path, "rb") as raw, demijohn.open(raw) as file:
        assert file.name == raw.name
        assert file.read() == TEXT
    descriptor = os.open(path, os.O_RDONLY)
    with open(descriptor, "rb") as raw, demijohn.open(raw) as file:
        assert file.name == descriptor
    with reader(data) as file:
        with pytest.raises(AttributeError):
            file.name
        assert codec in repr(file)


@pytest.mark.skipif(os.name != "posix", reason="skip: names are text here")
def test_names_that_are_no_text(tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff.gz"
    with demijohn.open(name, "wb") as file:
        file.write(TEXT)
    with demijohn.open(name) as file:
        assert (file.compression, file.read()) == ("gzip", TEXT)


@pytest.mark.parametrize("mode", ["", "z", "rx", "wx", "rw", "r+", "w+", "x+", "rbt", "rr", "rbb", "U", "b", "t"])
def test_init_bad_mode(mode):
    with pytest.raises(ValueError, match="mode"):
        demijohn.open(io.BytesIO(), mode)


def test_bad_args(tmp_path):
    for file in (123.456, 7, None, [], object()):
        with pytest.raises(TypeError):
            demijohn.open(file)
        with pytest.raises(TypeError):
            demijohn.open(file, "wb", compression="gzip")
    with pytest.raises(TypeError):
        demijohn.open(io.BytesIO(), 3)
    with pytest.raises(ValueError, match='no format "gzop".*gzip'):
        demijohn.open(io.BytesIO(), compression="gzop")
    for compression in (3, True, b"gzip", ["gzip"]):
        with pytest.raises(TypeError):
            demijohn.open(io.BytesIO(), compression=compression)
    for compression in ((), ("gzip",), ("gzip", 3, 4)):
        with pytest.raises(ValueError):
            demijohn.open(io.BytesIO(), "w", compression=compression)
    # What makes no sense when reading.
    for options in (
        {"level": 3},
        {"compression": ("gzip", 3)},
        {"atomic": False},
        {"durable": True},
        {"encoding": "utf-8"},
        {"errors": "ignore"},
        {"newline": "\n"},
        {"threads": 0},
        {"tail": "keep"},
        {"max_output": -1},
    ):
        with pytest.raises((ValueError, OverflowError)):
            demijohn.open(io.BytesIO(), **options)


@every_codec
def test_pickle(codec, data):
    with reader(data) as file:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="CompressedReader"):
                pickle.dumps(file, protocol)
        with pytest.raises(TypeError):
            copy.copy(file)


@every_codec
def test_buffered_reader(codec, data):
    with reader(data) as file, io.BufferedReader(file) as buffered:
        assert list(buffered) == LINES


@every_codec
def test_textio_readlines(codec, data):
    lines = TEXT.decode().splitlines(keepends=True)
    with reader(data) as file, io.TextIOWrapper(file, encoding="ascii") as text:
        assert text.readlines() == lines
    with demijohn.open(io.BytesIO(data), "rt", encoding="ascii") as text:
        assert list(text) == lines
        text.seek(0)
        assert text.read(3) == lines[0][:3]
        text.seek(text.tell())
        assert text.read() == "".join(lines)[3:]


def test_text_is_decoded_as_asked_for():
    coded_text = coded("größe\r\n".encode("utf-16-le"), "zstd")
    with demijohn.open(io.BytesIO(coded_text), "rt", encoding="utf-16-le") as file:
        assert file.read() == "größe\n"
    with demijohn.open(io.BytesIO(coded_text), "rt", encoding="utf-16-le", newline="") as file:
        assert file.read() == "größe\r\n"
    source = io.BytesIO(coded(b"foo\xffbar", "zstd"))
    with demijohn.open(source, "rt", encoding="ascii", errors="ignore") as file:
        assert file.read() == "foobar"
    with pytest.raises(LookupError):
        demijohn.open(io.BytesIO(coded_text), "rt", encoding="no such encoding")


@every_codec
def test_limits(codec):
    bomb = coded(bytes(3_000_000), codec)
    with demijohn.open(io.BytesIO(bomb), max_output=3_000_000) as file:
        assert len(file.read()) == 3_000_000
    with demijohn.open(io.BytesIO(bomb), max_output=2_999_999) as file, pytest.raises(demijohn.LimitError):
        file.read()
    # Going somewhere is decoding too.
    with demijohn.open(io.BytesIO(bomb), max_output=1_000_000) as file, pytest.raises(demijohn.LimitError):
        file.seek(2_000_000)
    with demijohn.open(io.BytesIO(bomb), max_output=1_000_000) as file, pytest.raises(demijohn.LimitError):
        file.seek(0, 2)


@every_codec
def test_limits_hold_in_bombs_of_bombs(codec):
    bomb = bytes(3_000_000)
    for _ in range(3):
        bomb = demijohn.compress(bomb, codec)

    def nested(**limits):
        return demijohn.open(demijohn.open(demijohn.open(io.BytesIO(bomb))), **limits)

    with nested(max_output=3_000_000) as file:
        assert len(file.read()) == 3_000_000
    for go in (lambda f: f.read(), lambda f: f.seek(2_000_000), list, lambda f: f.readinto(bytearray(2_000_000))):
        with nested(max_output=1_000_000) as file, pytest.raises(demijohn.LimitError):
            go(file)
            file.read()


def test_limit_of_memory():
    data = coded(os.urandom(100_000), "xz")
    with demijohn.open(io.BytesIO(data), max_memory=1 << 16) as file, pytest.raises(demijohn.LimitError):
        file.read()


# Threads, and what is left.


@every_codec
def test_threads_share_a_reader(codec):
    text = TEXT * 500
    counts = []
    with reader(coded(text, codec)) as file:

        def read() -> None:
            pieces = iter(lambda: file.read(10_007), b"")
            counts.append(sum(map(len, pieces)))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(100):
            assert 0 <= file.tell() <= len(text)
        for thread in threads:
            thread.join()
        assert file.tell() == len(text)
    assert sum(counts) == len(text)


@every_codec
def test_nothing_holds_a_closed_reader(codec, data):
    source = Unseekable(data)
    file = demijohn.open(source)
    file.read()
    file.close()
    gone = weakref.ref(source)
    del source, file
    gc.collect()
    assert gone() is None


def test_a_file_object_that_holds_its_reader_is_collected():
    class Loop(io.BytesIO):
        pass

    source = Loop(coded(TEXT, "gzip"))
    source.reader = demijohn.open(source)
    source.reader.read(10)
    gone = weakref.ref(source)
    del source
    gc.collect()
    assert gone() is None
