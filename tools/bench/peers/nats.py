"""NATS JetStream: one server for each cluster, joined by a leaf node, and a mirror of the stream.

All records of a stream are in one order there, so a topic is a stream of its own, with one subject.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any, ClassVar

import programs
from clusters import answers, free_port
from processes import Server, kill_all
from waiting import wait_until

from peers.base import SYNCED, Batch, Peer

MODULE = "github.com/nats-io/nats-server/v2@latest"
HOME = programs.TREE / "build" / "bench" / "nats"
BUILD_SECONDS = 1200
START_SECONDS = 30
DOMAINS = ("source", "replica")


def program() -> str | None:
    """The newest that was built from its module, else the system's."""
    built = HOME / "bin" / "nats-server"
    return str(built) if built.exists() else shutil.which("nats-server")


class Nats(Peer):
    name = "nats"
    title = "NATS"
    without: ClassVar[dict[int, str]] = {3: "its clients do not compress", 12: "subjects need no creation"}

    @classmethod
    def missing(cls) -> str | None:
        if (HOME / "bin" / "nats-server").exists():
            return None
        if shutil.which("go") is None:
            return None if program() else "there is neither go to build it nor a nats-server"
        (HOME / "bin").mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "GOBIN": str(HOME / "bin")}
        words = ["go", "install", MODULE]
        result = subprocess.run(
            words, env=environment, cwd=HOME, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )
        if result.returncode == 0 or program():
            return None
        return f"`{' '.join(words)}` failed: {result.stderr.strip()[-400:]}"

    @classmethod
    def version(cls) -> str:
        told = subprocess.run([program() or "nats-server", "--version"], capture_output=True, text=True, check=False)
        return told.stdout.strip().removeprefix("nats-server: ")

    def settings(self) -> dict[str, str]:
        durability = {f"{key}, {self.situation.durability}": value for key, value in self.durability().items()}
        return {"streams": "file storage, one replica", **durability}

    def durability(self) -> dict[str, str]:
        return {"sync_interval": "always"} if self.situation.durability == SYNCED else {}

    def start_servers(self) -> None:
        self.folder.mkdir(parents=True)
        count = 2 if self.situation.pair else 1
        self.ports = [free_port() for _ in range(count)]
        self.leaf_port = free_port()
        self.servers = [self._server(index) for index in range(count)]
        self.topics: list[str] = []
        for index in range(count):
            self._start(index)

    def _start(self, index: int) -> None:
        with self.at(index):
            self.servers[index].start()
            wait_until("NATS listens", lambda: answers(self.ports[index]), START_SECONDS, 0.02)

    def words(self) -> list[str]:
        return self.servers[0].words

    def port(self) -> int:
        return self.ports[0]

    def end_source(self) -> None:
        self.servers[0].stop()

    def kill_source(self) -> None:
        self.servers[0].kill()

    def start_source(self) -> None:
        self._start(0)

    def _server(self, index: int) -> Server:
        folder = self.folder / DOMAINS[index]
        folder.mkdir()
        sync = "".join(f", {key}: {value}" for key, value in self.durability().items())
        lines = [
            f"server_name: {DOMAINS[index]}",
            f"listen: 127.0.0.1:{self.ports[index]}",
            f"jetstream {{ store_dir: {folder}/data, domain: {DOMAINS[index]}{sync} }}",
        ]
        if self.situation.pair:
            address = f"{self.address(0)}:{self.leaf_port}"
            remote = f'remotes: [ {{ url: "nats://{address}" }} ]'
            lines.append(f"leafnodes {{ {f'listen: {address}' if index == 0 else remote} }}")
        file = folder / "server.conf"
        file.write_text("\n".join(lines) + "\n")
        return Server([program(), "-c", str(file)], folder / "server.log")

    def stop_servers(self) -> None:
        kill_all(self.servers)
        shutil.rmtree(self.folder, ignore_errors=True)

    def pids(self) -> dict[str, int]:
        return {name: server.pid for name, server in zip(DOMAINS, self.servers)}

    def request(self, index: int, subject: str, payload: dict[str, Any]) -> None:
        words = {"port": self.ports[index], "subject": f"$JS.API.{subject}", "payload": json.dumps(payload)}
        with self.at(index):
            programs.run("bench_nats", "request", **words)

    def create_topic(self, topic: str, partitions: int) -> None:
        config = {"name": topic, "subjects": [f"bench.{topic}"], "storage": "file", "num_replicas": 1}
        self.request(0, f"STREAM.CREATE.{topic}", config)
        self.topics.append(topic)

    def start_replication(self) -> None:
        for topic in self.topics:
            mirror = {"name": topic, "external": {"api": f"$JS.{DOMAINS[0]}.API"}}
            config = {"name": topic, "mirror": mirror, "storage": "file", "num_replicas": 1}
            self.request(1, f"STREAM.CREATE.{topic}", config)

    def program(self) -> str:
        return "bench_nats"

    def client_words(self, topic: str, partitions: int, at_replica: bool = False) -> dict[str, Any]:
        # A server that syncs every record by itself would have a full window of them wait for half a minute.
        window = 256 if self.situation.durability == SYNCED else None
        return {"port": self.ports[int(at_replica)], "subject": f"bench.{topic}", "stream": topic, "window": window}

    def read_words(self, batch: Batch) -> dict[str, Any]:
        return {"records": batch.records}
