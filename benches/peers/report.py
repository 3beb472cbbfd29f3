"""The report, as Markdown: what was measured, plainly, for those who choose."""

from dataclasses import dataclass

from peers.data import MIB
from peers.measure import Peaks, Portrait, Timing
from peers.programs import PROGRAMS
from peers.rows import Group, MemoryRow, Row, Survey

INTRODUCTION = """\
# demijohn and its peers

Two programs do the same work on the same data by turns, each in a process of its own, and are timed inside of it. **Ratio**
is how many times as fast demijohn is: the median of the peer's times by the median of its own; below 1 it is slower. The
**range** is from the least to the greatest ratio among the pairs of neighbouring turns. Before the turns that count, each
does the work once, and it is checked that what the two load is the same. Files are in the system's cache, and nobody waits for
the disk. Dropping what was loaded is not counted. **Size** is that of demijohn's file by that of the peer's.
"""

BUSY = 0.05
"""The share of others from which on figures are to be taken with care."""

NAMES = {"rust": "demijohn"}

LANGUAGES = {"rust": "in Rust", "package": "in Python", "demijohn": "the program"}

VERBS = {"map": "load mapped", "reads": "read from"}
PROGRAM_VERBS = {"dump": "compress", "load": "decompress"}

MEMORY_TEXT = """\
MiB by which a process grows, at its peak, while it dumps an array, or, beyond the array itself, while it loads one: each
in a fresh process, with the codec at its default level. Loaded is joblib's file where joblib has the format. What the
backend keeps for itself is included: bzip2, xz and lzma work in large windows.
"""


@dataclass(frozen=True)
class Run:
    """What there is to say of one run."""

    command: str
    divisor: int
    """Everything was so many times smaller than the report says."""
    date: str
    machine: str
    versions: list[str]
    others: float | None
    """The share of the processors' time that other programs took."""
    timings: list[tuple[Row, Timing]]
    surveys: list[tuple[Survey, list[Portrait]]]
    peaks: list[tuple[MemoryRow, Peaks, Peaks | None]]
    skipped: dict[str, int]
    """Why rows were left out, and how many."""


def markdown(run: Run, groups: list[Group], charts: str | None = None) -> str:
    """`charts` is where the pictures are, if there are any."""
    timings = dict(run.timings)
    parts = [INTRODUCTION, about(run), behind(run)]
    for survey, portraits in run.surveys:
        drawn = survey.picture if charts else None
        picture = f"![{drawn.headline}]({charts}/{survey.name}.svg)\n\n" if drawn else ""
        parts.append(f"## {survey.title}\n\n{survey.text}\n\n{picture}{survey_table(portraits)}")
    for group in groups:
        measured = [(row, timings[row]) for row in group.rows if row in timings]
        if measured:
            parts.append(f"## {group.title}\n\n{group.text}\n\n{table(measured)}")
    if run.peaks:
        parts.append(f"## Peak memory\n\n{MEMORY_TEXT}\n{memory_table(run.peaks)}")
    return "\n".join(part for part in parts if part)


def provenance(run: Run) -> list[str]:
    """Where figures are from, and why not to trust them, in lines."""
    joblib = next((version for version in run.versions if version.startswith("joblib")), "no joblib")
    doubts = [f"A trial: there was {run.divisor} times less data."] * (run.divisor != 1)
    if run.others is not None and run.others > BUSY:
        doubts.append(f"Other programs took {run.others:.0%} of the time.")
    return [f"{run.date}; {joblib}; {run.machine}.", *doubts]


def about(run: Run) -> str:
    lines = [
        f"- Made on {run.date} by `{run.command}`, which measures all of it anew.",
        f"- Machine: {run.machine}.",
        f"- Versions: {', '.join(run.versions)}.",
    ]
    if run.others is not None:
        lines.append(f"- Meanwhile other programs took {100 * run.others:.1f} % of the processors' time.")
    if run.divisor != 1:
        lines.append(f"- **Data was {run.divisor} times smaller than it says below**: do not quote these figures.")
    lines += [f"- Left out: {count} rows, because {why}." for why, count in run.skipped.items()]
    return "\n".join(lines) + "\n"


def behind(run: Run) -> str:
    """The rows that speak for the peer, so that nobody has to look for them."""
    slower = [(row, timing) for row, timing in run.timings if row.peer and timing.ratio < 0.995]
    if not slower:
        return ""
    lines = [
        f"- {works(row)}, {row.data.title}, {LANGUAGES[row.ours.contender]}: {timing.ratio:.2f} times as fast as "
        f"{peer_of(row)}"
        for row, timing in sorted(slower, key=lambda pair: pair[1].ratio)
    ]
    return "Where demijohn is slower than the peer:\n\n" + "\n".join(lines) + "\n"


def table(measured: list[tuple[Row, Timing]]) -> str:
    if measured[0][0].peer is None:
        cells = [[works(row), row.data.title, seconds(timing.our_median)] for row, timing in measured]
        return rendered(["work", "data", "demijohn"], cells)
    sized = any(timing.our_size and row.ours.format != "none" for row, timing in measured)
    headings = ["work", "data", "demijohn", "peer", "", "ratio", "range"] + ["size"] * sized
    cells = []
    for row, timing in measured:
        least, greatest = timing.spread
        cell = [works(row), row.data.title, seconds(timing.our_median), peer_of(row), seconds(timing.peer_median)]
        cell += [f"**{timing.ratio:.2f}**", f"{least:.2f}–{greatest:.2f}"]
        if sized:
            cell.append(f"{timing.our_size / timing.peer_size:.3f}" if timing.peer_size else "")
        cells.append(cell)
    return rendered(headings, cells)


def survey_table(portraits: list[Portrait]) -> str:
    headings = ["contender", "format", "dump", "load", "dump MB/s", "load MB/s", "size"]
    measured = any(portrait.peaks for portrait in portraits)
    # Where a contender gets more than one array, these are what the table is about.
    growing = len({portrait.side for portrait in portraits}) < len(portraits)
    if growing:
        headings[0] = "array"
    cells = []
    for portrait in portraits:
        times = portrait.dump_seconds, portrait.load_seconds
        contender = NAMES.get(portrait.side.contender, portrait.side.contender)
        first = f"{portrait.plain / MIB:.0f} MiB" if growing else contender
        cell = [first, portrait.side.title, *map(seconds, times)]
        cell += [digits(portrait.megabytes / time) for time in times]
        cell.append(f"{100 * portrait.share:.1f} %")
        if portrait.peaks:
            cell += [mebibytes(portrait.peaks.dump), mebibytes(portrait.peaks.load)]
        cells.append(cell)
    return rendered(headings + ["dump takes MiB", "load takes MiB"] * measured, cells)


def memory_table(peaks: list[tuple[MemoryRow, Peaks, Peaks | None]]) -> str:
    cells = [
        [
            row.format,
            str(row.mib),
            mebibytes(ours.dump),
            mebibytes(peer.dump) if peer else "",
            mebibytes(ours.load),
            mebibytes(peer.load) if peer else "",
        ]
        for row, ours, peer in peaks
    ]
    headings = ["format", "array", "demijohn dumps", "joblib dumps", "demijohn loads", "joblib loads"]
    return rendered(headings, cells)


def works(row: Row) -> str:
    """`dump gzip 3`"""
    verb = VERBS.get(row.work, row.work) if row.ours.contender != "demijohn" else PROGRAM_VERBS[row.work]
    work = verb if row.work in ("map", "inspect") else f"{verb} {row.ours.title}"
    if row.ours.threads > 1 and row.ours.contender != "demijohn":
        work += f", {row.ours.threads} threads"
    ours = row.files == "our own" and row.work == "load"
    if row.work == "reads":
        work += ", blocks" if row.blocks else ", one member"
    return work + ", replacing" * row.over + ", synced" * row.ours.synced + ", our file" * ours


def peer_of(row: Row) -> str:
    """`joblib`, or `joblib gzip 3` where that is another format."""
    assert row.peer
    if row.peer.contender in PROGRAMS:
        return " ".join([row.peer.contender, *PROGRAMS[row.peer.contender].on(row.peer.threads)])
    name = {"blosc": "python-blosc", "rewinding": "Python"}.get(row.peer.contender, row.peer.contender)
    return name if row.peer.format == row.ours.format else f"{name} {row.peer.title}"


def seconds(time: float) -> str:
    """Three digits, in the unit that fits."""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if time * factor >= 1:
            return f"{digits(time * factor)} {unit}"
    return f"{digits(time * 1e6)} µs"


def digits(number: float) -> str:
    decimals = 2 if number < 9.995 else 1 if number < 99.95 else 0
    return f"{number:.{decimals}f}"


def mebibytes(count: int | None) -> str:
    return "unknown" if count is None else f"{count / MIB:.1f}"


def rendered(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def shortfalls(run: Run) -> list[str]:
    """The rows that miss what they are to reach: for developers, on the terminal."""
    missed = []
    for row, timing in run.timings:
        if row.target is None:
            continue
        if row.peer is None and timing.our_median > row.target:
            missed.append(f"{row.name}: {seconds(timing.our_median)}, wanted {seconds(row.target)}")
        if row.peer and timing.ratio < row.target:
            missed.append(f"{row.name}: {timing.ratio:.2f}, wanted {row.target:.2f}")
    return missed
