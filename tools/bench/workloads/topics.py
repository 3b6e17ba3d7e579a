"""Row 12: very many topics."""

from __future__ import annotations

from typing import ClassVar

from peers.base import Peer, Situation

from workloads.base import Metric, Metrics, Row, Scale

MANY = Situation("two clusters, many topics", pair=True)


class Topics(Row):
    number = 12
    title = "Many topics of one partition: create, list, replicate"
    situation = MANY
    metrics: ClassVar[list[Metric]] = [
        Metric("created", "topics created/s", True),
        Metric("listed", "topics listed/s", True),
        Metric("replicated", "topics replicated/s", True),
        Metric("bytes", "bytes of memory for each at the source", False),
        Metric("topics", "topics", True),
    ]
    note = "Peers that need a folder and files for each topic get as many as they can take. Rates can be compared."

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        count = min(scale.topics, peer.most_topics)
        before = peer.memory("RssAnon")["source"]
        found = peer.start_client("topics", "many", 1, count=count).result()
        used = peer.memory("RssAnon")["source"] - before
        awaited = peer.start_client("await", "many", 1, at_replica=True, count=count)
        peer.start_replication()
        seconds = awaited.result()["seconds"]
        return {
            "created": count / found["create_seconds"],
            "listed": count / found["list_seconds"],
            "replicated": count / seconds,
            "bytes": max(used, 0) / count,
            "topics": count,
        }


ROWS = [Topics()]
