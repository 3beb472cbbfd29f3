"""Files being written, over every format; names as in CPython's tests where they are of the same thing."""

import array
import bz2
import errno
import gc
import gzip
import io
import lzma
import os
import pickle
import stat
import threading
import warnings
import zlib

import pytest

import demijohn
from streams import CODECS, LINES, TEXT, Unseekable, coded, every_codec, joining, not_joining

OTHERS = {
    "gzip": gzip.decompress,
    "zlib": zlib.decompress,
    "bz2": bz2.decompress,
    "xz": lzma.decompress,
    "lzma": lzma.decompress,
}


def decoded(data: bytes, codec: str | None = None) -> bytes:
    with demijohn.open(io.BytesIO(data), compression=codec) as file:
        return file.read()


def content(path) -> bytes:
    with demijohn.open(path) as file:
        return file.read()


def written(codec: str, *pieces: bytes, **options) -> bytes:
    sink = io.BytesIO()
    with demijohn.open(sink, "wb", compression=codec, **options) as file:
        for piece in pieces:
            file.write(piece)
    return sink.getvalue()


# What is written.


@every_codec
def test_write(codec, tmp_path):
    path = tmp_path / "file"
    with demijohn.open(path, "wb", compression=codec) as file:
        with pytest.raises(TypeError):
            file.write()
        assert file.write(TEXT) == len(TEXT)
        assert file.compression == codec
    assert content(path) == TEXT
    assert decoded(path.read_bytes(), codec) == TEXT
    if codec in OTHERS:
        assert OTHERS[codec](path.read_bytes()) == TEXT


@every_codec
def test_the_extension_decides(codec, tmp_path):
    for extension in CODECS[codec].extensions:
        path = tmp_path / f"file.tar{extension}"
        with demijohn.open(path, "wb") as file:
            assert file.compression == codec
            file.write(TEXT)
        with demijohn.open(path) as file:
            assert (file.compression, file.read()) == (codec, TEXT)


def test_without_an_extension_bytes_are_plain(tmp_path):
    with demijohn.open(tmp_path / "file.txt", "wb") as file:
        assert file.compression == "none"
        file.write(TEXT)
    assert (tmp_path / "file.txt").read_bytes() == TEXT


@every_codec
def test_write_chunks_10(codec):
    chunks = [TEXT[at : at + 10] for at in range(0, len(TEXT), 10)]
    # How it is cut makes no difference, nor do time and threads.
    assert written(codec, *chunks) == written(codec, TEXT) == written(codec, TEXT, threads=2)


@every_codec
def test_write_large_data(codec):
    text = os.urandom(300_000) + TEXT * 1000
    whole = written(codec, text)
    assert decoded(whole) == text
    assert written(codec, text[:1], text[1:200_000], text[200_000:200_500], text[200_500:]) == whole


@every_codec
def test_write_10_and_large_data(codec):
    assert decoded(written(codec, b"0123456789", TEXT * 500, b"0123456789")) == (
        b"0123456789" + TEXT * 500 + b"0123456789"
    )


@every_codec
@pytest.mark.parametrize(
    "data",
    [
        bytearray(TEXT),
        memoryview(TEXT),
        memoryview(bytes(range(256))).cast("B", shape=[8, 8, 4]),
        array.array("Q", [1, 2, 3, 4, 5]),
        array.array("I", TEXT[:1200]),
    ],
    ids=["bytearray", "memoryview", "memoryview of 3 axes", "array of Q", "array of I"],
)
def test_write_bytes_like(codec, data):
    sink = io.BytesIO()
    with demijohn.open(sink, "w", compression=codec) as file:
        length = memoryview(data).nbytes
        assert file.write(data) == length
        assert file.tell() == length
    assert decoded(sink.getvalue()) == memoryview(data).tobytes()


@every_codec
def test_write_incompatible_type(codec):
    sink = io.BytesIO()
    with demijohn.open(sink, "wb", compression=codec) as file:
        for data in ("", "text", [], None, 789):
            with pytest.raises(TypeError):
                file.write(data)
        with pytest.raises(BufferError):
            file.write(memoryview(TEXT)[::2])
        # That has done no harm.
        file.write(TEXT)
    assert decoded(sink.getvalue()) == TEXT


@every_codec
def test_write_nothing(codec):
    assert decoded(written(codec), codec) == b""
    assert written(codec, b"") == written(codec)


@every_codec
def test_write_lines(codec):
    sink = io.BytesIO()
    with demijohn.open(sink, "w", compression=codec) as file:
        with pytest.raises(TypeError):
            file.writelines()
        file.writelines(LINES)
        file.writelines(iter(LINES))
    with pytest.raises(ValueError):
        file.writelines([b"a"])
    assert decoded(sink.getvalue()) == TEXT * 2


@every_codec
def test_write_non_default_compress_level(codec):
    levels = CODECS[codec].levels
    if levels is None:
        with pytest.raises(ValueError, match="level"):
            written(codec, level=5)
        return
    lowest, highest = levels
    for level in {max(lowest, -5), lowest, highest if codec != "zstd" else 19}:
        assert decoded(written(codec, TEXT, level=level)) == TEXT
    sink = io.BytesIO()
    with demijohn.open(sink, "wb", compression=(codec, highest)) as file:
        file.write(TEXT)
    assert sink.getvalue() == written(codec, TEXT, level=highest)
    for level in (lowest - 1, highest + 1):
        with pytest.raises(ValueError, match="level"):
            written(codec, level=level)
    with pytest.raises(OverflowError):
        written(codec, level=2**1000)
    for level in ("foo", 4.39):
        with pytest.raises(TypeError):
            written(codec, level=level)
    with pytest.raises(ValueError, match="twice"):
        demijohn.open(io.BytesIO(), "w", compression=(codec, 1), level=1)


def test_mtime():
    # Reproducible: RFC 1952 has the time there.
    assert written("gzip", TEXT)[4:8] == bytes(4)


@every_codec
def test_tell(codec):
    with demijohn.open(io.BytesIO(), "w", compression=codec) as file:
        for position in range(0, len(TEXT), 144):
            assert file.tell() == position
            file.write(TEXT[position : position + 144])
        assert file.tell() == len(TEXT)
    with pytest.raises(ValueError):
        file.tell()


@every_codec
def test_flush_makes_what_was_written_decodable(codec):
    sink = io.BytesIO()
    with demijohn.open(sink, "w", compression=codec) as file:
        file.write(TEXT)
        file.flush()
        partial = sink.getvalue()
        file.flush()
        if CODECS[codec].flush != "none":
            with demijohn.open(io.BytesIO(partial), compression=codec) as reader:
                assert reader.read(len(TEXT)) == TEXT
        file.write(TEXT)
    assert decoded(sink.getvalue()) == TEXT * 2


# How it gets to a path.


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


# Text.


@every_codec
def test_text_modes(codec, tmp_path):
    path = tmp_path / "file"
    text = TEXT.decode()
    for mode in ("wt", "xt"):
        path.unlink(missing_ok=True)
        with demijohn.open(path, mode, compression=codec, encoding="ascii") as file:
            file.write(text)
        assert content(path) == TEXT
        # No mark where text is flushed on its way to the end.
        assert path.read_bytes() == coded(TEXT, codec)
    with demijohn.open(path, "rt", encoding="ascii") as file:
        assert file.read() == text


def test_text_is_encoded_as_asked_for():
    sink = io.BytesIO()
    with demijohn.open(sink, "wt", compression="zstd", encoding="utf-16-le", newline="\r\n") as file:
        file.write("größe\n")
    assert decoded(sink.getvalue()) == "größe\r\n".encode("utf-16-le")
    with demijohn.open(io.BytesIO(), "wt", compression="zstd", encoding="ascii") as file:
        with pytest.raises(UnicodeEncodeError):
            file.write("größe")
    for mode in ("wb", "xb", "ab", "w"):
        with pytest.raises(ValueError, match="text"):
            demijohn.open(io.BytesIO(), mode, compression="zstd", newline="\n")


# The file itself.


@every_codec
def test_write_to_fileobj(codec, tmp_path):
    with open(tmp_path / "file", "wb") as raw:
        raw.write(b"before")
        with demijohn.open(raw, "w", compression=codec) as file:
            file.write(TEXT)
            assert file.name == raw.name
            assert file.fileno() == raw.fileno()
            assert file.mode == "wb"
            assert (file.readable(), file.writable(), file.seekable()) == (False, True, False)
            assert not file.closed
        assert file.closed
        assert not raw.closed
        raw.write(b"behind")
        for call in (file.fileno, file.readable, file.writable, file.seekable, file.flush, file.tell):
            with pytest.raises(ValueError):
                call()
    assert (tmp_path / "file").read_bytes() == b"before" + coded(TEXT, codec) + b"behind"


def test_a_file_object_needs_a_compression():
    with pytest.raises(ValueError, match="compression"):
        demijohn.open(io.BytesIO(), "wb")
    sink = io.BytesIO()
    with demijohn.open(sink, "wb", compression="none") as file:
        file.write(TEXT)
    assert sink.getvalue() == TEXT


@every_codec
def test_non_seekable_file(codec):
    sink = Unseekable()
    # More than is kept in memory of a stream whose head comes last.
    text = os.urandom(5_000_000 if codec == "blosc" else 300_000)
    with demijohn.open(sink, "wb", compression=codec) as file:
        file.write(text)
    assert decoded(sink.getvalue()) == text
    assert sink.getvalue() == coded(text, codec)


@every_codec
def test_a_file_object_with_write_and_nothing_else(codec):
    class Bare:
        def __init__(self):
            self.pieces = []

        def write(self, data):
            self.pieces.append(data)

    sink = Bare()
    with demijohn.open(sink, "wb", compression=codec) as file:
        file.write(TEXT)
        file.flush()
    assert decoded(b"".join(sink.pieces)) == TEXT


@every_codec
def test_a_file_that_is_open_for_appending(codec, tmp_path):
    # It seeks, and writes to its end all the same.
    path = tmp_path / "file"
    text = os.urandom(5_000_000 if codec == "blosc" else 300_000)
    with open(path, "ab") as raw, demijohn.open(raw, "wb", compression=codec) as file:
        file.write(text)
    assert content(path) == text


@every_codec
def test_closed(codec):
    file = demijohn.open(io.BytesIO(), "wb", compression=codec)
    assert not file.closed
    file.close()
    assert file.closed
    file.close()
    calls = [
        lambda: file.write(b""),
        lambda: file.writelines([]),
        lambda: file.flush(),
        lambda: file.tell(),
        lambda: file.seek(0),
        lambda: file.fileno(),
        lambda: file.isatty(),
        lambda: file.__enter__(),
        lambda: file.read(),
    ]
    for call in calls:
        with pytest.raises(ValueError):
            call()


@every_codec
def test_reading_methods_on_write_only_file(codec):
    with demijohn.open(io.BytesIO(), "wb", compression=codec) as file:
        for call in (
            lambda: file.read(),
            lambda: file.read1(),
            lambda: file.readinto(bytearray(1)),
            lambda: file.readinto1(bytearray(1)),
            lambda: file.readline(),
            lambda: file.readlines(),
            lambda: file.peek(),
            lambda: next(file),
            lambda: file.seek(0),
            lambda: file.truncate(),
            lambda: file.detach(),
        ):
            with pytest.raises(io.UnsupportedOperation):
                call()


@every_codec
def test_names(codec, tmp_path):
    for name in (str(tmp_path / "file"), os.fsencode(tmp_path / "file")):
        with demijohn.open(name, "wb", compression=codec) as file:
            assert file.name == name
            assert codec in repr(file)
    with demijohn.open(tmp_path / "file", "wb", compression=codec) as file:
        assert file.name == str(tmp_path / "file")
        assert isinstance(file.fileno(), int)
        os.fsync(file.fileno())
    with demijohn.open(io.BytesIO(), "wb", compression=codec) as file:
        with pytest.raises(AttributeError):
            file.name


@every_codec
def test_pickle(codec):
    with demijohn.open(io.BytesIO(), "wb", compression=codec) as file:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match="CompressedWriter"):
                pickle.dumps(file, protocol)


@every_codec
def test_threading(codec, tmp_path):
    path = tmp_path / "file"
    data = b"1" * 2**18
    with demijohn.open(path, "wb", compression=codec) as file:

        def write() -> None:
            for _ in range(5):
                file.write(data)

        threads = [threading.Thread(target=write) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert file.tell() == len(data) * 50
    assert content(path) == data * 50


@every_codec
@pytest.mark.parametrize("mode", ["wb", "wt"])
def test_who_forgets_a_file_has_not_written_it(codec, mode, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def forget() -> None:
        file = demijohn.open(path, mode, compression=codec)
        file.write("text" if "t" in mode else b"bytes")

    with pytest.warns(ResourceWarning, match="discarded"):
        forget()
        gc.collect()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("mode", ["wb", "wt"])
def test_a_forgotten_file_in_a_circle_is_discarded_too(mode, tmp_path):
    with pytest.warns(ResourceWarning, match="discarded"):
        circle = [demijohn.open(tmp_path / "file.gz", mode)]
        circle.append(circle)
        del circle
        gc.collect()
    assert os.listdir(tmp_path) == []


@every_codec
@pytest.mark.parametrize("mode", ["wb", "wt"])
def test_a_forgotten_stream_into_a_file_object_is_ended(codec, mode):
    # As CPython's are.
    sink = io.BytesIO()

    def forget() -> None:
        file = demijohn.open(sink, mode, compression=codec)
        file.write("text" if "t" in mode else b"text")

    with pytest.warns(ResourceWarning, match="unclosed"):
        forget()
        gc.collect()
    assert decoded(sink.getvalue()) == b"text"


@every_codec
def test_closed_files_warn_of_nothing(codec, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for mode in ("wb", "wt", "rb", "rt"):
            demijohn.open(tmp_path / "file", mode, compression=codec).close()
            with demijohn.open(tmp_path / "file", mode, compression=codec):
                pass
        gc.collect()
