"""Apache Kafka with MirrorMaker 2: one KRaft broker for each cluster, from Maven's artifacts.

Twice: with the settings that it comes with, and tuned for two cores and for throughput.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess
from typing import ClassVar

import programs
from clusters import answers, free_port
from processes import Server, kill_all
from waiting import wait_until

from peers.base import SYNCED, KafkaClients

VERSION = "4.3.1"
HOME = programs.TREE / "build" / "bench" / "kafka"
POM = programs.TREE / "tools" / "bench" / "peers" / "kafka.pom.xml"
FETCH_SECONDS = 900
START_SECONDS = 60
CLUSTER_ID = "ZGlzdHJpYnV0YXJ5LS0tLQ"
# What bin/kafka-run-class.sh gives every JVM.
JVM = [
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
]

BROKER = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
}
MIRROR = {
    "clusters": "source, replica",
    "source->replica.enabled": "true",
    "source->replica.topics": "bench-(?!warm).*",
    "replica->source.enabled": "false",
    "replication.policy.class": "org.apache.kafka.connect.mirror.IdentityReplicationPolicy",
    "replication.factor": "1",
    "checkpoints.topic.replication.factor": "1",
    "heartbeats.topic.replication.factor": "1",
    "offset-syncs.topic.replication.factor": "1",
    "offset.storage.replication.factor": "1",
    "status.storage.replication.factor": "1",
    "config.storage.replication.factor": "1",
    "sync.topic.acls.enabled": "false",
}


def java(heap: str, main: str, *arguments: str) -> list[str]:
    return ["java", *JVM, f"-Xms{heap}", f"-Xmx{heap}", "-cp", f"{HOME}/libs/*", main, *arguments]


def write_properties(path: pathlib.Path, values: dict[str, str]) -> None:
    path.write_text("".join(f"{key}={value}\n" for key, value in values.items()))


class Kafka(KafkaClients):
    name = "kafka"
    title = "Kafka"
    warms_up = True
    most_topics = 1000  # each takes a folder, maps of the 65,530 that Linux gives a process, and 40 ms of MirrorMaker
    heap: ClassVar[str] = "1G"
    mirror_heap: ClassVar[str] = "2G"
    tuned_broker: ClassVar[dict[str, str]] = {}
    tuned_mirror: ClassVar[dict[str, str]] = {}

    @classmethod
    def missing(cls) -> str | None:
        if shutil.which("java") is None:
            return "there is no java"
        if (HOME / "libs" / f"connect-mirror-{VERSION}.jar").exists():
            return None
        if shutil.which("mvn") is None:
            return "there is no mvn to fetch it with"
        HOME.mkdir(parents=True, exist_ok=True)
        words = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={HOME}/libs"]
        result = subprocess.run(words, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
        return f"Maven does not give it: {result.stdout.strip()[-400:]}" if result.returncode != 0 else None

    @classmethod
    def version(cls) -> str:
        told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr.splitlines()
        return f"{VERSION}, {told[1] if len(told) > 1 else 'unknown JVM'}"

    def settings(self) -> dict[str, str]:
        return {
            "JVM": f"-Xms{self.heap} -Xmx{self.heap} (MirrorMaker {self.mirror_heap}) {' '.join(JVM)}",
            **{f"broker {key}, {self.situation.durability}": value for key, value in self.durability().items()},
            **{f"broker {key}": value for key, value in self.tuned_broker.items()},
            **{f"MirrorMaker {key}": value for key, value in self.tuned_mirror.items()},
        }

    def durability(self) -> dict[str, str]:
        return {"log.flush.interval.messages": "1"} if self.situation.durability == SYNCED else {}

    def start_servers(self) -> None:
        self.folder.mkdir(parents=True)
        self.mirror: Server | None = None
        self.ports = [free_port() for _ in range(2 if self.situation.pair else 1)]
        self.brokers = [self._broker(index) for index in range(len(self.ports))]
        for index in range(len(self.brokers)):
            with self.at(index):
                self.brokers[index].start()
        for index in range(len(self.brokers)):
            self._wait(index)

    def words(self) -> list[str]:
        return self.brokers[0].words

    def port(self) -> int:
        return self.ports[0]

    def end_source(self) -> None:
        self.brokers[0].stop()

    def kill_source(self) -> None:
        self.brokers[0].kill()

    def start_source(self) -> None:
        self.brokers[0].start()
        self._wait(0)

    def _broker(self, index: int) -> Server:
        name = ("source", "replica")[index]
        folder = self.folder / name
        folder.mkdir()
        controller = free_port()
        listener = f"PLAINTEXT://{self.address(index)}:{self.ports[index]}"
        properties = {
            **BROKER,
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"{listener},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": listener,
            "log.dirs": str(folder / "data"),
            **self.durability(),
            **self.tuned_broker,
        }
        file = folder / "server.properties"
        write_properties(file, properties)
        words = java("256M", "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(file))
        result = subprocess.run(words, capture_output=True, text=True, timeout=START_SECONDS, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"formatting Kafka's folder failed: {result.stdout}{result.stderr}")
        return Server(java(self.heap, "kafka.Kafka", str(file)), folder / "server.log")

    def _wait(self, index: int) -> None:
        def ready() -> bool:
            self.brokers[index].check()
            return answers(self.ports[index], self.address(index))

        with self.at(index):
            wait_until("Kafka listens", ready, START_SECONDS, 0.05)

    def stop_servers(self) -> None:
        kill_all([server for server in (self.mirror, *self.brokers) if server is not None])
        shutil.rmtree(self.folder, ignore_errors=True)

    def pids(self) -> dict[str, int]:
        named = [("source", self.brokers[0]), *[("replica", broker) for broker in self.brokers[1:]]]
        if self.mirror is not None:
            named.append(("MirrorMaker", self.mirror))
        return {name: server.pid for name, server in named}

    def broker(self, at_replica: bool) -> str:
        index = int(at_replica)
        return f"{self.address(index)}:{self.ports[index]}"

    def full_name(self, topic: str) -> str:
        return f"bench-{topic}"

    def create_topic(self, topic: str, partitions: int) -> None:
        self.start_client("create", topic, partitions).result()

    def start_replication(self) -> None:
        properties = {
            **MIRROR,
            "source.bootstrap.servers": self.broker(False),
            "replica.bootstrap.servers": self.broker(True),
            **self.tuned_mirror,
        }
        write_properties(self.folder / "mirror.properties", properties)
        main = "org.apache.kafka.connect.mirror.MirrorMaker"
        words = java(self.mirror_heap, main, str(self.folder / "mirror.properties"))
        self.mirror = Server(words, self.folder / "mirror.log")
        with self.at(1):
            self.mirror.start()


class TunedKafka(Kafka):
    name = "kafka-tuned"
    title = "Kafka, tuned"
    heap = "4G"
    mirror_heap = "4G"
    without: ClassVar[dict[int, str]] = {
        **dict.fromkeys((12, 14, 15), "nothing to tune"),
        11: "row 8 shows what its tuning gives",
    }
    tuned_broker: ClassVar[dict[str, str]] = {
        "num.network.threads": "2",
        "num.io.threads": "4",
        "socket.send.buffer.bytes": "1048576",
        "socket.receive.buffer.bytes": "1048576",
        "socket.request.max.bytes": "209715200",
        "message.max.bytes": "10485760",
        "replica.fetch.max.bytes": "10485760",
    }
    tuned_mirror: ClassVar[dict[str, str]] = {
        "tasks.max": "4",
        "source->replica.producer.override.batch.size": "1048576",
        "replica.producer.batch.size": "1048576",
        "replica.producer.linger.ms": "5",
        "replica.producer.buffer.memory": "134217728",
        "replica.producer.max.request.size": "10485760",
        "replica.producer.send.buffer.bytes": "8388608",
        "source.consumer.fetch.max.bytes": "52428800",
        "source.consumer.max.partition.fetch.bytes": "10485760",
        "source.consumer.max.poll.records": "20000",
        "source.consumer.receive.buffer.bytes": "8388608",
    }
