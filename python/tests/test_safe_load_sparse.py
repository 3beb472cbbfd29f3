"""``safe_load`` and ``scipy.sparse``: real matrices come back, and none whose routines would leave their memory."""

import pickle

import numpy as np
import pytest

import demijohn
from safe import dumped, load

sparse = pytest.importorskip("scipy.sparse")

RNG = np.random.default_rng(1)
DENSE = RNG.random((6, 4)) * (RNG.random((6, 4)) > 0.5)
CLASSES = [f"{kind}_{of}" for kind in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil") for of in ("array", "matrix")]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", CLASSES)
def test_matrices_and_arrays_come_back(name, protocol):
    for dense in (DENSE, np.zeros((3, 2)), np.eye(4, dtype=bool), DENSE.astype("c8")):
        matrix = getattr(sparse, name)(dense)
        for data in (dumped(matrix, protocol), pickle.dumps(matrix, protocol)):
            loaded = load(data)
            assert type(loaded) is type(matrix)
            assert (loaded.shape, loaded.dtype, loaded.nnz) == (matrix.shape, matrix.dtype, matrix.nnz)
            assert np.array_equal(loaded.toarray(), dense)
            assert np.array_equal((loaded + loaded.tocsr()).toarray(), dense + dense)


@pytest.mark.parametrize("name", ["coo_array", "csr_array", "dok_array"])
def test_arrays_of_one_axis_come_back(name):
    array = getattr(sparse, name)(DENSE[0])
    assert np.array_equal(load(dumped(array)).toarray(), DENSE[0])
    cube = sparse.coo_array((np.array([1.0]), ([0], [1], [2])), shape=(2, 3, 4))
    assert load(dumped(cube)).toarray()[0, 1, 2] == 1.0


def test_what_a_matrix_remembers_of_itself_is_looked_at_again():
    matrix = sparse.csr_matrix(DENSE)
    matrix.indices = matrix.indices[::-1].copy()
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    loaded = load(dumped(matrix))
    assert not loaded.has_sorted_indices
    assert not loaded.has_canonical_format


def test_matrices_may_share_their_parts():
    matrix = sparse.csr_matrix(DENSE)
    one, other = load(dumped([matrix, matrix]))
    assert one is other
    other = matrix.copy()
    other.indices = matrix.indices
    one, other = load(pickle.dumps([matrix, other]))
    assert one.indices is other.indices


def changed(name, **parts):
    """A matrix with parts that it would not have."""
    matrix = getattr(sparse, name)(DENSE)
    matrix.__dict__.update(parts)
    return matrix


CSR = sparse.csr_array(DENSE)
NNZ = CSR.nnz


def replaced(array, at, value):
    array = array.copy()
    array[at] = value
    return array


def lists(*each):
    made = np.empty(len(each), dtype=object)
    made[:] = [None] * len(each)
    for i, items in enumerate(each):
        made[i] = items
    return made


BROKEN = {
    "an index beyond the columns": changed("csr_array", indices=replaced(CSR.indices, 0, 4)),
    "a negative index": changed("csr_matrix", indices=replaced(CSR.indices, 0, -1)),
    "an index beyond the rows": changed("csc_array", indices=replaced(sparse.csc_array(DENSE).indices, 0, 6)),
    "rows that overlap": changed("csr_array", indptr=replaced(CSR.indptr, 1, 1000)),
    "rows that begin before": changed("csr_array", indptr=replaced(CSR.indptr, 0, -1000)),
    "rows that end behind": changed("csr_array", indptr=replaced(CSR.indptr, -1, 1000)),
    "too few rows": changed("csr_array", indptr=CSR.indptr[:-1]),
    "no rows": changed("csr_array", indptr=CSR.indptr[:0], _shape=(-1, 4)),
    "too few elements": changed("csr_array", data=CSR.data[:-1].copy()),
    "elements that are objects": changed("csr_array", data=CSR.data.astype(object)),
    "elements that are texts": changed("csr_array", data=CSR.data.astype("U9")),
    "elements with axes": changed("csr_array", data=CSR.data[:, None].copy()),
    "indices that are numbers": changed("csr_array", indices=CSR.indices.astype(float)),
    "indices of two types": changed("csr_array", indices=CSR.indices.astype(np.int64)),
    "indices that are a list": changed("csr_array", indices=CSR.indices.tolist()),
    "a shape of texts": changed("csr_array", _shape=("6", "4")),
    "a shape of one": changed("csc_array", _shape=(6,)),
    "a shape of three": changed("csr_array", _shape=(6, 4, 1)),
    "a negative shape": changed("csr_array", _shape=(6, -4)),
    "a shape beyond its indices": changed("csr_array", _shape=(6, 1 << 40)),
    "a shape without end": changed("csr_array", _shape=(6, 1 << 70)),
    "a coordinate beyond the shape": changed("coo_array", _shape=(3, 3)),
    "too few coordinates": changed("coo_array", coords=(sparse.coo_array(DENSE).coords[0],)),
    "coordinates in a list": changed("coo_array", coords=list(sparse.coo_array(DENSE).coords)),
    "blocks of nothing": changed("bsr_array", data=np.zeros((NNZ, 0, 0))),
    "blocks that do not fill it": changed("bsr_array", data=np.zeros((sparse.bsr_array(DENSE).nnz, 5, 5))),
    "a block beyond it": changed("bsr_array", indices=sparse.bsr_array(DENSE).indices + 4),
    "a diagonal beyond it": changed("dia_array", offsets=sparse.dia_array(DENSE).offsets + 100),
    "a diagonal twice": changed("dia_array", offsets=sparse.dia_array(DENSE).offsets * 0),
    "more diagonals than offsets": changed("dia_array", offsets=sparse.dia_array(DENSE).offsets[1:]),
    "a list index beyond it": changed("lil_array", rows=lists([4], *[[]] * 5), data=lists([1.0], *[[]] * 5)),
    "list indices that fall": changed("lil_array", rows=lists([2, 1], *[[]] * 5), data=lists([1.0, 1.0], *[[]] * 5)),
    "too few lists": changed("lil_array", rows=lists([0]), data=lists([1.0])),
    "rows that are no lists": changed("lil_array", rows=lists(*[()] * 6)),
    "a dtype that is none": changed("lil_array", dtype="f8"),
}


@pytest.mark.parametrize("attack", BROKEN)
def test_matrices_that_cannot_be_are_an_error(attack):
    for data in (dumped(BROKEN[attack]), pickle.dumps(BROKEN[attack], 2)):
        with pytest.raises(demijohn.CorruptError, match="sparse matrix"):
            load(data)


def test_indices_of_the_other_byte_order_are_an_error():
    with pytest.raises(demijohn.CorruptError, match="indices"):
        load(pickle.dumps(changed("csr_array", indices=CSR.indices.astype(">i4")), 5))


# Attacks by hand.


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def body(value):
    """What puts a value on the stack."""
    return pickle._dumps(value, 2)[2:-1]


EMPTY = name("scipy.sparse._csr", "csr_matrix") + b")\x81"
STATE = body(dict(vars(sparse.csr_matrix(DENSE))))

REFUSED = {
    "called": name("scipy.sparse._csr", "csr_matrix") + body(((3, 3),)) + b"R.",
    "with arguments": name("scipy.sparse._csr", "csr_matrix") + body(((1 << 40, 3),)) + b"\x81.",
    "as an instance": b"(" + name("scipy.sparse._csr", "csr_matrix") + body((3, 3)) + b"o.",
    "without a state": EMPTY + b".",
    "without a state, thrown away": EMPTY + b"0N.",
    "with two states": EMPTY + STATE + b"b" + STATE + b"b.",
    "with items": EMPTY + STATE + b"b" + body((0, 0)) + body(1.0) + b"s.",
    "with items to append": EMPTY + STATE + b"b" + body(1.0) + b"a.",
    "a state of a class": name("scipy.sparse._csr", "csr_matrix") + STATE + b"b.",
    "another attribute": name("scipy.sparse._csr", "csr_matrix.tocsc") + b".",
    "another function": name("scipy.sparse", "load_npz") + body("secret") + b"\x85R.",
    "another base": name("copyreg", "_reconstructor")
    + b"("
    + name("scipy.sparse._csr", "csr_matrix")
    + name("builtins", "list")
    + b"]tR.",
}


@pytest.mark.parametrize("attack", REFUSED)
def test_matrices_are_made_in_one_way_only(attack):
    with pytest.raises((demijohn.CorruptError, demijohn.UntrustedError)):
        load(b"\x80\x02" + REFUSED[attack])


def dok(elements):
    made = name("copyreg", "_reconstructor") + name("scipy.sparse._dok", "dok_array") + name("builtins", "dict") + b"}\x87R"
    return b"\x80\x02" + made + body({"_shape": (1, 3), "dtype": np.dtype("f8"), "_dict": elements}) + b"b."


def test_keys_are_places_and_elements_numbers():
    assert load(dok({(0, 2): 1.0})).toarray().tolist() == [[0, 0, 1]]
    for elements in ({(0, 3): 1.0}, {(-1, 0): 1.0}, {"a": 1.0}, {(0, 0, 0): 1.0}, {(0, 0): "a"}, [], None):
        with pytest.raises(demijohn.CorruptError):
            load(dok(elements))


def test_lists_and_dicts_cannot_be_changed_behind_a_matrix():
    one_row = sparse.lil_array(np.array([[0, 0, 5.0]]))
    row = name("numpy._core.multiarray", "_reconstruct") + name("numpy", "ndarray") + b"K\0\x85C\x01b\x87R"
    row += b"(K\x01K\x01\x85" + body(np.dtype(object)) + b"\x89](](K\x02er\x01\1\0\0etb"
    state = b"}(" + body("_shape") + body((1, 3)) + body("dtype") + body(np.dtype("f8")) + body("rows") + row
    state += body("data") + body(one_row.data) + b"u"
    changes = b"j\x01\1\0\0(K\x63e0"
    loaded = load(b"\x80\x02" + name("scipy.sparse._lil", "lil_array") + b")\x81" + state + b"b" + changes + b".")
    assert loaded.rows.tolist() == [[2]]
    keys = body({(0, 0): 1.0}) + b"r\x01\1\0\0"
    state = b"}(" + body("_shape") + body((1, 3)) + body("dtype") + body(np.dtype("f8")) + body("_dict") + keys + b"u"
    made = name("copyreg", "_reconstructor") + name("scipy.sparse._dok", "dok_array") + name("builtins", "dict") + b"}\x87R"
    changes = b"j\x01\1\0\0" + body((9, 9)) + body(1.0) + b"s0"
    loaded = load(b"\x80\x02" + made + state + b"b" + changes + b".")
    assert loaded.toarray().tolist() == [[1, 0, 0]]


def test_many_matrices_of_one_array_do_not_take_the_time_of_many():
    indices = np.zeros(1 << 20, np.int32)
    starts = np.array([0, len(indices)], np.int32)
    many = []
    for _ in range(2000):
        matrix = sparse.csr_array((1, 1))
        matrix.__dict__.update(indices=indices, indptr=starts, data=indices)
        many.append(matrix)
    assert len(load(pickle.dumps(many))) == 2000
