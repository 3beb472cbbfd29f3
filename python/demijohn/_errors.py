"""What can go wrong with a file.

Each class is also the class of the standard library that joblib or pickle would raise, so that code written for them
goes on working: ``TruncatedError`` is an ``EOFError``, ``CorruptError`` a ``ValueError`` and an ``UnpicklingError``.
Wrong arguments raise ``ValueError`` and ``TypeError``; the operating system's errors are ``OSError``.
"""

from pickle import UnpicklingError


class DemijohnError(Exception):
    """The base of what this package raises about the content of files."""


class TruncatedError(DemijohnError, EOFError):
    """The file ends too early."""


class CorruptError(DemijohnError, UnpicklingError, ValueError):
    """The file is damaged, or never was what it begins like."""


class ChecksumError(CorruptError):
    """The data differs from what was written: its checksum is wrong."""


class TrailingDataError(CorruptError):
    """Something follows the end of a compressed stream that does not belong to it."""


class UnknownFormatError(CorruptError):
    """The file is something else."""


class UnsupportedError(DemijohnError, ValueError):
    """The file uses something that this package does not handle; the message says what."""


class LimitError(DemijohnError, ValueError):
    """Reading on would cost more than the limits allow."""


class UntrustedError(DemijohnError, UnpicklingError):
    """The file names classes or functions that are not known to be harmless.

    ``globals`` is the sorted list of all of them, as ``"module.name"``.
    """

    def __init__(self, message: str, globals: list[str] | None = None) -> None:
        super().__init__(message)
        self.globals: list[str] = sorted(globals or [])
