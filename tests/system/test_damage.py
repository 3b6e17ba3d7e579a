"""A disk that changes bits under a running server: what is hit is never served, is named, and stops all writing."""

from __future__ import annotations

import pathlib

from clusters import Cluster, Site
from kafka_clients import OPEN_TO_ALL, consume, kcat, produce
from kafka_wire import Wire, WireError
from waiting import wait_until

TOPIC = "/activity:clicks"
STORAGE_ERROR = 56


def stream_on_disk(site: Site) -> tuple[Cluster, pathlib.Path]:
    """A server that reads what it serves from the disk, and the folder of its one stream, with some sealed segments."""
    (cluster,) = site.add("sanfrancisco")
    cluster.options |= {"segment-bytes": "65536", "tail-cache-bytes": "0"}
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL}")
    for first in range(0, 400, 40):
        produce(cluster, TOPIC, [f"message {i} " + "x" * 1000 for i in range(first, first + 40)])
    (folder,) = (cluster.data / "logs").iterdir()
    wait_until("there are indexes", lambda: any(folder.glob("blob-index*")), 20)
    return cluster, folder


def flip(file: pathlib.Path, at: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        byte = opened.read(1)[0]
        opened.seek(at)
        opened.write(bytes([byte ^ 4]))


def values(cluster: Cluster) -> int:
    read = kcat(cluster, "-C", "-t", TOPIC, "-o", "beginning", "-e", "-q", "-f", "%o\n", status=None)
    return len(read.stdout.split())


def damaged(site: Site) -> bool:
    return "errors" in site.records("stream info -path /activity")[0]


def test_a_sealed_segment(site: Site) -> None:
    cluster, folder = stream_on_disk(site)
    segment = sorted(folder.glob("segment-*"))[1]
    flip(segment, 30_000)
    (before,) = site.records("stream info -path /activity")
    assert "errors" not in before, before
    with Wire(cluster.kafka_port) as wire:
        try:
            wire.batches(TOPIC, 0)
        except WireError as error:
            assert f"error {STORAGE_ERROR}" in str(error), error
        else:
            raise AssertionError("damaged records were served")
    assert damaged(site), "the stream does not say that it is damaged"
    (info,) = site.records("stream info -path /activity")
    assert "offsets" in str(info["errors"]) and "segment" in str(info["errors"]), info
    assert "read-only" in cluster.tail(200), cluster.tail()
    refused = kcat(cluster, "-P", "-t", TOPIC, "-X", "message.timeout.ms=3000", text="late\n", status=None)
    assert refused.returncode != 0, refused
    cluster.stop()
    cluster.start()
    assert damaged(site), "a restart does not make it whole"
    cluster.stop()
    flip(segment, 30_000)
    cluster.start()
    assert not damaged(site)
    produce(cluster, TOPIC, ["again"])
    assert len(consume(cluster, TOPIC)) == 401


def test_an_index_and_a_checkpoint(site: Site) -> None:
    cluster, folder = stream_on_disk(site)
    for index in sorted(folder.glob("blob-index*")):
        flip(index, 70)
    for checkpoint in sorted(folder.glob("blob-checkpoint*"))[:1]:
        flip(checkpoint, checkpoint.stat().st_size // 2)
    assert values(cluster) == 400
    cluster.stop()
    cluster.start()
    assert values(cluster) == 400
    produce(cluster, TOPIC, ["more"])
    assert values(cluster) == 401
    assert "errors" not in site.records("stream info -path /activity")[0]


