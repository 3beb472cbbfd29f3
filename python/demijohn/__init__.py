"""joblib's files, safely and fast; and compressed streams that look like files."""

from demijohn._coding import compress, decompress, detect
from demijohn._compressors import codecs
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
from demijohn._inspect import (
    ArrayEntry,
    Companion,
    Global,
    Inspection,
    Node,
    inspect,
    load_array,
    scan,
)
from demijohn._native import VERSION as __version__
from demijohn._native import Codec
from demijohn._persist import dump, dumps, load, loads
from demijohn._register import register
from demijohn._safe import safe_load

__all__ = [
    "ArrayEntry",
    "ChecksumError",
    "Codec",
    "Companion",
    "CompressedReader",
    "CompressedWriter",
    "CorruptError",
    "DemijohnError",
    "Global",
    "Inspection",
    "LimitError",
    "Node",
    "TrailingDataError",
    "TruncatedError",
    "UnknownFormatError",
    "UnsupportedError",
    "UntrustedError",
    "__version__",
    "codecs",
    "compress",
    "decompress",
    "detect",
    "dump",
    "dumps",
    "inspect",
    "load",
    "load_array",
    "loads",
    "open",
    "register",
    "safe_load",
    "scan",
]
