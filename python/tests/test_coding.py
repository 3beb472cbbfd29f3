"""compress, decompress, detect and codecs."""

import array
import bz2
import gzip
import io
import lzma
import mmap
import os
import pickle
import signal
import subprocess
import sys
import zlib

import numpy as np
import pytest

import demijohn
from streams import (
    BAD_DATA,
    CODECS,
    TEXT,
    Unseekable,
    coded,
    every_codec,
    joining,
    measures_memory,
    not_joining,
)

OTHERS = {"gzip": gzip, "zlib": zlib, "bz2": bz2, "xz": lzma, "lzma": lzma}


@every_codec
def test_there_and_back(codec):
    for data in (b"", b"a", TEXT, os.urandom(300_000), TEXT * 1000):
        small = demijohn.compress(data, codec)
        assert type(small) is bytes
        assert demijohn.decompress(small) == data
        assert demijohn.decompress(small, codec) == data
        if codec in OTHERS:
            assert OTHERS[codec].decompress(small) == data


@every_codec
def test_a_file_is_the_same_bytes(codec):
    # But for formats that note the size of the data in front of it, if it is known.
    if codec not in ("zstd", "lz4", "blosc"):
        assert demijohn.compress(TEXT, codec) == coded(TEXT, codec)
    assert demijohn.compress(TEXT, codec, threads=2) == demijohn.compress(TEXT, codec)


def test_zstd_is_what_one_gets():
    assert demijohn.detect(demijohn.compress(TEXT)) == "zstd"


@every_codec
def test_levels(codec):
    levels = CODECS[codec].levels
    if levels is None:
        with pytest.raises(ValueError, match="level"):
            demijohn.compress(TEXT, codec, 3)
        return
    assert demijohn.compress(TEXT, (codec, levels[1])) == demijohn.compress(TEXT, codec, levels[1])
    with pytest.raises(ValueError, match="level"):
        demijohn.compress(TEXT, codec, levels[1] + 1)


@every_codec
@pytest.mark.parametrize(
    "data",
    [
        bytearray(TEXT),
        memoryview(TEXT),
        array.array("d", [1.5] * 100),
        np.arange(12.0).reshape(3, 4),
        np.float16(1),
        np.array("2026-11-26", "M8[s]"),
    ],
    ids=["bytearray", "memoryview", "array", "numpy", "scalar", "time"],
)
def test_any_bytes(codec, data):
    plain = data.tobytes() if hasattr(data, "tobytes") else bytes(data)
    small = demijohn.compress(data, codec)
    assert demijohn.decompress(small) == plain
    for form in (bytearray, memoryview, lambda small: np.frombuffer(small, np.uint8)):
        assert demijohn.decompress(form(small), codec) == plain


def test_blosc_shuffles_the_elements_of_arrays():
    values = np.arange(100_000, dtype=np.int64)
    assert len(demijohn.compress(values, "blosc")) < len(demijohn.compress(values.tobytes(), "blosc")) / 2


def test_a_head_that_is_known_at_the_end():
    # More than is kept back until then.
    data = os.urandom(6 << 20)
    coded = demijohn.compress(data, "blosc")
    # A table of chunks, the first of which lies behind it.
    assert int.from_bytes(coded[32:40], "little") == 32 + 8 * 6
    assert demijohn.decompress(coded) == data


def test_what_is_not_bytes():
    for data in ("text", 5, None, [1], io.BytesIO(b"abc")):
        with pytest.raises(TypeError):
            demijohn.compress(data)
        with pytest.raises(TypeError):
            demijohn.decompress(data)
    with pytest.raises(BufferError):
        demijohn.compress(memoryview(TEXT)[::2])
    for compression in (None, 3, b"gzip"):
        with pytest.raises(TypeError):
            demijohn.compress(TEXT, compression)
    with pytest.raises(ValueError, match="gzop"):
        demijohn.compress(TEXT, "gzop")
    with pytest.raises(ValueError, match="gzop"):
        demijohn.decompress(TEXT, "gzop")


@every_codec
def test_damage(codec):
    small = demijohn.compress(TEXT, codec)
    with pytest.raises(demijohn.TruncatedError):
        demijohn.decompress(b"", codec) if codec != "snappy" else demijohn.decompress(small[:-1])
    with pytest.raises(demijohn.CorruptError):
        demijohn.decompress(BAD_DATA, codec)
    for at in range(len(small)):
        damaged = bytearray(small)
        damaged[at] ^= 0x55
        try:
            again = demijohn.decompress(damaged, codec)
        except (demijohn.DemijohnError, EOFError) as error:
            assert isinstance(error, (ValueError, EOFError))
        else:
            # Times and the like; and lzma has no checksum.
            assert again == TEXT or CODECS[codec].checksum is None or codec == "blosc"
        if CODECS[codec].detects_truncation:
            with pytest.raises(EOFError):
                demijohn.decompress(small[:at], codec)


def test_what_no_format_claims():
    with pytest.raises(demijohn.UnknownFormatError, match="this is not"):
        demijohn.decompress(BAD_DATA)
    with pytest.raises(demijohn.TruncatedError, match="empty"):
        demijohn.decompress(b"")
    assert demijohn.decompress(BAD_DATA, "none") == BAD_DATA


@joining
def test_streams_are_joined(codec):
    assert demijohn.decompress(demijohn.compress(TEXT, codec) * 3) == TEXT * 3


@not_joining
def test_streams_are_not_joined(codec):
    small = demijohn.compress(TEXT, codec)
    with pytest.raises(demijohn.TrailingDataError):
        demijohn.decompress(small * 2)
    assert demijohn.decompress(small * 2, tail="ignore") == TEXT
    with pytest.raises(ValueError, match="tail"):
        demijohn.decompress(small, tail="keep")


@every_codec
def test_bombs(codec):
    bomb = demijohn.compress(bytes(5_000_000), codec)
    assert len(demijohn.decompress(bomb, max_output=5_000_000)) == 5_000_000
    for most in (0, 1, 4_999_999):
        with pytest.raises(demijohn.LimitError):
            demijohn.decompress(bomb, max_output=most)


def test_memory_of_the_decoder():
    with pytest.raises(demijohn.LimitError):
        demijohn.decompress(demijohn.compress(os.urandom(100_000), "xz"), max_memory=1 << 16)


def test_nothing_keeps_the_bytes():
    data = bytearray(TEXT)
    small = bytearray(demijohn.compress(data))
    counts = sys.getrefcount(data), sys.getrefcount(small)
    for _ in range(10):
        demijohn.compress(data)
        demijohn.decompress(small)
        demijohn.detect(small)
        for failing in (lambda: demijohn.decompress(data), lambda: demijohn.compress(data, "gzop")):
            with pytest.raises(ValueError):
                failing()
    # Not exported any more.
    data.append(0)
    small.append(0)
    assert (sys.getrefcount(data), sys.getrefcount(small)) == counts


@measures_memory
@pytest.mark.parametrize("codec", ["lz4", "blosc"])
def test_no_memory_for_what_comes_out(codec):
    code = f"""
import os, resource
import demijohn
data = os.urandom(64 << 20)
demijohn.compress(data[:4 << 20], {codec!r}, threads=1)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (40 << 20),) * 2)
try:
    demijohn.compress(data, {codec!r}, threads=1)
except MemoryError:
    pass
else:
    raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_signal_ends_it():
    class Trouble(Exception):
        pass

    def handler(number, frame):
        raise Trouble

    before = signal.signal(signal.SIGALRM, handler)
    counted = []
    try:
        for call in (
            lambda: demijohn.compress(bytes(1 << 30), "gzip"),
            lambda: demijohn.decompress(demijohn.compress(bytes(16 << 20), "gzip") * 200),
        ):
            with pytest.raises(Trouble):
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                counted.append(len(call()))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    # It has not gone on to the end before it heard of it.
    assert counted == []


# Detection.


@every_codec
def test_detect(codec, tmp_path):
    small = demijohn.compress(TEXT, codec)
    path = tmp_path / "file"
    path.write_bytes(small)
    for data in (small, bytearray(small), memoryview(small), array.array("B", small)):
        assert demijohn.detect(data) == codec
    assert demijohn.detect(path) == demijohn.detect(str(path)) == codec
    with open(path, "rb") as file:
        assert demijohn.detect(file) == codec
        assert file.tell() == 0
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            assert demijohn.detect(mapped) == codec
    # Where it stands, and without going anywhere.
    source = io.BytesIO(b"before" + small)
    source.seek(6)
    assert demijohn.detect(source) == codec
    assert source.read() == small
    ahead = io.BufferedReader(Unseekable(small))
    assert demijohn.detect(ahead) == codec
    assert ahead.read() == small


def test_detect_nothing(tmp_path):
    (tmp_path / "file").write_bytes(BAD_DATA)
    for source in (b"", BAD_DATA, tmp_path / "file", io.BytesIO(BAD_DATA)):
        assert demijohn.detect(source) is None
    # Old pickles of lists look like LZMA at first.
    for thing in ([], [1, 2], {"a": 1}, "text", 5):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert demijohn.detect(pickle.dumps(thing, protocol)) is None


def test_what_cannot_be_detected(tmp_path):
    with pytest.raises(io.UnsupportedOperation, match="peek"):
        demijohn.detect(Unseekable(TEXT))
    with pytest.raises(FileNotFoundError):
        demijohn.detect(tmp_path / "missing")
    for source in (5, None, object()):
        with pytest.raises(TypeError):
            demijohn.detect(source)


def test_codecs():
    names = [codec.name for codec in demijohn.codecs()]
    assert {"zlib", "gzip", "bz2", "lzma", "xz", "zstd", "lz4", "snappy", "blosc", "lzo"} == set(names)
    for codec in demijohn.codecs():
        assert isinstance(codec, demijohn.Codec)
        assert codec.name in repr(codec)
        assert all(extension.startswith(".") for extension in codec.extensions)
        small = demijohn.compress(TEXT, codec.name)
        assert any(small.startswith(prefix) for prefix in codec.prefixes)
        if codec.levels is not None:
            assert codec.levels[0] <= codec.default_level <= codec.levels[1]
            assert small == demijohn.compress(TEXT, codec.name, codec.default_level)
