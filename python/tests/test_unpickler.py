"""Unpickling: what ``pickle.py`` makes of the same bytes, objects, identities and exceptions."""

import collections
import copyreg
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import gc
import io
import math
import pickle
import struct
import sys
import threading
import tracemalloc
import unittest
import uuid

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import demijohn
from demijohn import _native

PROTOCOLS = range(6)


def loads(data):
    return _native.load_bytes(data, True)


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slots:
    __slots__ = ("a", "b", "__dict__")


class Stateful:
    def __setstate__(self, state):
        self.state = state


class Keywords:
    def __new__(cls, *, size):
        made = super().__new__(cls)
        made.size = size
        return made

    def __getnewargs_ex__(self):
        return (), {"size": self.size}


class MyList(list):
    pass


class MyDict(dict):
    pass


class MySet(set):
    pass


class MyInt(int):
    pass


class MyTuple(tuple):
    __slots__ = ()


class Meta(type):
    pass


class WithMeta(metaclass=Meta):
    pass


class Outer:
    class Inner:
        pass


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    name: str


Pair = collections.namedtuple("Pair", "left right")


class Appender:
    """Has nothing but what the oldest pickles ask of a list."""

    def __init__(self):
        self.items = []

    def append(self, item):
        self.items.append(item)

    def __reduce__(self):
        return Appender, (), None, iter(self.items)


def subclass(cls, items, **attributes):
    made = cls(items)
    made.__dict__.update(attributes)
    return made


def slotted():
    made = Slots()
    made.a, made.c = 1, [2]
    return made


def appender():
    made = Appender()
    made.items = [1, 2, 3]
    return made


OBJECTS = [
    *[None, True, False, ..., NotImplemented],
    *[0, 1, 255, 256, 65535, 65536, -1, 2**31, -(2**31) - 1, 2**63, -(2**63) - 1, 2**64, 10**1000, -(10**1000)],
    *[0.0, -0.0, 1.5, math.inf, -math.inf, 1 + 2j],
    *["", "a", "é", "\U0001f600", "\ud800", "\\u0041\n\r\x00\x1a", "x" * 256, "é" * 70000],
    *[b"", b"a", bytes(range(256)), b"a" * 70000, bytearray(), bytearray(b"ab"), bytearray(70000)],
    *[[], [1], [1, "a", None], list(range(2001)), [[]] * 3],
    *[{}, {1: 2}, {"a": {"b": [1.5]}}, dict.fromkeys(range(2001), "v"), {(1, "k"): 2, None: 3}],
    *[(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),)), tuple(range(1001))],
    *[set(), {1}, set(range(1001)), frozenset(), frozenset({1, "a"}), {frozenset({1}), (1, 2)}],
    *[Plain(a=1, b=[2], c=Plain()), slotted(), Keywords(size=3), Colour.RED, Point(1, "p"), Pair(1, "b")],
    *[subclass(MyList, [1, 2], a=1), subclass(MyDict, {1: 2}, a=1), subclass(MySet, {1}, a=1)],
    *[MyInt(7), MyTuple((1, 2)), ValueError("x", 1), WithMeta(), Outer.Inner(), appender()],
    *[collections.OrderedDict(a=1, b=2), collections.defaultdict(list, a=[1]), collections.Counter("abca")],
    *[collections.deque([1, 2], 3), collections.deque(range(1001))],
    *[datetime.datetime(2024, 2, 29, 12, 30, 1, 7, datetime.UTC), datetime.timedelta(1, 2, 3), decimal.Decimal("1.50")],
    *[fractions.Fraction(1, 3), uuid.UUID(int=7), range(3), slice(1, None, 2), functools.partial(int, base=2)],
    *[int, len, Plain, Outer.Inner, datetime.datetime, collections.abc.Mapping, np.float64, np.add],
    *[np.float32(1.5), np.datetime64("2020-01-01"), np.dtype("<f4"), np.dtype([("a", "<i4"), ("b", ">f8")])],
    *[np.arange(6).reshape(2, 3), np.array(["a", None], dtype=object), np.ma.masked_array([1, 2], [0, 1])],
]


def shape(value):
    """Something to compare an object by: the bytes tell types, order, sharing and cycles."""
    return pickle._dumps(value, 4)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: f"{type(value).__name__} {value!r:.20}")
def test_objects_are_what_pickle_makes_of_them(value, protocol):
    try:
        data = pickle._dumps(value, protocol)
    except (pickle.PicklingError, TypeError) as error:
        pytest.skip(f"not to be pickled so: {error}")
    ours, theirs = loads(data), pickle._loads(data)
    assert type(ours) is type(theirs)
    assert shape(ours) == shape(theirs)


def test_nan_and_singletons_come_back():
    assert math.isnan(loads(pickle._dumps(math.nan)))
    for value in (None, True, ..., NotImplemented, (), Colour.RED, len):
        assert loads(pickle._dumps(value, 4)) is value


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None), max_size=20)
    | st.binary(max_size=20),
    lambda leaf: st.lists(leaf, max_size=5)
    | st.dictionaries(st.text(max_size=5) | st.integers(), leaf, max_size=5)
    | st.tuples(leaf)
    | st.tuples(leaf, leaf, leaf, leaf),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None)
@given(value=TREES, protocol=st.sampled_from(PROTOCOLS), shared=st.booleans())
def test_any_tree_comes_back(value, protocol, shared):
    value = [value, value] if shared else value
    loaded = loads(pickle._dumps(value, protocol))
    assert loaded == value
    assert shape(loaded) == shape(pickle._loads(pickle._dumps(value, protocol)))


def cycles():
    through_list = []
    through_list.append((through_list, "a"))
    yield through_list
    through_tuple = ([],)
    through_tuple[0].append(through_tuple)
    yield through_tuple
    through_dict = {}
    through_dict["me"] = [through_dict]
    yield through_dict
    through_object = Plain()
    through_object.me = [through_object]
    yield through_object
    through_set = Plain()
    through_set.me = {through_set}
    yield through_set
    through_subclass = MyList()
    through_subclass.append(through_subclass)
    yield through_subclass


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_cycles_are_closed(protocol):
    for value in cycles():
        try:
            data = pickle._dumps(value, protocol)
        except RecursionError:
            # Sets that hold themselves need an opcode that old protocols lack.
            assert protocol < 4
            continue
        assert shape(loads(data)) == shape(pickle._loads(data))


def test_shared_objects_are_shared():
    inner = [1]
    a, b, c = loads(pickle._dumps((inner, inner, [1])))
    assert a is b
    assert a is not c


def test_attribute_names_are_interned():
    name = "".join(["some", "_", "attribute"])
    (loaded,) = loads(pickle._dumps(Plain(**{name: 1}))).__dict__
    assert loaded is sys.intern(name)


def test_tuples_that_may_become_part_of_a_cycle_are_seen_by_the_collector():
    atomic, holding = loads(pickle._dumps(((1, "a", (2.5, None)), ([],))))
    assert not gc.is_tracked(atomic)
    assert gc.is_tracked(holding)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was(enabled):
    seen = []

    class Looks:
        def __setstate__(self, state):
            seen.append(gc.isenabled())

    globals()["Looks"] = Looks
    Looks.__qualname__ = "Looks"
    data = b"\x80\x04" + global_(__name__, "Looks") + b")\x81K\x01b."
    (gc.enable if enabled else gc.disable)()
    try:
        loads(data)
        with pytest.raises(demijohn.CorruptError):
            loads(b"\x80\x04\xff.")
        assert gc.isenabled() == enabled
        assert seen == [enabled]
    finally:
        gc.enable()


def global_(module, name):
    return b"".join(b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name)) + b"\x93"


# Names.


def test_names_of_python_2_are_understood_before_protocol_3():
    assert loads(b"\x80\x02c__builtin__\nxrange\n.") is range
    assert loads(b"ccopy_reg\n_reconstructor\n.") is copyreg._reconstructor
    with pytest.raises(ModuleNotFoundError):
        loads(b"\x80\x03c__builtin__\nxrange\n.")


def test_dots_lead_to_attributes_from_protocol_4_on():
    assert loads(b"\x80\x04" + global_(__name__, "Outer.Inner") + b".") is Outer.Inner
    with pytest.raises(AttributeError):
        loads(f"\x80\x02c{__name__}\nOuter.Inner\n.".encode("latin-1"))
    with pytest.raises(AttributeError, match="local"):
        loads(b"\x80\x04" + global_(__name__, "cycles.<locals>.x") + b".")


def test_auditors_hear_of_names():
    # A hook stays for good, so it listens for as long as there is this one event.
    heard, listening = [], [True]
    sys.addaudithook(lambda event, args: listening and event == "pickle.find_class" and heard.append(args))
    loads(pickle._dumps(fractions.Fraction))
    listening.clear()
    assert heard == [("fractions", "Fraction")]


def test_extension_codes_are_looked_up_and_kept():
    copyreg.add_extension(__name__, "Plain", 0xF001)
    try:
        data = pickle._dumps(Plain(a=1), 2)
        assert b"\x83\x01\xf0" in data
        assert loads(data).a == 1
        assert copyreg._extension_cache[0xF001] is Plain
    finally:
        copyreg.remove_extension(__name__, "Plain", 0xF001)
    with pytest.raises(ValueError, match="unregistered extension code"):
        loads(data)


def test_persistent_ids_and_buffers_are_refused_as_pickle_refuses_them():
    for data in (b"Pid\n.", b"\x80\x02K\x01Q.", b"\x80\x05\x97."):
        with pytest.raises(pickle.UnpicklingError) as theirs:
            pickle._loads(data)
        with pytest.raises(pickle.UnpicklingError) as ours:
            loads(data)
        assert str(ours.value) == str(theirs.value)


def test_strings_of_python_2_are_text_if_they_are_ascii_and_bytes_if_not():
    assert loads(b"U\x03abc.") == "abc"
    assert loads(b"S'caf\\xc3\\xa9'\n.") == b"caf\xc3\xa9"
    stamp = datetime.datetime(2001, 2, 3, 4, 5, 6)
    data = b"\x80\x02cdatetime\ndatetime\nU\x0a" + stamp.__reduce__()[1][0] + b"\x85R."
    assert loads(data) == stamp


# State.


def test_what_setstate_is_given_is_the_state():
    made = loads(b"\x80\x04" + global_(__name__, "Stateful") + b")\x81K\x07b.")
    assert made.state == 7


def test_setstate_is_found_as_attributes_are():
    # An instance may have got one of its own.
    data = b"\x80\x04" + global_(__name__, "Plain") + b")\x81}\x8c\x0c__setstate__" + global_("builtins", "len")
    assert isinstance(loads(data + b"sb" + b"]b."), Plain)


def test_state_needs_no_more_than_items():
    class State(collections.UserDict):
        pass

    globals()["State"] = State
    State.__qualname__ = "State"
    made = loads(
        b"\x80\x04" + global_(__name__, "Plain") + b")\x81" + global_(__name__, "State") + b"}K\x01K\x02s\x85Rb."
    )
    assert made.__dict__ == {1: 2}


# Exceptions.


class Raises:
    def __new__(cls, error):
        raise error

    def __init__(self, error):
        pass


class Oops(BaseException):
    pass


@pytest.mark.parametrize("error", [KeyError("k"), MemoryError(), Oops("x"), KeyboardInterrupt(), OSError(2, "gone")])
def test_exceptions_of_called_code_come_out_as_themselves(error):
    globals()["raise_it"] = raise_it = functools.partial(throw, error)
    data = b"\x80\x04" + global_(__name__, "raise_it") + b")R."
    with pytest.raises(type(error)) as raised:
        loads(data)
    assert raised.value is error
    assert raise_it is globals().pop("raise_it")
    with pytest.raises(type(error)) as raised:
        demijohn.loads(demijohn.dumps([1])[:2] + global_(__name__, "throw") + pickled_error(error))
    assert type(raised.value) is type(error)


def pickled_error(error):
    return pickle._dumps(error, 4)[2:].split(b"\x95", 1)[-1][8:-1] + b"\x85R."


def throw(error):
    raise error


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EOFError),
        (b"\x80\x04", EOFError),
        (b"\x80\x04K", EOFError),
        (b"\x80\x04\x95\x02\0\0\0\0\0\0\0J\x01\0\0\0.", pickle.UnpicklingError),
        (b"\x80\x06.", ValueError),
        (b"\x80\x02.", pickle.UnpicklingError),
        (b"\x80\x02h\x07.", pickle.UnpicklingError),
        (b"\x80\x02t.", pickle.UnpicklingError),
        (b"\x80\x02\xff.", pickle.UnpicklingError),
        (b"\x80\x02(K\x01d.", pickle.UnpicklingError),
        (b"\x80\x02I1x\n.", ValueError),
        (b"\x80\x02X\x01\0\0\0\xff.", UnicodeDecodeError),
        (b"\x80\x02}]K\x01s.", TypeError),
        (b"\x80\x02}(K\x01K\x02]K\x03u.", TypeError),
        (b"\x80\x02K\x01K\x02a.", AttributeError),
        (b"\x80\x02K\x01)R.", TypeError),
        (b"\x80\x02K\x01)\x81.", TypeError),
        (b"\x80\x02)\x85)\x81.", TypeError),
        (b"\x80\x02K\x01}\x8c\x01aK\x01sb.", AttributeError),
        (b"\x80\x02cno_such_module\nx\n.", ModuleNotFoundError),
        (b"\x80\x02cos\nno_such_name\n.", AttributeError),
        (b"\x80\x04K\x01K\x02\x93.", pickle.UnpicklingError),
        (b"\x80\x02\x84\0\0\0\0.", pickle.UnpicklingError),
        (b"I" + b"9" * 5000 + b"\n.", ValueError),
    ],
)
def test_errors_are_of_the_classes_that_pickle_raises(data, error):
    with pytest.raises(error):
        loads(data)
    with pytest.raises(Exception):  # noqa: B017: of whatever class
        pickle._loads(data)


def test_numbers_in_digits_are_bounded_and_others_are_not():
    assert loads(b"\x80\x02\x8b" + struct.pack("<i", 10**5) + b"\x7f" * 10**5 + b".").bit_length() == 8 * 10**5 - 1
    assert loads(b"L" + b"9" * 4000 + b"L\n.") == int("9" * 4000)


def test_every_cut_of_a_pickle_is_an_error():
    for protocol in PROTOCOLS:
        data = pickle._dumps([Plain(a=1.5), "text", b"bytes", (1, 2**70), {"k": {3}}, datetime.date.min], protocol)
        for end in range(len(data)):
            with pytest.raises((demijohn.DemijohnError, ImportError, AttributeError)):
                loads(data[:end])


@settings(max_examples=300, deadline=None)
@given(data=st.data(), protocol=st.sampled_from(PROTOCOLS))
def test_damage_is_an_error_or_another_object_and_nothing_worse(data, protocol):
    # Names stay as they are: what else might be imported is not for a test to try.
    whole = pickle._dumps([1, "text", b"bytes", 2.5, (None, {"k": [2**70]}), {3}], protocol)
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = bytearray(whole)
    broken[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte not in b"ci\x93P"))
    try:
        loads(bytes(broken))
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, LookupError, TypeError, ValueError):
        pass


# Depth and size.


def test_depth_costs_no_stack():
    depth = 200_000
    for data, innermost in [
        (b"]" * depth + b"a" * (depth - 1) + b".", []),
        (b"(" * depth + b"t" * depth + b".", ()),
        (b")" + b"\x85" * (depth - 1) + b".", ()),
    ]:
        nested = loads(b"\x80\x02" + data)
        for _ in range(depth - 1):
            (nested,) = nested
        assert nested == innermost


def test_deep_keys_are_an_error_and_no_crash():
    deep = b")" + b"\x85" * 500_000
    for data in (b"}" + deep + b"K\x01s.", b"}(" + deep + b"K\x01u.", b"\x8f(" + deep + b"\x90.", b"(" + deep + b"\x91."):
        with pytest.raises(RecursionError):
            loads(b"\x80\x04" + data)


def test_keys_that_would_take_years_to_hash_are_an_error():
    with pytest.raises(demijohn.LimitError):
        loads(b"\x80\x04})" + b"2\x86" * 60 + b"K\x01s.")


def test_claimed_sizes_cost_nothing():
    for opcode, size in [
        (b"\x8e", struct.pack("<Q", 2**62)),
        (b"\x8d", struct.pack("<Q", 2**40)),
        (b"\x96", struct.pack("<Q", 2**40)),
        (b"B", b"\xff\xff\xff\xff"),
        (b"\x8b", struct.pack("<i", 2**31 - 1)),
    ]:
        tracemalloc.start()
        try:
            with pytest.raises(EOFError):
                loads(b"\x80\x05" + opcode + size + b"abc")
            assert tracemalloc.get_traced_memory()[1] < 1 << 20
        finally:
            tracemalloc.stop()


def test_huge_memo_numbers_cost_nothing():
    assert loads(b"\x80\x02K\x07r\xff\xff\xff\xff0j\xff\xff\xff\xff.") == 7


# What is left behind.

UNHASHABLE = b"\x80\x02]}]K\x01s."


def leaks(work):
    """How many blocks of Python's memory a hundred runs leave behind, once all caches are full."""

    def grown():
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(100):
            work()
        gc.collect()
        return sys.getallocatedblocks() - before

    return min(grown() for _ in range(5))


def test_nothing_is_left_of_loading():
    data = [pickle._dumps(value, protocol) for value in (OBJECTS[30:60], list(cycles())) for protocol in (2, 4)]

    def work():
        for each in data:
            loads(each)

    assert leaks(work) < 50


def test_nothing_is_left_of_failing():
    data = pickle._dumps([Plain(a=[1, (2, "x")]), {"k": datetime.date.min}, {1, 2}], 4)

    def work():
        for broken in [*(data[:end] for end in range(0, len(data), 9)), UNHASHABLE, b"\x80\x04(]\x85\x85\x91."]:
            try:
                loads(broken)
            except (demijohn.DemijohnError, AttributeError, ImportError, TypeError):
                continue
            raise AssertionError(broken)

    assert leaks(work) < 50


def test_counts_of_shared_objects_are_right():
    marker = Plain
    before = sys.getrefcount(marker)
    loaded = loads(pickle._dumps([Plain] * 100))
    assert sys.getrefcount(marker) - before == 100
    del loaded
    assert sys.getrefcount(marker) == before


def test_threads_load_at_the_same_time():
    data = demijohn.dumps({"a": np.arange(100_000), "b": list(range(10_000))}, "gzip")
    failed = []

    def work():
        for _ in range(5):
            loaded = demijohn.loads(data)
            if loaded["b"][-1] != 9999 or loaded["a"].sum() != 4999950000:
                failed.append(loaded)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


# CPython's own tests of unpicklers.

try:
    from test import pickletester
except ImportError:
    pickletester = None
    print("skip: the tests of CPython are not installed (the module test.pickletester)")
else:

    class TestOfCPython(pickletester.AbstractUnpickleTests, unittest.TestCase):
        """All of them apply that load without arguments: joblib has no `encoding`, `errors`, `fix_imports`, `buffers`."""

        # Ours are all `CorruptError`, which is an `UnpicklingError`, or `TruncatedError`, which is an `EOFError`.
        bad_stack_errors = (pickle.UnpicklingError,)
        truncated_errors = (pickle.UnpicklingError, EOFError, AttributeError, ImportError)

        def loads(self, data, **arguments):
            if arguments:
                self.skipTest(f"joblib has no {', '.join(arguments)}")
            return loads(data)


@pytest.mark.parametrize("claim", [2, 3, 100, 1 << 62])
def test_a_frame_that_claims_more_than_follows_its_stop_is_loaded_as_joblib_loads_it(claim):
    """``pickle.py``, and joblib with it, reads as much of a frame as there is; the module in C wants all of it."""
    data = b"\x80\x04\x95" + claim.to_bytes(8, "little") + b"K\x07."
    for load in (demijohn.load, demijohn.safe_load, joblib.load, pickle._load):
        assert load(io.BytesIO(data)) == 7
    for load in (demijohn.load, joblib.load):
        with pytest.raises(EOFError):
            load(io.BytesIO(data[:-1]))
