"""joblib's names for persistence: ``import demijohn.joblib as joblib``.

``dump`` and ``load`` take what joblib's take and write and read the same files; ``register_compressor`` is for these
two, and does not change stock joblib (for that there is ``demijohn.register``). Everything else of joblib, such as
``Parallel`` and ``Memory``, is stock joblib's, where it is installed.
"""

from __future__ import annotations

import importlib
from typing import Any

from demijohn._compressors import CompressorWrapper, register_compressor
from demijohn._format_files import FormatFile
from demijohn._persist import dump, load

__all__ = ["BinaryGzipFile", "BinaryZlibFile", "CompressorWrapper", "dump", "load", "register_compressor"]


class BinaryZlibFile(FormatFile):
    """A file object of a zlib stream (RFC 1950), what joblib writes for ``.z``.

    Args:
        filename: A path, or a file object, which is not closed.
        mode: ``"rb"`` or ``"wb"``.
        compresslevel: 1 to 9.
    """

    format = "zlib"

    def __init__(self, filename: Any, mode: str = "rb", compresslevel: int = 3) -> None:
        if not isinstance(compresslevel, int) or not 1 <= compresslevel <= 9:
            raise ValueError(
                "'compresslevel' must be an integer between 1 and 9. "
                f"You provided 'compresslevel={compresslevel}'"
            )
        if mode not in ("rb", "wb"):
            raise ValueError(f"Invalid mode: {mode!r}")
        super().__init__(filename, mode, compresslevel)


class BinaryGzipFile(BinaryZlibFile):
    """A file object of a gzip stream (RFC 1952), what joblib writes for ``.gz``. Arguments as for ``BinaryZlibFile``."""

    format = "gzip"


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    try:
        stock = importlib.import_module("joblib")
    except ImportError:
        message = f"module {__name__!r} has no attribute {name!r}; joblib, which may have it, is not installed"
        raise AttributeError(message) from None
    return getattr(stock, name)
