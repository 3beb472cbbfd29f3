"""Whole streams in memory, and what a stream is."""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING, Any, Literal

from demijohn import _native
from demijohn._arguments import checked_tail, checked_threads, format_and_level

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from demijohn._arguments import Compression


def compress(
    data: ReadableBuffer,
    compression: Compression = "zstd",
    level: int | None = None,
    *,
    threads: int | None = None,
) -> bytes:
    """Compress bytes.

    >>> small = demijohn.compress(b"so much text " * 1000)
    >>> len(small) < 100
    True
    >>> demijohn.compress(b"so much text", ("gzip", 9))[:2].hex()
    '1f8b'

    Args:
        data: Any bytes-like object, arrays too. Of an array, blosc shuffles the elements.
        compression: The format, by its name or an extension without the dot, or that and a level. :func:`codecs` lists
            them.
        level: How hard to compress; the range depends on the format.
        threads: How many threads may code; one per core, up to 8, if nothing is said. That never changes the bytes.
    """
    name, level = format_and_level(compression, level)
    if name is None:
        raise TypeError("compression is a name, or a name and a level, not None")
    return _native.compress(data, name, level, checked_threads(threads))


def decompress(
    data: ReadableBuffer,
    compression: str | None = None,
    max_output: int | None = None,
    *,
    tail: Literal["error", "ignore"] = "error",
    max_memory: int | None = None,
) -> bytes:
    """Decompress a stream of any format, or of the one given.

    >>> demijohn.decompress(demijohn.compress(b"so much text", "xz"))
    b'so much text'

    Args:
        data: Any bytes-like object.
        compression: The format, by its name or an extension without the dot. If it is not given, the content decides.
        max_output: The most bytes to decode; more are a ``LimitError``. Without, a small stream can fill the memory.
        tail: Whether bytes behind the stream that are no part of it are an error, or are ignored.
        max_memory: The most bytes of memory for the decoder's window, dictionary or block; 256 MiB if it is not given.

    Raises:
        TruncatedError: If the stream is cut off, or empty. It is an ``EOFError``.
        CorruptError: If it is damaged; ``ChecksumError`` if the data decodes and is not what was written,
            ``TrailingDataError`` for what follows it, ``UnknownFormatError`` if it is something else. They are
            ``ValueError``.
        LimitError: If it would cost more than allowed.
    """
    return _native.decompress(
        data,
        compression,
        ignore_tail=checked_tail(tail),
        max_output=max_output,
        max_memory=max_memory,
    )


def detect(source: ReadableBuffer | str | os.PathLike[str] | IO[bytes]) -> str | None:
    """The name of the format that bytes, the file at a path or an open file begin with; ``None`` for any other.

    >>> demijohn.detect(demijohn.compress(b"so much text", "lz4"))
    'lz4'
    >>> demijohn.detect(b"so much text") is None
    True

    An open file stays where it stands. If it can neither seek nor ``peek``, that is ``io.UnsupportedOperation``.
    """
    if isinstance(source, str | os.PathLike):
        return _found_by_reading(os.fsdecode(source))
    try:
        return _native.detect(source)  # type: ignore[arg-type]
    except TypeError:
        if not hasattr(source, "read"):
            raise
    file: Any = source
    if file.seekable():
        position = file.tell()
        try:
            return _found_by_reading(file)
        finally:
            file.seek(position)
    if hasattr(file, "peek"):
        return _native.detect(file.peek(64))
    raise io.UnsupportedOperation("the file can neither seek nor peek, so that looking at it would take bytes from it")


def _found_by_reading(file: str | IO[bytes]) -> str | None:
    reader = _native.RawReader(
        file,
        compression=None,
        threads=None,
        ignore_tail=False,
        max_output=None,
        max_memory=None,
        index=None,
        index_spacing=None,
    )
    name = reader.compression
    reader.close()
    return None if name == "none" else name
