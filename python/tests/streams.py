"""Data and file objects for the tests of compressed files."""

import io
import os
import threading
import time

import pytest

import demijohn
from demijohn._native import codecs

CODECS = {codec.name: codec for codec in codecs() if codec.name != "none"}

# The address sanitizer takes memory of its own, and terabytes of addresses.
SANITIZED = "asan" in os.environ.get("LD_PRELOAD", "")
measures_memory = pytest.mark.skipif(SANITIZED, reason="skip: the sanitizer takes memory of its own")

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


class Other:
    """A thread that counts whenever it is let."""

    def __enter__(self):
        self.count, self.ended = 0, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self) -> None:
        while not self.ended:
            self.count += 1
            time.sleep(0)

    def __exit__(self, *args) -> None:
        self.ended = True
        self.thread.join()

    def may_run_during(self, call) -> bool:
        before, start = self.count, time.monotonic()
        # It may be let and not be fast enough; and if it is never let, that is to be said some time.
        while self.count == before and time.monotonic() < start + 60:
            call()
        return self.count > before
