"""What a comparison is made of; `table` has those that are made."""

from dataclasses import dataclass, field
from typing import Literal

from peers.data import Array, Data

Work = Literal["dump", "load", "map", "inspect", "reads"]

Files = Literal["the peer's", "our own", "each its own"]
"""Which files are loaded."""


@dataclass(frozen=True)
class Side:
    """A contender, and how it is to work: in which format, at which level (`None` is the format's own), on how many threads."""

    contender: str
    format: str = "none"
    level: int | None = None
    threads: int = 1
    synced: bool = False
    """Whether what is written is to be on the disk before the clock stops. Of the contenders, demijohn in Rust can."""
    blocks: bool = False
    """Whether what is written is to be sought in. The same can."""

    def writing(self) -> list[object]:
        """What a request to dump ends with."""
        level = "-" if self.level is None else self.level
        return [self.format, level, self.threads, *["sync"] * self.synced, *["blocks"] * self.blocks]

    @property
    def title(self) -> str:
        """`gzip 3`"""
        return (self.format if self.level is None else f"{self.format} {self.level}") + " in blocks" * self.blocks

    @property
    def shown(self) -> str:
        """`gzip 3`, and nothing where nothing is compressed."""
        return "" if self.format == "none" else self.title


@dataclass(frozen=True)
class Row:
    """Two contenders do the same work by turns; without a peer, one does it alone."""

    work: Work
    data: Data
    ours: Side
    peer: Side | None
    files: Files = "the peer's"
    over: bool = False
    """The file that is dumped to is there already."""
    blocks: bool = False
    """The file that is read from is written to be sought in."""
    target: float | None = None
    """How many times as fast as the peer it ought to be; without a peer, in how many seconds it ought to be done."""

    @property
    def sides(self) -> list[Side]:
        return [self.ours] if self.peer is None else [self.ours, self.peer]

    @property
    def name(self) -> str:
        """`rust-dump-gzip3-t2-images-joblib`"""
        words = [self.ours.contender, self.work]
        words += ["over"] * self.over + ["synced"] * self.ours.synced
        words += ["ours"] * (self.files == "our own") + ["blocks"] * self.blocks
        words += [self.ours.title.replace(" ", "")]
        words += [f"t{self.ours.threads}"] * (self.ours.threads > 1)
        words += [self.data.name]
        words += [self.peer.contender] if self.peer else []
        return "-".join(words)


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
class Picture:
    """What is drawn of a survey."""

    headline: str
    """What one sees."""
    notes: list[str]
    """How it was measured."""
    chart: Literal["scatter", "bars"]


@dataclass(frozen=True)
class Survey:
    """Many contenders do the same, round by round, and a table shows them all, perhaps a picture too."""

    name: str
    title: str
    text: str
    entries: list[tuple[Side, Array]]
    picture: Picture | None = None
    memory: bool = False


@dataclass(frozen=True)
class Group:
    """Rows under a heading, and what to know of them."""

    title: str
    text: str
    rows: list[Row] = field(default_factory=list)
