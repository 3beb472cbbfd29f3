"""The command line: `cargo xtask compare` builds what is compared and runs this."""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from peers import charts, machine, report
from peers.children import Contenders, Refused
from peers.measure import SCALES, Bench, Peaks, Portrait, Timing
from peers.rows import MemoryRow, Row, Survey
from peers.table import GROUPS, MEMORY, SURVEYS


def main() -> int:
    args = arguments()
    rows, surveys, memory = chosen(args.row)
    if not rows and not surveys and not memory:
        print(f"compare: no row has {' or '.join(args.row)} in its name; there are", file=sys.stderr)
        for name in names():
            print(f"  {name}", file=sys.stderr)
        return 2
    args.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.work) as folder:
        bench = Bench(Contenders(args.contender, args.program), Path(folder), SCALES[args.scale])
        run = Runner(bench).run(rows, surveys, memory, args.command)
    if args.charts:
        for survey, portraits in run.surveys:
            if survey.picture:
                chart = charts.chart(survey.picture, survey, portraits, report.provenance(run))
                charts.draw(args.draw, chart, args.charts / f"{survey.name}.svg")
    beside = os.path.relpath(args.charts, args.output.parent) if args.charts and args.output else None
    text = report.markdown(run, GROUPS, beside)
    if args.output:
        args.output.write_text(text)
    else:
        print(text, end="")
    for line in report.shortfalls(run):
        note(f"below its target: {line}")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="compare", description="demijohn against its peers")
    parser.add_argument("row", nargs="*", help="only rows with one of these in their names")
    parser.add_argument("--contender", type=Path, required=True, help="the program `contender`")
    parser.add_argument("--program", type=Path, required=True, help="the program `demijohn`")
    parser.add_argument("--command", default="compare", help="how the report says that it was made")
    parser.add_argument("--work", type=Path, required=True, help="where the files of the run go for a while")
    parser.add_argument("--output", type=Path, help="where the report goes, if not to standard output")
    parser.add_argument("--draw", type=Path, help="the program `chart`")
    parser.add_argument("--charts", type=Path, help="where it puts the pictures of surveys")
    parser.add_argument("--scale", choices=SCALES, default="full")
    return parser.parse_args()


def chosen(parts: list[str]) -> tuple[list[Row], list[Survey], list[MemoryRow]]:
    def wanted(name: str) -> bool:
        return not parts or any(part in name for part in parts)

    rows = [row for group in GROUPS for row in group.rows if wanted(row.name)]
    surveys = [survey for survey in SURVEYS if wanted(survey.name)]
    return rows, surveys, [row for row in MEMORY if wanted(row.name)]


def names() -> Iterator[str]:
    rows, surveys, memory = chosen([])
    yield from (row.name for row in rows)
    yield from (survey.name for survey in surveys)
    yield from (row.name for row in memory)


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Runner:
    """One run: nothing in its report is from another."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._versions: dict[str, str] = {}
        self._absent: dict[str, str] = {}
        self._skipped: Counter[str] = Counter()

    def run(
        self, rows: list[Row], surveys: list[Survey], memory: list[MemoryRow], command: str
    ) -> report.Run:
        others = machine.Others()
        timings: list[tuple[Row, Timing]] = []
        for row in rows:
            if self._there(row.name, *(side.contender for side in row.sides)):
                timing = self._bench.time(row)
                note(f"{row.name}: {summary(row, timing)}")
                timings.append((row, timing))
        drawn: list[tuple[Survey, list[Portrait]]] = []
        for survey in surveys:
            if self._there(survey.name, *dict.fromkeys(side.contender for side, _ in survey.entries)):
                portraits = self._bench.survey(survey)
                note(f"{survey.name}: {len(portraits)} contenders")
                drawn.append((survey, portraits))
        peaks: list[tuple[MemoryRow, Peaks, Peaks | None]] = []
        for format in memory:
            if not self._there(format.name, *format.contenders):
                continue
            ours = self._bench.memory(format, "rust")
            peer = self._bench.memory(format, "joblib") if format.joblib else None
            note(f"{format.name}: dump {report.mebibytes(ours.dump)}, load {report.mebibytes(ours.load)}")
            peaks.append((format, ours, peer))
        share = others.share()
        if share is not None and share > report.BUSY:
            note(f"the machine was busy: other programs took {share:.0%} of the processors' time")
        return report.Run(
            command=command,
            divisor=self._bench.scale.divisor,
            date=machine.now(),
            machine=machine.description(),
            versions=list(self._versions.values()),
            others=share,
            timings=timings,
            surveys=drawn,
            peaks=peaks,
            skipped=dict(self._skipped),
        )

    def _there(self, row: str, *contenders: str) -> bool:
        """Whether all these can take part; who cannot is named."""
        for contender in contenders:
            if contender not in self._versions and contender not in self._absent:
                try:
                    self._versions[contender] = self._bench.version(contender)
                except Refused as refused:
                    self._absent[contender] = refused.why
            if contender in self._absent:
                why = self._absent[contender]
                note(f"skip: {row}: {why}")
                self._skipped[why] += 1
                return False
        return True


def summary(row: Row, timing: Timing) -> str:
    if row.peer is None:
        return report.seconds(timing.our_median)
    least, greatest = timing.spread
    return f"{timing.ratio:.2f} ({least:.2f}–{greatest:.2f}, {len(timing.ours)} pairs)"


if __name__ == "__main__":
    sys.exit(main())
