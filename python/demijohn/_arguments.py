"""What several functions take."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from _typeshed import StrOrBytesPath
    from typing_extensions import TypeIs

Compression: TypeAlias = "str | tuple[str, int | None]"
"""A format by its name or by an extension without the dot, or that and a level: ``"gzip"``, ``"gz"``, ``("xz", 9)``."""


def format_and_level(
    compression: Compression | None, level: int | None
) -> tuple[str | None, int | None]:
    """The name of the format and the level, whichever way they were given."""
    if isinstance(compression, tuple):
        if len(compression) != 2:
            raise ValueError(f"compression is a name, or a name and a level, not {compression!r}")
        compression, own = compression
        if own is not None and level is not None:
            raise ValueError("the level is given twice")
        level = own if level is None else level
    if compression is not None and not isinstance(compression, str):
        raise TypeError(f"compression is a name, or a name and a level, not {compression!r}")
    return compression, level


def is_path(file: object) -> TypeIs[StrOrBytesPath]:
    """Whether it names a file, rather than being one."""
    return isinstance(file, str | bytes | os.PathLike)


def checked_threads(threads: int | None) -> int | None:
    """How many threads, if that can be."""
    if threads is not None and threads < 1:
        raise ValueError(f"there is no working with {threads} threads")
    return threads


def checked_tail(tail: str) -> bool:
    """Whether what follows a stream is to be ignored."""
    if tail not in ("error", "ignore"):
        raise ValueError(f"tail is 'error' or 'ignore', not {tail!r}")
    return tail == "ignore"
