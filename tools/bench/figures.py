"""From single runs to what is shown: medians, ranges, ratios."""

from __future__ import annotations

import dataclasses
import statistics
from typing import Any

REFERENCE = "distributary"


@dataclasses.dataclass(frozen=True)
class Figure:
    """One metric of one peer over all repetitions that counted."""

    median: float
    least: float
    most: float
    count: int


def values_of(runs: list[dict[str, Any]], row: int, peer: str, key: str) -> list[float]:
    return [
        run["metrics"][key]
        for run in runs
        if run["row"] == row and run["peer"] == peer and key in run.get("metrics", {})
    ]


def figure(runs: list[dict[str, Any]], row: int, peer: str, key: str) -> Figure | None:
    values = values_of(runs, row, peer, key)
    return Figure(statistics.median(values), min(values), max(values), len(values)) if values else None


def errors_of(runs: list[dict[str, Any]], row: int, peer: str) -> list[str]:
    return [run["error"] for run in runs if run["row"] == row and run["peer"] == peer and "error" in run]


def times_better(ours: float, theirs: float, higher_is_better: bool) -> float | None:
    """How many times better ours is; below 1 it is worse. None where there is nothing to compare."""
    if ours <= 0 or theirs <= 0:
        return None
    return ours / theirs if higher_is_better else theirs / ours


def number(value: float) -> str:
    """Three digits, as people write them."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        digits = max(0, len(str(int(abs(value)))) - 3)
        return f"{round(value, -digits):,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2g}" if abs(value) < 0.1 else f"{value:.2f}"


def _both(whole: dict[str, Any], more: dict[str, Any], name: str, whose: str) -> dict[str, Any]:
    """A peer of two measurements, whose version may not be the same in both."""
    old, new = whole["peers"].get(name), more["peers"][name]
    if old is None:
        return new
    version = old["version"] if old["version"] == new["version"] else f"{old['version']} ({whose} {new['version']})"
    return {"version": version, "settings": {**old["settings"], **new["settings"]}}


def merged(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Of several measurements one; the rows of a later one replace those of the earlier, and are said to be its."""
    whole = results[0]
    for more in results[1:]:
        again = {run["row"] for run in more["runs"]}
        whose = f"rows {', '.join(str(row) for row in sorted(again))}:"
        whole = {
            **whole,
            "began": f"{whole['began']} ({whose} {more['began']})",
            "command": f"{whole['command']}; {more['command']}",
            "took": whole["took"] + more["took"],
            "missing": {**whole["missing"], **more["missing"]},
            "peers": {**whole["peers"], **{name: _both(whole, more, name, whose) for name in more["peers"]}},
            "runs": [run for run in whole["runs"] if run["row"] not in again] + more["runs"],
        }
    return whole
