"""What several modules of tests are given."""

import signal
import sys
from collections.abc import Iterator

import pytest

from streams import CODECS, TEXT, coded


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """What a shell runs in the background ignores SIGINT: tests of interrupts would never end, nor their children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def streams() -> dict[str, bytes]:
    return {codec: coded(TEXT, codec) for codec in CODECS}


@pytest.fixture
def data(codec: str, streams: dict[str, bytes]) -> bytes:
    """TEXT as a stream of the codec."""
    return streams[codec]


@pytest.fixture
def keeping_the_lock() -> Iterator[None]:
    """Nobody is made to let go of the lock: only who does so by himself gives others their turn."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(before)
