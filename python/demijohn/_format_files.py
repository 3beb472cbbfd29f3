"""Classes of file objects for one format each, called as ``bz2.BZ2File`` and ``gzip.GzipFile`` are: what joblib and
fsspec take for a compressor."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any

from demijohn._compressors import codec
from demijohn._files import CompressedReader, CompressedWriter, open

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed import ReadableBuffer, StrOrBytesPath, WriteableBuffer


class FormatFile(io.BufferedIOBase):
    """A file object of one format, for reading or for writing as its mode says. See :func:`demijohn.open`, which does
    the work.

    Args:
        filename: A path, or a file object, which is not closed.
        mode: As for :func:`demijohn.open`, without text.
        compresslevel: For writing; formats without levels take any and make nothing of it.
    """

    format: str

    def __init__(
        self, filename: StrOrBytesPath | IO[bytes], mode: str = "rb", compresslevel: int | None = None
    ) -> None:
        level = compresslevel if "r" not in mode and codec(self.format).levels is not None else None
        file = open(filename, mode, compression=self.format, level=level)
        if not isinstance(file, CompressedReader | CompressedWriter):
            file.close()
            raise ValueError(f"Invalid mode: {mode!r}")
        self._file: Any = file

    @property
    def mode(self) -> str:
        """``"rb"`` or ``"wb"``."""
        mode: str = self._file.mode
        return mode

    @property
    def name(self) -> Any:
        """The path as it was given, or the name of the file object."""
        return self._file.name

    @property
    def closed(self) -> bool:
        """Whether the file is closed. One that was never opened is."""
        return "_file" not in self.__dict__ or bool(self._file.closed)

    def readable(self) -> bool:
        return bool(self._file.readable())

    def writable(self) -> bool:
        return bool(self._file.writable())

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def fileno(self) -> int:
        return int(self._file.fileno())

    def read(self, size: int | None = -1, /) -> bytes:
        return bytes(self._file.read(size))

    def read1(self, size: int = -1, /) -> bytes:
        return bytes(self._file.read1(size))

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        return int(self._file.readinto(buffer))

    def peek(self, size: int = 0, /) -> bytes:
        return bytes(self._file.peek(size))

    def readline(self, size: int | None = -1, /) -> bytes:
        return bytes(self._file.readline(size))

    def write(self, data: ReadableBuffer, /) -> int:
        return int(self._file.write(data))

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        if "_file" in self.__dict__:
            self._file.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.__exit__(kind, exception, traceback)


def format_file(name: str) -> type[FormatFile]:
    """The class for a format; the same each time."""
    if name not in _classes:
        members = {"format": name, "__doc__": f"A file object of the format {name}; see ``FormatFile``."}
        _classes[name] = type(f"{name.capitalize()}File", (FormatFile,), members)
    return _classes[name]


_classes: dict[str, type[FormatFile]] = {}
