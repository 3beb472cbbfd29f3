"""How files that are written get to their paths: whole or not at all, added to, or in place."""

import errno
import gzip
import io
import os
import stat

import pytest

import demijohn
from streams import CODECS, LINES, TEXT, coded, content, decoded, every_codec, joining, not_joining


@every_codec
def test_a_file_appears_when_it_is_closed(codec, tmp_path):
    path = tmp_path / "file"
    file = demijohn.open(path, "wb", compression=codec)
    file.write(TEXT)
    file.flush()
    assert os.listdir(tmp_path) == []
    file.close()
    assert content(path) == TEXT
    # And takes the place of what was there.
    old = path.read_bytes()
    with demijohn.open(path, "wb", compression=codec) as file:
        file.write(b"new")
        assert path.read_bytes() == old
    assert content(path) == b"new"
    assert os.listdir(tmp_path) == ["file"]


@every_codec
@pytest.mark.parametrize("mode", ["wb", "wt", "xb", "xt"])
def test_an_exception_discards(codec, mode, tmp_path):
    path = tmp_path / "file"
    exclusive = mode.startswith("x")
    if not exclusive:
        path.write_bytes(b"old")
    data = "text" if "t" in mode else b"bytes"
    for exception in (ZeroDivisionError, KeyboardInterrupt, SystemExit):
        with pytest.raises(exception), demijohn.open(path, mode, compression=codec) as file:
            file.write(data * 100_000)
            raise exception
        assert file.closed
        file.close()
        assert exclusive or path.read_bytes() == b"old"
        assert os.listdir(tmp_path) == ([] if exclusive else ["file"])


def test_discard(tmp_path):
    path = tmp_path / "file.gz"
    file = demijohn.open(path, "wb")
    file.write(TEXT)
    file.discard()
    assert file.closed
    file.discard()
    file.close()
    with pytest.raises(ValueError):
        file.write(TEXT)
    assert os.listdir(tmp_path) == []
    # To a file object, a part is what nobody takes for the whole.
    sink = io.BytesIO()
    file = demijohn.open(sink, "wb", compression="gzip")
    file.write(os.urandom(1_000_000))
    file.discard()
    with pytest.raises(EOFError):
        decoded(sink.getvalue(), "gzip")


@every_codec
def test_in_place(codec, tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"old")
    os.link(path, link)
    with demijohn.open(path, "wb", compression=codec, atomic=False) as file:
        file.write(TEXT)
    assert content(path) == TEXT
    assert os.path.samefile(path, link)
    with pytest.raises(ZeroDivisionError), demijohn.open(path, "wb", compression=codec, atomic=False) as file:
        file.write(os.urandom(1_000_000))
        1 / 0
    # bz2 ends a stream with each block.
    if CODECS[codec].detects_truncation and codec != "bz2":
        with pytest.raises(EOFError):
            decoded(path.read_bytes(), codec)


def test_durable(tmp_path):
    path = tmp_path / "file.zst"
    with demijohn.open(path, "wb", durable=True) as file:
        file.write(TEXT)
    assert content(path) == TEXT
    with pytest.raises(ValueError, match="durable"):
        demijohn.open(io.BytesIO(), "wb", compression="gzip", durable=True)
    with pytest.raises(ValueError, match="atomic"):
        demijohn.open(io.BytesIO(), "wb", compression="gzip", atomic=False)


def test_mode_bits_are_kept(tmp_path):
    path = tmp_path / "file.zst"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with demijohn.open(path, "wb") as file:
        file.write(TEXT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@every_codec
def test_init_with_x_mode(codec, tmp_path):
    path = tmp_path / "file"
    for mode in ("x", "xb", "xt"):
        with demijohn.open(path, mode, compression=codec) as file:
            file.write("text" if "t" in mode else b"bytes")
        with pytest.raises(FileExistsError) as caught:
            demijohn.open(path, mode, compression=codec)
        assert caught.value.filename == str(path)
        assert content(path) == (b"text" if "t" in mode else b"bytes")
        path.unlink()
    # One that has come meanwhile stays.
    file = demijohn.open(path, "x", compression=codec)
    path.write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        file.close()
    assert file.closed
    assert path.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["file"]
    with pytest.raises(ValueError):
        demijohn.open(path, "x", atomic=False)


@joining
def test_append(codec, tmp_path):
    path = tmp_path / "file"
    for n in range(1, 4):
        with demijohn.open(path, "ab", compression=codec) as file:
            assert file.tell() == 0
            file.write(TEXT)
        assert content(path) == TEXT * n
    # The content knows the format.
    with demijohn.open(path, "at", encoding="ascii") as file:
        file.write("end")
    assert content(path) == TEXT * 3 + b"end"


@not_joining
def test_append_to_a_format_that_does_not_join_streams(codec, tmp_path):
    path = tmp_path / "file"
    for file in (path, io.BytesIO()):
        with pytest.raises(demijohn.UnsupportedError):
            demijohn.open(file, "ab", compression=codec)
    assert not path.exists()


@joining
def test_many_append(codec, tmp_path):
    path = tmp_path / "file"
    for _ in range(201):
        with demijohn.open(path, "ab", compression=codec) as file:
            file.write(b"a")
    with demijohn.open(path) as file:
        assert b"".join(iter(lambda: file.read(8192), b"")) == b"a" * 201


@joining
def test_write_append(codec):
    parts = TEXT[:100], TEXT[100:], b"end"
    sink = io.BytesIO()
    for mode, part in zip("waa", parts, strict=True):
        with demijohn.open(sink, mode, compression=codec) as file:
            file.write(part)
        assert file.mode == "wb"
    assert sink.getvalue() == b"".join(coded(part, codec) for part in parts)
    assert decoded(sink.getvalue()) == b"".join(parts)


@joining
def test_an_addition_that_fails_is_taken_back(codec, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(coded(TEXT, codec))
    old = path.read_bytes()
    with pytest.raises(ZeroDivisionError), demijohn.open(path, "ab", compression=codec) as file:
        file.write(os.urandom(1_000_000))
        file.flush()
        assert path.stat().st_size > len(old)
        1 / 0
    assert path.read_bytes() == old


def test_append_to_another_format(tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(coded(TEXT, "zstd"))
    with pytest.raises(ValueError, match=r"gzip.*zstd"):
        demijohn.open(path, "ab")


def test_append_plain_bytes(tmp_path):
    path = tmp_path / "log.txt"
    for line in LINES:
        with demijohn.open(path, "ab") as file:
            file.write(line)
    assert path.read_bytes() == TEXT


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(IsADirectoryError):
        demijohn.open(tmp_path, "wb")
    missing = tmp_path / "missing" / "file"
    with pytest.raises(FileNotFoundError) as caught:
        demijohn.open(missing, "wb")
    assert caught.value.filename == str(missing)
    # Nor may it leave anything.
    with pytest.raises(ValueError):
        demijohn.open(tmp_path / "file", "wb", compression="gzop")
    with pytest.raises(LookupError):
        demijohn.open(tmp_path / "file", "wt", encoding="no such encoding")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="skip: there is no /dev/full")
@every_codec
def test_a_full_disk_is_an_error_of_close(codec):
    file = demijohn.open("/dev/full", "wb", compression=codec)
    file.write(b"a")
    with pytest.raises(OSError) as caught:
        file.close()
    assert caught.value.errno == errno.ENOSPC
    assert file.closed
    file.close()
    with pytest.raises(OSError), demijohn.open("/dev/full", "wb", compression=codec) as file:
        for _ in range(100):
            file.write(os.urandom(100_000))
