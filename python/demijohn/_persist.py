"""``dump`` and ``load`` with joblib's arguments, files and answers."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

from demijohn import _compressors, _errors, _native
from demijohn._arguments import is_path

Filename = str | os.PathLike[str] | BinaryIO
Compress = bool | int | str | tuple[str, int | None]
MmapMode = Literal["r", "r+", "w+", "c"]

_HEAD = 64
"""How many bytes tell what a file is."""


def dump(
    value: Any,
    filename: Filename,
    compress: Compress = 0,
    protocol: int | None = None,
    *,
    durable: bool = False,
    atomic: bool = True,
    threads: int | None = None,
    seekable: int | None = None,
) -> list[str] | None:
    """Writes any Python object to a file that ``joblib.load`` and ``demijohn.load`` read.

    >>> import demijohn, numpy, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "model.pkl.gz")
    >>> demijohn.dump({"weights": numpy.arange(3.0)}, path) == [path]
    True
    >>> demijohn.load(path)
    {'weights': array([0., 1., 2.])}

    A path holds what it held before until the new file is whole, whatever happens: it is written beside it and renamed.

    Args:
        value: What to write.
        filename: A path, or an object with ``write``, which is not closed. Arrays are aligned to the position that its
            ``tell`` answers; pipes and sockets will do.
        compress: ``0`` or ``False`` to go by the path's extension, or not to compress if that says nothing; ``True``
            for the default level; a level; the name of a compressor, or ``(name, level)``: then the extension does not
            matter. Level 0 of joblib's compressors means none.
        protocol: Of the pickle, 0 to 5, negative for the highest; ``None`` for Python's default.
        durable: Whether the file is to survive a power cut as soon as this returns; without, a killed process.
        atomic: ``False`` writes into the file itself, for folders in which none may be made.
        threads: How many the compressor may use; ``None`` lets it choose.
        seekable: Bytes in the blocks of a compressed file to seek in: ``load_array`` takes one array out of it without
            decompressing the others, and several threads load zstd. Good sizes are 1 to 4 MiB. Stock joblib reads only
            the first block of such a gzip file. zlib, lzma and compressors of your own have no such form.

    Returns:
        The path in a list, as joblib does; ``None`` for a file object.

    Raises:
        ValueError: For arguments that make no sense; the messages are joblib's in substance.
        pickle.PicklingError, TypeError, …: For what cannot be pickled, as ``pickle`` raises them.
        OSError: If the file cannot be written.
    """
    if isinstance(filename, os.PathLike):
        filename = os.fspath(filename)
    path = filename if isinstance(filename, str) else None
    choice = _compressors.choose(compress, path)
    protocol = _protocol(protocol)
    name, level = choice if choice is not None else (None, None)
    wrapper = None if name is None else _compressors.registered(name)
    if wrapper is not None and seekable is not None:
        raise _errors.UnsupportedError(f"files of the compressor {name!r} cannot be written to be sought in")

    if isinstance(filename, str):
        if wrapper is None:
            _native.dump_path(
                value,
                filename,
                name,
                level,
                protocol,
                durable=durable,
                in_place=not atomic,
                threads=threads,
                seekable=seekable,
            )
        else:
            from demijohn._files import open as open_file

            # Nothing is left of it if the compressor fails: the file appears at the end of the block.
            with open_file(filename, "wb", compression="none", atomic=atomic, durable=durable) as file:
                _dump_wrapped(value, file, wrapper, level, protocol)
        return [filename]
    if not hasattr(filename, "write"):
        raise ValueError(
            "Second argument should be a filename or a file-like object, "
            f"{filename} (type {type(filename)}) was given."
        )
    if wrapper is None:
        _native.dump_file(value, filename, name, level, protocol, seekable=seekable)
    else:
        _dump_wrapped(value, filename, wrapper, level, protocol)
    return None


def load(
    filename: Filename,
    mmap_mode: MmapMode | None = None,
    ensure_native_byte_order: bool | Literal["auto"] = "auto",
) -> Any:
    """Reads an object that ``joblib.dump`` or ``demijohn.dump`` wrote. **It runs whatever code the file names**, as
    joblib does: for files of strangers there are ``safe_load`` and ``inspect``.

    The content of the file decides how it is decompressed, not its name. The compressed stream is checked to its end.

    Args:
        filename: A path, or an object with ``read``, which is not closed: one that holds several objects uncompressed
            answers them one after another.
        mmap_mode: How to map arrays instead of reading them, as for ``numpy.memmap``; ``"w+"`` is taken for ``"r+"``.
            Ignored, with a warning, for compressed files and for file objects that are no files.
        ensure_native_byte_order: Whether to turn arrays into this machine's byte order; ``"auto"`` if they are not
            mapped.

    Raises:
        EOFError: If the file ends too early.
        ValueError: If it is damaged (``CorruptError`` and its subclasses), or for arguments that do not go together.
        OSError: If it cannot be read.
    """
    native = mmap_mode is None if ensure_native_byte_order == "auto" else bool(ensure_native_byte_order)
    if native and mmap_mode is not None:
        raise ValueError(
            "Native byte ordering can only be enforced if 'mmap_mode' parameter "
            f"is set to None, but got 'mmap_mode={mmap_mode}' instead."
        )
    if is_path(filename):
        filename = os.fsdecode(filename)
        with _opened_by_registered(filename) as file:
            if file is None:
                return _native.load_path(filename, mmap_mode, native)
            _warn_of_mapping(mmap_mode, file, filename)
            return _native.load_file(file, native)
    if not hasattr(filename, "read"):
        raise TypeError(f"expected a path, or an object with read, not {type(filename).__name__}")
    if mmap_mode is not None:
        _warn_of_mapping(mmap_mode, filename, getattr(filename, "name", ""))
    wrapper = _registered_for(filename)
    file = filename if wrapper is None else wrapper.decompressor_file(filename)
    return _native.load_file(file, native)


def dumps(value: Any, compress: Compress = 0, protocol: int | None = None) -> bytes:
    """Answers what ``dump`` would write to a file.

    >>> demijohn.loads(demijohn.dumps([1, "two"], "zstd"))
    [1, 'two']
    """
    choice = _compressors.choose(compress, None)
    name, level = choice if choice is not None else (None, None)
    wrapper = None if name is None else _compressors.registered(name)
    if wrapper is None:
        return _native.dump_bytes(value, name, level, _protocol(protocol))
    out = io.BytesIO()
    _dump_wrapped(value, out, wrapper, level, _protocol(protocol))
    return out.getvalue()


def loads(data: bytes | bytearray | memoryview, ensure_native_byte_order: bool = True) -> Any:
    """Reads an object from the bytes of a file. **It runs whatever code they name**, as ``load`` does."""
    wrapper = _compressors.detect_registered(bytes(memoryview(data)[: _compressors.longest_prefix()]))
    if wrapper is None:
        return _native.load_bytes(data, ensure_native_byte_order)
    with wrapper.decompressor_file(io.BytesIO(data)) as file:
        return _native.load_file(file, ensure_native_byte_order)


def _protocol(protocol: int | None) -> int:
    if protocol is None:
        return pickle.DEFAULT_PROTOCOL
    if protocol < 0:
        return pickle.HIGHEST_PROTOCOL
    if protocol > pickle.HIGHEST_PROTOCOL:
        raise ValueError(f"pickle protocol must be <= {pickle.HIGHEST_PROTOCOL}")
    return protocol


def _dump_wrapped(
    value: Any, file: Any, wrapper: _compressors.CompressorWrapper, level: int | None, protocol: int
) -> None:
    with wrapper.compressor_file(file, compresslevel=level) as compressor:
        _native.dump_file(value, compressor, None, None, protocol)


@contextlib.contextmanager
def _opened_by_registered(path: str) -> Iterator[Any]:
    """The file as a compressor that the program registered reads it; ``None`` if it is not the like of any."""
    if not _compressors.longest_prefix():
        yield None
        return
    with open(path, "rb") as file:
        wrapper = _registered_for(file)
        yield None if wrapper is None else wrapper.decompressor_file(file)


def _registered_for(file: Any) -> _compressors.CompressorWrapper | None:
    """The compressor that the program registered for what a file object holds."""
    return _compressors.detect_registered(_head(file, _compressors.longest_prefix()))


def _head(file: Any, wanted: int) -> bytes:
    """What a file object shows of its next bytes without moving; nothing if it would have to move and cannot go back."""
    if not wanted:
        return b""
    if hasattr(file, "peek"):
        return bytes(file.peek(wanted)[:wanted])
    try:
        if not file.seekable():
            return b""
        at = file.tell()
        head = file.read(wanted)
        file.seek(at)
    except (AttributeError, OSError):
        return b""
    return bytes(head)


def _warn_of_mapping(mmap_mode: str | None, file: Any, filename: Any) -> None:
    """Says why nothing is mapped, where joblib says so."""
    if mmap_mode is None:
        return
    if _registered_for(file) or _native.format_by_content(_head(file, _HEAD)) is not None:
        reason = (
            f'mmap_mode "{mmap_mode}" is not compatible with compressed file {filename}. '
            f'"{mmap_mode}" flag will be ignored.'
        )
    elif isinstance(file, io.BytesIO):
        reason = (
            f'In memory persistence is not compatible with mmap_mode "{mmap_mode}" flag passed. '
            "mmap_mode option will be ignored."
        )
    elif not isinstance(getattr(file, "raw", file), io.FileIO):
        reason = f'"{file!r}" is not a raw file, mmap_mode "{mmap_mode}" flag will be ignored.'
    else:
        return
    warnings.warn(reason, stacklevel=3)
