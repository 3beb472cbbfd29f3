"""The types that the package declares: consistent in themselves, and true of what is there."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import demijohn

pytest.importorskip("mypy")

USE = """
import io
import demijohn
import demijohn.joblib

names: list[str] | None = demijohn.dump({"a": 1}, "a.pkl.gz", compress=("zlib", 3))
demijohn.dump([1], io.BytesIO())
data: bytes = demijohn.dumps((1, 2), "zstd")
demijohn.load("a.pkl.gz", mmap_mode="r")
demijohn.joblib.dump([1], "a.pkl")
with demijohn.open("a.txt.zst", "wb") as file:
    n: int = file.write(b"text")
codec: str | None = demijohn.detect("a.txt.zst")
names_of: list[str] = [codec.name for codec in demijohn.codecs()]
"""

WRONG = """
import demijohn

demijohn.dump({"a": 1}, 5)
demijohn.load("a", mmap_mode="x")
demijohn.compress("text")
"""


def check(*arguments, cwd):
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def test_the_package_is_typed(tmp_path):
    found = check("mypy", "--strict", "--package", "demijohn", cwd=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.skipif(importlib.util.find_spec("pyright") is None, reason="skip: pyright is not installed")
def test_pyright_agrees(tmp_path):
    # It looks closely at what it is pointed at only, and not at what is installed.
    shutil.copytree(Path(demijohn.__file__).parent, tmp_path / "demijohn", ignore=shutil.ignore_patterns("*.so"))
    (tmp_path / "use.py").write_text(USE)
    found = check("pyright", "--pythonpath", sys.executable, "demijohn", "use.py", cwd=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    (tmp_path / "wrong.py").write_text(WRONG)
    found = check("pyright", "--pythonpath", sys.executable, "wrong.py", cwd=tmp_path)
    assert found.stdout.count("error:") == 3, found.stdout


def test_the_stubs_are_true_of_the_native_module(tmp_path):
    # What a star import takes of it is of no interest.
    (tmp_path / "allowed.txt").write_text("demijohn._native.__all__\n")
    found = check("mypy.stubtest", "demijohn._native", "--allowlist", "allowed.txt", cwd=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr


def test_uses_are_checked(tmp_path):
    (tmp_path / "use.py").write_text(USE)
    found = check("mypy", "--strict", "use.py", cwd=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    (tmp_path / "wrong.py").write_text(WRONG)
    found = check("mypy", "--strict", "wrong.py", cwd=tmp_path)
    assert found.stdout.count("error:") == 3, found.stdout


def test_everything_exported_has_a_docstring():
    missing = [name for name in demijohn.__all__ if not name.startswith("_") and not getattr(demijohn, name).__doc__]
    assert not missing
