"""Row 11: a new replica of much data, while producers and consumers go on at the source."""

from __future__ import annotations

from typing import ClassVar

from peers.base import Peer, Situation
from peers.raw import Raw

from workloads.base import CPU, RECORDS, THROUGHPUT, Metric, Metrics, Row, Scale, percentiles, rates
from workloads.replication import SIZE, TLS_LIMIT, one_tls_hop, replicate
from workloads.throughput import PARTITIONS

COPIED = Situation("two clusters, a new replica of much data", pair=True)
LIVE_RATE = 2000


class Bootstrap(Row):
    number = 11
    title = "A new replica of much data, while others go on at the source"
    situation = COPIED
    metrics: ClassVar[list[Metric]] = [
        THROUGHPUT,
        RECORDS,
        CPU,
        Metric("during_p99", "source p99 meanwhile, ms", False),
        Metric("before_p99", "source p99 before, ms", False),
    ]
    limit = "page cache, TCP, relay, TCP, checksum, file"
    tls_limit = TLS_LIMIT
    note = (
        "Distributary by `mapr copystream`; the others by their replication. At the source, records are due "
        f"{LIVE_RATE:,} times a second, and time counts until a consumer there has them."
    )

    def prepare(self, peer: Peer, scale: Scale) -> None:
        peer.bulk, _ = peer.produce("bulk", SIZE, PARTITIONS, bytes=scale.stored_bytes)
        for topic in ("before", "during"):
            peer.create_topic(topic, 1)

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        live = {"rate": LIVE_RATE, "seconds": scale.latency_seconds, "warm": 1}
        before = peer.latency("before", SIZE, 1, **live)
        during = peer.start_latency("during", SIZE, 1, **live)
        try:
            metrics, _ = replicate(peer, peer.bulk, start=peer.start_copy)
            found = during.result()
        finally:
            during.end()
        peer.consume(peer.bulk, at_replica=True)
        for name, times in (("before", before), ("during", found)):
            metrics[f"{name}_p99"] = percentiles("", times["delivered"])["_p99"]
        return metrics

    def measure_limit(self, raw: Raw, scale: Scale) -> Metrics:
        found = raw.run("hops", hops=2, bytes=scale.stored_bytes)
        return rates(found, found["cpu_seconds"])

    def measure_tls_limit(self, raw: Raw, scale: Scale) -> Metrics:
        return one_tls_hop(raw, scale)


ROWS = [Bootstrap()]
