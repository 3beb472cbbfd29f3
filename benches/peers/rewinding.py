"""Random access as Python has it: file objects that decode their way, from the beginning when they have to go back."""

import bz2
import collections.abc
import gzip
import importlib
import io
import lzma
import sys
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any


class Rewinding:
    """Python's file objects as a contender that does nothing but `reads`."""

    def __init__(self) -> None:
        self._lz4: Any = importlib.import_module("lz4.frame")
        importlib.import_module("zstandard")
        # bloscpack uses a name that went away with Python 3.10.
        setattr(collections, "MutableMapping", collections.abc.MutableMapping)
        self._bloscpack: Any = importlib.import_module("bloscpack")
        self.version = f"file objects of CPython {sys.version.split()[0]}"

    def reads(self, file: str, format: str, size: int, offsets: Iterable[int]) -> list[bytes]:
        openers: dict[str, Callable[[str], Any]] = {
            "blosc": self._blosc,
            "bz2": bz2.open,
            "gzip": gzip.open,
            "lz4": self._lz4.open,
            "xz": lzma.open,
            "zstd": Zstd,
        }
        pieces = []
        with openers[format](file) as stream:
            for offset in offsets:
                stream.seek(offset)
                pieces.append(read_exactly(stream, size))
        return pieces

    def _blosc(self, file: str) -> io.BytesIO:
        """There is no file object of it, so all is decoded, once."""
        plain, _ = self._bloscpack.unpack_bytes_from_file(file)
        return io.BytesIO(plain)


def read_exactly(stream: Any, size: int) -> bytes:
    """Some file objects give less than was asked for."""
    read = bytearray()
    while len(read) < size:
        piece = stream.read(size - len(read))
        if not piece:
            raise EOFError(f"{len(read)} bytes where {size} were expected")
        read += piece
    return bytes(read)


class Zstd:
    """The package zstandard seeks forward only; this starts again to go back, as the others do."""

    def __init__(self, file: str) -> None:
        self._zstandard: Any = importlib.import_module("zstandard")
        self._file = open(file, "rb")
        self._stream = self._start()

    def _start(self) -> Any:
        self._file.seek(0)
        return self._zstandard.ZstdDecompressor().stream_reader(self._file, read_across_frames=True, closefd=False)

    def seek(self, offset: int) -> None:
        if offset < self._stream.tell():
            self._stream = self._start()
        self._stream.seek(offset)

    def read(self, size: int) -> Any:
        return self._stream.read(size)

    def __enter__(self) -> "Zstd":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
