"""What is compared: the table of contents of the report, as data."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from peers.data import DICT, OBJECTS, Array, Data

Work = Literal["dump", "load", "map", "inspect"]


@dataclass(frozen=True)
class Side:
    """A contender, and how it is to write: in which format, at which level (`None` is the format's own)."""

    contender: str
    format: str = "none"
    level: int | None = None
    synced: bool = False
    """Whether what is written is to be on the disk before the clock stops. Of the contenders, demijohn in Rust can."""

    def words(self) -> list[str]:
        """What a request to dump ends with."""
        return [self.format, "-" if self.level is None else str(self.level)] + ["sync"] * self.synced

    @property
    def title(self) -> str:
        """`gzip 3`"""
        return self.format if self.level is None else f"{self.format} {self.level}"


@dataclass(frozen=True)
class Row:
    """Two contenders do the same work by turns; without a peer, one does it alone."""

    work: Work
    data: Data
    ours: Side
    peer: Side | None
    own_files: bool = False
    """Each loads what it wrote itself, rather than both what the peer wrote."""
    over: bool = False
    """The file that is dumped to is there already."""
    target: float | None = None
    """How many times as fast as the peer it ought to be; without a peer, in how many seconds it ought to be done."""

    @property
    def sides(self) -> list[Side]:
        return [self.ours] if self.peer is None else [self.ours, self.peer]

    @property
    def name(self) -> str:
        over = "-over" if self.over else "-synced" if self.ours.synced else ""
        peer = f"-{self.peer.contender}" if self.peer else ""
        format = self.ours.title.replace(" ", "")
        return f"{self.ours.contender}-{self.work}{over}-{format}-{self.data.name}{peer}"


@dataclass(frozen=True)
class MemoryRow:
    """How much memory a format takes at its default level, beyond the array, which has so many MiB."""

    format: str
    mib: int
    joblib: bool
    """Whether joblib has the format."""

    @property
    def name(self) -> str:
        return f"memory-{self.format}"

    @property
    def contenders(self) -> list[str]:
        return ["rust", "joblib"] if self.joblib else ["rust"]

    @property
    def data(self) -> Array:
        return Array("images", self.mib)


@dataclass(frozen=True)
class Group:
    """Rows under a heading, and what to know of them."""

    title: str
    text: str
    rows: list[Row] = field(default_factory=list)


JOBLIB, PICKLE, NUMPY = Side("joblib"), Side("pickle"), Side("numpy")
RUST, PACKAGE = Side("rust"), Side("package")


def coded(side: Side, format: str, level: int | None = None) -> Side:
    return replace(side, format=format, level=level)


def plain_arrays() -> Iterator[Row]:
    data = Array("images", 256)
    yield Row("dump", data, RUST, JOBLIB, target=1.2)
    yield Row("dump", data, RUST, PICKLE)
    yield Row("dump", data, RUST, NUMPY)
    yield Row("dump", data, RUST, JOBLIB, over=True)
    yield Row("dump", data, replace(RUST, synced=True), JOBLIB)
    yield Row("load", data, RUST, JOBLIB, target=1.3)
    yield Row("load", data, RUST, PICKLE, own_files=True)
    yield Row("load", data, RUST, NUMPY, own_files=True)
    yield Row("map", data, RUST, JOBLIB, target=1.0)


def deflate() -> Iterator[Row]:
    for format in ("gzip", "zlib"):
        ours, peer = coded(RUST, format, 3), coded(JOBLIB, format, 3)
        for name in ("images", "categorical"):
            yield Row("dump", Array(name, 128), ours, peer, target=1.8)
            yield Row("load", Array(name, 128), ours, peer, target=2.3)
        for name in ("smooth", "zeros", "random"):
            yield Row("dump", Array(name, 64), ours, peer)
            yield Row("load", Array(name, 64), ours, peer)


def slow() -> Iterator[Row]:
    for format in ("bz2", "xz", "lzma"):
        for name in ("images", "smooth"):
            data, ours, peer = Array(name, 16), coded(RUST, format), coded(JOBLIB, format)
            yield Row("dump", data, ours, peer)
            yield Row("load", data, ours, peer)


def fast() -> Iterator[Row]:
    for name in ("images", "categorical"):
        data, peer = Array(name, 128), coded(JOBLIB, "gzip", 3)
        for format, level in (("lz4", None), ("zstd", 3)):
            ours = coded(RUST, format, level)
            yield Row("dump", data, ours, peer, own_files=True)
            yield Row("load", data, ours, peer, own_files=True)


def graph() -> Iterator[Row]:
    for data in OBJECTS:
        yield Row("load", data, RUST, PICKLE, target=1.0 if data is DICT else None)
        yield Row("dump", data, RUST, PICKLE)


def package_arrays() -> Iterator[Row]:
    data = Array("images", 256)
    yield Row("dump", data, PACKAGE, JOBLIB)
    yield Row("load", data, PACKAGE, JOBLIB)
    yield Row("map", data, PACKAGE, JOBLIB)
    ours, peer = coded(PACKAGE, "gzip", 3), coded(JOBLIB, "gzip", 3)
    yield Row("dump", Array("images", 128), ours, peer)
    yield Row("load", Array("images", 128), ours, peer)


def package_objects() -> Iterator[Row]:
    for data in OBJECTS:
        for peer, dump, load in ((PICKLE, 1 / 0.9, 1 / 1.1), (JOBLIB, 15, 5)):
            yield Row("dump", data, PACKAGE, peer, target=dump)
            yield Row("load", data, PACKAGE, peer, target=load)


GROUPS = [
    Group(
        "Uncompressed arrays",
        "Both write a new file, with two exceptions: *replacing*, the file is there already, which demijohn puts a new one "
        "in the place of and joblib truncates; *synced*, demijohn waits until all is on the disk, as joblib never does.",
        list(plain_arrays()),
    ),
    Group("gzip and zlib at level 3, on one thread", "Both load the file that joblib wrote.", list(deflate())),
    Group(
        "bz2, xz and lzma at their default levels, on one thread",
        "Both load the file that joblib wrote. The backend of xz and lzma is the same library on both sides.",
        list(slow()),
    ),
    Group(
        "Faster formats against joblib's gzip, on one thread",
        "What changing the format gains. The peer writes gzip at level 3 and loads that.",
        list(fast()),
    ),
    # Here the rows on several threads go: the same as above, with `Side` saying how many.
    Group(
        "Small objects, in Rust",
        "The same pickle, to and from demijohn's `Document` in Rust on one side, Python's objects on the other.",
        list(graph()),
    ),
    Group("Arrays, in Python", "The package `demijohn` against joblib.", list(package_arrays())),
    Group(
        "Small objects, in Python",
        "The package `demijohn` against the C pickler and joblib. Both load the file that the peer wrote.",
        list(package_objects()),
    ),
    Group(
        "Looking into a file",
        "An uncompressed file; demijohn alone, since the peers have to load it.",
        [Row("inspect", Array("zeros", 1024), RUST, None, target=0.05)],
    ),
]

MEMORY = [
    MemoryRow("none", 128, joblib=True),
    MemoryRow("zlib", 128, joblib=True),
    MemoryRow("gzip", 128, joblib=True),
    MemoryRow("bz2", 32, joblib=True),
    MemoryRow("xz", 32, joblib=True),
    MemoryRow("lzma", 32, joblib=True),
    MemoryRow("zstd", 128, joblib=False),
    MemoryRow("lz4", 128, joblib=True),
    MemoryRow("snappy", 128, joblib=False),
    MemoryRow("lzo", 128, joblib=False),
    MemoryRow("blosc", 128, joblib=False),
]
