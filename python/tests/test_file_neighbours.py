"""Compressed files under what else reads and writes files."""

import csv
import io
import json
import pickle
import shutil
import tarfile
import zipfile

import numpy as np
import pytest

import demijohn
from streams import CODECS, LINES, TEXT, coded, every_codec


@every_codec
def test_shutil_copyfileobj(codec, tmp_path):
    text = TEXT * 1000
    (tmp_path / "plain").write_bytes(text)
    with open(tmp_path / "plain", "rb") as plain, demijohn.open(tmp_path / "coded", "wb", compression=codec) as file:
        shutil.copyfileobj(plain, file)
    with demijohn.open(tmp_path / "coded") as file, open(tmp_path / "again", "wb") as again:
        shutil.copyfileobj(file, again)
    assert (tmp_path / "again").read_bytes() == text


@every_codec
def test_numpy(codec, tmp_path):
    # numpy reads from the descriptor of what it takes for a file of the system's.
    arrays = {"a": np.arange(100_000.0), "b": np.arange(6).reshape(2, 3)}
    with demijohn.open(tmp_path / "file", "wb", compression=codec) as file:
        for array in arrays.values():
            np.save(file, array)
    with demijohn.open(tmp_path / "file") as file:
        for array in arrays.values():
            np.testing.assert_array_equal(np.load(file), array)
    with demijohn.open(tmp_path / "file", "wb", compression=codec) as file:
        np.savez(file, **arrays)
    with demijohn.open(tmp_path / "file") as file:
        loaded = np.load(file)
        assert loaded.keys() == arrays.keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(loaded[key], array)


@every_codec
def test_pickle(codec):
    thing = {"a": [1, 2, 3], "b": np.arange(1000)}
    sink = io.BytesIO()
    with demijohn.open(sink, "wb", compression=codec) as file:
        pickle.dump(thing, file)
    with demijohn.open(io.BytesIO(sink.getvalue())) as file:
        loaded = pickle.load(file)
    assert loaded["a"] == thing["a"]
    np.testing.assert_array_equal(loaded["b"], thing["b"])


@every_codec
def test_tarfile(codec, tmp_path):
    with demijohn.open(tmp_path / "file.tar", "wb", compression=codec) as file, tarfile.open(
        fileobj=file, mode="w"
    ) as tar:
        for n, line in enumerate(LINES):
            member = tarfile.TarInfo(f"{n}.txt")
            member.size = len(line)
            tar.addfile(member, io.BytesIO(line))
    for mode in ("r:", "r|"):
        with demijohn.open(tmp_path / "file.tar") as file, tarfile.open(fileobj=file, mode=mode) as tar:
            assert [tar.extractfile(member).read() for member in tar] == LINES


@every_codec
def test_zipfile(codec, tmp_path):
    with demijohn.open(tmp_path / "file.zip", "wb", compression=codec) as file, zipfile.ZipFile(file, "w") as archive:
        for n, line in enumerate(LINES):
            archive.writestr(f"{n}.txt", line)
    with demijohn.open(tmp_path / "file.zip") as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        # Not in order.
        for n in (20, 3, 11):
            assert archive.read(f"{n}.txt") == LINES[n]


@every_codec
def test_csv_and_json(codec, tmp_path):
    rows = [["a", "b,c"], ["1", "2"]]
    with demijohn.open(tmp_path / "file.csv", "wt", compression=codec, newline="") as file:
        csv.writer(file).writerows(rows)
    with demijohn.open(tmp_path / "file.csv", "rt", newline="") as file:
        assert list(csv.reader(file)) == rows
    with demijohn.open(tmp_path / "file.json", "wt", compression=codec, encoding="utf-8") as file:
        json.dump(rows, file)
    with demijohn.open(tmp_path / "file.json", "rt", encoding="utf-8") as file:
        assert json.load(file) == rows


@every_codec
def test_pandas(codec, tmp_path):
    pandas = pytest.importorskip("pandas", reason="skip: pandas is not installed")
    frame = pandas.DataFrame({"n": range(1000), "x": np.linspace(0, 1, 1000), "s": ["größe"] * 1000})
    with demijohn.open(tmp_path / "file", "wb", compression=codec) as file:
        frame.to_csv(file, index=False)
    with demijohn.open(tmp_path / "file") as file:
        pandas.testing.assert_frame_equal(pandas.read_csv(file), frame)
    with demijohn.open(tmp_path / "file", "rt", encoding="utf-8") as file:
        pandas.testing.assert_frame_equal(pandas.read_csv(file, chunksize=None), frame)


def test_one_compressed_file_in_another():
    # Twice compressed, as it happens to files with two extensions.
    inner = coded(TEXT, "zstd")
    with demijohn.open(io.BytesIO(coded(inner, "gzip"))) as outer, demijohn.open(outer) as file:
        assert (outer.compression, file.compression) == ("gzip", "zstd")
        assert file.read() == TEXT
    for codec in CODECS:
        sink = io.BytesIO()
        with demijohn.open(sink, "wb", compression="gzip") as outer, demijohn.open(outer, "wb", compression=codec) as file:
            file.write(TEXT)
        with demijohn.open(io.BytesIO(sink.getvalue())) as outer, demijohn.open(outer) as file:
            assert file.read() == TEXT
