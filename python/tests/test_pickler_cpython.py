"""The interpreter's own tests of pickling."""

import pickle
import unittest

import pytest
from demijohn import _native

try:
    from test import pickletester
except ImportError:
    print("skip: this Python comes without its tests")
    pytest.skip("this Python comes without its tests", allow_module_level=True)


def dumps(value, protocol=None, *, fix_imports=True, buffer_callback=None):
    if not fix_imports or buffer_callback is not None:
        raise unittest.SkipTest("files of joblib have Python 2's names below protocol 3, and all buffers inside")
    if protocol is None:
        protocol = pickle.DEFAULT_PROTOCOL
    return _native.dump_bytes(value, None, None, protocol)


class Pickling(pickletester.AbstractPickleTests, unittest.TestCase):
    pickler = None  # Not to be derived from.
    unpickler = pickle.Unpickler

    def dumps(self, value, protocol=None, **options):
        return dumps(value, protocol, **options)

    def loads(self, data, **options):
        return pickle.loads(data, **options)

    @unittest.skip("arrays are written as joblib does, which pickle does not read")
    def test_buffers_numpy(self):
        pass

    @unittest.skip("asks for a class of pickler to derive from")
    def test_evil_pickler_mutating_collection(self):
        pass

    @unittest.skip("asks for a class of pickler whose memo can be switched off")
    def test_framing_large_objects(self):
        pass

    @unittest.skip("asks for a class of pickler, to see each of its writes")
    def test_framed_write_sizes_with_delayed_writer(self):
        pass


# From Python 3.13 on.
if hasattr(pickletester, "AbstractPicklingErrorTests"):

    class PicklingErrors(pickletester.AbstractPicklingErrorTests, unittest.TestCase):
        # Whose exceptions are expected.
        pickler = pickle._Pickler

        def dumps(self, value, protocol=None, **options):
            return dumps(value, protocol, **options)
