"""What file objects and signals can do to compressed files: an exception comes out as it is, nothing hangs, nothing is left."""

import gc
import io
import os
import signal
import sys
import threading
import weakref

import pytest

import demijohn
from streams import CODECS, TEXT, Other, coded, every_codec


class Trouble(Exception):
    pass


class Failing(io.BytesIO):
    """Raises at the Nth call of each of its methods."""

    def __init__(self, data: bytes = b"", at: int = 0, exception: BaseException | None = None) -> None:
        super().__init__(data)
        self.left, self.exception = at, exception or Trouble("no more")

    def count(self) -> None:
        if self.left == 0:
            raise self.exception
        self.left -= 1

    def read(self, size: int = -1) -> bytes:
        self.count()
        # A little at a time, so that there is more than one call.
        return super().read(min(size, 100))

    def write(self, data) -> int:
        self.count()
        return super().write(data)

    def seek(self, *args) -> int:
        self.count()
        return super().seek(*args)


# Reading.


@every_codec
def test_an_exception_of_the_source_comes_out_as_it_is(codec):
    data = coded(TEXT, codec)
    for at in range(100):
        source = Failing(data, at)
        try:
            with demijohn.open(source) as file:
                assert file.read() == TEXT
                file.seek(0)
                assert file.read() == TEXT
            assert at > 3
            break
        except Trouble as error:
            assert error is source.exception
    else:
        pytest.fail("it fails however often it may be called")


def test_after_an_exception_of_the_source_reading_is_over():
    with demijohn.open(Failing(coded(os.urandom(10_000), "gzip"), 10)) as file:
        with pytest.raises(Trouble):
            file.read()
        for call in (file.read, file.tell, lambda: file.seek(0)):
            with pytest.raises(OSError, match="no more"):
                call()


def test_an_exception_of_the_source_is_not_held():
    # It holds all that was on its way, this file among it.
    gone = []

    def read() -> None:
        source = Failing(coded(os.urandom(10_000), "gzip"), 10)
        file = demijohn.open(source)
        gone.append(weakref.ref(source))
        try:
            file.read()
        except Trouble:
            pass
        # Not closed.

    read()
    gc.collect()
    assert gone[0]() is None


@pytest.mark.parametrize("answer", ["text", 5, [1, 2], object()], ids=["str", "int", "list", "object"])
def test_a_source_that_returns_something_else(answer):
    class Odd:
        def read(self, size):
            return answer

    with pytest.raises(TypeError, match="not bytes"):
        demijohn.open(Odd())


def test_a_source_that_returns_too_much():
    class Generous:
        def read(self, size):
            return bytes(size + 1)

    with pytest.raises(ValueError, match="returned"):
        demijohn.open(Generous())


def test_a_source_that_returns_other_buffers():
    data = io.BytesIO(coded(TEXT, "zstd"))

    class Buffers:
        def read(self, size):
            return memoryview(bytearray(data.read(size)))

    with demijohn.open(Buffers()) as file:
        assert file.read() == TEXT


def test_a_source_without_anything_at_the_moment():
    pieces = [coded(TEXT, "gzip")[:100], None, coded(TEXT, "gzip")[100:], None]

    class Slow:
        def read(self, size):
            return pieces.pop(0) if pieces else b""

    got = b""
    with demijohn.open(Slow()) as file:
        while pieces:
            got += file.read() or b""
    assert got == TEXT


def test_a_source_that_uses_its_own_reader():
    class Reentrant(io.BytesIO):
        file = None

        def read(self, size):
            if self.file is not None:
                self.file.tell()
            return super().read(min(size, 64))

    source = Reentrant(coded(os.urandom(1000), "gzip"))
    source.file = demijohn.open(source)
    with pytest.raises(RuntimeError, match="already"):
        source.file.read()
    source.file.close()


# Writing.


@every_codec
def test_an_exception_of_the_sink_comes_out_as_it_is(codec):
    text = os.urandom(200_000)
    for at in range(100):
        sink = Failing(at=at)
        try:
            with demijohn.open(sink, "wb", compression=codec) as file:
                for start in range(0, len(text), 50_000):
                    file.write(text[start : start + 50_000])
                    file.flush()
            with demijohn.open(io.BytesIO(sink.getvalue())) as file:
                assert file.read() == text
            break
        except Trouble as error:
            assert error is sink.exception
            assert file.closed
    else:
        pytest.fail("it fails however often it may be called")


def test_after_an_exception_of_the_sink_there_is_nothing_to_finish():
    sink = Failing(at=1)
    file = demijohn.open(sink, "wb", compression="gzip")
    with pytest.raises(Trouble):
        # Several threads take a while.
        for _ in range(200):
            file.write(os.urandom(300_000))
    for call in (lambda: file.write(b"more"), file.flush, file.tell):
        with pytest.raises(OSError, match="no more"):
            call()
    with pytest.raises(OSError, match="nothing to finish"):
        file.close()
    assert file.closed


def test_a_sink_that_takes_little():
    class Narrow(io.BytesIO):
        def write(self, data):
            return super().write(data[:7])

    sink = Narrow()
    with demijohn.open(sink, "wb", compression="zstd") as file:
        file.write(TEXT)
    with demijohn.open(io.BytesIO(sink.getvalue())) as file:
        assert file.read() == TEXT


@pytest.mark.parametrize(
    ("answer", "exception"),
    [(10**9, ValueError), (-1, OverflowError), ("all", TypeError), (0, OSError)],
    ids=["too much", "negative", "text", "nothing"],
)
def test_a_sink_that_returns_something_else(answer, exception):
    class Odd:
        def write(self, data):
            return answer

    with pytest.raises(exception), demijohn.open(Odd(), "wb", compression="gzip") as file:
        file.write(TEXT)
        file.close()


def test_a_sink_that_would_block():
    class Full(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            return None

    file = demijohn.open(Full(), "wb", compression="gzip")
    file.write(TEXT)
    with pytest.raises(BlockingIOError):
        file.close()


# References.


def test_nothing_keeps_what_it_was_given():
    data = bytearray(coded(TEXT, "zstd"))
    source, sink, text = io.BytesIO(data), io.BytesIO(), bytearray(TEXT)
    counts = [sys.getrefcount(thing) for thing in (source, sink, text)]
    for _ in range(10):
        source.seek(0)
        with demijohn.open(source) as file:
            file.readinto(text)
            file.read(10)
            file.seek(0)
        with demijohn.open(sink, "wb", compression="zstd") as file:
            file.write(text)
        with pytest.raises(ValueError):
            demijohn.open(source, compression="gzop")
        with pytest.raises(ValueError):
            demijohn.open(sink, "wb", compression=("zstd", 99))
        with pytest.raises(demijohn.CorruptError), demijohn.open(io.BytesIO(TEXT), compression="gzip") as file:
            file.read()
    del file
    # Not exported any more.
    text.append(0)
    assert [sys.getrefcount(thing) for thing in (source, sink, text)] == counts


# The interpreter's lock. A thread that never has to give it up would keep the others from running until the end.


@every_codec
def test_others_run_while_it_codes(codec, keeping_the_lock, tmp_path):
    text = TEXT * 500
    path = tmp_path / "file"
    with Other() as other:
        file = demijohn.open(path, "wb", compression=codec)
        assert other.may_run_during(lambda: file.write(text))
        file.close()

        file = demijohn.open(path)
        raw = file._buffer.raw

        def there_and_back() -> int:
            # Each is one call, which does not return before all is decoded.
            raw.seek(0, 2)
            return raw.seek(0)

        assert other.may_run_during(there_and_back)
        assert other.may_run_during(lambda: raw.seek(0) or raw.readall())
        file.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="skip: there are no fifos")
def test_others_run_while_it_waits(tmp_path):
    # Either side opens, writes, reads and closes only if the other one may go on.
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    text = os.urandom(300_000)

    def write() -> None:
        with demijohn.open(fifo, "wb", compression="zstd") as file:
            file.write(text)

    thread = threading.Thread(target=write)
    thread.start()
    with demijohn.open(fifo) as file:
        assert not file.seekable()
        assert file.read() == text
    thread.join()


# Signals.


@pytest.fixture
def soon():
    """Raises Trouble from the handler of a signal, a moment after it is called."""

    def handler(number, frame):
        raise Trouble("a signal")

    before = signal.signal(signal.SIGALRM, handler)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_signal_ends_a_write(soon, tmp_path):
    file = demijohn.open(tmp_path / "file", "wb", compression="gzip")
    data = bytes(1 << 30)
    with pytest.raises(Trouble):
        soon()
        file.write(data)
    # It was in the middle, where it cannot go on.
    with pytest.raises(OSError, match="a signal"):
        file.close()
    assert os.listdir(tmp_path) == []


def test_a_signal_ends_a_read(soon):
    size, times = 16 << 20, 1000
    with demijohn.open(io.BytesIO(coded(bytes(size), "gzip") * times)) as file:
        with pytest.raises(Trouble):
            soon()
            file.read()
        assert file.tell() < size * times
        # Reading is none the worse for it, nor is the position for a seek that was not done.
        assert file.seek(100) == 100
        with pytest.raises(Trouble):
            soon()
            file.seek(0, 2)
        assert file.tell() == 100
        assert file.read(10) == bytes(10)


def test_a_signal_in_a_sink_ends_a_write():
    class Signalling(io.BytesIO):
        def write(self, data):
            signal.raise_signal(signal.SIGINT)
            return super().write(data)

    sink = Signalling()
    with pytest.raises(KeyboardInterrupt), demijohn.open(sink, "wb", compression="gzip") as file:
        file.write(os.urandom(1_000_000))
    assert file.closed


def test_a_signal_while_it_is_closed_leaves_nothing(tmp_path):
    # Handled where the rest of the data is handed on.
    def handler(number, frame):
        raise Trouble("a signal")

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        for codec in CODECS:
            file = demijohn.open(tmp_path / "file", "wb", compression=codec)
            file.write(TEXT)
            with pytest.raises(Trouble):
                signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
                file.close()
            file.discard()
            assert os.listdir(tmp_path) == []
    finally:
        signal.signal(signal.SIGUSR1, before)
