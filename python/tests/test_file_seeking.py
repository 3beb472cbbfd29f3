"""Seeking in file objects, over every format; the names of tests are as in ``test_file_reading``."""

import io
import os
import random

import pytest

import demijohn
from streams import TEXT, Unseekable, coded, every_codec, joining, reader


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


class Counting(io.BytesIO):
    """Counts the bytes that are read of it."""

    count = 0

    def read(self, *args):
        data = super().read(*args)
        self.count += len(data)
        return data

    def readinto(self, buffer):
        n = super().readinto(buffer)
        self.count += n
        return n


@pytest.mark.parametrize("codec", [codec for codec in demijohn.codecs() if codec.writes_seekable], ids=lambda codec: codec.name)
def test_file_written_to_be_sought_in(codec):
    plain = random.Random(1).randbytes(3 << 20)
    sink = io.BytesIO()
    with demijohn.open(sink, "wb", compression=codec.name, seekable=50_000) as file:
        file.write(plain)
    source = Counting(sink.getvalue())
    with demijohn.open(source) as file:
        # The sizes of bzip2's blocks are written nowhere.
        if codec.name == "bz2":
            file.read()
            source.count = 0
        file.seek(2_000_000)
        assert file.read(1000) == plain[2_000_000:2_001_000]
    assert source.count < len(plain) / 3


def test_arguments_of_files_to_be_sought_in():
    for compression in ["zlib", "lzma"]:
        with pytest.raises(demijohn.UnsupportedError, match="no form to seek in"):
            demijohn.open(io.BytesIO(), "wb", compression=compression, seekable=50_000)
    with pytest.raises(ValueError, match="cannot be of 0 bytes"):
        demijohn.open(io.BytesIO(), "wb", compression="xz", seekable=0)
    with pytest.raises(ValueError, match="seekable is for writing"):
        demijohn.open(io.BytesIO(b""), seekable=50_000)
