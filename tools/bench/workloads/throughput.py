"""Rows 1 to 5: producing and consuming as fast as it goes."""

from __future__ import annotations

from typing import ClassVar

from peers.base import SYNCED, Peer, Situation
from peers.raw import Raw

from workloads.base import CPU, RECORDS, THROUGHPUT, Metric, Metrics, Row, Scale, rates

SINGLE = Situation("one cluster, acknowledged from the page cache", warmed=True)
SINGLE_SYNCED = Situation("one cluster, synced before it is acknowledged", warmed=True, durability=SYNCED)
PARTITIONS = 4


class Produce(Row):
    situation = SINGLE
    metrics: ClassVar[list[Metric]] = [THROUGHPUT, RECORDS, CPU]
    limit = "page cache, TCP, checksum, file"
    size = 1024
    codec = "none"
    synced = False

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        topic = f"row{self.number}"
        peer.create_topic(topic, PARTITIONS)
        with peer.counting_cpu() as used:
            words = {"seconds": scale.produce_seconds, "codec": self.codec}
            batch, found = peer.produce_to(topic, self.size, PARTITIONS, **words)
        peer.consume(batch)  # checks it
        return rates(found, used.seconds)

    def measure_limit(self, raw: Raw, scale: Scale) -> Metrics:
        found = raw.run("hops", hops=1, bytes=scale.stored_bytes, sync=int(self.synced))
        return rates(found, found["cpu_seconds"])


class Produce100(Produce):
    number = 1
    title = "Produce, records of 100 bytes"
    size = 100


class Produce1K(Produce):
    number = 2
    title = "Produce, records of 1 KiB"


class ProduceLz4(Produce):
    number = 3
    title = "Produce, records of 1 KiB, compressed with lz4 by the client"
    codec = "lz4"


class ProduceSynced(Produce):
    number = 4
    title = "Produce, records of 1 KiB, on the disk before it is acknowledged"
    situation = SINGLE_SYNCED
    synced = True
    limit = "the same, fdatasync for each MiB"


class Consume(Row):
    number = 5
    title = "Consume what is in the page cache, records of 1 KiB"
    situation = SINGLE
    metrics: ClassVar[list[Metric]] = [THROUGHPUT, RECORDS, CPU]
    limit = "page cache to a socket, sendfile or send"
    size = 1024

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        batch, _ = peer.produce("row5", self.size, PARTITIONS, bytes=scale.stored_bytes)
        with peer.counting_cpu() as used:
            found = peer.consume(batch)
        return rates(found, used.seconds)

    def measure_limit(self, raw: Raw, scale: Scale) -> Metrics:
        ways = [raw.run("send", sendfile=way, bytes=scale.stored_bytes) for way in (0, 1)]
        return max((rates(found, found["cpu_seconds"]) for found in ways), key=lambda metrics: metrics["throughput"])


ROWS = [Produce100(), Produce1K(), ProduceLz4(), ProduceSynced(), Consume()]
