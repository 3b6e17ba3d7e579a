"""Distributary: one server for each cluster; links between clusters are mutual TLS, as always."""

from __future__ import annotations

import os
import subprocess

import programs  # noqa: F401  (finds tests/system)
from clusters import Cluster, Site, binaries
from kafka_clients import OPEN_TO_ALL

from processes import Server

from peers.base import PAGE_CACHE, KafkaClients

NAMES = ("source", "replica")


class Distributary(KafkaClients):
    name = "distributary"
    title = "Distributary"
    stream = "/bench"
    copy: Server | None = None

    @classmethod
    def missing(cls) -> str | None:
        return None if (binaries() / "distributary").exists() else f"there is no {binaries()}/distributary"

    @classmethod
    def version(cls) -> str:
        words = ["git", "-C", str(programs.TREE), "describe", "--always", "--dirty"]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip() or "unknown"

    def settings(self) -> dict[str, str]:
        return {f"streams, {self.situation.durability}": self.stream_options()}

    def stream_options(self) -> str:
        return f"-durability {'async' if self.situation.durability == PAGE_CACHE else 'sync'}"

    def start_servers(self) -> None:
        self.site = Site(self.folder)
        self.clusters: list[Cluster] = self.site.add(*NAMES[: 2 if self.situation.pair else 1])
        for index, cluster in enumerate(self.clusters):
            if self.wan is None:
                continue
            cluster.gateway_address = cluster.options["gateway"] = f"{self.address(index)}:{cluster.gateway_port}"
            cluster.admin_address = f"{self.address(index)}:{cluster.admin_port}"
            cluster.options["allow-remote"] = "true"  # the other end of a network of our own
        self.site.write_map()
        for index, cluster in enumerate(self.clusters):
            with self.at(index):
                cluster.start()
        self.create_stream(self.stream)

    def maprcli(self, index: int, line: str) -> None:
        with self.at(index):
            self.site.maprcli(line)

    def create_stream(self, path: str) -> None:
        options = f"-ttl 0 {OPEN_TO_ALL} {self.stream_options()}"
        self.maprcli(0, f"stream create -path /mapr/source{path} {options}")
        if self.situation.pair:
            self.maprcli(1, f"stream create -path /mapr/replica{path} {options}")

    def words(self) -> list[str]:
        return self.clusters[0].words()

    def port(self) -> int:
        return self.clusters[0].kafka_port

    def end_source(self) -> None:
        self.clusters[0].stop()

    def kill_source(self) -> None:
        self.clusters[0].kill()

    def start_source(self) -> None:
        self.clusters[0].start()

    def stop_servers(self) -> None:
        try:
            if self.copy is not None:
                self.copy.stop()
        finally:
            ended = self.site.close()
        if ended:
            raise RuntimeError(f"servers of Distributary ended by themselves: {', '.join(ended)}")

    def pids(self) -> dict[str, int]:
        return {cluster.name: cluster.process.pid for cluster in self.clusters if cluster.running()}

    def broker(self, at_replica: bool) -> str:
        return self.clusters[int(at_replica)].broker

    def full_name(self, topic: str) -> str:
        return f"{self.stream}:{topic}"

    def create_topic(self, topic: str, partitions: int) -> None:
        path = f"/mapr/source{self.stream}"
        self.maprcli(0, f"stream topic create -path {path} -topic {topic} -partitions {partitions}")

    def start_replication(self) -> None:
        source, replica = f"/mapr/source{self.stream}", f"/mapr/replica{self.stream}"
        self.maprcli(0, f"stream replica add -path {source} -replica {replica} -paused true")
        self.maprcli(1, f"stream upstream add -path {replica} -upstream {source}")
        self.maprcli(0, f"stream replica resume -path {source} -replica {replica}")

    def start_copy(self) -> None:
        """The copy goes on in the servers when the command, which shows how far it is, is ended."""
        source, replica = f"/mapr/source{self.stream}", f"/mapr/replica{self.stream}"
        self.site.maprcli(f"stream replica add -path {source} -replica {replica} -paused true")
        self.site.maprcli(f"stream upstream add -path {replica} -upstream {source}")
        words = [str(binaries() / "mapr"), "copystream", "-src", source, "-dst", replica]
        environment = {**os.environ, **self.site.environment()}
        self.copy = Server(words, self.folder / "copystream.log", environment)
        self.copy.start()

