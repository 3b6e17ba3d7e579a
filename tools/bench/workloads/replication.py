"""Rows 8 and 13: bringing a replica up to date, and the memory that it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from peers.base import Batch, Peer, Situation
from peers.raw import Raw

from workloads.base import CPU, RECORDS, THROUGHPUT, Metric, Metrics, Row, Scale, rates
from workloads.throughput import PARTITIONS

PAIR = Situation("two clusters, acknowledged from the page cache", pair=True, warmed=True)
SIZE = 1024
PROBE_RECORDS = 1000
# The gateway of Distributary's replica is a part of the replica's server: there is one connection, and no relay.
TLS_LIMIT = "page cache, TLS 1.3 with AES-128-GCM, TCP, TLS, checksum, file; one connection, as with Distributary here"


def ensure_replication(peer: Peer) -> None:
    """Replication runs and has brought something over."""
    if peer.replicating:
        return
    probe, _ = peer.produce("probe", SIZE, 1, bytes=PROBE_RECORDS * SIZE)
    peer.start_replication()
    peer.replicating = True
    peer.watch(probe, lambda: None).result()


def one_tls_hop(raw: Raw, scale: Scale) -> Metrics:
    found = raw.run("hops", hops=1, tls=1, bytes=scale.stored_bytes)
    return rates(found, found["cpu_seconds"])


def replicate(
    peer: Peer, batch: Batch, start: Callable[[], None] | None = None, **words: float
) -> tuple[Metrics, list[int]]:
    """Starts replication with `batch` behind; how fast it comes over and what that costs all servers, and what came."""
    before: list[float] = []
    watched = peer.watch(batch, lambda: before.append(peer.cpu()), **words)
    try:
        (start or peer.start_replication)()
        peer.replicating = True
        found = watched.result()
    finally:
        watched.end()
    used = peer.cpu() - before[0]
    return {**rates(found, used), "start": found["since_start"] - found["seconds"]}, found["ends"]


class Replicate(Row):
    number = 8
    title = "Replication: a replica that is behind catches up, records of 1 KiB"
    situation = PAIR
    metrics: ClassVar[list[Metric]] = [THROUGHPUT, RECORDS, CPU, Metric("start", "s until it flows", False)]
    limit = "page cache, TCP, relay, TCP, checksum, file"
    tls_limit = TLS_LIMIT

    def prepare(self, peer: Peer, scale: Scale) -> None:
        peer.bulk, _ = peer.produce("bulk", SIZE, PARTITIONS, bytes=scale.stored_bytes)

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        metrics, _ = replicate(peer, peer.bulk)
        peer.consume(peer.bulk, at_replica=True)  # checks it, offset by offset
        return metrics

    def measure_limit(self, raw: Raw, scale: Scale) -> Metrics:
        found = raw.run("hops", hops=2, bytes=scale.stored_bytes)
        return rates(found, found["cpu_seconds"])

    def measure_tls_limit(self, raw: Raw, scale: Scale) -> Metrics:
        return one_tls_hop(raw, scale)


class Memory(Row):
    number = 13
    title = "Memory of all servers of two clusters, page cache not counted"
    note = "Anonymous memory (RssAnon) of all servers together, looked at ten times a second from their start on."
    situation = PAIR
    needs = (8,)
    metrics: ClassVar[list[Metric]] = [
        Metric("anonymous_peak", "MiB at most, under load", False),
        Metric("idle", "MiB idle", False),
    ]

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        return {"anonymous_peak": peer.peak_bytes / (1 << 20), "idle": sum(peer.idle_bytes.values()) / (1 << 20)}


ROWS = [Replicate(), Memory()]
