"""Kafka clients as people use them: kcat, and what the tests read back with it."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess

from clusters import TREE, Cluster, Site
from kafka_wire import Wire

KCAT_SECONDS = 40
OPEN_TO_ALL = "-produceperm p -consumeperm p -topicperm p"


@dataclasses.dataclass(frozen=True)
class Message:
    partition: int
    offset: int
    timestamp: int
    key: str | None
    value: str | None
    headers: tuple[str, ...]


class ClientFailed(AssertionError):
    pass


def kcat(cluster: Cluster, *arguments: str, text: str = "", status: int | None = 0) -> subprocess.CompletedProcess[str]:
    words = ["kcat", "-b", cluster.broker, *arguments]
    result = subprocess.run(words, input=text, capture_output=True, text=True, timeout=KCAT_SECONDS, check=False)
    if status is not None and result.returncode != status:
        raise ClientFailed(f"`{' '.join(words)}` ended with status {result.returncode}: {result.stderr.strip()}")
    return result


def produce(cluster: Cluster, topic: str, lines: list[str], *arguments: str) -> None:
    """One message for each line."""
    kcat(cluster, "-P", "-t", topic, *arguments, text="".join(line + "\n" for line in lines))


def consume(cluster: Cluster, topic: str, *arguments: str) -> list[Message]:
    """Everything that is there now, ordered by partition and offset. kcat checks the checksum of each batch."""
    words = ["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J", "-X", "check.crcs=true", *arguments]
    out = kcat(cluster, *words).stdout
    messages = []
    for line in out.splitlines():
        one = json.loads(line)
        headers = tuple(one.get("headers", []))
        messages.append(Message(one["partition"], one["offset"], one["ts"], one["key"], one["payload"], headers))
    return sorted(messages, key=lambda message: (message.partition, message.offset))


def metadata(cluster: Cluster, *arguments: str) -> dict:
    return json.loads(kcat(cluster, "-L", "-J", *arguments).stdout)


def partitions_of(site: Site, stream: str) -> dict[str, int]:
    """The topics of a stream and how many partitions each has."""
    return {record["topic"]: record["partitions"] for record in site.records(f"stream topic list -path {stream}")}


def same_bytes(one: Cluster, other: Cluster, path: str, topics: dict[str, int]) -> int:
    """Holds every partition of a stream in two clusters against each other, byte for byte, as Kafka clients get them.

    Answers the number of records.
    """
    records = 0
    with Wire(one.kafka_port) as left, Wire(other.kafka_port) as right:
        for topic, partitions in topics.items():
            name = f"{path}:{topic}"
            for partition in range(partitions):
                ends = [(wire.begin(name, partition), wire.end(name, partition)) for wire in (left, right)]
                assert ends[0] == ends[1], f"{name}/{partition}: {ends[0]} at {one.name}, {ends[1]} at {other.name}"
                begin, end = ends[0]
                data = [wire.batches(name, partition, begin, end) for wire in (left, right)]
                assert data[0] == data[1], f"{name}/{partition}: different bytes, {len(data[0])} and {len(data[1])}"
                records += end - begin
    return records


def history(site: Site, stream: str, origin: str) -> str:
    """How far a stream holds the history of `origin`, a stream's UUID: its last LSN and the chain hash up to there."""
    (info,) = site.records(f"stream info -path {stream}")
    (found,) = [part for part in info["history"].split(",") if part.startswith(f"{origin}/")]
    return found.split(":", 1)[1]


def same_history(site: Site, source: str, replica: str) -> str:
    """Both servers say that they hold the same history of the source. Answers its last LSN and chain hash."""
    (info,) = site.records(f"stream info -path {source}")
    here, there = (history(site, stream, info["uuid"]) for stream in (source, replica))
    assert here == there, f"{source} has {here}, {replica} has {there}"
    return here


def node_modules() -> pathlib.Path:
    """The folder of tools/demo with its packages, installed if they are missing."""
    folder = TREE / "tools" / "demo"
    installed = folder / "node_modules" / ".package-lock.json"
    lock = folder / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        words = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        result = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        if result.returncode != 0:
            raise ClientFailed(f"`{' '.join(words)}` in {folder} failed: {result.stderr.strip()}")
        installed.touch()
    return folder
