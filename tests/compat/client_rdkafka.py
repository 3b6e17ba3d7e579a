"""librdkafka from C, Debian's: the program rdkafka_client of tests/system.

What it is not asked here, confluent-kafka is.
"""

from __future__ import annotations

import ctypes
import subprocess

from clusters import Cluster, Site, binaries
from kafka_clients import Message, consume
from rdkafka_client import Client
from report import Absent, Report
from waiting import wait_until


def topic_of(name: str) -> str:
    return f"/activity:rdkafka-{name}"


def elsewhere() -> None:
    raise Absent("asked of confluent-kafka, which is made of it")


class Walk:
    def __init__(self, site: Site, cluster: Cluster):
        self.site = site
        self.cluster = cluster

    def run(self, *arguments: str) -> str:
        words = [str(binaries() / "rdkafka_client"), self.cluster.broker, *arguments]
        result = subprocess.run(words, capture_output=True, text=True, timeout=55, check=False)
        assert result.returncode == 0, f"{arguments}: {result.stderr}"
        return result.stdout.strip()

    def create(self, name: str, partitions: int = 1) -> str:
        said = self.run("create", topic_of(name), str(partitions))
        assert said == "ok", said
        return topic_of(name)

    def numbers(self, topic: str, *options: str) -> list[int]:
        return [int(str(message.value).split()[1]) for message in consume(self.cluster, topic, *options)]

    def produce(self) -> None:
        topic = self.create("produce")
        self.run("produce", topic, "1000", "none")
        found = consume(self.cluster, topic)
        assert self.numbers(topic) == list(range(1000))
        shown: Message = found[7]
        assert (shown.key, shown.headers) == ("key 7", ("key", "key 7")), shown

    def codec(self, name: str) -> None:
        topic = self.create(name)
        self.run("produce", topic, "1000", name)
        assert self.numbers(topic) == list(range(1000))

    def partitions(self) -> None:
        topic = self.create("partitions", 200)
        self.run("produce", topic, "4000", "lz4")
        assert sorted(self.numbers(topic)) == list(range(4000))

    def groups(self) -> None:
        topic = self.create("groups", 6)
        members = [Client(self.cluster, "group", topic, "rdkafka-groups") for _ in range(2)]
        held: list[list[str]] = [[], []]
        read: list[str] = []

        def look(index: int, lines: list[str]) -> None:
            for line in lines:
                word, _, rest = line.partition(" ")
                if word == "assigned":
                    held[index] = [part for part in rest.split(",") if part]
                else:
                    assert word == "read", line
                    read.append(rest)

        def turn() -> list[int]:
            for index, member in enumerate(members):
                look(index, member.taken())
            return [len(parts) for parts in held]

        wait_until("two share six partitions", lambda: turn() == [3, 3], 30)
        self.run("produce", topic, "600", "none")
        wait_until("all is read", lambda: turn() and len(read) == 600, 20)
        look(0, members[0].finish())
        wait_until("one has all", lambda: turn() and len(held[1]) == 6, 30)
        self.run("produce", topic, "600", "none")
        wait_until("all is read", lambda: turn() and len(read) == 1200, 20)
        look(1, members[1].finish())
        assert len(set(read)) == len(read) == 1200

    def restart(self) -> None:
        topic = self.create("restart")
        sender = Client(self.cluster, "produce", topic, "40000", "lz4")
        wait_until("some are acknowledged", lambda: len(sender.taken()) > 0)
        self.cluster.kill()
        self.cluster.start()
        sender.finish()
        assert self.numbers(topic) == list(range(40_000))

    def transactions(self) -> None:
        topic = self.create("transactions", 2)
        said = self.run("transact", topic, "rdkafka-transactions", "6").splitlines()
        assert said == [f"{'aborted' if number % 3 == 2 else 'committed'} {number}" for number in range(6)], said
        for isolation, rounds in (("read_committed", (0, 1, 3, 4)), ("read_uncommitted", range(6))):
            found = self.numbers(topic, "-X", f"isolation.level={isolation}")
            assert sorted(found) == sorted([number for number in rounds for _ in range(10)]), found

    def fencing(self) -> None:
        topic = self.create("fencing", 2)
        older = Client(self.cluster, "fence", topic, "rdkafka-fencing")
        wait_until("the older one has begun", lambda: older.taken() == ["begun"])
        self.run("transact", topic, "rdkafka-fencing", "1")
        (said,) = older.finish()
        assert said in ("refused _FENCED", "refused INVALID_PRODUCER_EPOCH"), said
        assert self.numbers(topic, "-X", "isolation.level=read_committed") == [0] * 10

    def topics(self) -> None:
        topic = self.create("topics", 3)
        assert self.run("create", topic, "3").startswith("TOPIC_ALREADY_EXISTS")
        assert self.run("grow", topic, "5") == "ok"
        assert self.run("delete", topic) == "ok"
        assert self.run("delete", topic).startswith("UNKNOWN_TOPIC_OR_PART")

    def offsets(self) -> None:
        topic = self.create("offsets")
        self.run("produce", topic, "10", "none")
        first = consume(self.cluster, topic)[0].timestamp
        assert self.run("time", topic, "0", str(first)) == "0"
        assert self.run("time", topic, "0", "4000000000000") == "-1"

    def steps(self) -> dict:
        codecs = {name: lambda name=name: self.codec(name) for name in ("gzip", "snappy", "lz4", "zstd")}
        others = ("large", "short-names", "full-names", "commits", "consumer-groups", "idempotence")
        others += ("configs", "transaction-offsets", "group-admin", "delete-records", "cluster")
        return {
            **codecs, **dict.fromkeys(others, elsewhere), "produce": self.produce, "partitions": self.partitions,
            "groups": self.groups, "restart": self.restart, "transactions": self.transactions,
            "fencing": self.fencing, "topics": self.topics, "offset-admin": self.offsets,
        }


def prepare():
    def start(cluster: Cluster, features: list[str], report: Report) -> None:
        walk = Walk(cluster.site, cluster)
        library = ctypes.CDLL("librdkafka.so.1")
        library.rd_kafka_version_str.restype = ctypes.c_char_p
        report.version = library.rd_kafka_version_str().decode()
        report.steps(walk.steps(), features)

    return start
