"""Files being read, over every format.

Many tests have the names of those of CPython's ``test_bz2``, ``test_lzma`` and ``test_gzip``, whose semantics they hold
``demijohn.open`` to. Where formats differ, it is by the capabilities that ``demijohn.codecs`` states.
"""

import array
import copy
import gc
import io
import os
import pickle
import threading
import weakref

import pytest

import demijohn
from streams import (
    BAD_DATA,
    CODECS,
    LINES,
    TEXT,
    Drip,
    Unseekable,
    coded,
    every_codec,
    joining,
    not_joining,
)


@pytest.fixture(scope="module")
def streams() -> dict[str, bytes]:
    return {codec: coded(TEXT, codec) for codec in CODECS}


@pytest.fixture
def data(codec: str, streams: dict[str, bytes]) -> bytes:
    """TEXT as a stream of the codec."""
    return streams[codec]


def reader(data: bytes, **options: object) -> demijohn.CompressedReader:
    return demijohn.open(io.BytesIO(data), **options)


# Reading.


@every_codec
def test_read(codec, data):
    with reader(data) as file:
        assert file.compression == codec
        with pytest.raises(TypeError):
            file.read(0.5)
        assert file.read() == TEXT
        assert file.read() == b""


@every_codec
def test_read_of_a_format_given_by_name(codec, data):
    with reader(data, compression=codec) as file:
        assert file.read() == TEXT
    extension = CODECS[codec].extensions[0].removeprefix(".")
    with reader(data, compression=extension) as file:
        assert file.read() == TEXT


@every_codec
def test_read_large_data(codec):
    # Several buffers, and blocks.
    text = os.urandom(300_000) + TEXT * 2000
    with reader(coded(text, codec)) as file:
        assert file.read() == text
    with reader(coded(text, codec)) as file:
        assert file.read(500_000) == text[:500_000]
        assert file.read() == text[500_000:]


@every_codec
def test_read_0(codec, data):
    with reader(data) as file:
        assert file.read(0) == b""
        assert file.read1(0) == b""
        assert file.tell() == 0


@every_codec
def test_read_10(codec, data):
    with reader(data) as file:
        chunks = list(iter(lambda: file.read(10), b""))
        assert max(map(len, chunks)) == 10
        assert b"".join(chunks) == TEXT


@every_codec
def test_read_100(codec, data):
    with reader(data) as file:
        assert file.read(100) == TEXT[:100]


@joining
def test_read_multistream(codec, data):
    with reader(data * 5) as file:
        assert file.read() == TEXT * 5
    with reader(data * 5) as file:
        assert b"".join(iter(lambda: file.read(10), b"")) == TEXT * 5


@not_joining
def test_read_multistream_of_a_format_that_does_not_join_streams(codec, data):
    with reader(data * 2) as file:
        assert file.read(len(TEXT)) == TEXT
        with pytest.raises(demijohn.TrailingDataError):
            file.read(1)
    with reader(data * 2, tail="ignore") as file:
        assert file.read() == TEXT


@joining
def test_multistream_ordering(codec):
    one, two = b"foo" * 1000, b"bar" * 1000
    with reader(coded(one, codec) + coded(two, codec)) as file:
        assert file.read() == one + two


@joining
def test_read_monkey_multistream(codec, data):
    # The end of a stream is the end of what the source gives at once.
    with demijohn.open(Drip(data * 5, len(data))) as file:
        assert file.read() == TEXT * 5


@every_codec
def test_read_from_a_source_that_drips(codec, data):
    for size in (1, 3):
        with demijohn.open(Drip(data, size)) as file:
            assert file.read() == TEXT


@every_codec
def test_read_trailing_junk(codec, data):
    with reader(data + BAD_DATA) as file:
        assert file.read(len(TEXT)) == TEXT
        # Of snappy, whatever follows is a chunk.
        with pytest.raises(demijohn.CorruptError):
            file.read(1)
        # For good.
        with pytest.raises(demijohn.CorruptError):
            file.read()


# A stream of snappy ends only with its input.
@pytest.mark.parametrize("codec", sorted(CODECS.keys() - {"snappy"}))
def test_read_trailing_junk_that_is_to_be_ignored(codec, data):
    with reader(data + BAD_DATA, tail="ignore") as file:
        assert file.read() == TEXT


@joining
def test_read_multistream_trailing_junk(codec, data):
    with reader(data * 5 + BAD_DATA) as file:
        assert file.read(len(TEXT) * 5) == TEXT * 5
        with pytest.raises(demijohn.CorruptError):
            file.read(1)


@every_codec
@pytest.mark.parametrize("zeros", [1, 4, 50, 512])
def test_zero_padded_file(codec, data, zeros):
    accepted = codec in ("gzip", "bz2") or (codec == "xz" and zeros % 4 == 0)
    with reader(data + bytes(zeros)) as file:
        assert file.read(len(TEXT)) == TEXT
        if accepted:
            assert file.read() == b""
        else:
            # Of snappy, they are taken for a chunk, which may be cut.
            expected = (demijohn.CorruptError, demijohn.TruncatedError)
            with pytest.raises(expected if codec == "snappy" else demijohn.TrailingDataError):
                file.read()


@every_codec
def test_read_bad_file(codec):
    with reader(BAD_DATA) as file:
        assert file.compression == "none"
        assert file.read() == BAD_DATA
    with reader(BAD_DATA, compression=codec) as file, pytest.raises(demijohn.CorruptError):
        file.read()


@every_codec
def test_read_damaged_data(codec, data):
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 0x10
    with reader(bytes(damaged), compression=codec) as file:
        if CODECS[codec].checksum is not None:
            with pytest.raises((demijohn.CorruptError, demijohn.TruncatedError)):
                file.read()
            return
        try:
            assert file.read() != TEXT
        except (demijohn.CorruptError, demijohn.TruncatedError):
            pass


@every_codec
def test_read_truncated(codec, data):
    noticed = CODECS[codec].detects_truncation
    for size in range(len(data)):
        with reader(data[:size], compression=codec) as file:
            got = b""
            try:
                # The data before the cut comes first.
                while piece := file.read1():
                    got += piece
            except EOFError as error:
                assert isinstance(error, demijohn.TruncatedError)
            else:
                assert not noticed, f"{size} bytes of {len(data)} are taken for all"
            assert TEXT.startswith(got)
        if noticed:
            with reader(data[:size], compression=codec) as file, pytest.raises(EOFError):
                file.read()


@pytest.mark.parametrize("codec", sorted(CODECS.keys() - {"snappy", "blosc"}))
def test_read_what_is_before_a_cut(codec, data):
    # What is missing is of the stream's end: checksum, index, mark. Of the two left out, it is data.
    with reader(data[:-1], compression=codec) as file:
        assert file.read(len(TEXT)) == TEXT
        with pytest.raises(EOFError):
            file.read(1)


@every_codec
def test_empty_input(codec):
    with reader(b"") as file:
        assert (file.compression, file.read()) == ("none", b"")
    with reader(b"", compression=codec) as file:
        if codec == "snappy":
            assert file.read() == b""
        else:
            with pytest.raises(EOFError):
                file.read()


@every_codec
def test_empty_data(codec):
    with reader(coded(b"", codec)) as file:
        # No bytes at all are a stream of snappy, but not known for one.
        assert file.compression == codec
        assert file.read() == b""
        assert file.seek(0, io.SEEK_END) == 0


@every_codec
def test_read_bad_args(codec, data):
    file = reader(data)
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.read()
    with demijohn.open(io.BytesIO(), "w", compression=codec) as file, pytest.raises(ValueError):
        file.read()


@every_codec
def test_read1(codec, data):
    with reader(data) as file:
        blocks = list(iter(file.read1, b""))
        assert b"".join(blocks) == TEXT
        assert file.read1() == b""
    with reader(data) as file:
        assert b"".join(iter(lambda: file.read1(10), b"")) == TEXT
    with reader(data) as file, pytest.raises(TypeError):
        file.read1(None)
    with demijohn.open(io.BytesIO(), "w", compression=codec) as file, pytest.raises(ValueError):
        file.read1()


@joining
def test_read1_multistream(codec, data):
    with reader(data * 5) as file:
        position = 0
        while block := file.read1():
            position += len(block)
            assert file.tell() == position
        assert position == len(TEXT) * 5


@every_codec
def test_readinto(codec, data):
    for name in ("readinto", "readinto1"):
        with reader(data) as file:
            readinto = getattr(file, name)
            buffer = bytearray(128)
            assert readinto(buffer) == 128
            assert buffer == TEXT[:128]
            buffer = bytearray(len(TEXT))
            assert readinto(buffer) == len(TEXT) - 128
            assert buffer[: len(TEXT) - 128] == TEXT[128:]
            assert readinto(buffer) == 0
            with pytest.raises(TypeError):
                readinto(b"read-only")


@every_codec
def test_readinto_any_buffer(codec, data):
    words = array.array("Q", bytes(64 * 8))
    with reader(data) as file:
        assert file.readinto(words) == 512
    assert words.tobytes() == TEXT[:512]


@every_codec
def test_peek(codec, data):
    for args in ((), (10,), (1 << 20,)):
        with reader(data) as file:
            ahead = file.peek(*args)
            assert ahead and TEXT.startswith(ahead)
            assert file.tell() == 0
            assert file.read() == TEXT
            assert file.peek(*args) == b""


@every_codec
def test_peek_bad_args(codec):
    with demijohn.open(io.BytesIO(), "w", compression=codec) as file, pytest.raises(ValueError):
        file.peek()


@every_codec
def test_decompress_limited(codec):
    # Of a bomb, no more is decoded than fits a buffer.
    bomb = io.BytesIO(coded(bytes(20_000_000), codec))
    with demijohn.open(bomb) as file:
        assert file.read(1) == b"\0"
        assert len(file.peek()) < 1 << 20
        assert file._buffer.raw.tell() <= 1 << 20


@every_codec
def test_readline(codec, data):
    with reader(data) as file:
        with pytest.raises(TypeError):
            file.readline("")
        assert [file.readline() for _ in LINES] == LINES
        assert file.readline() == b""
    with reader(data) as file:
        assert file.readline(5) == LINES[0][:5]
        assert file.readline() == LINES[0][5:]


@every_codec
def test_readlines(codec, data):
    with reader(data) as file:
        assert file.readlines() == LINES
        assert file.readlines() == []
    with reader(data) as file:
        assert file.readlines(10) == LINES[:1]


def test_readlines_no_newline():
    with reader(coded(b"Test", "bz2")) as file:
        assert file.readlines() == [b"Test"]


@every_codec
def test_iterator(codec, data):
    with reader(data) as file:
        assert list(file) == LINES
        assert list(file) == []


@joining
def test_iterator_multistream(codec, data):
    with reader(data * 5) as file:
        assert list(file) == LINES * 5


@every_codec
def test_iterating_over_what_nobody_else_holds(codec, data):
    assert list(reader(data)) == LINES


@every_codec
def test_mixed_iteration_and_reads(codec, data):
    half = len(LINES[0]) // 2
    with reader(data) as file:
        file.read(half)
        assert next(file) == LINES[0][half:]
        assert file.read() == TEXT[len(LINES[0]) :]
    with reader(data) as file:
        file.readline()
        assert next(file) == LINES[1]
        for line in file:
            assert line == LINES[2]
            break
        assert file.readline() == LINES[3]
    with reader(data) as file:
        file.readlines()
        with pytest.raises(StopIteration):
            next(file)
        assert file.readlines() == []


@every_codec
def test_closed_iterator_deadlock(codec, data):
    file = reader(data)
    file.close()
    with pytest.raises(ValueError):
        next(file)
    with pytest.raises(ValueError):
        list(file)
    with pytest.raises(ValueError):
        file.readlines()


def test_read_with_extra():
    data = (
        b"\x1f\x8b\x08\x04\xb2\x17cQ\x02\xff"
        b"\x05\x00Extra"
        b"\x0bI-.\x01\x002\xd1Mx\x04\x00\x00\x00"
    )
    with reader(data) as file:
        assert file.read() == b"Test"


# Seeking.


@every_codec
def test_seek_forward(codec, data):
    with reader(data) as file:
        with pytest.raises(TypeError):
            file.seek()
        assert file.seek(150) == 150
        assert file.read() == TEXT[150:]
    with reader(data) as file:
        file.read(100)
        assert file.seek(236, 1) == 336
        assert file.read() == TEXT[336:]


@joining
def test_seek_forward_across_streams(codec, data):
    with reader(data * 2) as file:
        file.seek(len(TEXT) + 150)
        assert file.read() == TEXT[150:]


@every_codec
def test_seek_backwards(codec, data):
    with reader(data) as file:
        file.read(500)
        assert file.seek(-150, 1) == 350
        assert file.read() == TEXT[350:]
        assert file.seek(0) == 0
        assert file.read() == TEXT


@joining
def test_seek_backwards_across_streams(codec, data):
    with reader(data * 2) as file:
        file.read(len(TEXT) + 333)
        file.seek(737)
        assert file.read() == TEXT[737:] + TEXT


@every_codec
def test_seek_backwards_from_end(codec, data):
    with reader(data) as file:
        assert file.seek(-150, 2) == len(TEXT) - 150
        assert file.read() == TEXT[-150:]


@joining
def test_seek_backwards_from_end_across_streams(codec, data):
    with reader(data * 2) as file:
        file.seek(-len(TEXT) - 100, 2)
        assert file.read() == (TEXT * 2)[-len(TEXT) - 100 :]


@every_codec
def test_seek_post_end(codec, data):
    with reader(data) as file:
        for _ in range(2):
            assert file.seek(150_000) == len(TEXT)
            assert file.tell() == len(TEXT)
            assert file.read() == b""
        assert file.seek(2**62) == len(TEXT)
        assert file.seek(10, 1) == len(TEXT)
        assert file.seek(10, 2) == len(TEXT)
        assert file.read() == b""


@joining
def test_seek_post_end_multistream(codec, data):
    with reader(data * 5) as file:
        for _ in range(2):
            file.seek(150_000_000)
            assert file.tell() == len(TEXT) * 5
            assert file.read() == b""


@every_codec
def test_seek_pre_start(codec, data):
    with reader(data) as file:
        for how in ((-150,), (-150, 1), (-150_000, 2), (-(2**62),), (-(2**62), 1)):
            assert file.seek(*how) == 0
            assert file.tell() == 0
            assert file.read() == TEXT
            file.seek(100)


@every_codec
def test_seek_bad_args(codec, data):
    file = reader(data)
    file.close()
    with pytest.raises(ValueError):
        file.seek(0)
    with demijohn.open(io.BytesIO(), "w", compression=codec) as file, pytest.raises(io.UnsupportedOperation):
        file.seek(0)
    with reader(data) as file:
        with pytest.raises(ValueError):
            file.seek(0, 3)
        for offset in (None, b"derp", 0.5):
            with pytest.raises(TypeError):
                file.seek(offset)
        with pytest.raises((ValueError, OverflowError)):
            file.seek(2**100)


@every_codec
def test_seeking_where_the_source_cannot(codec, data):
    with demijohn.open(Unseekable(data)) as file:
        assert not file.seekable()
        with pytest.raises(io.UnsupportedOperation):
            file.seek(10)
        assert file.read() == TEXT


@every_codec
def test_seek_read(codec, data):
    with reader(data) as file:
        while True:
            before = file.tell()
            line = file.readline()
            if not line:
                break
            after = file.tell()
            file.seek(before)
            assert file.read(10) == line[:10]
            file.seek(after)


@every_codec
def test_seek_in_large_data(codec):
    text = os.urandom(200_000) + TEXT * 1000
    model = io.BytesIO(text)
    with reader(coded(text, codec)) as file:
        for offset, whence in [(900_000, 0), (-800_000, 1), (5, 1), (-20, 2), (300_000, 0), (131_072, 0), (0, 0)]:
            assert file.seek(offset, whence) == model.seek(offset, whence)
            assert file.read(100_000) == model.read(100_000)
            assert file.tell() == model.tell()


@every_codec
def test_tell(codec, data):
    with reader(data) as file:
        position = 0
        while True:
            assert file.tell() == position
            piece = file.read(183)
            if not piece:
                break
            position += len(piece)
        assert file.tell() == len(TEXT)
    with pytest.raises(ValueError):
        file.tell()


@every_codec
def test_a_stream_begins_where_its_file_stands(codec, data):
    source = io.BytesIO(b"what stands before" + data)
    source.seek(18)
    with demijohn.open(source) as file:
        assert file.read() == TEXT
        file.seek(100)
        assert file.read() == TEXT[100:]


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
