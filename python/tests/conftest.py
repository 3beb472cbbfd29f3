"""What several modules of tests are given."""

import signal

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
