"""Arrays as the native unpickler makes them. Called from there only."""

import ast
import sys
import warnings
from typing import Any, Literal

import numpy as np
import numpy.typing as npt


class _Wrapper:
    """Stands where joblib has an object with the name of the class: for an array.

    Its attributes are what the file says of the array. ``array`` is that array once it has been read.
    """

    array: Any = None


class NumpyArrayWrapper(_Wrapper):
    """The elements of the array follow in the stream."""


class NDArrayWrapper(_Wrapper):
    """The array is in a ``.npy`` file."""


class ZNDArrayWrapper(_Wrapper):
    """The elements of the array are in a z-file."""


def from_elements(
    elements: Any, dtype: Any, shape: tuple[int, ...], order: object, native_order: bool
) -> npt.NDArray[Any]:
    """Make an array that uses the memory of ``elements``."""
    # As joblib: everything but "F" is "C".
    array: npt.NDArray[Any] = np.ndarray(tuple(shape), dtype, elements, order="F" if order == "F" else "C")
    return native(array, inplace=True) if native_order else array


def dtype_of(description: str) -> Any:
    """What a ``.npy`` file means by a description."""
    return np.lib.format.descr_to_dtype(ast.literal_eval(description))


def mapped(place: tuple[str, Any, int, bool], dtype: Any, shape: tuple[int, ...], order: object) -> Any:
    """Map an array, as joblib does. ``place`` is file, mode, offset, and whether that is at an odd place."""
    filename, mode, offset, odd = place
    # These would empty the file; joblib knows the first of them.
    if mode in ("w+", "write"):
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
