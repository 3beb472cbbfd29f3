"""Pickling what cannot be pickled, what changes meanwhile, and what is nested too deeply."""

import copyreg
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import types

import pickled
import pytest
from pickled import PROTOCOLS, Plain, Reduces, ReducesEx, dumps


class LiesAboutItsClass:
    __class__ = int


class NoReduce:
    def __getattribute__(self, name):
        if name in ("__reduce__", "__reduce_ex__"):
            raise AttributeError(name)
        return object.__getattribute__(self, name)


class Raises:
    def __reduce__(self):
        raise LookupError("of its own")


class RaisesFromState:
    def __getstate__(self):
        raise LookupError("of its own")


class RaisesFromModule:
    @property
    def __module__(self):
        raise LookupError("of its own")

    def __reduce__(self):
        return "name"


def newobj_called(name):
    def call(*args):
        pass

    call.__name__ = call.__qualname__ = name
    return call


def renamed(name, module=__name__):
    def function():
        pass

    function.__qualname__, function.__module__ = name, module
    return function


def local_class():
    class Local:
        pass

    return Local


NONSENSE = [
    *[Reduces(answer) for answer in (None, 1, [], [list, ()], (), (list,), (list,) * 7)],
    *[Reduces((list, args)) for args in (None, [], "ab", 1)],
    *[Reduces((callable_, ())) for callable_ in (None, 1, "list")],
    *[Reduces((list, (), None, items)) for items in (1, object(), list)],
    *[Reduces((dict, (), None, None, pairs)) for pairs in (1, [1], [(1,)], [(1, 2, 3)], ["a"], ["abc"], [None])],
    *[Reduces((copyreg.__newobj__, args)) for args in ((), (1,), (None,), (int,), (Plain,))],
    *[Reduces((copyreg.__newobj_ex__, args)) for args in ((), (int,), (int, (), {}), (1, (), {}), (int, 1, 2, 3))],
    *[Reduces((newobj_called("__newobj__"), args)) for args in ((), (1,), (Reduces,))],
    *[Reduces((newobj_called("__newobj_ex__"), args)) for args in ((1,), (Reduces, 1, {}), (Reduces, (), 1))],
    *[Reduces(name) for name in ("", "nothing", "Plain", "a.b.c", "Reduces.answer", ".", "\ud800")],
    *[ReducesEx(None), ReducesEx(()), ReducesEx("nothing")],
    *[Raises(), RaisesFromState(), RaisesFromModule(), NoReduce(), LiesAboutItsClass()],
    *[lambda: None, local_class(), local_class()(), renamed("nothing"), renamed("dumps"), renamed("a.b")],
    *[renamed("x", None), renamed("x", "no.such.module"), renamed("x", ""), renamed("x", 5)],
    *[(i for i in ()), sys, threading.Lock(), memoryview(b"ab"), sys._getframe(), types.SimpleNamespace(a=sys)],
    *[[object(), sys], {"a": sys}, {1: {2: (3, {sys})}}, frozenset({sys})],
    *[open(os.devnull), type("Dynamic", (), {}), type("Dynamic", (), {})()],
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_pickle_refuses_is_refused_with_the_same_class_of_exception(protocol):
    refused = 0
    for value in NONSENSE:
        expected, got = pickled.outcome(pickle._dumps, value, protocol), pickled.outcome(dumps, value, protocol)
        if isinstance(expected, bytes):
            assert got == expected, value
        else:
            refused += 1
            assert got is expected, value
    assert refused > 60


@pytest.mark.parametrize("value", [lambda: None, renamed("nothing"), renamed("dumps"), renamed("x", "no.such")], ids=repr)
def test_what_has_no_name_is_refused_in_the_words_of_pickle(value):
    with pytest.raises(pickle.PicklingError) as expected:
        pickle._dumps(value, 4)
    with pytest.raises(pickle.PicklingError) as got:
        dumps(value, 4)
    assert str(got.value) == str(expected.value)


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_names_beyond_ascii_take_protocol_3(protocol):
    function = renamed("naïve")
    globals()["naïve"] = function
    assert dumps(function, 3) == pickle._dumps(function, 3)
    with pytest.raises(pickle.PicklingError, match="protocol"):
        dumps(function, protocol)


def test_an_exception_is_what_was_raised_and_says_where():
    error = LookupError("of its own")

    class RaisesThis:
        def __reduce__(self):
            raise error

    with pytest.raises(LookupError) as got:
        dumps({"a": [1, Reduces((Plain, (), {"b": (2, RaisesThis())}))]}, 4)
    assert got.value is error
    assert error.__notes__ == [
        "when serializing tuple item 1",
        "when serializing dict item 'b'",
        "when serializing pickled.Reduces state",
        "when serializing pickled.Reduces object",
        "when serializing list item 1",
        "when serializing dict item 'a'",
    ]


def test_extension_codes_are_used():
    for code in (1, 255, 256, 65535, 65536, 2**31 - 1):
        copyreg.add_extension("pickled", "Plain", code)
        try:
            for protocol in PROTOCOLS:
                assert dumps([Plain] * 2, protocol) == pickle._dumps([Plain] * 2, protocol)
        finally:
            copyreg.remove_extension("pickled", "Plain", code)


@pytest.mark.parametrize("code", [0, -1, 2**31, 2**1000, "1"])
def test_extension_codes_out_of_range_are_refused(code, monkeypatch):
    monkeypatch.setitem(copyreg._extension_registry, ("pickled", "Plain"), code)
    with pytest.raises((RuntimeError, OverflowError, TypeError)):
        dumps(Plain, 2)


def test_the_dispatch_table_goes_before_the_object(monkeypatch):
    monkeypatch.setitem(copyreg.dispatch_table, Plain, lambda value: (list, (), None, [value.number]))
    monkeypatch.setitem(copyreg.dispatch_table, pickled.Meta, lambda value: "known")
    for value in (Plain(), pickled.WithMeta):
        for protocol in PROTOCOLS:
            expected = pickled.outcome(pickle._dumps, value, protocol)
            assert pickled.outcome(dumps, value, protocol) == expected


def test_dicts_and_sets_that_change_their_size_are_noticed():
    for make, change in [
        (lambda value: {0: value, 1: 1, 2: 2}, lambda d: d.clear()),
        (lambda value: {0: value, 1: 1, 2: 2}, lambda d: d.update({3: 3})),
        (lambda value: {value, 1, 2}, lambda s: s.clear()),
        (lambda value: {value, 1, 2}, lambda s: s.update(range(100))),
    ]:
        value = Reduces(None)
        container = make(value)
        value.__class__ = type("Acting", (Reduces,), {"__reduce__": lambda _: (change(container), (list, ()))[1]})
        with pytest.raises(RuntimeError, match="changed size during iteration"):
            dumps(container, 4)


def test_a_dict_that_never_ends_is_noticed():
    container = {}

    class Moves:
        def __reduce__(self):
            # As many as before, but another one at the end.
            container.pop(next(iter(container)))
            container[Moves()] = None
            return list, ()

    container.update((Moves(), None) for _ in range(10))
    with pytest.raises(RuntimeError, match="changed during iteration"):
        dumps(container, 4)


def test_lists_may_change():
    value = [1, None, 2, 3]
    value[1] = Reduces(None)
    for change, rest in [
        (lambda: value.append(4), [2, 3, 4]),
        (lambda: value.__delitem__(slice(2, None)), []),
        (lambda: value.extend(range(3000)), [2, 3, *range(3000)]),
        (value.clear, []),
    ]:
        value[:] = [1, value[1], 2, 3] if len(value) > 1 else [1, Reduces(None), 2, 3]
        value[1].__class__ = type("Acting", (Reduces,), {"__reduce__": lambda _, act=change: (act(), (str, ()))[1]})
        assert pickle.loads(dumps(value, 4)) == [1, "", *rest]


def run(code, *arguments):
    """Runs a program, so that a crash is a failure and not the end of the tests.

    What it frees is overwritten, large pieces are unmapped: using them would not go unnoticed.
    """
    environment = {**os.environ, "PYTHONMALLOC": "debug", "MALLOC_MMAP_THRESHOLD_": "65536", "PYTHONPATH": os.path.dirname(__file__)}
    command = [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def assert_fine(code):
    done = run(code)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("fine\n"), done.stdout


def test_containers_that_lose_their_items_do_no_harm():
    assert_fine(
        """
        import gc, random
        from demijohn import _native

        rng = random.Random(7)

        class Evil:
            def __init__(self, roots): self.roots = roots
            def __hash__(self): return rng.randrange(50)
            def __eq__(self, other): return self is other
            def __reduce__(self):
                for root in self.roots:
                    act = rng.randrange(6)
                    if isinstance(root, list):
                        if act == 0: root.clear()
                        elif act == 1: root[:] = [[i] for i in range(rng.randrange(2500))]
                        elif root: root[rng.randrange(len(root))] = {"new": [str(act)]}
                    elif isinstance(root, dict):
                        if act == 0: root.clear()
                        elif act == 1: root.update({str(i): [i] for i in range(50)})
                        elif root: root[next(iter(root))] = (act, [act])
                    elif isinstance(root, bytearray):
                        try: root.clear(); root.extend(bytes(200000 + rng.randrange(100000)))
                        except BufferError: pass
                    else:
                        if act == 0: root.clear()
                        elif act == 1: root.update(range(rng.randrange(1000)))
                if rng.random() < .1: gc.collect()
                return Evil, ([str(rng.random()), [rng.random()]],), {"x": [rng.random()]}, None, None, set_state

        def set_state(value, state): pass

        class File:
            # What is written to runs in the middle of everything.
            def __init__(self, evil): self.evil = evil
            def write(self, data):
                self.evil.__reduce__()
                return len(data)

        for turn in range(10):
            roots = [[], {}, set(), bytearray(200000), []]
            evil = Evil(roots)
            roots[0].extend([evil, ["a" * 1000 * turn], roots[1], roots[2], roots[3], Evil(roots)])
            roots[0].extend([(1, Evil(roots), "a", 2.5), frozenset({Evil(roots), "b"}), (Evil(roots), (Evil(roots), "c"))])
            roots[1].update({"k": evil, 1: [2], "s": roots[4], evil: "v", ("t", evil): [Evil(roots)]})
            roots[2].update([Evil(roots), 1, ("x", evil)])
            roots[4].extend([[str(i)] for i in range(3000)])
            for value in (roots, roots[0], {"r": roots}, (roots, (evil, roots[3]))):
                for protocol in (0, 2, 4, 5):
                    try: _native.dump_bytes(value, None, None, protocol)
                    except RuntimeError: pass
                    try: _native.dump_file(value, File(evil), None, None, protocol)
                    except RuntimeError: pass
        print("fine")
        """
    )


def test_threads_may_change_what_is_dumped():
    assert_fine(
        """
        import sys, threading, tempfile, os
        from demijohn import _native

        sys.setswitchinterval(1e-5)
        values = [[str(i) for i in range(3000)], {str(i): [i] for i in range(3000)}, set(range(3000)), bytearray(200000)]
        done = threading.Event()

        def change():
            i = 0
            while not done.is_set():
                i += 1
                values[0][:] = [[str(i)] for i in range(i % 5000)]
                values[1].clear(); values[1].update({str(j): [j] for j in range(i % 5000)})
                values[2].clear(); values[2].update(range(i % 5000))
                try: values[3][:] = bytes(200000 + i % 7)
                except BufferError: pass

        threads = [threading.Thread(target=change) for _ in range(2)]
        for thread in threads: thread.start()
        with tempfile.TemporaryDirectory() as folder:
            for turn in range(60):
                for format in (None, "zlib"):
                    try: _native.dump_path(values, os.path.join(folder, "x"), format, None, 4)
                    except RuntimeError as e: assert "during iteration" in str(e), e
        done.set()
        for thread in threads: thread.join()
        print("fine")
        """
    )


NESTED = """
    import sys, threading
    from demijohn import _native

    class Node:
        def __init__(self, inner): self.inner = inner

    def nested(wrap, depth):
        value = None
        for _ in range(depth): value = wrap(value)
        return value

    def unwind(value):
        # Freeing what is nested this deeply is another matter.
        while value is not None:
            value = value.inner if isinstance(value, Node) else next(iter(value.values() if isinstance(value, dict) else value))

    wraps = [lambda v: [v], lambda v: (v,), lambda v: (1, 2, 3, 4, v)[4:] or v, lambda v: {"k": v}, lambda v: frozenset([v]), Node]

    def check(depth):
        for wrap in wraps:
            value = nested(wrap, depth)
            for protocol in (0, 2, 4):
                try: _native.dump_bytes(value, None, None, protocol)
                except RecursionError: pass
                else: raise AssertionError("no error")
            unwind(value)
"""


def test_nesting_is_held_to_the_limit_of_the_interpreter():
    assert_fine(NESTED + '\n    check(30_000)\n    print("fine")')
    assert pickle.loads(dumps(nested_list(300), 4)) == nested_list(300)


def nested_list(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("stack", [0, 128 << 10, 256 << 10, 1 << 20])
def test_nesting_is_held_to_the_real_stack_where_the_limit_was_raised(stack):
    code = f"""
    sys.setrecursionlimit(10_000_000)
    threading.stack_size({stack})
    failed = []

    def work():
        try: check(100_000)
        except BaseException as e: failed.append(e)

    if {stack}:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    else:
        work()
    assert not failed, failed
    print("fine")
    """
    assert_fine(NESTED + code)
