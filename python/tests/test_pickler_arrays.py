"""Arrays: the same bytes as ``joblib.dump``, whatever the array."""

import io
import pickle
import subprocess
import sys
import textwrap

import joblib
import numpy as np
import pytest
from demijohn import _native
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pickled import PROTOCOLS, ListLike, dumps


def objects(items):
    array = np.empty(len(items), object)
    array[:] = items
    return array


def recursive_objects():
    array = np.empty(2, object)
    array[:] = [array, [array]]
    return array


class Derived(np.ndarray):
    pass


RECORD = np.dtype([("a", "<i4"), ("b", ">f8", (2,)), ("c", "M8[s]")], align=True)
CUBE = np.arange(2 * 3 * 4).reshape(2, 3, 4)

ARRAYS = [
    *[np.arange(3.0), np.zeros(0), np.array(5), np.zeros((0, 3)), np.zeros((3, 0, 2)), np.zeros((1, 1, 1))],
    *[CUBE, CUBE.T, CUBE.transpose(1, 0, 2), np.asfortranarray(CUBE), CUBE[::-1], CUBE[:, ::2], CUBE[..., ::-2]],
    *[np.broadcast_to(np.arange(3), (4, 3)), np.arange(10)[::-1], np.arange(10)[::3], np.arange(4).reshape(4, 1)],
    *[np.arange(3).astype(code) for code in ("?", "b", ">i2", "<u8", ">f4", "e", "g", "F", ">D", "G")],
    *[np.arange(3).astype(code) for code in ("M8[s]", ">M8[25us]", "m8", "S5", "U3", ">U3", "V7")],
    *[np.zeros(3, RECORD), np.zeros((2, 2), RECORD)[::-1], np.zeros(3, RECORD)["b"], np.rec.array([(1, 2.0)])],
    *[np.matrix([[1, 2]]), np.ma.array([1, 2], mask=[0, 1]), CUBE.view(Derived), np.char.array(["a"])],
    *[objects([1, "a", None]), objects([]), objects([[1], [1]]).reshape(1, 2).T, np.array(None), recursive_objects()],
    *[objects(list(range(n))) for n in (1, 999, 1000, 1001, 2000)],
    *[objects([[0] * n, dict.fromkeys(range(n)), set(range(n)), ListLike(range(n))]) for n in (0, 1, 1000, 1001)],
    *[objects(["x" * 70000, b"y" * 70000, bytearray(70000), np.arange(20000.0), CUBE.T, np.float64(1)])],
    *[objects([str(i) for i in range(20000)]), np.zeros(2, [("a", "i4"), ("b", "O")])],
    *[np.array(["a", "b" * 40], np.dtypes.StringDType()), np.array(["a"], np.dtypes.StringDType(na_object=None))],
    *[np.float64(1), np.str_("a"), np.datetime64(1, "s"), np.zeros(1, RECORD)[0], np.bool_(True), np.longdouble(1)],
    *[np.dtype("f8"), RECORD, np.float64, np.add, np.random.default_rng(1)],
    {"a": CUBE, "b": [CUBE] * 2, "c": (np.float32(1), np.float32(2), CUBE.dtype), "shape": "order", "numpy": "dtype"},
]


def by_joblib(value, protocol, before=b""):
    file = io.BytesIO()
    file.write(before)
    joblib.dump(value, file, protocol=protocol)
    return file.getvalue()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_bytes_are_those_of_joblib(protocol):
    for value in ARRAYS:
        assert dumps(value, protocol) == by_joblib(value, protocol), repr(value)[:200]


def test_a_mapped_array_is_written_as_one(tmp_path):
    mapped = np.memmap(tmp_path / "mapped", "f8", "w+", shape=(3, 4))
    for value in (mapped, mapped.T, mapped[::2], mapped[0]):
        assert dumps(value, 4) == by_joblib(value, 4)


@pytest.mark.parametrize("before", range(17))
def test_elements_are_aligned_to_where_they_stand_in_the_file(before):
    for value in (CUBE, [CUBE.T, "x" * before, CUBE]):
        file = io.BytesIO(b"\0" * before)
        file.seek(before)
        _native.dump_file(value, file, None, None, 4)
        assert file.getvalue() == by_joblib(value, 4, b"\0" * before)


@pytest.mark.parametrize("format", ["zlib", "gzip", "zstd", "blosc"])
def test_elements_in_compressed_files_are_aligned_within_the_stream(format):
    file = io.BytesIO()
    file.write(b"12345")
    _native.dump_file(CUBE, file, format, None, 4)
    assert file.getvalue()[5:] == _native.dump_bytes(CUBE, format, None, 4)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_bytes_are_those_of_joblib_for_generated_arrays(data):
    dtype = data.draw(st.one_of(hnp.scalar_dtypes(), hnp.array_dtypes(max_size=3)))
    array = data.draw(hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
    if array.ndim:
        index = [slice(None, None, data.draw(st.sampled_from([1, 2, -1]))) for _ in array.shape]
        array = array[tuple(index)].transpose(data.draw(st.permutations(range(array.ndim))))
    if array.itemsize == 0:
        return  # joblib fails
    protocol = data.draw(st.sampled_from(PROTOCOLS))
    assert dumps(array, protocol) == by_joblib(array, protocol)


def test_large_arrays_go_in_slices():
    array = np.arange(5 << 19, dtype="i8")
    for value in (array, array[::2], array.reshape(1024, -1).T, array.reshape(1024, -1)[:, ::2], array[::-1]):
        assert dumps(value, 4) == by_joblib(value, 4)


def test_elements_without_size_are_written():
    array = dumps(np.zeros(3, "V0"), 4)
    assert array.endswith(b"\xff.")


def test_an_array_is_not_kept_nor_memoized():
    array = np.arange(3)
    before = sys.getrefcount(array), sys.getrefcount(array.dtype)
    for protocol in PROTOCOLS:
        assert dumps([array, array], protocol).count(b"numpy_array_alignment_bytes") == 1
        assert dumps([array, array], protocol).count(array.tobytes()) == 2
    assert (sys.getrefcount(array), sys.getrefcount(array.dtype)) == before


def test_an_array_cannot_be_resized_while_it_is_written():
    array = np.zeros(1 << 20)
    refused = []

    class File:
        def write(self, data):
            try:
                array.resize(10, refcheck=True)
            except ValueError:
                refused.append(True)
            return len(data)

    _native.dump_file(array, File(), None, None, 4)
    assert refused


def test_scalars_of_a_class_registered_elsewhere_are_written_as_that_says():
    import copyreg

    class Number(np.float64):
        pass

    globals()["Number"] = Number
    Number.__qualname__ = "Number"
    copyreg.pickle(np.float16, lambda value: (float, (float(value),)))
    try:
        for value in ([np.float16(1)] * 2, [np.float64(1), Number(1), np.float64(2)]):
            for protocol in PROTOCOLS:
                assert dumps(value, protocol) == pickle._dumps(value, protocol)
    finally:
        del copyreg.dispatch_table[np.float16]


def run_without_numpy(code):
    """Runs a program that has the native module alone: the package around it uses numpy."""
    load = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("demijohn._native", {_native.__file__!r})
native = importlib.util.module_from_spec(spec)
spec.loader.exec_module(native)
"""
    subprocess.run([sys.executable, "-c", load + textwrap.dedent(code)], check=True)


def test_numpy_is_not_imported_for_objects_without_arrays():
    run_without_numpy(
        """
        class Plain: pass
        value = {"a": [1, 2.5, Plain(), {3}, Plain]}
        for protocol in range(6): native.dump_bytes(value, None, None, protocol)
        assert "numpy" not in sys.modules
        """
    )


def test_numpy_may_be_imported_meanwhile():
    run_without_numpy(
        """
        class Late:
            def __reduce__(self):
                import numpy
                return list, ([numpy.arange(3)],)
        data = native.dump_bytes([Late(), Late()], None, None, 4)
        assert data.count(b"NumpyArrayWrapper") == 1, data
        assert b"_reconstruct" not in data
        """
    )
