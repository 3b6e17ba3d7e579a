"""Results as people read them: a short text for the terminal, and docs/benchmarks.md with its plots."""

from __future__ import annotations

import dataclasses
from typing import Any

from figures import REFERENCE, errors_of, figure, number, times_better
from workloads import ROWS


def peers_in(results: dict[str, Any]) -> list[str]:
    """Those that were measured, in the order of the tables."""
    found = dict.fromkeys(run["peer"] for run in results["runs"])
    order = [REFERENCE, *results["peers"], "raw"]
    return sorted(found, key=lambda name: order.index(name) if name in order else len(order))


def text(results: dict[str, Any]) -> str:
    """One line for each metric of each row: medians, and how many times better ours is."""
    lines = []
    for number_, row in ROWS.items():
        if not any(run["row"] == number_ for run in results["runs"]):
            continue
        lines.append(f"\n{number_:2}. {row.title}")
        for metric in row.metrics:
            lines.append(f"    {metric.title:20}" + cells(results, number_, metric))
        for peer in peers_in(results):
            lines += [f"    {peer}: {error}" for error in errors_of(results["runs"], number_, peer)]
    return "\n".join(lines)


def cells(results: dict[str, Any], row: int, metric: Any) -> str:
    ours = figure(results["runs"], row, REFERENCE, metric.key)
    shown = []
    for peer in peers_in(results):
        theirs = figure(results["runs"], row, peer, metric.key)
        if theirs is None:
            continue
        ratio = times_better(ours.median, theirs.median, metric.higher_is_better) if ours else None
        against = f" ({number(ratio)}x)" if ratio is not None and peer != REFERENCE else ""
        shown.append(f"{peer} {number(theirs.median)}{against}")
    return "  ".join(shown)


def publish(path: Any) -> None:
    raise SystemExit("no pages yet")


__all__ = ["dataclasses", "publish", "text"]
