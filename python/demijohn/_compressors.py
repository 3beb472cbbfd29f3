"""Which compressor the arguments of ``dump`` and the beginning of a file ask for.

There are the formats of the native part, and what a program registers itself: classes of file objects, in joblib's
wrapper for them. The latter come first where both fit, so that a format can be replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

from demijohn import _native

_JOBLIB_LEVELS = range(10)
"""The levels that joblib takes, whatever the compressor."""


class CompressorWrapper:
    """A compressor made of a class of file objects, as joblib has it.

    Args:
        obj: A class, or anything that is called ``obj(fileobj, mode)`` or ``obj(fileobj, mode, compresslevel=n)`` and
            answers a file object. It must have the attributes ``read``, ``write``, ``seek`` and ``tell``.
        prefix: What its files begin with, by which ``load`` knows them.
        extension: What ``dump`` knows it by, such as ``".zst"``.
    """

    fileobj_factory: Callable[..., Any] | None
    prefix: bytes
    extension: str

    def __init__(self, obj: Callable[..., Any] | None, prefix: bytes = b"", extension: str = "") -> None:
        self.fileobj_factory = obj
        self.prefix = prefix
        self.extension = extension

    def compressor_file(self, fileobj: BinaryIO, compresslevel: int | None = None) -> Any:
        """Answers a file object that compresses what is written to it into ``fileobj``."""
        if self.fileobj_factory is None:
            raise ValueError("this compressor has no class of file objects")
        if compresslevel is None:
            return self.fileobj_factory(fileobj, "wb")
        return self.fileobj_factory(fileobj, "wb", compresslevel=compresslevel)

    def decompressor_file(self, fileobj: BinaryIO) -> Any:
        """Answers a file object that reads what ``fileobj`` holds compressed."""
        if self.fileobj_factory is None:
            raise ValueError("this compressor has no class of file objects")
        return self.fileobj_factory(fileobj, "rb")


class Choice(NamedTuple):
    """A compressor, and the level if it is to be another than its default."""

    name: str
    level: int | None


_CODECS = {codec.name: codec for codec in _native.codecs() if codec.name != "none"}
_OF_JOBLIB = frozenset({"zlib", "gzip", "bz2", "lzma", "xz", "lz4"})
_registered: dict[str, CompressorWrapper] = {}


def codecs() -> list[_native.Codec]:
    """The formats of the native part, but for plain bytes."""
    return list(_CODECS.values())


def codec(name: str) -> _native.Codec:
    """The format of this name."""
    return _CODECS[name]


def names() -> list[str]:
    """What can be asked for by name."""
    return list(_CODECS | _registered)


def registered(name: str) -> CompressorWrapper | None:
    """The compressor that the program registered under a name."""
    return _registered.get(name)


def register_compressor(compressor_name: str, compressor: CompressorWrapper, force: bool = False) -> None:
    """Registers a compressor for ``dump`` and ``load``, as joblib's function of this name does.

    Raises:
        ValueError: If the name is taken and not forced, or if the compressor lacks what is needed.
    """
    if not isinstance(compressor_name, str):
        raise ValueError(f"Compressor name should be a string, '{compressor_name}' given.")
    needed = ("fileobj_factory", "prefix", "extension", "compressor_file", "decompressor_file")
    if not all(hasattr(compressor, attribute) for attribute in needed):
        raise ValueError(f"Compressor should implement the CompressorWrapper interface, '{compressor}' given.")
    factory = compressor.fileobj_factory
    if factory is not None and not all(hasattr(factory, name) for name in ("read", "write", "seek", "tell")):
        raise ValueError(
            f"Compressor 'fileobj_factory' attribute should implement the file object interface, '{factory}' given."
        )
    if compressor_name in names() and not force:
        raise ValueError(f"Compressor '{compressor_name}' already registered.")
    _registered[compressor_name] = compressor


def choose(compress: Any, filename: str | None) -> Choice | None:
    """What ``compress`` asks for, in joblib's reading, where ``filename`` is the path if there is one.

    Returns:
        The choice, or ``None`` for no compression.

    Raises:
        ValueError: For an unknown compressor, a level it does not have, or a tuple of another length.
    """
    name, level, explicit = "zlib", None, False
    if compress is True:
        pass
    elif isinstance(compress, tuple):
        if len(compress) != 2:
            raise ValueError(
                "Compress argument tuple should contain exactly 2 elements: "
                f"(compress method, compress level), you passed {compress}"
            )
        (name, level), explicit = compress, True
    elif isinstance(compress, str):
        name, explicit = compress, True
    else:
        level = compress

    if name not in names():
        raise ValueError(f'Non valid compression method given: "{name}". Possible values are {names()}.')
    if level is False:
        level = 0
    if not explicit and filename is not None:
        # The extension decides on the compressor; no level, or no wish to compress, then means its default.
        by_extension = _by_extension(filename)
        if by_extension is not None:
            name = by_extension
            level = None if level == 0 else level
    _check_level(name, level)
    if level is not None:
        # It may be anything that equals a level.
        level = int(level)
    # Whatever the compressor, joblib takes level 0 for none. Only those joblib does not know have a level 0 of their own.
    if level == 0 and name in _OF_JOBLIB:
        return None
    if name in _CODECS and _CODECS[name].levels is None:
        # It was one that joblib would take; such a format makes nothing of it.
        level = None
    return Choice(name, level)


def _by_extension(filename: str) -> str | None:
    """The compressor whose extension the name ends with; of several, the longest."""
    fitting = [
        (len(compressor.extension), name)
        for name, compressor in _registered.items()
        if compressor.extension and filename.endswith(compressor.extension)
    ]
    if fitting:
        return max(fitting)[1]
    return _native.format_by_extension(filename)


def _check_level(name: str, level: Any) -> None:
    if level is None:
        return
    levels = _JOBLIB_LEVELS
    if name not in _OF_JOBLIB and name not in _registered:
        span = _CODECS[name].levels
        levels = range(span[0], span[1] + 1) if span is not None else _JOBLIB_LEVELS
    if level not in levels:
        possible = list(levels) if len(levels) <= 100 else f"{levels[0]} to {levels[-1]}"
        raise ValueError(f'Non valid compress level given: "{level}". Possible values are {possible}.')


def detect_registered(head: bytes) -> CompressorWrapper | None:
    """The registered compressor whose prefix a file begins with."""
    fitting = [
        (len(compressor.prefix), name)
        for name, compressor in _registered.items()
        if compressor.prefix and head.startswith(compressor.prefix)
    ]
    return _registered[max(fitting)[1]] if fitting else None


def longest_prefix() -> int:
    """How many bytes ``detect_registered`` wants to see; 0 if nothing is registered."""
    return max((len(compressor.prefix) for compressor in _registered.values()), default=0)
