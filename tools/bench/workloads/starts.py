"""Rows 14 and 15: from the start of a server to the first record that it acknowledges, in order and after a kill."""

from __future__ import annotations

import statistics
import time
from typing import ClassVar

from waiting import wait_until

from peers.base import SYNCED, Batch, Peer, Situation

from workloads.base import Metric, Metrics, Row, Scale
from workloads.throughput import PARTITIONS

STOPPED = Situation("one cluster, stopped and started again")
KILLED = Situation("one cluster, killed under load", durability=SYNCED)
SIZE = 1024
PATIENCE_SECONDS = 60


def milliseconds(peer: Peer, starts: int) -> float:
    """Of the source's server, which does not run: start to first acknowledgement, the median of some."""
    return statistics.median(peer.first_acknowledgement("first")["acknowledged"] * 1000 for _ in range(starts))


class ColdStart(Row):
    number = 14
    title = "From the start of a server to its first acknowledgement"
    situation = STOPPED
    metrics: ClassVar[list[Metric]] = [
        Metric("empty", "ms, empty", False),
        Metric("filled", "ms, with data, after a stop in order", False),
        Metric("stored", "GB of data", True),
    ]

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        peer.create_topic("first", 1)
        peer.end_source()
        empty = milliseconds(peer, scale.starts)
        peer.start_source()
        batch, found = peer.produce("filled", SIZE, PARTITIONS, bytes=scale.stored_bytes)
        peer.end_source()
        filled = milliseconds(peer, scale.starts)
        peer.start_source()
        peer.consume(batch)
        return {"empty": empty, "filled": filled, "stored": found["bytes"] / 1e9}


class Recovery(Row):
    number = 15
    title = "From the start after kill -9 under load to the first acknowledgement"
    situation = KILLED
    metrics: ClassVar[list[Metric]] = [
        Metric("recovered", "ms", False),
        Metric("stored", "GB acknowledged", True),
    ]
    note = "Everything that had been acknowledged is read back afterwards and must be there."

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        peer.create_topic("first", 1)
        batch = self.killed_under_load(peer, scale.produce_seconds * 2)
        recovered = milliseconds(peer, 1)
        peer.start_source()
        peer.consume(batch, prefix=True)
        return {"recovered": recovered, "stored": batch.records * SIZE / 1e9}

    def killed_under_load(self, peer: Peer, seconds: float) -> Batch:
        """What had been acknowledged when the server was killed."""
        peer.create_topic("loaded", PARTITIONS)
        words = {"payload": peer.payload, "size": SIZE, "report": 1, "seconds": seconds + PATIENCE_SECONDS}
        producer = peer.start_client("produce", "loaded", PARTITIONS, **words)
        try:
            flows = lambda: any(sum(event["ends"]) > 0 for event in producer.events())  # noqa: E731
            wait_until("something is acknowledged", flows, PATIENCE_SECONDS)
            time.sleep(seconds)
            peer.kill_source()
            ends = producer.events()[-1]["ends"]
        finally:
            producer.end()
        return Batch("loaded", PARTITIONS, SIZE, ends)


ROWS = [ColdStart(), Recovery()]
