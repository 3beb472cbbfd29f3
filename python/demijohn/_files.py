"""Compressed streams that look like files."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, overload

from demijohn._arguments import checked_tail, checked_threads, format_and_level, is_path
from demijohn._native import RawReader, RawWriter

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed import ReadableBuffer, StrOrBytesPath, WriteableBuffer
    from typing_extensions import Self

    from demijohn._arguments import Compression

    ReadMode: TypeAlias = Literal["r", "rb", "br"]
    WriteMode: TypeAlias = Literal["w", "wb", "bw", "x", "xb", "bx", "a", "ab", "ba"]
    TextMode: TypeAlias = Literal["rt", "tr", "wt", "tw", "xt", "tx", "at", "ta"]

# Plain bytes decoded ahead.
_BUFFER = 128 << 10


class _CompressedFile(io.BufferedIOBase):
    """What reading and writing have in common."""

    mode: str

    def __init__(self, raw: RawReader | RawWriter, file: StrOrBytesPath | IO[bytes]) -> None:
        self._raw = raw
        self._file = file
        self._named = os.fspath(file) if is_path(file) else None

    @property
    def name(self) -> Any:
        """The path as it was given, or the name of the file object."""
        return self._file.name if self._named is None else self._named  # type: ignore[union-attr]

    @property
    def compression(self) -> str:
        """The name of the format; ``"none"`` for plain bytes."""
        return self._raw.compression

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._raw.closed

    def fileno(self) -> int:
        """The descriptor of the file below, where the coded bytes are."""
        return self._raw.fileno()

    def _check_open(self) -> None:
        if self._raw.closed:
            raise ValueError("I/O operation on closed file")

    def __repr__(self) -> str:
        name = getattr(self, "name", None)
        file = repr(self._file) if name is None else repr(name)
        state = "closed " if self.closed else ""
        return f"<{state}{type(self).__qualname__} {file}, {self.compression}>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")


class CompressedReader(_CompressedFile):
    """A compressed stream being read, made by :func:`open`.

    It has what ``io.BufferedReader`` has, and answers as the files of ``gzip``, ``bz2`` and ``lzma`` do: seeking goes to
    the nearest offset there is, forward by decoding, backward by decoding again. Threads may share it.

    What is wrong with the stream is raised after the data before it has been read: a cut as ``TruncatedError``, which is
    an ``EOFError``, anything else as ``CorruptError``, which is a ``ValueError``.
    """

    mode = "rb"

    _raw: RawReader

    def __init__(self, raw: RawReader, file: StrOrBytesPath | IO[bytes]) -> None:
        super().__init__(raw, file)
        self._buffer = io.BufferedReader(raw, _BUFFER)  # type: ignore[type-var]

    def readable(self) -> bool:
        """True."""
        return self._raw.readable()

    def writable(self) -> bool:
        """False."""
        return self._raw.writable()

    def seekable(self) -> bool:
        """Whether it can go anywhere: a stream from a pipe can only be read on."""
        return self._raw.seekable()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read so many bytes, or all to the end. Less are returned at the end only."""
        return self._buffer.read(size)

    def read1(self, size: int = -1, /) -> bytes:
        """Read some bytes: those that are there, or else as many as one look at the stream gives."""
        return self._buffer.read1(size)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read bytes into a buffer until it is full, and say how many."""
        return self._buffer.readinto(buffer)

    def readinto1(self, buffer: WriteableBuffer, /) -> int:
        """Read some bytes into a buffer, as :meth:`read1` does, and say how many."""
        return self._buffer.readinto1(buffer)

    def peek(self, size: int = 0, /) -> bytes:
        """Show the bytes ahead: one at least, except at the end."""
        return self._buffer.peek(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read to the end of the line, or so many bytes of it."""
        return self._buffer.readline(size)

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        """Read all lines, or lines of about so many bytes together."""
        return self._buffer.readlines(-1 if hint is None else hint)

    def __iter__(self) -> Iterator[bytes]:
        # Twice as fast as to come here for each line. (`yield from` would close the buffer with the generator.)
        for line in self._buffer:
            yield line

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to an offset in the plain stream, or to the nearest that there is, and say where that is."""
        return self._buffer.seek(offset, whence)

    def tell(self) -> int:
        """The offset in the plain stream."""
        return self._buffer.tell()

    def save_index(self, file: StrOrBytesPath | IO[bytes], /) -> None:
        """Write an index of this gzip or zlib file, with which ``open(…, index=…)`` seeks in it without decoding all.

        ``file`` is a path, or an object with ``write``. Its form is that of indexed_gzip. The file is read to its end for
        that, from where it has been read to if it was opened with ``index_spacing``, else from the beginning; the position
        stays. Other formats need no index: ``UnsupportedError``.

        >>> with demijohn.open("notes.txt.gz", "wt", encoding="utf-8") as file:
        ...     print("so much text", file=file)
        >>> with demijohn.open("notes.txt.gz", index_spacing=1 << 20) as file:
        ...     text = file.read()
        ...     file.save_index("notes.txt.gz.gzidx")
        >>> with demijohn.open("notes.txt.gz", index="notes.txt.gz.gzidx") as file:
        ...     file.seek(8), file.read()
        (8, b'text\\n')
        """
        index = self._raw.index()
        if is_path(file):
            with open(file, "wb", compression="none") as out:
                out.write(index)
        else:
            file.write(index)

    def flush(self) -> None:
        """Nothing, as there is nothing to hand on."""
        self._check_open()

    def close(self) -> None:
        """Close the file. A file object that was given stays open."""
        self._buffer.close()

    def __del__(self, _warn: Any = warnings.warn) -> None:
        raw = getattr(self, "_raw", None)
        if raw is None or raw.closed:
            return
        if self._named is not None:
            _warn(f"unclosed file {self!r}", ResourceWarning, stacklevel=2, source=self)
        raw.close()


class CompressedWriter(_CompressedFile):
    """A compressed stream being written, made by :func:`open`.

    :meth:`close` ends the stream; only then is there a file at the path. In a ``with`` statement, an exception gives the
    stream up instead, see :meth:`discard`. Threads may share it.
    """

    mode = "wb"

    _raw: RawWriter

    def __init__(self, raw: RawWriter, file: StrOrBytesPath | IO[bytes]) -> None:
        super().__init__(raw, file)
        # Text that is closed flushes on its way, where a mark in the stream would be of no use.
        self._ending = False

    def readable(self) -> bool:
        """False."""
        self._check_open()
        return False

    def writable(self) -> bool:
        """True."""
        self._check_open()
        return True

    def seekable(self) -> bool:
        """False."""
        self._check_open()
        return False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all bytes of a bytes-like object, and say how many."""
        return self._raw.write(data)

    def flush(self) -> None:
        """Hand on all that was written, decodable as far as the format allows.

        That costs some compression, and with bz2 begins a new stream.
        """
        self._check_open()
        if not self._ending:
            self._raw.flush()

    def tell(self) -> int:
        """How many bytes have been written."""
        return self._raw.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Not possible."""
        self._check_open()
        raise io.UnsupportedOperation("a compressed file cannot be sought in while it is written")

    def peek(self, size: int = 0, /) -> bytes:
        """Not possible."""
        raise io.UnsupportedOperation("peek")

    def close(self) -> None:
        """End the stream and, if it goes to a path, put the file there.

        Raises what goes wrong with that; the file is closed all the same, and what was at the path before still is. A
        file object that was given stays open.
        """
        self._raw.finish()

    def discard(self) -> None:
        """Close the file without ending the stream.

        What was at the path before still is, and nothing else is left. A file object, and a file that is written in
        place, have a part of a stream, which readers take for cut off (if they can: bz2 ends a stream with each block).
        """
        self._raw.discard()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        raw = getattr(self, "_raw", None)
        if raw is not None and not raw.closed:
            self._forgotten(self)

    def _forgotten(self, file: CompressedWriter | _TextWriter, _warn: Any = warnings.warn) -> None:
        """Do what is left to do for a file that nobody will close, and say that."""
        if self._raw.by_path:
            _warn(f"unfinished file {file!r} is discarded", ResourceWarning, stacklevel=3, source=file)
            self.discard()
        else:
            _warn(f"unclosed file {file!r}", ResourceWarning, stacklevel=3, source=file)
            file.close()


class _TextWriter(io.TextIOWrapper):
    """Text into a compressed stream. It is discarded where that would be."""

    buffer: CompressedWriter  # pyright: ignore[reportIncompatibleMethodOverride]

    def close(self) -> None:
        self.buffer._ending = True
        super().close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.buffer.discard()
        self.close()

    def __del__(self) -> None:
        try:
            buffer = self.buffer
        except ValueError:
            # Detached.
            return
        # None if it could not be made.
        if buffer is not None and not buffer.closed:
            buffer._forgotten(self)


@overload
def open(
    file: StrOrBytesPath | IO[bytes],
    mode: ReadMode = "rb",
    *,
    compression: Compression | None = None,
    threads: int | None = None,
    tail: Literal["error", "ignore"] = "error",
    max_output: int | None = None,
    max_memory: int | None = None,
    index: StrOrBytesPath | IO[bytes] | None = None,
    index_spacing: int | None = None,
) -> CompressedReader: ...
@overload
def open(
    file: StrOrBytesPath | IO[bytes],
    mode: WriteMode,
    *,
    compression: Compression | None = None,
    level: int | None = None,
    threads: int | None = None,
    seekable: int | None = None,
    atomic: bool = True,
    durable: bool = False,
) -> CompressedWriter: ...
@overload
def open(
    file: StrOrBytesPath | IO[bytes],
    mode: TextMode,
    *,
    compression: Compression | None = None,
    level: int | None = None,
    threads: int | None = None,
    seekable: int | None = None,
    atomic: bool = True,
    durable: bool = False,
    tail: Literal["error", "ignore"] = "error",
    max_output: int | None = None,
    max_memory: int | None = None,
    index: StrOrBytesPath | IO[bytes] | None = None,
    index_spacing: int | None = None,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> io.TextIOWrapper: ...
@overload
def open(
    file: StrOrBytesPath | IO[bytes],
    mode: str,
    *,
    compression: Compression | None = None,
    level: int | None = None,
    threads: int | None = None,
    seekable: int | None = None,
    atomic: bool = True,
    durable: bool = False,
    tail: Literal["error", "ignore"] = "error",
    max_output: int | None = None,
    max_memory: int | None = None,
    index: StrOrBytesPath | IO[bytes] | None = None,
    index_spacing: int | None = None,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> CompressedReader | CompressedWriter | io.TextIOWrapper: ...
def open(
    file: StrOrBytesPath | IO[bytes],
    mode: str = "rb",
    *,
    compression: Compression | None = None,
    level: int | None = None,
    threads: int | None = None,
    seekable: int | None = None,
    atomic: bool = True,
    durable: bool = False,
    tail: Literal["error", "ignore"] = "error",
    max_output: int | None = None,
    max_memory: int | None = None,
    index: StrOrBytesPath | IO[bytes] | None = None,
    index_spacing: int | None = None,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> CompressedReader | CompressedWriter | io.TextIOWrapper:
    """Open a compressed file as Python's ``open`` opens a plain one.

    >>> with demijohn.open("notes.txt.zst", "wt", encoding="utf-8") as file:
    ...     print("so much text", file=file)
    >>> with demijohn.open("notes.txt.zst") as file:
    ...     file.compression, file.read()
    ('zstd', b'so much text\\n')

    Reading goes by the content: any format is known by its beginning, and a file of no format is read as it is. Streams
    that follow one another are joined where the format provides for that; all checksums are verified. Writing goes by the
    extension of the path, unless ``compression`` says otherwise; a file with another extension is plain.

    Args:
        file: A path, or an object with ``read`` or ``write``, which is used from where it stands and stays open.
        mode: ``"r"`` to read, ``"w"`` to write, ``"x"`` to write a file that must be new, ``"a"`` to add a stream to the
            end of a file; with ``"b"`` or nothing for bytes, with ``"t"`` for text.
        compression: The format, by its name or an extension without the dot, or that and a level. :func:`codecs` lists
            them.
        level: How hard to compress; the range depends on the format.
        threads: How many threads may code; one per core, up to 8, if nothing is said. That never changes the bytes.
        seekable: Writes what can be sought in: blocks of so many bytes, to which readers jump without decoding what is before.
            Formats that have no form for that are an ``UnsupportedError``. gzip becomes BGZF, of whose members joblib reads
            the first only.
        atomic: Whether a file that is written appears at its path as a whole when it is closed, so that nobody ever sees a
            part of it. False to write into the file itself, where no other can be made beside it. Adding to a file always
            writes into it.
        durable: Whether to wait on closing until the file would survive a power cut.
        tail: Whether bytes behind the stream that are no part of it are an error, or are ignored.
        max_output: The most bytes to decode; more are a ``LimitError``.
        max_memory: The most bytes of memory for the decoder's window, dictionary or block; 256 MiB if it is not given.
        index: An index of the gzip or zlib file that is read, to seek by: a path, or an object with ``read``. It is one that
            :meth:`CompressedReader.save_index`, ``demijohn index``, indexed_gzip, gztool or bgzip has written. It is not
            believed: one of another file is a ``CorruptError`` when it is made use of.
        index_spacing: Takes note, while a gzip or zlib file is read for the first time, of places at least so many plain
            bytes apart, for going back to them and for :meth:`CompressedReader.save_index`. Each takes 32 KiB of memory.
        encoding, errors, newline: For text, as in Python's ``open``.

    Raises:
        OSError: What the system refuses.
        ValueError: For arguments that make no sense. ``UnsupportedError``, which is one, for adding to a format that
            does not join streams.
    """
    action, text = _parse(mode)
    if not text:
        for argument, given in ("encoding", encoding), ("errors", errors), ("newline", newline):
            if given is not None:
                raise ValueError(f"{argument} is for text, not for mode {mode!r}")
    name, level = format_and_level(compression, level)
    threads = checked_threads(threads)
    ignore_tail = checked_tail(tail)
    by_path = is_path(file)
    if not by_path and not hasattr(file, "read" if action == "r" else "write"):
        kind = "read" if action == "r" else "write"
        raise TypeError(f"file is a path or an object with {kind}(), not {type(file).__name__!r}")
    below = os.fsdecode(file) if is_path(file) else file

    binary: CompressedReader | CompressedWriter
    if action == "r":
        _only_for("writing", level=level is not None, seekable=seekable is not None, atomic=not atomic, durable=durable)
        if index_spacing is not None and index_spacing < 1:
            raise ValueError(f"places cannot be {index_spacing} bytes apart")
        reader = RawReader(
            below,
            compression=name,
            threads=threads,
            ignore_tail=ignore_tail,
            max_output=max_output,
            max_memory=max_memory,
            index=None if index is None else _content(index),
            index_spacing=index_spacing,
        )
        binary = CompressedReader(reader, file)
    else:
        _only_for(
            "reading",
            tail=ignore_tail,
            max_output=max_output is not None,
            max_memory=max_memory is not None,
            index=index is not None,
            index_spacing=index_spacing is not None,
        )
        if seekable is not None and seekable < 1:
            raise ValueError(f"blocks cannot be of {seekable} bytes")
        if action == "x" and not atomic:
            raise ValueError("a file that must be new is always written atomically")
        if not by_path:
            _only_for("paths", atomic=not atomic, durable=durable)
            if name is None:
                raise ValueError("a file object needs a compression; 'none' is for plain bytes")
        writer = RawWriter(
            below,
            action,
            compression=name,
            level=level,
            threads=threads,
            seekable=seekable,
            atomic=atomic,
            durable=durable,
        )
        binary = CompressedWriter(writer, file)
    if not text:
        return binary
    try:
        wrapper = io.TextIOWrapper if action == "r" else _TextWriter
        return wrapper(binary, io.text_encoding(encoding), errors, newline)
    except BaseException:
        binary.close() if isinstance(binary, CompressedReader) else binary.discard()
        raise


def _content(file: StrOrBytesPath | IO[bytes]) -> bytes:
    """All that is in a file, which may be open."""
    if is_path(file):
        with io.open(file, "rb") as opened:
            return opened.read()
    return file.read()


def _parse(mode: str) -> tuple[str, bool]:
    """What is to be done: one of ``r``, ``w``, ``x`` and ``a``; and whether it is text."""
    if not isinstance(mode, str):
        raise TypeError(f"mode is a string, not {mode!r}")
    letters = set(mode)
    action = letters - set("bt")
    if len(letters) < len(mode) or letters >= set("bt") or len(action) != 1 or not action <= set("rwxa"):
        raise ValueError(f"invalid mode: {mode!r}")
    return action.pop(), "t" in letters


def _only_for(purpose: str, **given: bool) -> None:
    for argument, is_given in given.items():
        if is_given:
            raise ValueError(f"{argument} is for {purpose}")
