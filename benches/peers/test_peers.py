"""How turns are taken and told of, without any contender; `benches/tests/compare.rs` runs the whole."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from peers import machine, report
from peers.children import Child, Refused
from peers.data import BUILDERS, OBJECTS, Array
from peers.measure import Peaks, Scale, Timing, by_turns
from peers.programs import PROGRAMS, Peer, version
from peers.rewinding import Rewinding
from peers.rows import Group, MemoryRow, Row
from peers.table import GROUPS, JOBLIB, MEMORY, PICKLE, RUST

SCALE = Scale(divisor=1, seconds=1, least=3, most=9)


def test_pairs_are_odd_and_within_bounds() -> None:
    assert [SCALE.pairs(seconds) for seconds in (0, 0.01, 0.17, 0.5, 60)] == [9, 9, 5, 3, 3]


def test_turns_alternate_and_the_first_does_not_count() -> None:
    turns: list[str] = []

    def turn(name: str, nanoseconds: int) -> int:
        turns.append(name)
        return nanoseconds

    ours, peer = by_turns(lambda: turn("a", 10**9), lambda: turn("b", 2 * 10**9), SCALE)
    assert "".join(turns) == "ab" + "ab" + "ba" + "ab"
    assert (ours, peer) == ([1.0] * 3, [2.0] * 3)


def test_the_ratio_is_of_medians_and_the_range_of_pairs() -> None:
    timing = Timing([1.0, 2.0, 4.0], [2.0, 6.0, 4.0])
    assert timing.ratio == 2.0
    assert timing.spread == (1.0, 3.0)


def run(timings: list[tuple[Row, Timing]], peaks: list[tuple[MemoryRow, Peaks, Peaks | None]]) -> report.Run:
    return report.Run(
        command="cargo xtask compare",
        divisor=1,
        date="2026-01-02",
        machine="a machine",
        versions=["demijohn 1", "joblib 2"],
        others=0.004,
        timings=timings,
        surveys=[],
        peaks=peaks,
        skipped={"it is not there": 2},
    )


def test_the_report_says_where_the_peer_is_better() -> None:
    data = Array("zeros", 4)
    slow, fast = Row("dump", data, RUST, JOBLIB), Row("load", data, RUST, PICKLE, target=7)
    timings = [(slow, Timing([2.0], [1.0], 5, 4)), (fast, Timing([1.0], [4.0]))]
    peaks: list[tuple[MemoryRow, Peaks, Peaks | None]] = [(MEMORY[0], Peaks(3 << 20, None), None)]
    made = run(timings, peaks)
    text = report.markdown(made, [Group("Here", "Such.", [slow, fast])])
    assert "- dump none, zeros f64, 4 MiB, in Rust: 0.50 times as fast as joblib\n" in text
    assert text.count("times as fast as") == 1
    assert "| load none | zeros f64, 4 MiB | 1.00 s | pickle | 4.00 s | **4.00** | 4.00–4.00 |" in text
    assert "| none | 128 | 3.0 |  | unknown |  |" in text
    assert "other programs took 0.4 % of" in text
    assert report.provenance(made) == ["2026-01-02; joblib 2; a machine."]
    assert report.provenance(replace(made, others=0.3))[1] == "Other programs took 30% of the time."
    assert "Left out: 2 rows, because it is not there." in text
    assert report.shortfalls(made) == ["rust-load-none-zeros-pickle: 4.00, wanted 7.00"]


def test_times_have_three_digits_and_a_unit() -> None:
    shown = [report.seconds(time) for time in (123.4, 1.0, 0.9994, 0.01234, 0.000_123_4)]
    assert shown == ["123 s", "1.00 s", "999 ms", "12.3 ms", "123 µs"]


def test_rows_have_names_of_their_own() -> None:
    names = [row.name for group in GROUPS for row in group.rows] + [row.name for row in MEMORY]
    assert len(set(names)) == len(names)


def test_objects_are_as_many_as_asked_for() -> None:
    for objects in OBJECTS:
        assert len(BUILDERS[objects.name](17)) == 17  # type: ignore[arg-type]


def test_a_contender_that_is_not_there_says_why() -> None:
    with Child([sys.executable, "-c", "print('error\\tno such module')"]) as child, pytest.raises(Refused) as caught:
        child.ask("hello")
    assert caught.value.why == "no such module"
    with Child([sys.executable, "-c", "raise SystemExit(3)"]) as child, pytest.raises(Refused) as caught:
        child.ask("hello")
    assert caught.value.why == "it ended, 3"


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="skip: no /proc/stat")
def test_the_share_of_others_is_a_share() -> None:
    share = machine.Others().share()
    assert share is not None and 0 <= share <= 1


def test_programs_say_their_version_in_their_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"a": "a 2.6\n", "b": "*** B CLI (64-bit) v1.5.4, by C ***\n", "c": "none of that\n"}

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, said[command[0]], "")

    monkeypatch.setattr(subprocess, "run", run)
    assert [version(name, name) for name in said] == ["a 2.6", "b 1.5.4", "c of unknown version"]


def test_the_peer_goes_back_as_well_as_forward(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard", reason="skip: no zstandard")
    plain = bytes(range(256)) * 100
    file = tmp_path / "frames"
    file.write_bytes(zstandard.compress(plain[:10_000]) + zstandard.compress(plain[10_000:]))
    pieces = Rewinding().reads(str(file), "zstd", 300, [9_900, 20_000, 5])
    assert pieces == [plain[at : at + 300] for at in (9_900, 20_000, 5)]


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(ImportError, match="there is no lzopp on this machine"):
        Peer(replace(PROGRAMS["lzop"], name="lzopp"))
