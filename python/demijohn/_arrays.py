"""Arrays as the native unpickler makes them. Called from there only."""

import sys
import warnings
from typing import Any, Literal

import numpy as np


class NumpyArrayWrapper:
    """Stands where joblib has an object of this name: for an array whose elements follow in the stream.

    Its attributes are what the file says of the array. ``array`` is that array once it has been read.
    """

    array: Any = None


def from_memory(memory: Any, dtype: Any, shape: tuple[int, ...], order: object, native_order: bool) -> Any:
    """Make an array that uses ``memory`` for its elements."""
    # As joblib: everything but "F" is "C".
    array = np.ndarray(tuple(shape), dtype, memory, order="F" if order == "F" else "C")
    return native(array, inplace=True) if native_order else array


def mapped(place: tuple[str, Any, int, bool], dtype: Any, shape: tuple[int, ...], order: object) -> Any:
    """Map an array, as joblib does. ``place`` is file, mode, offset, and whether that is at an odd place."""
    filename, mode, offset, odd = place
    # "w+" would empty the file.
    if mode == "w+":
        mode = "r+"
    axes: Literal["C", "F"] = "F" if order == "F" else "C"
    array = np.memmap(filename, dtype=dtype, mode=mode, offset=offset, shape=tuple(shape), order=axes)
    if odd:
        warnings.warn(
            f"The memmapped array {array} loaded from the file {filename} is not byte aligned. This may cause "
            "segmentation faults if this memmapped array is used in some libraries like BLAS or PyTorch. To get rid of "
            "this warning, regenerate your pickle file with joblib >= 1.2.0. See "
            "https://github.com/joblib/joblib/issues/563 for more details",
            stacklevel=3,
        )
    return array


def native(array: Any, *, inplace: bool = False) -> Any:
    """Turn an array into this machine's byte order, where joblib would."""
    if isinstance(array, np.ndarray) and _is_foreign(array.dtype):
        return array.byteswap(inplace).view(array.dtype.newbyteorder("="))
    return array


def _is_foreign(dtype: Any) -> bool:
    foreign = ">" if sys.byteorder == "little" else "<"
    if dtype.byteorder == "|" and dtype.fields:
        return all(field[0].byteorder == foreign for field in dtype.fields.values())
    return bool(dtype.byteorder == foreign)
