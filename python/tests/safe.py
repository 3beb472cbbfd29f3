"""What the tests of ``safe_load`` have in common."""

import io

import joblib

from demijohn import _native


def load(data, trusted=()):
    return _native.load_bytes(data, True, frozenset(trusted))


def dumped(value, protocol=4):
    file = io.BytesIO()
    joblib.dump(value, file, protocol=protocol)
    return file.getvalue()
