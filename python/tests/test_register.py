"""Our formats in stock joblib, fsspec and numcodecs."""

import subprocess
import sys

import numpy as np
import pytest

JOBLIB = """
import joblib, demijohn, numpy as np, sys
force = sys.argv[1] == "force"
value = {"weights": np.arange(1000.0), "name": "small"}
first = demijohn.register(force=force)
assert demijohn.register(force=force) == first, "a second call changes nothing"
assert set(first["joblib"]) >= {"zstd", "snappy", "blosc", "lzo"}
assert ("gzip" in first["joblib"]) == force
for name, extension in [("zstd", ".zst"), ("snappy", ".sz"), ("blosc", ".blp"), ("lzo", ".lzo"), ("gzip", ".gz"),
                        ("zlib", ".z"), ("bz2", ".bz2"), ("xz", ".xz"), ("lzma", ".lzma"), ("lz4", ".lz4")]:
    for path, compress in [("a" + extension, 0), ("b.pkl", name), ("c.pkl", (name, 3)), ("d" + extension, 3)]:
        joblib.dump(value, path, compress)
        assert demijohn.detect(path) == name, (path, compress, demijohn.detect(path))
        for load in (joblib.load, demijohn.load):
            loaded = load(path)
            assert loaded["name"] == "small" and (loaded["weights"] == value["weights"]).all()
"""


@pytest.mark.parametrize("force", ["gently", "force"])
def test_stock_joblib_learns_the_formats(force, tmp_path):
    # In a process of its own: what is registered cannot be taken back.
    subprocess.run([sys.executable, "-c", JOBLIB, force], cwd=tmp_path, check=True)


LOKY = """
import demijohn, joblib, sys
from joblib.externals.loky import get_reusable_executor

def there_and_back(path):
    joblib.dump(list(range(100)), path)
    return joblib.load(path), demijohn.detect(path)

if __name__ == "__main__":
    executor = get_reusable_executor(max_workers=2, initializer=demijohn.register)
    for value, codec in executor.map(there_and_back, ["a.zst", "b.zst", "c.zst"]):
        assert value == list(range(100)) and codec == "zstd", codec
    executor.shutdown()
"""


def test_workers_of_loky_learn_them_too(tmp_path):
    (tmp_path / "program.py").write_text(LOKY)
    subprocess.run([sys.executable, "program.py"], cwd=tmp_path, check=True)


DASK = """
import demijohn, joblib
from dask.distributed import Client, LocalCluster

def there_and_back(path):
    joblib.dump(list(range(100)), path)
    return joblib.load(path), demijohn.detect(path)

if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.run(demijohn.register)
        client.run(demijohn.register)
        value, codec = client.submit(there_and_back, "a.zst").result()
        assert value == list(range(100)) and codec == "zstd", codec
"""


def test_workers_of_dask_learn_them_too(tmp_path):
    pytest.importorskip("distributed")
    (tmp_path / "program.py").write_text(DASK)
    subprocess.run([sys.executable, "program.py"], cwd=tmp_path, check=True)


FSSPEC = """
import demijohn, fsspec
assert "zstd" in demijohn.register(force=True)["fsspec"]
for extension in ["zst", "sz", "lzo", "blp"]:
    with fsspec.open(f"a.txt.{extension}", "wb", compression="infer") as file:
        file.write(b"so much text")
    with fsspec.open(f"a.txt.{extension}", "rb", compression="infer") as file:
        assert file.read() == b"so much text"
    assert demijohn.detect(f"a.txt.{extension}") is not None
"""


def test_fsspec_opens_them(tmp_path):
    pytest.importorskip("fsspec")
    subprocess.run([sys.executable, "-c", FSSPEC], cwd=tmp_path, check=True)


def test_numcodecs_has_a_codec():
    numcodecs = pytest.importorskip("numcodecs")
    import demijohn

    assert demijohn.register()["numcodecs"] == ["demijohn"]
    data = np.arange(1000, dtype="<i4")
    for compression in ["zstd", "gzip", "blosc", "snappy"]:
        codec = numcodecs.get_codec({"id": "demijohn", "compression": compression})
        coded = codec.encode(data)
        assert demijohn.detect(coded) == compression
        assert bytes(codec.decode(coded)) == data.tobytes()
        out = np.empty_like(data)
        codec.decode(coded, out)
        np.testing.assert_array_equal(out, data)
        assert numcodecs.get_codec(codec.get_config()) == codec
