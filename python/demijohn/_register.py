"""The formats of this package for others: stock joblib, fsspec, numcodecs."""

from __future__ import annotations

import importlib
from typing import Any

from demijohn import _compressors
from demijohn._format_files import FormatFile, format_file


def register(force: bool = False) -> dict[str, list[str]]:
    """Teaches stock joblib, fsspec and numcodecs the formats of this package, those of them that are installed.

    joblib then dumps to and loads from ``.zst``, ``.sz``, ``.blp`` and ``.lzo``, and takes ``compress="zstd"`` and the
    like. fsspec opens files of the formats that it lacks; numcodecs has a codec with the id ``"demijohn"``, for any
    format, such as ``{"id": "demijohn", "compression": "zstd", "level": 3}``.

    What is registered is so for this process. To have it in the workers of joblib or dask too, let them call this
    function: it is safe to be called any number of times.

    >>> import joblib
    >>> from joblib.externals.loky import get_reusable_executor
    >>> executor = get_reusable_executor(initializer=demijohn.register)  # doctest: +SKIP
    >>> client.run(demijohn.register)  # of dask.distributed  # doctest: +SKIP

    Args:
        force: Whether to replace joblib's own zlib, gzip, bz2, lzma, xz and lz4, and what others have registered.

    Returns:
        The names that each package has from here.
    """
    found = {
        "joblib": _joblib,
        "fsspec": _fsspec,
        "numcodecs": _numcodecs,
    }
    registered = {}
    for package, add in found.items():
        try:
            module = importlib.import_module(package)
        except ImportError:
            continue
        registered[package] = add(module, force)
    return registered


def _joblib(joblib: Any, force: bool) -> list[str]:
    compressor = importlib.import_module("joblib.compressor")
    known = compressor._COMPRESSORS
    for codec in _compressors.codecs():
        before = known.get(codec.name)
        if before is not None and not force:
            continue
        # What joblib knows a format by stays: its zlib may begin in more ways than those that are listed.
        prefix = before.prefix if before is not None else codec.prefixes[0]
        extension = before.extension if before is not None else codec.extensions[0]
        wrapper = compressor.CompressorWrapper(format_file(codec.name), prefix=prefix, extension=extension)
        joblib.register_compressor(codec.name, wrapper, force=True)
    return [name for name, wrapper in known.items() if _is_ours(wrapper.fileobj_factory)]


def _is_ours(factory: Any) -> bool:
    return isinstance(factory, type) and issubclass(factory, FormatFile)


def _fsspec(fsspec: Any, force: bool) -> list[str]:
    known = importlib.import_module("fsspec.compression").compr
    extensions = fsspec.utils.compressions
    for codec in _compressors.codecs():
        if codec.name in known and not force:
            continue
        free = [extension.lstrip(".") for extension in codec.extensions]
        free = [extension for extension in free if force or extension not in extensions]
        fsspec.compression.register_compression(codec.name, _opener(codec.name), free, force=True)
    return [name for name, callback in known.items() if getattr(callback, "of_demijohn", False)]


def _opener(codec: str) -> Any:
    def opener(infile: Any, mode: str = "rb", **options: Any) -> FormatFile:
        return format_file(codec)(infile, mode.replace("b", "") + "b", **options)

    opener.of_demijohn = True  # type: ignore[attr-defined]
    return opener


def _numcodecs(numcodecs: Any, force: bool) -> list[str]:
    from demijohn._numcodecs import Demijohn

    if Demijohn.codec_id not in numcodecs.registry.codec_registry or force:
        numcodecs.register_codec(Demijohn)
    return ["demijohn"]
