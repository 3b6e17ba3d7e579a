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
from programs import Program, Wrong
from wan import ADDRESSES, Wan

PAGE_CACHE = "page cache"  # acknowledged: the operating system has it
SYNCED = "synced"  # acknowledged: the disk has it


@dataclasses.dataclass(frozen=True)
class Situation:
    """What has to run: one cluster or two with replication between them, how durable, and over what network."""

    name: str
    pair: bool = False
    warmed: bool = False  # what counts is how it runs, not how it starts
    durability: str = PAGE_CACHE
    wan: bool = False


@dataclasses.dataclass(frozen=True)
class Batch:
    """What was produced to a topic and is there to be read."""

    topic: str
    partitions: int
    size: int
    ends: list[int]

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
    most_topics: ClassVar[int] = 1_000_000

    def __init__(self, folder: pathlib.Path, payload: pathlib.Path, situation: Situation):
        self.folder = folder
        self.payload = payload
        self.situation = situation
        self.idle_bytes: dict[str, int] = {}
        self.peak_bytes = 0
        self.replicating = False
        self.wan = Wan() if situation.wan else None

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
        if self.wan is not None:
            self.wan.start()
        self.start_servers()

    def stop(self) -> None:
        """Ends all servers and removes their folders."""
        try:
            self.stop_servers()
        finally:
            if self.wan is not None:
                self.wan.stop()

    def at(self, index: int) -> contextlib.AbstractContextManager[None]:
        """The source's (0) or the replica's (1) side of the network."""
        return self.wan.inside(index) if self.wan is not None else contextlib.nullcontext()

    def address(self, index: int) -> str:
        """Where the other side finds what listens there."""
        return ADDRESSES[index] if self.wan is not None else "127.0.0.1"

    def start_servers(self) -> None:
        raise NotImplementedError

    def stop_servers(self) -> None:
        raise NotImplementedError

    # One cluster that is started again with what it holds.
    def words(self) -> list[str]:
        """The command that starts the source's server."""
        raise NotImplementedError

    def port(self) -> int:
        """Where the source's clients connect."""
        raise NotImplementedError

    def end_source(self) -> None:
        """In order; it keeps its data."""
        raise NotImplementedError

    def kill_source(self) -> None:
        """kill -9."""
        raise NotImplementedError

    def start_source(self) -> None:
        raise NotImplementedError

    def pids(self) -> dict[str, int]:
        """The server processes that run, by what they are."""
        raise NotImplementedError

    def create_topic(self, topic: str, partitions: int) -> None:
        raise NotImplementedError

    def start_replication(self) -> None:
        """What is there and what comes goes to the replica from now on."""
        raise NotImplementedError

    def start_copy(self) -> None:
        """The way to fill a new replica; for most the same."""
        self.start_replication()

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
        found = self.start_client("produce", topic, partitions, payload=self.payload, size=size, **words).result()
        return Batch(topic, partitions, size, found["ends"]), found

    def start_client(
        self,
        what: str,
        topic: str,
        partitions: int,
        at_replica: bool = False,
        on_event: Callable[[dict[str, Any]], None] = lambda _: None,
        **words: Any,
    ) -> Program:
        with self.at(int(at_replica)):
            return Program(
                self.program(), what, on_event, **self.client_words(topic, partitions, at_replica), **words
            )

    def consume(self, batch: Batch, at_replica: bool = False, prefix: bool = False) -> dict[str, Any]:
        """Reads it all, and checks every record. With `prefix` there may be more behind it."""
        return self.start_client(
            "consume",
            batch.topic,
            batch.partitions,
            at_replica,
            **self.read_words(batch),
            payload=self.payload,
            size=batch.size,
            prefix=int(prefix),
        ).result()

    def latency(
        self, topic: str, size: int, partitions: int = 4, at_replica: bool = False, **words: Any
    ) -> dict[str, Any]:
        """Open loop at `rate`; to a consumer at the replica if `at_replica`. The topic is there and empty."""
        return self.start_latency(topic, size, partitions, at_replica, **words).result()

    def start_latency(self, topic: str, size: int, partitions: int, at_replica: bool = False, **words: Any) -> Program:
        at = self.client_words(topic, partitions, at_replica=True) if at_replica else {}
        return self.start_client(
            "latency",
            topic,
            partitions,
            at=at.get("broker", at.get("port")),
            payload=self.payload,
            size=size,
            linger=0,
            **words,
        )

    def watch(self, batch: Batch, on_flowing: Callable[[], None], **words: Any) -> Program:
        """Until the replica has it all; `on_flowing` is called when the time that counts begins."""
        return self.start_client(
            "watch",
            batch.topic,
            batch.partitions,
            True,
            lambda event: on_flowing() if event["event"] == "flowing" else None,
            **self.read_words(batch),
            size=batch.size,
            **words,
        )

    def first_acknowledgement(self, topic: str) -> dict[str, Any]:
        """Starts the source's server, which must not run, until it acknowledges a record to a topic that it holds; then
        ends it in order."""
        return self.start_client(
            "first-ack", topic, 1, command="\n".join(self.words()), log=self.folder / "first-ack.log", **self.listener()
        ).result()

    def listener(self) -> dict[str, Any]:
        """For clients that know their server by its port only."""
        return {}

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

    def listener(self) -> dict[str, Any]:
        return {"port": self.port()}

    def full_name(self, topic: str) -> str:
        return topic

    def program(self) -> str:
        return "bench_client"

    def client_words(self, topic: str, partitions: int, at_replica: bool = False) -> dict[str, Any]:
        return {"broker": self.broker(at_replica), "topic": self.full_name(topic), "partitions": partitions}

    def read_words(self, batch: Batch) -> dict[str, Any]:
        return {"ends": ",".join(map(str, batch.ends))}


__all__ = ["PAGE_CACHE", "SYNCED", "Batch", "KafkaClients", "Peer", "Situation", "Used", "Wrong"]
