"""Reading from file objects, over every format.

Many tests have the names of those of CPython's ``test_bz2``, ``test_lzma`` and ``test_gzip``, whose semantics they hold
``demijohn.open`` to. Where formats differ, it is by the capabilities that ``demijohn.codecs`` states.
"""

import array
import io
import os

import pytest

import demijohn
from streams import (
    BAD_DATA,
    CODECS,
    LINES,
    TEXT,
    Drip,
    coded,
    every_codec,
    joining,
    not_joining,
    reader,
)


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
