"""The pictures of a report: what is drawn, as data; `benches/src/bin/chart.rs` draws it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peers.measure import Portrait
from peers.rows import Picture, Side, Survey

Chart = dict[str, Any]

TONES = {"rust": "ours", "joblib": "peer"}
NAMES = {"rust": "demijohn", "numpy": "numpy", "pickle": "pickle"}


def draw(program: Path, chart: Chart, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "wb") as stream:
        subprocess.run([str(program)], input=json.dumps(chart).encode(), stdout=stream, check=True)


def chart(picture: Picture, survey: Survey, portraits: list[Portrait], about: list[str]) -> Chart:
    drawn = {"scatter": scatter, "bars": bars}[picture.chart](survey, portraits)
    notes = [*picture.notes, *about]
    return {**drawn, "heading": {"title": picture.headline, "notes": notes, "key": key(portraits)}}


def key(portraits: list[Portrait]) -> list[Chart]:
    """What each colour means, in the order of the contenders."""
    names: dict[str, list[str]] = {}
    for portrait in portraits:
        name = NAMES.get(portrait.side.contender, portrait.side.contender)
        names.setdefault(tone(portrait.side), []).append(name)
    return [{"tone": tone, "name": ", ".join(dict.fromkeys(all))} for tone, all in names.items()]


def tone(side: Side) -> str:
    return TONES.get(side.contender, "other")


def scatter(survey: Survey, portraits: list[Portrait]) -> Chart:
    """Speed against size, for each direction."""

    def panel(title: str, seconds: Callable[[Portrait], float]) -> Chart:
        series: dict[str, Chart] = {}
        # Ours last, for they are to be in front.
        for portrait in sorted(portraits, key=lambda portrait: portrait.side.contender == "rust"):
            points = series.setdefault(tone(portrait.side), {"tone": tone(portrait.side), "points": []})["points"]
            point = {"x": 100 * portrait.share, "y": portrait.megabytes / seconds(portrait)}
            points.append({**point, "label": portrait.side.format})
        return {"title": title, "series": list(series.values())}

    return {
        "kind": "scatter",
        "across": "size of the file, % of the array",
        "up": "MB of array a second",
        "panels": [
            panel("dump", lambda portrait: portrait.dump_seconds),
            panel("load", lambda portrait: portrait.load_seconds),
        ],
    }


def bars(survey: Survey, portraits: list[Portrait]) -> Chart:
    """Time, memory and disk, uncompressed first."""

    def row(portrait: Portrait) -> Chart:
        peaks = (portrait.peaks.dump, portrait.peaks.load) if portrait.peaks else (None, None)
        memory = [None if peak is None else peak / 1e6 for peak in peaks]
        values = [portrait.dump_seconds, portrait.load_seconds, *memory, portrait.size / 1e6]
        name = NAMES.get(portrait.side.contender, portrait.side.contender)
        return {"name": f"{name} {portrait.side.shown}".strip(), "tone": tone(portrait.side), "values": values}

    plain = [portrait for portrait in portraits if portrait.side.format == "none"]
    coded = [portrait for portrait in portraits if portrait.side.format != "none"]
    columns = [("dump", "s"), ("load", "s"), ("memory, dump", "MB"), ("memory, load", "MB"), ("disk", "MB")]
    return {
        "kind": "bars",
        "columns": [{"title": title, "unit": unit} for title, unit in columns],
        "groups": [
            {"title": "uncompressed", "rows": [row(portrait) for portrait in plain]},
            {"title": "compressed", "rows": [row(portrait) for portrait in coded]},
        ],
    }
