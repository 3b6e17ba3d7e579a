"""Rows 6, 7 and 9: times at a fixed rate, from when a record was due until it is acknowledged, and until a consumer
has it."""

from __future__ import annotations

from typing import ClassVar

from peers.base import Peer
from peers.raw import Raw

from workloads.base import Metric, Metrics, Row, Scale, latency_metrics, percentiles
from workloads.replication import PAIR, ensure_replication
from workloads.throughput import PARTITIONS, SINGLE, SINGLE_SYNCED

SIZE = 1024


class Latency(Row):
    number = 6
    title = "Latency at a fixed rate, records of 1 KiB"
    situation = SINGLE
    metrics: ClassVar[list[Metric]] = [*latency_metrics("delivered", "delivered"), *latency_metrics("acked", "acked")]
    limit = "TCP round trip"

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        topic = f"row{self.number}"
        peer.create_topic(topic, PARTITIONS)
        return self.times(peer, topic, scale, at_replica=False)

    def times(self, peer: Peer, topic: str, scale: Scale, at_replica: bool) -> Metrics:
        found = peer.latency(
            topic, SIZE, PARTITIONS, at_replica, rate=scale.rate, seconds=scale.latency_seconds, warm=1
        )
        return {**percentiles("delivered", found["delivered"]), **percentiles("acked", found["acknowledged"])}

    def measure_limit(self, raw: Raw, scale: Scale) -> Metrics:
        found = raw.run("ping", size=SIZE)["round_trip"]
        return {**percentiles("delivered", found), **percentiles("acked", found)}


class LatencySynced(Latency):
    number = 7
    title = "Latency at a fixed rate, on the disk before it is acknowledged"
    situation = SINGLE_SYNCED
    limit = "write of 4 KiB and fdatasync"
    note = "A server that cannot take the rate shows seconds: records wait for their turn from when they were due."

    def measure_limit(self, raw: Raw, scale: Scale) -> Metrics:
        found = raw.run("sync", size=4096, seconds=min(scale.latency_seconds, 3))["write"]
        return {**percentiles("delivered", found), **percentiles("acked", found)}


class Lag(Latency):
    number = 9
    title = "Replication lag at a fixed rate: from due at the source to a consumer at the replica"
    situation = PAIR
    metrics: ClassVar[list[Metric]] = latency_metrics("delivered", "lag")
    limit = ""

    def prepare(self, peer: Peer, scale: Scale) -> None:
        peer.create_topic("lag", PARTITIONS)

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        ensure_replication(peer)
        return self.times(peer, "lag", scale, at_replica=True)

    def measure_limit(self, raw: Raw, scale: Scale) -> Metrics:
        return {}


ROWS = [Latency(), LatencySynced(), Lag()]
