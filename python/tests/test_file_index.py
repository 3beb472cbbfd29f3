"""Indexes of gzip and zlib files."""

import io
import zlib

import pytest

import demijohn
from streams import Unseekable, every_codec

# More than a window of deflate, so that there is a place to find.
PLAIN = b"".join(b"%d times %d is %d\n" % (n, n, n * n) for n in range(60_000))


def one_member() -> bytes:
    """A file of gzip's, as any tool writes it."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, 31)
    return deflate.compress(PLAIN) + deflate.flush()


def index_of(coded: bytes, **options: object) -> bytes:
    out = io.BytesIO()
    with demijohn.open(io.BytesIO(coded), **options) as file:
        file.save_index(out)
    return out.getvalue()


class Counting(io.BytesIO):
    """Counts the bytes that are read of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.taken = 0

    def readinto(self, buffer) -> int:
        n = super().readinto(buffer)
        self.taken += n
        return n

    def read(self, size=-1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def test_an_index_spares_decoding_what_is_in_front():
    coded = one_member()
    index = index_of(coded, index_spacing=64 << 10)
    taken = {}
    for name, given in ("without", None), ("with", io.BytesIO(index)):
        source = Counting(coded)
        with demijohn.open(source, index=given) as file:
            opened = source.taken
            file.seek(len(PLAIN) - 1000)
            assert file.read(10) == PLAIN[-1000:][:10]
            taken[name] = source.taken - opened
    assert taken["with"] < taken["without"] / 2


@pytest.mark.parametrize("container", [31, 15], ids=["gzip", "zlib"])
def test_an_index_leads_to_the_same_bytes_as_decoding(container, tmp_path):
    deflate = zlib.compressobj(6, zlib.DEFLATED, container)
    path = tmp_path / "coded"
    path.write_bytes(deflate.compress(PLAIN) + deflate.flush())
    with demijohn.open(path, index_spacing=100_000) as file:
        assert file.read() == PLAIN
        file.save_index(tmp_path / "index")
    with demijohn.open(path, index=tmp_path / "index") as file:
        for at in range(len(PLAIN) - 7, 0, -77_777):
            assert file.seek(at) == at
            assert file.read(99) == PLAIN[at : at + 99]


def test_the_position_stays_when_an_index_is_saved_in_the_middle():
    with demijohn.open(io.BytesIO(one_member())) as file:
        file.seek(12_345)
        assert file.read(5) == PLAIN[12_345:12_350]
        file.save_index(io.BytesIO())
        assert file.tell() == 12_350
        assert file.read(5) == PLAIN[12_350:12_355]


def test_an_index_is_the_same_on_the_first_pass_and_on_another():
    coded = one_member()
    first = index_of(coded, index_spacing=1 << 20)
    assert index_of(coded) == first
    with demijohn.open(io.BytesIO(coded), index_spacing=1 << 20) as file:
        file.read(500_000)
        file.seek(0)
        out = io.BytesIO()
        file.save_index(out)
    assert out.getvalue() == first


def test_an_index_of_another_file_is_an_error_and_no_data():
    index = index_of(one_member(), index_spacing=64 << 10)
    deflate = zlib.compressobj(1, zlib.DEFLATED, 31)
    other = deflate.compress(PLAIN[::-1]) + deflate.flush()
    with pytest.raises(ValueError), demijohn.open(io.BytesIO(other), index=io.BytesIO(index)) as file:
        file.seek(len(PLAIN) - 1000)
        file.read(1)


def test_what_is_no_index_is_refused():
    with pytest.raises(demijohn.CorruptError):
        demijohn.open(io.BytesIO(one_member()), index=io.BytesIO(b"no index at all"))
    with pytest.raises(FileNotFoundError):
        demijohn.open(io.BytesIO(one_member()), index="no such file")
    with pytest.raises(ValueError, match="index is for reading"):
        demijohn.open(io.BytesIO(), "wb", compression="gzip", index="any")
    with pytest.raises(ValueError, match="0 bytes apart"):
        demijohn.open(io.BytesIO(one_member()), index_spacing=0)


@every_codec
def test_only_deflate_has_indexes(codec, data):
    with demijohn.open(io.BytesIO(data)) as file:
        if codec in ("gzip", "zlib"):
            file.save_index(io.BytesIO())
        else:
            with pytest.raises(demijohn.UnsupportedError):
                file.save_index(io.BytesIO())


def test_a_pipe_has_no_index():
    with demijohn.open(Unseekable(one_member())) as file, pytest.raises(demijohn.UnsupportedError):
        file.save_index(io.BytesIO())


def test_indexed_gzip_reads_our_indexes_and_we_read_its(tmp_path):
    indexed_gzip = pytest.importorskip("indexed_gzip", reason="skip: no indexed_gzip")
    path = tmp_path / "coded.gz"
    path.write_bytes(one_member())
    with demijohn.open(path, index_spacing=200_000) as file:
        file.save_index(tmp_path / "ours")
    at = len(PLAIN) - 54_321
    with indexed_gzip.IndexedGzipFile(str(path), index_file=str(tmp_path / "ours")) as file:
        file.seek(at)
        assert file.read(1000) == PLAIN[at : at + 1000]
    with indexed_gzip.IndexedGzipFile(str(path), spacing=200_000) as file:
        file.build_full_index()
        file.export_index(str(tmp_path / "theirs"))
    with demijohn.open(path, index=tmp_path / "theirs") as file:
        file.seek(at)
        assert file.read(1000) == PLAIN[at : at + 1000]
