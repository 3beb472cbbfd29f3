"""What several modules of tests are given."""

import pytest

from streams import CODECS, TEXT, coded


@pytest.fixture(scope="session")
def streams() -> dict[str, bytes]:
    return {codec: coded(TEXT, codec) for codec in CODECS}


@pytest.fixture
def data(codec: str, streams: dict[str, bytes]) -> bytes:
    """TEXT as a stream of the codec."""
    return streams[codec]
