"""kcat, as people use it at a prompt. Debian's, and so an older librdkafka."""

from __future__ import annotations

import json
import re
import subprocess
import threading

import kafka_clients
from clusters import Cluster, Site
from kafka_clients import Message, consume, kcat, metadata, produce
from report import Absent, Report
from waiting import wait_until


def topic_of(name: str) -> str:
    return f"/activity:kcat-{name}"


def numbered(count: int, begin: int = 0) -> list[str]:
    return [str(number) for number in range(begin, begin + count)]


def values(messages: list[Message]) -> list[str | None]:
    return [message.value for message in messages]


def absent() -> None:
    raise Absent("kcat has no such thing")


class Member:
    """A kcat of a group: what it holds and what it has read."""

    def __init__(self, cluster: Cluster, group: str, topic: str):
        options = ["session.timeout.ms=8000", "heartbeat.interval.ms=300", "auto.offset.reset=earliest"]
        options += ["auto.commit.interval.ms=200", "reconnect.backoff.max.ms=500", "fetch.wait.max.ms=100"]
        words = ["kcat", "-b", cluster.broker, "-E", "-G", group, "-J", "-u"]
        for option in options:
            words += ["-X", option]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*words, topic], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
        self.read: list[tuple[int, int]] = []
        self.held: set[int] = set()
        self._readers = [threading.Thread(target=work, daemon=True) for work in (self._messages, self._events)]
        for reader in self._readers:
            reader.start()

    def _messages(self) -> None:
        for line in self.process.stdout:
            one = json.loads(line)
            self.read.append((one["partition"], one["offset"]))

    def _events(self) -> None:
        for line in self.process.stderr:
            found = re.search(r"rebalanced .*: (assigned|revoked): (.*)", line)
            if found:
                parts = {int(part) for part in re.findall(r"\[(\d+)\]", found[2])}
                self.held = parts if found[1] == "assigned" else set()

    def leave(self) -> None:
        """It commits and leaves, as with control-C."""
        self.process.terminate()
        self.process.wait(15)
        for reader in self._readers:
            reader.join(5)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Walk:
    def __init__(self, site: Site, cluster: Cluster):
        self.site = site
        self.cluster = cluster
        self.members: list[Member] = []

    def create(self, name: str, partitions: int = 1) -> str:
        stream, topic = topic_of(name).split(":")
        self.site.maprcli(f"stream topic create -path {stream} -topic {topic} -partitions {partitions}")
        return topic_of(name)

    def join(self, group: str, topic: str) -> Member:
        self.members.append(Member(self.cluster, group, topic))
        return self.members[-1]

    def produce(self) -> None:
        topic = self.create("produce")
        headers = ["-H", "colour=red", "-H", "colour=blue", "-H", "empty="]
        produce(self.cluster, topic, ["key|value", "only a key|", "|only a value"], "-K", "|", "-Z", *headers)
        first, second, third = consume(self.cluster, topic)
        assert (first.key, first.value) == ("key", "value"), first
        assert first.headers == ("colour", "red", "colour", "blue", "empty", ""), first
        assert (second.value, third.key, third.offset) == (None, None, 2), (second, third)

    def codec(self, name: str) -> None:
        topic = self.create(name)
        lines = [f"{name} {number} " + "payload " * 20 for number in range(1000)]
        produce(self.cluster, topic, lines, "-z", name)
        assert values(consume(self.cluster, topic)) == lines

    def large(self) -> None:
        topic = self.create("large")
        lines = [digit * 8_000_000 for digit in "123"]
        produce(self.cluster, topic, lines, "-X", "message.max.bytes=9000000")
        assert values(consume(self.cluster, topic)) == lines

    def partitions(self) -> None:
        topic = self.create("partitions", 200)
        produce(self.cluster, topic, [f"key{number}|{number}" for number in range(2000)], "-K", "|")
        found = consume(self.cluster, topic)
        assert sorted(int(message.value) for message in found) == list(range(2000))
        assert len({message.partition for message in found}) > 150
        assert len(metadata(self.cluster, "-t", topic)["topics"][0]["partitions"]) == 200

    def full_names(self) -> None:
        topics = ["/activity:kcat-same", "/second:kcat-same"]
        for topic in topics:
            produce(self.cluster, topic, [topic])
        for topic in topics:
            assert values(consume(self.cluster, topic)) == [topic]

    def short_names(self) -> None:
        produce(self.cluster, "kcat-short", ["short"])
        for topic in ("kcat-short", "/default:kcat-short"):
            assert values(consume(self.cluster, topic)) == ["short"]

    def send(self, topic: str, partitions: int) -> None:
        for index in range(partitions):
            produce(self.cluster, topic, numbered(20), "-p", str(index))

    def groups(self) -> None:
        topic = self.create("groups", 6)
        first, second = self.join("kcat-groups", topic), self.join("kcat-groups", topic)
        wait_until("two share six partitions", lambda: (len(first.held), len(second.held)) == (3, 3), 30)
        self.send(topic, 6)
        wait_until("all is read", lambda: len(first.read) + len(second.read) == 120, 20)
        first.leave()
        wait_until("one has all", lambda: len(second.held) == 6, 30)
        self.send(topic, 6)
        wait_until("all is read", lambda: len(first.read) + len(second.read) >= 240, 20)
        second.leave()
        assert sorted(first.read + second.read) == [(part, offset) for part in range(6) for offset in range(40)]

    def commits(self) -> None:
        topic = self.create("commits")
        for begin, count in ((0, 40), (40, 60)):
            produce(self.cluster, topic, numbered(count, begin))
            member = self.join("kcat-commits", topic)
            wait_until(f"{count} are read", lambda: len(member.read) == count, 20)
            member.leave()
            assert member.read == [(0, offset) for offset in range(begin, begin + count)], member.read

    def idempotence(self) -> None:
        topic = self.create("idempotence")
        produce(self.cluster, topic, numbered(5000), "-X", "enable.idempotence=true")
        assert values(consume(self.cluster, topic)) == numbered(5000)

    def transactions(self) -> None:
        topic = self.create("transactions")
        produce(self.cluster, topic, numbered(10), "-X", "transactional.id=kcat-transactions")
        produce(self.cluster, topic, numbered(10, 10), "-X", "transactional.id=kcat-transactions")
        assert values(consume(self.cluster, topic, "-X", "isolation.level=read_committed")) == numbered(20)
        offsets = [message.offset for message in consume(self.cluster, topic)]
        assert offsets == [*range(10), *range(11, 21)], f"no place for the mark of a commit: {offsets}"

    def restart(self) -> None:
        """With -E, without which kcat ends when no broker is there."""
        topic = self.create("restart")
        member = self.join("kcat-restart", topic)
        words = ["kcat", "-b", self.cluster.broker, "-E", "-P", "-t", topic, "-X", "enable.idempotence=true"]
        words += ["-X", "linger.ms=2", "-X", "reconnect.backoff.max.ms=500"]
        sender = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        sender.stdin.writelines(line + "\n" for line in numbered(5000))
        sender.stdin.flush()
        wait_until("some are read", lambda: len(member.read) > 500, 20)
        self.cluster.kill()
        sender.stdin.writelines(line + "\n" for line in numbered(5000, 5000))
        sender.stdin.flush()
        self.cluster.start()
        _, said = sender.communicate(timeout=40)
        assert sender.returncode == 0, said
        assert values(consume(self.cluster, topic)) == numbered(10_000)
        wait_until("it has read on", lambda: len(set(member.read)) == 10_000, 20)
        member.leave()

    def offsets(self) -> None:
        produce(self.cluster, "kcat-offsets", numbered(10))
        first = consume(self.cluster, "kcat-offsets")[0].timestamp
        for time, expected in ((-2, 0), (-1, 10), (first, 0)):
            said = kcat(self.cluster, "-Q", "-t", f"kcat-offsets:0:{time}").stdout
            assert f"offset {expected}" in said, said

    def describe(self) -> None:
        found = metadata(self.cluster)
        assert [broker["name"] for broker in found["brokers"]] == [self.cluster.broker], found
        assert found["controllerid"] == found["brokers"][0]["id"], found

    def steps(self) -> dict:
        codecs = {name: lambda name=name: self.codec(name) for name in ("gzip", "snappy", "lz4", "zstd")}
        without = ("consumer-groups", "transaction-offsets", "fencing", "topics", "configs", "group-admin")
        return {
            **codecs, **dict.fromkeys((*without, "delete-records"), absent),
            "produce": self.produce, "large": self.large, "partitions": self.partitions,
            "full-names": self.full_names, "short-names": self.short_names, "groups": self.groups,
            "commits": self.commits, "idempotence": self.idempotence, "transactions": self.transactions,
            "restart": self.restart, "offset-admin": self.offsets, "cluster": self.describe,
        }


def prepare():
    def start(cluster: Cluster, features: list[str], report: Report) -> None:
        said = kafka_clients.kcat(cluster, "-V", status=None).stdout
        found = re.search(r"Version ([\d.]+) .*librdkafka ([\d.]+)", said)
        report.version = f"{found[1]} (librdkafka {found[2]})" if found else "unknown"
        walk = Walk(cluster.site, cluster)
        try:
            report.steps(walk.steps(), features)
        finally:
            for member in walk.members:
                member.end()

    return start
