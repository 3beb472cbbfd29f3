"""The examples in the package's documentation."""

import doctest
import importlib
import pkgutil

import numpy
import pytest

import demijohn

MODULES = [name for _, name, _ in pkgutil.walk_packages(demijohn.__path__, "demijohn.") if "__main__" not in name]


@pytest.mark.parametrize("name", ["demijohn", *MODULES])
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs={"demijohn": demijohn, "numpy": numpy}, optionflags=doctest.ELLIPSIS)
    assert failed == 0
