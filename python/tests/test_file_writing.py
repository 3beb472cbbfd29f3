"""Files being written, over every format; names as in CPython's tests where they are of the same thing."""

import array
import bz2
import gc
import gzip
import io
import lzma
import os
import pickle
import threading
import warnings
import zlib

import pytest

import demijohn
from streams import CODECS, LINES, TEXT, Unseekable, coded, content, decoded, every_codec

OTHERS = {
    "gzip": gzip.decompress,
    "zlib": zlib.decompress,
    "bz2": bz2.decompress,
    "xz": lzma.decompress,
    "lzma": lzma.decompress,
}


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
