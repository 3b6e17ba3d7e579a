"""Results as people read them: a short text for the terminal, and docs/benchmarks.md with its plots."""

from __future__ import annotations

import pathlib
from typing import Any

import svg
from figures import REFERENCE, Figure, errors_of, figure, number, times_better
from peers import PEERS
from workloads import ROWS
from workloads.base import Metric, Row

LIMIT = "raw"
TLS_LIMIT = "raw-tls"  # of some rows only
TITLES = {
    "distributary": "Distributary",
    "kafka": "Kafka",
    "kafka-tuned": "Kafka, tuned",
    "nats": "NATS",
    LIMIT: "machine",
    TLS_LIMIT: "machine, TLS",
}
PLOTS = "benchmarks"
# Row 16 of the plan is no run of its own: what rows 2, 5 and 8 cost.
COSTS = {2: "produce", 5: "consume", 8: "replicate"}

HEAD = """# Benchmarks

<!-- Written by `./x bench --publish`; what is edited here by hand is lost. -->

The same work on Distributary, on what its users would take instead, and on the bare machine, side by side, on one
machine and interleaved (A B C A B C), every server started fresh on loopback with its own folders. `./x bench --list`
shows the rows.
"""

METHOD = """
## How it is measured

- One client for all servers of Kafka's protocol: librdkafka with its default batches (1 MB, 5 ms), idempotent,
  `acks=all`. NATS JetStream gets a client of ours that publishes asynchronously, every record acknowledged. Clients
  share the cores with the servers.
- Records are cut from real JSON lines (the events of the npm package vega-datasets); topics have 4 partitions.
- After every run all records are read back, at the replica too: every offset and every byte must be the right one, or
  the run does not count.
- Equal durability on both sides: either all acknowledge from the page cache, or all sync before they acknowledge
  (Distributary `-durability async` and `sync`, Kafka `flush.messages=1`, NATS `sync_interval: always`).
- Latencies are open loop: each record carries when it was due, and time counts from then.
- CPU time is that of server processes only, from `/proc`; it includes MirrorMaker 2 and the replica's server.
- *machine* is a small program that does what the work cannot do without and nothing else: the limit on this machine.
- Replication to Distributary's replica is over mutual TLS, as it always is between clusters; the others run in plain
  text.
- *x* says how many times better Distributary is; below 1 it is worse.
"""

NOTHING = """
There is no measurement of a quiet machine yet. `./x bench --full` makes one, and `./x bench --publish FILE` this page
from it.
"""


def peers_in(results: dict[str, Any]) -> list[str]:
    """Those that were measured, in the order of the tables."""
    found = {run["peer"] for run in results["runs"]}
    return [name for name in TITLES if name in found]


def columns(results: dict[str, Any], row: Row) -> list[str]:
    """The peers of a row's table."""
    of_row = {run["peer"] for run in results["runs"] if run["row"] == row.number}
    return [name for name in peers_in(results) if name != TLS_LIMIT or name in of_row]


def rows_in(results: dict[str, Any]) -> list[Row]:
    found = {run["row"] for run in results["runs"]}
    return [row for number_, row in ROWS.items() if number_ in found]


def ratio(results: dict[str, Any], row: int, peer: str, metric: Metric) -> float | None:
    """How many times better ours is than a peer's, by the medians."""
    ours = figure(results["runs"], row, REFERENCE, metric.key)
    theirs = figure(results["runs"], row, peer, metric.key)
    if ours is None or theirs is None or peer == REFERENCE:
        return None
    return times_better(ours.median, theirs.median, metric.higher_is_better)


def shown_ratio(value: float | None) -> str:
    return "" if value is None else f"{number(value)}x"


def text(results: dict[str, Any]) -> str:
    """For the terminal: medians, and how many times better ours is."""
    lines = []
    for row in rows_in(results):
        lines.append(f"\n{row.number:2}. {row.title}")
        for metric in row.metrics:
            shown = []
            for peer in peers_in(results):
                theirs = figure(results["runs"], row.number, peer, metric.key)
                if theirs is not None:
                    against = shown_ratio(ratio(results, row.number, peer, metric))
                    shown.append(f"{peer} {number(theirs.median)}" + (f" ({against})" if against else ""))
            if shown:
                lines.append(f"    {metric.title:24} " + "  ".join(shown))
        lines += [f"    {peer}: {error}" for peer in peers_in(results) for error in errors(results, row.number, peer)]
    return "\n".join(lines)


def errors(results: dict[str, Any], row: int, peer: str) -> list[str]:
    return [error.splitlines()[0] for error in errors_of(results["runs"], row, peer)]


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def with_range(found: Figure | None) -> str:
    if found is None:
        return ""
    if found.count == 1:
        return number(found.median)
    return f"{number(found.median)} ({number(found.least)} to {number(found.most)})"


def overview(results: dict[str, Any]) -> str:
    """The first metric of each row."""
    others = [peer for peer in peers_in(results) if peer not in (REFERENCE, TLS_LIMIT)]
    rows = []
    for row in rows_in(results):
        metric = row.metrics[0]
        ours = figure(results["runs"], row.number, REFERENCE, metric.key)
        ratios = [shown_ratio(ratio(results, row.number, peer, metric)) for peer in others]
        what = f"[{row.number}. {row.title}](#row-{row.number})"
        rows.append([what, f"{number(ours.median)} {metric.title}" if ours else "", *ratios])
    return table(["", TITLES[REFERENCE], *(f"against {TITLES[peer]}" for peer in others)], rows)


def section(results: dict[str, Any], row: Row) -> str:
    peers = columns(results, row)
    lines = [f'\n### <a id="row-{row.number}"></a>{row.number}. {row.title}\n']
    if bars(results, row):
        lines.append(f"![{row.metrics[0].title}]({PLOTS}/row-{row.number:02}.svg)\n")
    rows = []
    for metric in row.metrics:
        cells = []
        for peer in peers:
            shown = with_range(figure(results["runs"], row.number, peer, metric.key))
            cells.append(f"{shown} {shown_ratio(ratio(results, row.number, peer, metric))}".strip())
        if any(cells):
            rows.append([metric.title, *cells])
    lines.append(table(["", *(TITLES[peer] for peer in peers)], rows))
    if row.limit and figure(results["runs"], row.number, LIMIT, row.metrics[0].key):
        lines.append(f"machine: {row.limit}.\n")
    if TLS_LIMIT in peers:
        lines.append(f"machine, TLS: {row.tls_limit}.\n")
    if row.note:
        lines.append(f"{row.note}\n")
    for peer in peers:
        if peer in PEERS and row.number in PEERS[peer].without:
            lines.append(f"{TITLES[peer]} is left out: {PEERS[peer].without[row.number]}.\n")
        found = errors(results, row.number, peer)
        if found:
            lines.append(f"{TITLES[peer]}: {len(found)} run(s) did not count: {found[0]}\n")
    return "\n".join(lines)


def costs(results: dict[str, Any]) -> str:
    """CPU seconds per GB of the three paths."""
    peers = peers_in(results)
    rows = []
    for number_, what in COSTS.items():
        found = [figure(results["runs"], number_, peer, "cpu") for peer in peers]
        if any(found):
            rows.append([what, *(with_range(one) for one in found)])
    if not rows:
        return ""
    head = '\n### <a id="row-16"></a>16. Server CPU seconds per GB, records of 1 KiB\n\n'
    return head + table(["", *(TITLES[peer] for peer in peers)], rows)


def bars(results: dict[str, Any], row: Row) -> list[svg.Bar]:
    metric = row.metrics[0]
    found = []
    for peer in peers_in(results):
        one = figure(results["runs"], row.number, peer, metric.key)
        colour = {REFERENCE: svg.OURS, LIMIT: svg.LIMIT, TLS_LIMIT: svg.LIMIT}.get(peer, svg.THEIRS)
        if one is not None:
            found.append(svg.Bar(TITLES[peer], one.median, one.least, one.most, colour))
    return found


def circumstances(results: dict[str, Any]) -> str:
    minutes = results["took"] // 60
    cut = f" It was cut short: {results['cut']}." if results.get("cut") else ""
    lines = [
        f"\n## What it ran on\n\nBegun {results['began']}, by `{results['command']}`, in {minutes} minutes.{cut}\n",
        table(["", ""], [[key, str(value)] for key, value in results["machine"].items()]),
        "\n## What was compared\n",
    ]
    for name, peer in results["peers"].items():
        lines.append(f"- {TITLES[name]} {peer['version']}")
        lines += [f"  - `{key}`: `{value}`" for key, value in peer["settings"].items()]
    lines += [f"- {TITLES[name]} is not there: {why}" for name, why in results["missing"].items()]
    return "\n".join(lines) + "\n"


def pages(results: dict[str, Any] | None) -> dict[str, str]:
    """The page and its plots, by their paths below docs/."""
    if results is None:
        return {"benchmarks.md": HEAD + NOTHING + METHOD}
    sections = "".join(section(results, row) for row in rows_in(results))
    page = HEAD + "\n" + overview(results) + METHOD + circumstances(results) + "\n## Rows\n" + sections + costs(results)
    found = {"benchmarks.md": page}
    for row in rows_in(results):
        if plotted := bars(results, row):
            name = f"{PLOTS}/row-{row.number:02}.svg"
            found[name] = svg.chart(f"{row.number}. {row.title}: {row.metrics[0].title}", plotted)
    return found


def write(docs: pathlib.Path, results: dict[str, Any] | None) -> None:
    for name, content in pages(results).items():
        path = docs / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
