"""Letting contenders take turns."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from statistics import median

from peers.children import Child, Contenders
from peers.data import Array, Data
from peers.rows import MemoryRow, Row, Side, Survey, Work


@dataclass(frozen=True)
class Scale:
    """How much work one run is."""

    divisor: int
    """Everything is so many times smaller."""
    seconds: float
    """How long a row may take, as far as `least` and `most` pairs allow."""
    least: int
    most: int

    def pairs(self, seconds: float) -> int:
        """How many pairs of such a duration; odd, so that a median is one of them."""
        wanted = int(self.seconds / max(seconds, 1e-9))
        return min(max(wanted, self.least), self.most) | 1


SCALES = {
    "full": Scale(divisor=1, seconds=3, least=3, most=31),
    "quick": Scale(divisor=16, seconds=0.3, least=3, most=15),
    # For the test that the runner runs.
    "smoke": Scale(divisor=8192, seconds=0, least=1, most=1),
}


@dataclass(frozen=True)
class Timing:
    """What a row took, in seconds, pair by pair, and the sizes of what was dumped, in bytes."""

    ours: list[float]
    peer: list[float] = field(default_factory=list)
    our_size: int = 0
    peer_size: int = 0

    @property
    def our_median(self) -> float:
        return median(self.ours)

    @property
    def peer_median(self) -> float:
        return median(self.peer)

    @property
    def ratio(self) -> float:
        """How many times as fast as the peer."""
        return self.peer_median / self.our_median

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest ratio of a pair."""
        ratios = [peer / ours for ours, peer in zip(self.ours, self.peer, strict=True)]
        return min(ratios), max(ratios)


@dataclass(frozen=True)
class Portrait:
    """What a contender made of an array in a survey."""

    side: Side
    plain: int
    """Bytes of the array."""
    size: int
    """Bytes of the file."""
    dump_seconds: float
    load_seconds: float
    peaks: "Peaks | None" = None

    @property
    def share(self) -> float:
        return self.size / self.plain

    @property
    def megabytes(self) -> float:
        return self.plain / 1e6


@dataclass(frozen=True)
class Peaks:
    """What dumping and loading takes beyond the array, in bytes, at most; `None` where it is not known."""

    dump: int | None
    load: int | None


def by_turns(
    ours: Callable[[], int], peer: Callable[[], int], scale: Scale
) -> tuple[list[float], list[float]]:
    """Seconds of each, after one run of each that does not count. Who goes first changes with every pair."""
    first = (ours() + peer()) / 1e9
    times: tuple[list[float], list[float]] = ([], [])
    for pair in range(scale.pairs(first)):
        turns = [(times[0], ours), (times[1], peer)]
        for seconds, run in turns if pair % 2 == 0 else reversed(turns):
            seconds.append(run() / 1e9)
    return times


def in_rounds(works: list[Callable[[], int]], scale: Scale) -> list[float]:
    """The median of each, in seconds, after one run that does not count; who is fast takes part in more rounds."""
    rounds = [scale.pairs(2 * work() / 1e9) for work in works]
    times: list[list[float]] = [[] for _ in works]
    for number in range(max(rounds)):
        for work, seconds, least in zip(works, times, rounds, strict=True):
            if number < least:
                seconds.append(work() / 1e9)
    return [median(seconds) for seconds in times]


def alone(ours: Callable[[], int], scale: Scale) -> list[float]:
    first = ours() / 1e9
    return [ours() / 1e9 for _ in range(scale.pairs(first))]


READS = 16
"""At how many offsets is read, always the same ones in data of a size."""
READ = 64 << 10
"""Bytes that are read at an offset."""
BLOCK = 1 << 20
"""Bytes in a block of what is written to be sought in: as many as the program's `--seekable` writes."""


class Disagreement(Exception):
    """The contenders did not do the same."""


class Bench:
    """Where contenders meet: a folder for the files of one run, and the scale."""

    def __init__(self, contenders: Contenders, folder: Path, scale: Scale) -> None:
        self._contenders = contenders
        self._folder = folder
        self.scale = scale
        # Files are made once in a run.
        self._array = cache(self._make_array)
        self._written = cache(self._write)

    def time(self, row: Row) -> Timing:
        with ExitStack() as stack:
            ours = stack.enter_context(self._contenders.start(row.ours.contender))
            if row.peer is None:
                file = self._written(row.ours, row.data)
                return Timing(alone(lambda: ours.cost(row.work, file).nanoseconds, self.scale))
            peer = stack.enter_context(self._contenders.start(row.peer.contender))
            if row.work == "dump":
                return self._dumps(row, row.peer, ours, peer)
            if row.work == "reads":
                return self._reads(row, ours, peer)
            return self._loads(row, row.peer, ours, peer)

    def _dumps(self, row: Row, peer_side: Side, ours: Child, peer: Child) -> Timing:
        write_ours, our_file = self._writing(ours, row.ours, row.data, row.over)
        write_peers, peer_file = self._writing(peer, peer_side, row.data, row.over)
        times = by_turns(write_ours, write_peers, self.scale)
        agree(row, ours, our_file, peer, peer_file)
        timing = Timing(*times, our_file.stat().st_size, peer_file.stat().st_size)
        our_file.unlink()
        peer_file.unlink()
        return timing

    def _writing(self, child: Child, side: Side, data: Data, over: bool = False) -> tuple[Callable[[], int], Path]:
        """What dumps to a file once, and that file."""
        self._hold(child, side, data)
        file = self._folder / f"dumped by {side.contender}"

        def write() -> int:
            if not over:
                file.unlink(missing_ok=True)
            return child.cost("dump", file, *side.writing()).nanoseconds

        return write, file

    def _loads(self, row: Row, peer_side: Side, ours: Child, peer: Child) -> Timing:
        our_file = self._written(peer_side if row.files == "the peer's" else row.ours, row.data)
        peer_file = self._written(row.ours if row.files == "our own" else peer_side, row.data)
        agree(row, ours, our_file, peer, peer_file)

        times = by_turns(
            loading(ours, row.ours, our_file, row.work),
            loading(peer, peer_side, peer_file, row.work),
            self.scale,
        )
        return Timing(*times)

    def _reads(self, row: Row, ours: Child, peer: Child) -> Timing:
        assert isinstance(row.data, Array)
        size = row.data.size(self.scale.divisor)
        file = self._folder / f"{row.data.name} {row.data.mib} stored {row.ours.title}"
        format, level, *_ = row.ours.writing()
        block = max(BLOCK // self.scale.divisor, 1) if row.blocks else "-"
        ours.ask("store", self._array(row.data), file, format, level, block)
        length = min(READ, size // 8)
        random = Random(READS)
        offsets = [random.randrange(size - length) for _ in range(READS)]
        request = ["reads", file, row.ours.format, length, *offsets]
        if ours.cost(*request).checksum != peer.cost(*request).checksum:
            raise Disagreement(f"{row.name}: what the two read is not the same")
        times = by_turns(
            lambda: ours.cost(*request).nanoseconds, lambda: peer.cost(*request).nanoseconds, self.scale
        )
        file.unlink()
        return Timing(*times)

    def peaks(self, side: Side, data: Array, file: Path) -> Peaks:
        """Each in a process of its own, since memory that was used once does not count again."""
        size = data.size(self.scale.divisor)
        with self._contenders.start(side.contender) as child:
            loading = child.cost("load", file, side.threads).grown
        with self._contenders.start(side.contender) as child:
            self._hold(child, side, data)
            target = self._folder / "dumped for its memory"
            dumping = child.cost("dump", target, *side.writing()).grown
            target.unlink()
        return Peaks(dumping, None if loading is None else max(loading - size, 0))

    def memory(self, row: MemoryRow, contender: str) -> Peaks:
        """What a format takes at its default level, on one thread."""
        file = self._written(Side("joblib" if row.joblib else "rust", row.format), row.data)
        return self.peaks(Side(contender, row.format), row.data, file)

    def survey(self, survey: Survey) -> list[Portrait]:
        with ExitStack() as stack:
            dumps, loads, files = [], [], []
            checks: dict[Array, set[str]] = {}
            for side, data in survey.entries:
                child = stack.enter_context(self._contenders.start(side.contender))
                dump, file = self._writing(child, side, data)
                dumps.append(dump)
                files.append(self._written(side, data))
                loads.append(loading(child, side, files[-1]))
                checks.setdefault(data, set()).add(child.ask("check", files[-1])[0])
            if any(len(all) > 1 for all in checks.values()):
                raise Disagreement(f"{survey.name}: what they load is not the same: {checks}")
            times = zip(in_rounds(dumps, self.scale), in_rounds(loads, self.scale), strict=True)
        return [
            Portrait(
                side,
                data.size(self.scale.divisor),
                file.stat().st_size,
                *seconds,
                self.peaks(side, data, file) if survey.memory else None,
            )
            for (side, data), file, seconds in zip(survey.entries, files, times, strict=True)
        ]

    def version(self, contender: str) -> str:
        """What a contender calls itself. `Refused` if it is not there."""
        with self._contenders.start(contender) as child:
            return child.ask("hello")[0]

    def _hold(self, child: Child, side: Side, data: Data) -> None:
        """Makes a contender keep the data, to dump it."""
        if isinstance(data, Array):
            child.ask("hold", self._array(data))
        elif side.contender == "rust":
            child.ask("hold", self._written(Side("pickle"), data))
        else:
            child.ask("build", data.name, data.size(self.scale.divisor))

    def _make_array(self, data: Array) -> Path:
        file = self._folder / f"{data.name} {data.mib}"
        with self._contenders.start("rust") as child:
            child.ask("make", data.name, data.size(self.scale.divisor), file)
        return file

    def _write(self, side: Side, data: Data) -> Path:
        """The data in a file, as a contender dumps it."""
        file = self._folder / f"{data.name} {data.size(1)} {side.contender} {side.title} {side.threads}"
        with self._contenders.start(side.contender) as child:
            self._hold(child, side, data)
            child.ask("dump", file, *side.writing())
        return file


def loading(child: Child, side: Side, file: Path, work: Work = "load") -> Callable[[], int]:
    """What loads or maps a file once."""
    # Who maps a file has no use for threads.
    threads = [side.threads] if work == "load" else []
    return lambda: child.cost(work, file, *threads).nanoseconds


def agree(row: Row, ours: Child, our_file: Path, peer: Child, peer_file: Path) -> None:
    """Whoever is fast because it does less is found out."""
    checks = ours.ask("check", our_file), peer.ask("check", peer_file)
    if checks[0] != checks[1]:
        raise Disagreement(f"{row.name}: what the two load is not the same: {checks}")
