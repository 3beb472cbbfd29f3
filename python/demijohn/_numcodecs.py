"""The formats of this package as a codec of numcodecs, for zarr. Imported only where numcodecs is installed."""

from __future__ import annotations

from typing import Any

from numcodecs.abc import Codec  # type: ignore[import-untyped]
from numcodecs.compat import ensure_contiguous_ndarray, ndarray_copy  # type: ignore[import-untyped]

from demijohn import compress, decompress


class Demijohn(Codec):  # type: ignore[misc]
    """Any format of this package, as ``{"id": "demijohn", "compression": "zstd", "level": 3}``.

    What is encoded is a standard stream of the format, as in a file.
    """

    codec_id = "demijohn"

    def __init__(self, compression: str = "zstd", level: int | None = None) -> None:
        self.compression = compression
        self.level = level

    # The base class, which has no types, seems to answer nothing.
    def encode(self, buf: Any) -> bytes:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Compresses anything that exports a contiguous buffer."""
        return compress(ensure_contiguous_ndarray(buf).data, self.compression, self.level)

    def decode(self, buf: Any, out: Any = None) -> Any:
        """Decompresses what ``encode`` made, into ``out`` if that is given."""
        return ndarray_copy(decompress(ensure_contiguous_ndarray(buf).data, self.compression), out)
