"""What a row of the tables is: one kind of work, the same for all peers, and what is measured of it."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from peers.base import Peer, Situation
from peers.raw import Raw

Metrics = dict[str, float]


@dataclasses.dataclass(frozen=True)
class Scale:
    """How much of everything."""

    name: str
    repetitions: int
    produce_seconds: float
    stored_bytes: int  # that are consumed, and replicated
    rate: int  # records per second of the latencies
    latency_seconds: float
    warm_seconds: float  # of load on virtual machines, before anything counts
    topics: int
    wan_seconds: float
    starts: int
    minutes: float  # after so many no repetition is begun, but for the first ones


SCALES = {
    scale.name: scale
    for scale in (
        Scale("tiny", 1, 0.3, 8_000_000, 500, 0.5, 0, 50, 2, 1, 60),
        Scale("quick", 1, 3, 300_000_000, 10_000, 4, 5, 1000, 8, 2, 60),
        Scale("full", 5, 4, 1_000_000_000, 20_000, 6, 8, 100_000, 8, 3, 90),
    )
}


@dataclasses.dataclass(frozen=True)
class Metric:
    key: str
    title: str
    higher_is_better: bool


THROUGHPUT = Metric("throughput", "MB/s", True)
RECORDS = Metric("records", "records/s", True)
CPU = Metric("cpu", "server CPU-s/GB", False)


class Row:
    number: ClassVar[int]
    title: ClassVar[str]
    situation: ClassVar[Situation]
    metrics: ClassVar[list[Metric]]  # the first is what the row is about
    limit: ClassVar[str] = ""  # what the machine's column is
    tls_limit: ClassVar[str] = ""  # and the one with TLS
    note: ClassVar[str] = ""  # what a reader must know besides
    needs: ClassVar[tuple[int, ...]] = ()  # rows that must run before it

    def prepare(self, peer: Peer, scale: Scale) -> None:
        """Before anything is replicated, for all rows of the situation."""

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        raise NotImplementedError

    def measure_limit(self, raw: Raw, scale: Scale) -> Metrics:
        return {}

    def measure_tls_limit(self, raw: Raw, scale: Scale) -> Metrics:
        """The same where Distributary's connections are encrypted, as those between clusters always are."""
        return {}


def rates(found: dict[str, Any], cpu_seconds: float) -> Metrics:
    """Of what a client printed: bytes, records and seconds."""
    return {
        "throughput": found["bytes"] / found["seconds"] / 1e6,
        "records": found.get("records", 0) / found["seconds"],
        "cpu": cpu_seconds / (found["bytes"] / 1e9),
    }


def percentiles(prefix: str, found: dict[str, float]) -> Metrics:
    """Of a histogram in microseconds; in milliseconds."""
    return {f"{prefix}_{key}": found[key] / 1000 for key in ("p50", "p99", "p999", "max")}


def latency_metrics(prefix: str, title: str) -> list[Metric]:
    return [
        Metric(f"{prefix}_{key}", f"{title} {name}, ms", False)
        for key, name in (("p99", "p99"), ("p50", "p50"), ("p999", "p99.9"))
    ]
