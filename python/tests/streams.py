"""Data and file objects for the tests of compressed files."""

import io
import os

import pytest

import demijohn
from demijohn._native import codecs

CODECS = {codec.name: codec for codec in codecs() if codec.name != "none"}

LINES = [b"%d: the quick brown fox jumps over the lazy dog, again\n" % n for n in range(30)]
TEXT = b"".join(LINES)
BAD_DATA = b"this is not a valid compressed file"

every_codec = pytest.mark.parametrize("codec", CODECS)
joining = pytest.mark.parametrize("codec", [name for name in CODECS if CODECS[name].joins_streams])
not_joining = pytest.mark.parametrize("codec", [name for name in CODECS if not CODECS[name].joins_streams])


def coded(data: bytes, codec: str) -> bytes:
    file = io.BytesIO()
    with demijohn.open(file, "wb", compression=codec) as writer:
        writer.write(data)
    return file.getvalue()


def reader(data: bytes, **options: object) -> demijohn.CompressedReader:
    return demijohn.open(io.BytesIO(data), **options)


def decoded(data: bytes, codec: str | None = None) -> bytes:
    with demijohn.open(io.BytesIO(data), compression=codec) as file:
        return file.read()


def content(path: str | os.PathLike[str]) -> bytes:
    with demijohn.open(path) as file:
        return file.read()


class Unseekable(io.BytesIO):
    """As a pipe."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise io.UnsupportedOperation

    def seek(self, *args: object) -> int:
        raise io.UnsupportedOperation


class Drip(io.RawIOBase):
    """Gives so many bytes at a time, whatever it is asked for."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size = memoryview(data), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        n = min(self.size, len(buffer), len(self.data))
        buffer[:n] = self.data[:n]
        self.data = self.data[n:]
        return n
