"""joblib's files, safely and fast; and compressed streams that look like files."""

from demijohn._errors import (
    ChecksumError,
    CorruptError,
    DemijohnError,
    LimitError,
    TrailingDataError,
    TruncatedError,
    UnknownFormatError,
    UnsupportedError,
    UntrustedError,
)
from demijohn._files import CompressedReader, CompressedWriter, open
from demijohn._native import VERSION as __version__
from demijohn._persist import dump, dumps, load, loads

__all__ = [
    "ChecksumError",
    "CompressedReader",
    "CompressedWriter",
    "CorruptError",
    "DemijohnError",
    "LimitError",
    "TrailingDataError",
    "TruncatedError",
    "UnknownFormatError",
    "UnsupportedError",
    "UntrustedError",
    "__version__",
    "dump",
    "dumps",
    "load",
    "loads",
    "open",
]
