"""What several threads read is what one reads: the same bytes, the same errors, and nobody is kept waiting."""

import io

import pytest

import demijohn
from streams import Drip, Other, Unseekable, every_codec

# A few pieces of most formats, which are of 1 MiB as a rule.
SIZE = 1_500_000
DATA = b"".join(b"%d: the quick brown fox %d\n" % (n, n * n * 7919) for n in range(50_000))[:SIZE]
COUNTS = [1, 2, 3]


@pytest.fixture(scope="module")
def stored():
    """The data in each format, made once."""
    made = {}

    def of(codec):
        if codec not in made:
            made[codec] = demijohn.compress(DATA, codec)
        return made[codec]

    return of


def outcome(file, size):
    """The bytes up to the end or an error, and the class of that."""
    got = bytearray()
    try:
        while data := file.read(size):
            got += data
    except (EOFError, ValueError) as error:
        return bytes(got), type(error)
    return bytes(got), None


@every_codec
@pytest.mark.parametrize("below", [io.BytesIO, Unseekable, lambda data: Drip(data, 100_003)], ids=["file", "pipe", "drip"])
def test_threads_read_what_one_reads(codec, below, stored):
    for threads, size in zip(COUNTS, (-1, -1, 100_003), strict=True):
        with demijohn.open(below(stored(codec)), threads=threads) as file:
            assert outcome(file, size) == (DATA, None)
            assert file.tell() == SIZE


@every_codec
def test_threads_read_files_by_path_and_into_buffers(codec, stored, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(stored(codec))
    for threads in COUNTS:
        buffer = bytearray(SIZE + 20)
        given = memoryview(buffer)[: SIZE + 10]
        with demijohn.open(path, threads=threads) as file:
            assert file.readinto(given) == SIZE
            assert file.readinto(given[:0]) == file.readinto(bytearray(1)) == 0
        # Decoders may use all that they are given, and nothing else.
        assert given[:SIZE] == DATA
        assert buffer[SIZE + 10 :] == bytes(10)


@every_codec
def test_threads_may_go_back_and_forth(codec, stored):
    places = [1_200_000, 10, SIZE - 5, SIZE, 0]
    for threads in COUNTS:
        with demijohn.open(io.BytesIO(stored(codec)), threads=threads) as file:
            for place in places:
                assert file.seek(place) == place
                assert file.read(1000) == DATA[place : place + 1000]


@every_codec
def test_a_cut_is_the_same_error_for_threads(codec, stored):
    data = stored(codec)
    for end in (len(data) - 1, len(data) * 2 // 3):
        got = [
            outcome(demijohn.open(io.BytesIO(data[:end]), compression=codec, threads=threads), 100_003)
            for threads in COUNTS
        ]
        assert got[0][1] is demijohn.TruncatedError
        assert DATA.startswith(got[0][0])
        assert got == got[:1] * len(COUNTS)


@every_codec
def test_damage_is_the_same_error_for_threads(codec, stored):
    damaged = bytearray(stored(codec))
    middle = len(damaged) * 2 // 3
    damaged[middle : middle + 64] = bytes(byte ^ 0x55 for byte in damaged[middle : middle + 64])
    got = [
        outcome(demijohn.open(io.BytesIO(damaged), compression=codec, threads=threads), 100_003) for threads in COUNTS
    ]
    # Formats without a checksum may say nothing; whatever it is, all say it.
    assert got == got[:1] * len(COUNTS)
    assert got[0] != (DATA, None)


@every_codec
def test_a_limit_holds_for_threads(codec, stored):
    for threads in COUNTS:
        with demijohn.open(io.BytesIO(stored(codec)), threads=threads, max_output=SIZE - 1) as file:
            # All but what the last read would have been.
            assert outcome(file, 100_000) == (DATA[:-100_000], demijohn.LimitError)
        with demijohn.open(io.BytesIO(stored(codec)), threads=threads, max_output=SIZE) as file:
            assert outcome(file, 100_000) == (DATA, None)


def test_what_a_file_object_raises_ends_the_reading_of_threads(stored):
    class Failing(io.BytesIO):
        def readinto(self, buffer):
            if self.tell() > len(self.getvalue()) // 2:
                raise ConnectionResetError("gone")
            return super().readinto(buffer)

        def read(self, size=-1):
            if self.tell() > len(self.getvalue()) // 2:
                raise ConnectionResetError("gone")
            return super().read(size)

    for threads in COUNTS:
        with demijohn.open(Failing(stored("gzip")), threads=threads) as file:
            with pytest.raises(ConnectionResetError, match="gone"):
                while file.read(1 << 20):
                    pass


@pytest.mark.parametrize("threads", COUNTS)
@pytest.mark.parametrize("codec", ["gzip", "bz2", "zstd", "lz4"])
def test_others_run_while_threads_read(codec, threads, keeping_the_lock, stored):
    with Other() as other, demijohn.open(io.BytesIO(stored(codec)), threads=threads) as file:
        raw = file._buffer.raw
        assert other.may_run_during(lambda: raw.seek(0) or raw.readall())
