"""What a peer is: a system that can hold streams of records, in one situation, on this machine.

A peer is started fresh for a situation and stopped after the rows that were asked for. All servers listen on loopback,
or in network namespaces of our own, and keep their data in a folder that is removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import processes
from programs import Program, Wrong, run

PAGE_CACHE = "page cache"  # acknowledged: the operating system has it
SYNCED = "synced"  # acknowledged: the disk has it


@dataclasses.dataclass(frozen=True)
class Situation:
    """What has to run: one cluster or two with replication between them, how durable, and over what network."""

    name: str
    pair: bool = False
    durability: str = PAGE_CACHE
    wan: bool = False


@dataclasses.dataclass(frozen=True)
class Batch:
    """What was produced to a topic and is there to be read."""

    topic: str
    partitions: int
    size: int
    ends: list[int]
    stamped: bool = False

    @property
    def records(self) -> int:
        return sum(self.ends)


@dataclasses.dataclass
class Used:
    """CPU time of all servers of a peer."""

    seconds: float = 0.0


class Peer:
    name: ClassVar[str]
    # For the tables.
    title: ClassVar[str]
    # Rows that it has no like of, and why.
    without: ClassVar[dict[int, str]] = {}
    # Virtual machines compile what is hot: they get this many seconds of load before anything counts.
    warms_up: ClassVar[bool] = False

    def __init__(self, folder: pathlib.Path, payload: pathlib.Path, situation: Situation):
        self.folder = folder
        self.payload = payload
        self.situation = situation
        self.idle_bytes: dict[str, int] = {}

    @classmethod
    def missing(cls) -> str | None:
        """Why it cannot be had on this machine, or None. Fetches and builds what it needs."""
        return None

    @classmethod
    def version(cls) -> str:
        raise NotImplementedError

    def settings(self) -> dict[str, str]:
        """What differs from how it comes, for the report."""
        return {}

    def start(self) -> None:
        """Starts all servers of the situation; nothing is replicated yet."""
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def pids(self) -> dict[str, int]:
        """The server processes that run, by what they are."""
        raise NotImplementedError

    def create_topic(self, topic: str, partitions: int) -> None:
        raise NotImplementedError

    def start_replication(self) -> None:
        """What is there and what comes goes to the replica from now on."""
        raise NotImplementedError

    # The clients. `at_replica` reads at the second cluster.
    def program(self) -> str:
        raise NotImplementedError

    def client_words(self, topic: str, partitions: int, at_replica: bool = False) -> dict[str, Any]:
        """The arguments with which its client finds the topic."""
        raise NotImplementedError

    def read_words(self, batch: Batch) -> dict[str, Any]:
        """The arguments that say how much there is to read."""
        raise NotImplementedError

    def produce(self, topic: str, size: int, partitions: int = 4, **words: Any) -> tuple[Batch, dict[str, Any]]:
        self.create_topic(topic, partitions)
        return self.produce_to(topic, size, partitions, **words)

    def produce_to(self, topic: str, size: int, partitions: int, **words: Any) -> tuple[Batch, dict[str, Any]]:
        found = run(
            self.program(), "produce", **self.client_words(topic, partitions), payload=self.payload, size=size, **words
        )
        return Batch(topic, partitions, size, found["ends"]), found

    def consume(self, batch: Batch, at_replica: bool = False) -> dict[str, Any]:
        """Reads it all, and checks every record."""
        return run(
            self.program(),
            "consume",
            **self.client_words(batch.topic, batch.partitions, at_replica),
            **self.read_words(batch),
            payload=self.payload,
            size=batch.size,
            stamped=int(batch.stamped),
        )

    def latency(
        self, topic: str, size: int, partitions: int = 4, at_replica: bool = False, **words: Any
    ) -> dict[str, Any]:
        """Open loop at `rate`; to a consumer at the replica if `at_replica`. The topic is there and empty."""
        at = self.client_words(topic, partitions, at_replica=True) if at_replica else {}
        return run(
            self.program(),
            "latency",
            **self.client_words(topic, partitions),
            at=at.get("broker", at.get("port")),
            payload=self.payload,
            size=size,
            linger=0,
            **words,
        )

    def watch(self, batch: Batch, on_flowing: Callable[[], None], **words: Any) -> Program:
        """Until the replica has it all; `on_flowing` is called when the time that counts begins."""
        return Program(
            self.program(),
            "watch",
            lambda event: on_flowing() if event["event"] == "flowing" else None,
            **self.client_words(batch.topic, batch.partitions, at_replica=True),
            **self.read_words(batch),
            size=batch.size,
            **words,
        )

    # What its servers use.
    def cpu(self) -> float:
        return sum(processes.cpu_seconds(pid) for pid in self.pids().values())

    @contextlib.contextmanager
    def counting_cpu(self) -> Iterator[Used]:
        used = Used()
        before = self.cpu()
        yield used
        used.seconds = self.cpu() - before

    def memory(self, field: str) -> dict[str, int]:
        return {what: processes.status_bytes(pid, field) for what, pid in self.pids().items()}


class KafkaClients(Peer):
    """A peer that speaks Kafka's protocol."""

    def broker(self, at_replica: bool) -> str:
        raise NotImplementedError

    def full_name(self, topic: str) -> str:
        return topic

    def program(self) -> str:
        return "bench_client"

    def client_words(self, topic: str, partitions: int, at_replica: bool = False) -> dict[str, Any]:
        return {"broker": self.broker(at_replica), "topic": self.full_name(topic), "partitions": partitions}

    def read_words(self, batch: Batch) -> dict[str, Any]:
        return {"ends": ",".join(map(str, batch.ends))}


__all__ = ["PAGE_CACHE", "SYNCED", "Batch", "KafkaClients", "Peer", "Situation", "Used", "Wrong"]
