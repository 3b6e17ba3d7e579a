"""Row 10: a replica far away, over a network with delay and loss."""

from __future__ import annotations

import time
from typing import ClassVar

import wan
from peers.base import Batch, Peer, Situation
from peers.raw import Raw
from programs import Program

from workloads.base import CPU, RECORDS, THROUGHPUT, Metric, Metrics, Row, Scale, rates
from workloads.replication import SIZE, replicate
from workloads.throughput import PARTITIONS

FAR = Situation("two clusters far apart, acknowledged from the page cache", pair=True, wan=True)
BEGIN_RECORDS = 2000
PORT = 12_999
CONNECTIONS = 8


class Distance(Row):
    number = 10
    title = f"Replication over {wan.TEXT}"
    situation = FAR
    metrics: ClassVar[list[Metric]] = [THROUGHPUT, RECORDS, CPU, Metric("start", "s until it flows", False)]
    limit = f"TCP, {CONNECTIONS} connections with BBR"
    note = "The network is two TUN devices in network namespaces with a program of ours between them (bench/wan)."

    def prepare(self, peer: Peer, scale: Scale) -> None:
        peer.bulk, _ = peer.produce("bulk", SIZE, PARTITIONS, bytes=scale.stored_bytes)

    def measure(self, peer: Peer, scale: Scale) -> Metrics:
        words = {"begin_at": min(BEGIN_RECORDS, peer.bulk.records // 2), "seconds": scale.wan_seconds}
        metrics, ends = replicate(peer, peer.bulk, **words)
        came = Batch(peer.bulk.topic, peer.bulk.partitions, SIZE, ends)
        peer.consume(came, at_replica=True, prefix=True)  # checks what came
        return metrics

    def measure_limit(self, raw: Raw, scale: Scale) -> Metrics:
        network = wan.Wan()
        try:
            network.start()
            return self.through(network, scale)
        finally:
            network.stop()

    def through(self, network: wan.Wan, scale: Scale) -> Metrics:
        place = {"address": wan.ADDRESSES[0], "port": PORT, "connections": CONNECTIONS}
        with network.inside(0):
            server = Program("bench_raw", "serve", congestion="bbr", **place)
        try:
            while not server.events():
                time.sleep(0.01)
            with network.inside(1):
                found = Program("bench_raw", "pull", seconds=scale.wan_seconds, **place).result()
        finally:
            server.end()
        return rates(found, found["cpu_seconds"])


ROWS = [Distance()]
