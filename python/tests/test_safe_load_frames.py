"""``safe_load`` and pandas: real frames come back, and none whose routines would leave their memory."""

import datetime
import io
import pickle
import zoneinfo

import numpy as np
import pytest

import demijohn
from safe import dumped, load

pd = pytest.importorskip("pandas")
internals = pytest.importorskip("pandas._libs.internals")


FRAME = pd.DataFrame(
    {
        "ints": [1, 2],
        "floats": [1.5, np.nan],
        "more": [3.5, 4.5],
        "complex": [1j, 2],
        "bools": [True, False],
        "texts": ["x", None],
        "objects": [None, {"a": (1, 2)}],
        "dates": pd.to_datetime(["2020-01-01", "2021-01-01"]),
        "zoned": pd.to_datetime(["2020-01-01", None], utc=True),
        "spans": pd.to_timedelta([1, 2], unit="h"),
        "categories": pd.Categorical(["u", "v"], ordered=True),
        "masked ints": pd.array([1, None], dtype="Int64"),
        "masked floats": pd.array([1, None], dtype="Float32"),
        "masked bools": pd.array([True, None], dtype="boolean"),
        "nullable texts": pd.array(["a", None], dtype="string"),
    }
)
# So that it remembers what would be pickled with it.
repr(FRAME)
FRAME["masked ints"].dtype.numpy_dtype  # noqa: B018

FRAMES = {
    "of all types": FRAME,
    "by texts": FRAME.set_index("texts"),
    "by two columns": FRAME.set_index(["ints", "categories"]),
    "by dates": FRAME.set_index("zoned"),
    "of some columns": FRAME[["more", "ints"]],
    "of every second column": FRAME[["ints", "floats", "more", "complex"]].iloc[:, ::2],
    "turned": FRAME.T,
    "backwards": FRAME[::-1],
    "without rows": FRAME.iloc[:0],
    "without columns": pd.DataFrame(index=range(3)),
    "without anything": pd.DataFrame(),
    "of numbers": pd.DataFrame(np.arange(12).reshape(3, 4), columns=list("abcd")),
    "counted": pd.crosstab(FRAME["ints"], FRAME["floats"]),
    "with attributes": FRAME[["ints"]].copy(),
    "without labels twice": pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
}
FRAMES["with attributes"].attrs["unit"] = "mm"


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("what", FRAMES)
def test_frames_come_back(what, protocol):
    frame = FRAMES[what]
    for data in (dumped(frame, protocol), pickle.dumps(frame, protocol)):
        loaded = load(data)
        pd.testing.assert_frame_equal(loaded, frame, check_freq=True)
        assert (loaded.attrs, loaded.flags) == (frame.attrs, frame.flags)
        assert repr(loaded) == repr(frame)
        loaded.insert(0, "new", range(len(loaded)), allow_duplicates=loaded.flags.allows_duplicate_labels)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("column", [*FRAME.columns, "nothing"])
def test_series_come_back(column, protocol):
    series = FRAME[column] if column in FRAME else pd.Series([], dtype=float, name=("a", 1))
    for data in (dumped(series, protocol), pickle.dumps(series, protocol)):
        pd.testing.assert_series_equal(load(data), series)


INDEXES = [
    *[pd.RangeIndex(3, name="n"), pd.Index([1.5, 2]), pd.Index(["a", None]), pd.Index([1, None], dtype="Int64")],
    *[pd.Index([("a", 1), None], tupleize_cols=False), pd.CategoricalIndex(["a", "b", "a"]), pd.Index([True])],
    pd.MultiIndex.from_product([[1, 2], ["a", None]], names=["x", None]),
    *[pd.date_range("2020", periods=3, freq=freq) for freq in ("D", "2h", "ME", "MS", "B", "W", "QE", "YE", "BME", "ms")],
    *[pd.date_range("2020", periods=3, tz="UTC"), pd.timedelta_range("1D", periods=3), pd.DatetimeIndex(["2020", None])],
    pd.date_range("2020", periods=3, tz=datetime.timezone(datetime.timedelta(hours=1))),
]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("index", INDEXES, ids=lambda index: f"{type(index).__name__} {getattr(index, 'freqstr', '')}")
def test_indexes_come_back(index, protocol):
    for data in (dumped(index, protocol), pickle.dumps(index, protocol)):
        loaded = load(data)
        pd.testing.assert_index_equal(loaded, index, exact=True)
        assert getattr(loaded, "freq", None) == getattr(index, "freq", None)


@pytest.mark.parametrize("protocol", range(6))
def test_scalars_come_back(protocol):
    scalars = [pd.Timestamp("2020-01-01 10:00"), pd.Timestamp("2020", tz="UTC"), pd.Timedelta(5), pd.NaT, pd.NA]
    loaded = load(pickle.dumps(scalars, protocol))
    assert loaded[:3] == scalars[:3]
    assert loaded[3] is pd.NaT
    assert loaded[4] is pd.NA


def test_what_is_not_covered_is_named():
    for value, unknown in (
        (pd.period_range("2020", periods=2, freq="M"), "PeriodIndex"),
        (pd.arrays.SparseArray([0, 1]), "SparseArray"),
        (pd.Interval(0, 1), "Interval"),
        (pd.to_datetime(["2020"]).tz_localize(zoneinfo.ZoneInfo("Europe/Paris")), "ZoneInfo"),
        (FRAME.groupby("ints"), "DataFrameGroupBy"),
    ):
        with pytest.raises(demijohn.UntrustedError) as raised:
            load(pickle.dumps(value, 2))
        assert unknown in {name.rpartition(".")[2] for name in raised.value.globals}


# Attacks: frames pickled by somebody who writes what is not so.


class Forger(pickle.Pickler):
    """Pickles some objects as it is told."""

    def __init__(self, file, forge):
        super().__init__(file, 2)
        self.forge = forge

    def reducer_override(self, value):
        return self.forge(value) or NotImplemented


def forged(value, forge):
    file = io.BytesIO()
    Forger(file, forge).dump(value)
    return file.getvalue()


def with_blocks(*blocks, items=None, rows=2):
    """A frame of blocks, each values and places."""

    class Forged:
        def __init__(self, values, places):
            self.parts = (values, places, 2)

    axes = [pd.RangeIndex(len(blocks) if items is None else items), pd.RangeIndex(rows)]

    class Manager:
        pass

    def forge(value):
        if isinstance(value, Forged):
            return internals._unpickle_block, value.parts
        if isinstance(value, Manager):
            manager = pd.core.internals.managers.BlockManager
            return manager, (tuple(Forged(*block) for block in blocks), axes)
        return None

    return forged(Manager(), forge)


COLUMN = np.zeros((1, 2))


def test_the_forger_can_forge_what_is_accepted():
    manager = load(with_blocks((COLUMN, slice(0, 1, 1)), (COLUMN.astype(int), np.array([1]))))
    assert len(manager.blocks) == 2


def array(cls, dtype, data):
    def forge(value):
        if value is not None and type(value) is not FakeArray:
            return None
        return pd._libs.arrays.__pyx_unpickle_NDArrayBacked, (cls, 82904607, None), (dtype, data, {})

    return forged(FakeArray(), forge)


class FakeArray:
    pass


TEXTS = pd.array(["a", "b"], dtype="str")
CATEGORIES = pd.CategoricalDtype(["a", "b"])


def index_of(cls, **given):
    def forge(value):
        if type(value) is FakeArray:
            return pd.core.indexes.base._new_Index, (cls, given)
        return None

    return forged(FakeArray(), forge)


def tampered(value, **attributes):
    for attribute, what in attributes.items():
        object.__setattr__(value, attribute, what)
    return pickle.dumps(value)


def deep(levels):
    value = ()
    for _ in range(levels):
        value = (value,)
    return value


def objects(*items):
    made = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        made[i] = item
    return made


LEVELS = [pd.Index([1, 2]), pd.Index(["a", "b"])]
CODES = [np.array([0, 1], np.int8), np.array([0, 1], np.int8)]

BROKEN = {
    "a column beyond the last": with_blocks((COLUMN, slice(1000000, 1000001, 1))),
    "a column beyond the last, in an array": with_blocks((COLUMN, np.array([1000000]))),
    "a column before the first": with_blocks((COLUMN, np.array([-1]))),
    "a column before the first, in a slice": with_blocks((COLUMN, slice(-1, 0, 1))),
    "two columns in one place": with_blocks((COLUMN, slice(0, 1, 1)), (COLUMN, slice(0, 1, 1))),
    "a column that is missing": with_blocks((COLUMN, slice(0, 1, 1)), items=2),
    "more places than columns": with_blocks((COLUMN, slice(0, 2, 1)), items=2),
    "fewer places than columns": with_blocks((np.zeros((3, 2)), slice(0, 1, 1))),
    "a column that is too short": with_blocks((np.zeros((1, 1)), slice(0, 1, 1))),
    "a column that is too long": with_blocks((np.zeros((1, 3)), slice(0, 1, 1))),
    "a column with one axis": with_blocks((np.zeros(2), slice(0, 1, 1))),
    "a column with three axes": with_blocks((np.zeros((1, 2, 2)), slice(0, 1, 1))),
    "a column of texts of numpy's": with_blocks((np.array([["a", "b"]]), slice(0, 1, 1))),
    "a column of structs": with_blocks((np.zeros((1, 2), "i4,i4"), slice(0, 1, 1))),
    "a list for a column": with_blocks(([[1, 2]], slice(0, 1, 1))),
    "an index for a column": with_blocks((pd.Index([1, 2]), slice(0, 1, 1))),
    "places that are a list": with_blocks((COLUMN, [0])),
    "places that are numbers": with_blocks((COLUMN, np.array([0.0]))),
    "places without end": with_blocks((COLUMN, slice(0, None, None))),
    "places that stand still": with_blocks((COLUMN, slice(0, 1, 0))),
    "columns without rows": with_blocks((np.zeros((1 << 30, 0)), slice(0, 1 << 30, 1)), items=1 << 30, rows=0),
    "a code beyond the categories": array(pd.Categorical, CATEGORIES, np.array([0, 2], np.int8)),
    "a code below none": array(pd.Categorical, CATEGORIES, np.array([0, -2], np.int8)),
    "codes of numbers": array(pd.Categorical, CATEGORIES, np.array([0.0, 1.0])),
    "codes without categories": array(pd.Categorical, pd.CategoricalDtype(), np.array([0], np.int8)),
    "codes of texts": array(pd.Categorical, TEXTS.dtype, np.array([0], np.int8)),
    "texts that are none": array(type(TEXTS), TEXTS.dtype, objects("a", 1)),
    "texts that are numbers": array(type(TEXTS), TEXTS.dtype, np.array([1, 2])),
    "texts of another type": array(type(TEXTS), np.dtype(object), objects("a")),
    "dates that are numbers": array(pd.arrays.DatetimeArray, np.dtype("M8[ns]"), np.array([1, 2])),
    "dates of another unit": array(pd.arrays.DatetimeArray, np.dtype("M8[ns]"), np.array([1, 2], "M8[s]")),
    "dates of months": array(pd.arrays.DatetimeArray, np.dtype("M8[M]"), np.array([1, 2], "M8[M]")),
    "dates for spans": array(pd.arrays.TimedeltaArray, np.dtype("M8[ns]"), np.array([1, 2], "M8[ns]")),
    "an array without a state": forged(
        FakeArray(),
        lambda value: (pd._libs.arrays.__pyx_unpickle_NDArrayBacked, (type(TEXTS), 82904607, None))
        if type(value) is FakeArray
        else None,
    ),
    "an array of another class": array(pd.Index, TEXTS.dtype, objects("a")),
    "a mask of another length": tampered(pd.array([1, None], dtype="Int64"), _mask=np.array([False])),
    "a mask of numbers": tampered(pd.array([1, None], dtype="Int64"), _mask=np.array([0, 1])),
    "masked objects": tampered(pd.array([1, None], dtype="Int64"), _data=objects(1, 2)),
    "a level code beyond the level": index_of(
        pd.MultiIndex, levels=LEVELS, codes=[CODES[0], CODES[1] + 5], sortorder=None, names=[None, None]
    ),
    "level codes of two lengths": index_of(
        pd.MultiIndex, levels=LEVELS, codes=[CODES[0], CODES[1][:1]], sortorder=None, names=[None, None]
    ),
    "levels without codes": index_of(pd.MultiIndex, levels=LEVELS, codes=[], sortorder=None, names=[None, None]),
    "a level that is a list": index_of(
        pd.MultiIndex, levels=[LEVELS[0], ["a", "b"]], codes=CODES, sortorder=None, names=[None, None]
    ),
    "a name that cannot be hashed": index_of(pd.Index, data=np.array([1]), name=[]),
    "a name that is deep": index_of(pd.Index, data=np.array([1]), name=deep(50)),
    "an index of what is deep": index_of(pd.Index, data=objects(deep(50)), name=None),
    "an index of lists": index_of(pd.Index, data=objects([]), name=None),
    "an index with axes": index_of(pd.Index, data=np.zeros((2, 2)), name=None),
    "an index of its own type": index_of(pd.Index, data=objects("a"), name=None, dtype="category"),
    "a range that stands still": index_of(pd.RangeIndex, start=0, stop=1, step=0, name=None),
    "a range without end": index_of(pd.RangeIndex, start=0, stop=1 << 80, step=1, name=None),
    "an index of another class": index_of(pd.DataFrame, data=np.zeros((2, 2)), name=None),
    "a function for a class": index_of(pd.concat, data=np.zeros(2), name=None),
}


@pytest.mark.parametrize("attack", BROKEN)
def test_frames_that_cannot_be_are_an_error(attack):
    with pytest.raises((demijohn.CorruptError, demijohn.UntrustedError, demijohn.LimitError)):
        load(BROKEN[attack])


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def body(value):
    return pickle.dumps(value, 2)[2:-1]


def made(cls, state):
    return b"\x80\x02" + name(cls.__module__, cls.__qualname__) + b")\x81" + (body(state) + b"b" if state else b"") + b"."


SERIES = pd.Series([1, 2])
GOOD = SERIES.__getstate__()
INNER = SERIES._mgr.__getstate__()


def inner(**block):
    axes, values, items, state = INNER
    return axes, values, items, {"0.14.1": {"axes": axes, "blocks": [{**state["0.14.1"]["blocks"][0], **block}]}}


REFUSED = {
    "a series without a state": (pd.Series, None),
    "a series of nothing": (pd.Series, {"_typ": "series"}),
    "a series of a frame's inside": (pd.Series, {**GOOD, "_mgr": FRAME._mgr}),
    "a frame of a series's inside": (pd.DataFrame, {**GOOD, "_typ": "dataframe"}),
    "a series with a name that is none": (pd.Series, {**GOOD, "_name": []}),
    "a series with other flags": (pd.Series, {**GOOD, "_flags": {"allows_duplicate_labels": True, "_obj": 1}}),
    "an inside without a state": (type(SERIES._mgr), None),
    "an inside that is too short": (type(SERIES._mgr), inner(values=np.array([1]))),
    "an inside with axes": (type(SERIES._mgr), inner(values=np.zeros((2, 2)))),
    "an old inside": (type(SERIES._mgr), INNER[:3]),
    "categories that are a list": (pd.CategoricalDtype, {"categories": ["a"], "ordered": False}),
    "dates in a zone that is none": (pd.DatetimeTZDtype, {"unit": "ns", "tz": "UTC"}),
    "a type with a state": (pd.Int64Dtype, {"type": 1}),
}


@pytest.mark.parametrize("attack", REFUSED)
def test_states_are_those_that_pandas_writes(attack):
    with pytest.raises((demijohn.CorruptError, demijohn.UntrustedError)):
        load(made(*REFUSED[attack]))


def test_the_states_above_are_refused_for_what_is_wrong_with_them():
    assert load(made(pd.Series, GOOD)).tolist() == [1, 2]
    assert len(load(made(type(SERIES._mgr), inner()))) == 2
    assert load(made(pd.Int64Dtype, None)) == pd.Int64Dtype()


def test_other_attributes_are_left_out():
    state = {**GOOD, "to_csv": 1, "_metadata": ["_name", "to_csv"]}
    loaded = load(made(pd.Series, state))
    assert callable(loaded.to_csv)
    assert loaded._metadata == SERIES._metadata


def test_frames_are_made_of_nothing_but_their_parts():
    for attack in (
        name("pandas", "DataFrame") + body({"a": [1]}) + b"\x85R.",
        name("pandas", "Series") + body([1]) + b"\x85\x81.",
        name("pandas", "read_pickle") + body("x") + b"\x85R.",
        name("pandas", "eval") + body("1") + b"\x85R.",
        name("pandas", "DataFrame") + b")\x81" + body(FRAME.__getstate__()) + b"b" + body("a") + body(1) + b"s.",
        name("pandas", "NA") + body({"a": 1}) + b"b.",
        name("pandas", "NA") + body("a") + body(1) + b"s.",
    ):
        with pytest.raises((demijohn.CorruptError, demijohn.UntrustedError)):
            load(b"\x80\x02" + attack)


def test_axes_cannot_be_changed_behind_a_frame():
    data = with_blocks((COLUMN, slice(0, 1, 1)))
    position = data.index(b"]")
    assert data[position + 1 : position + 2] == b"q"
    memo = data[position + 2 : position + 3]
    change = b"h" + memo + body(pd.RangeIndex(1000)) + b"a0"
    manager = load(data[:-1] + change + b".")
    assert [len(axis) for axis in manager.axes] == [1, 2]
