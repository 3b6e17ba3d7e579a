"""Quotas: clients run at about the rate that they are allowed, and others are not held up."""

from __future__ import annotations

import contextlib
import time

import kafka

from clusters import Cluster, Site
from kafka_clients import OPEN_TO_ALL, kcat
from kafka_wire import Wire, WireError

RATE = 400_000
RECORD = 10_000
RECORDS = 800  # 8 MB: ten seconds' worth may go at once, the other half takes ten seconds


def with_quotas(site: Site) -> Cluster:
    (cluster,) = site.add("sanfrancisco")
    cluster.options["default-stream"] = "/activity"
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL}")
    with Wire(cluster.kafka_port) as wire:
        wire.set_quota({"client-id": "slow"}, "producer_byte_rate", RATE)
        wire.set_quota({"client-id": "slow"}, "consumer_byte_rate", RATE)
    return cluster


def send(cluster: Cluster, name: str) -> tuple[float, float]:
    """How many seconds it took, and the longest time in ms for which the server throttled the client."""
    begin = time.monotonic()
    sender = kafka.KafkaProducer(bootstrap_servers=cluster.broker, client_id=name, acks="all")
    with contextlib.closing(sender):
        sent = [sender.send("clicks", value=b"x" * RECORD) for _ in range(RECORDS)]
        for future in sent:
            future.get(timeout=60)
        throttled = sender.metrics()["producer-metrics"]["produce-throttle-time-max"]
        return time.monotonic() - begin, throttled


def read(cluster: Cluster, name: str) -> tuple[float, float]:
    begin = time.monotonic()
    reader = kafka.KafkaConsumer(
        "clicks", bootstrap_servers=cluster.broker, client_id=name, auto_offset_reset="earliest",
        enable_auto_commit=False, consumer_timeout_ms=30_000,
    )  # fmt: skip
    with contextlib.closing(reader):
        for count, _ in enumerate(reader, 1):
            if count == RECORDS:
                throttled = reader.metrics()["consumer-fetch-manager-metrics"]["fetch-throttle-time-max"]
                return time.monotonic() - begin, throttled
    raise AssertionError("some records did not come")


def near(seconds: float) -> bool:
    """Ten seconds at the least; more on a busy machine."""
    return 7 < seconds < 40


def test_kafka_python_runs_at_its_rate(site: Site) -> None:
    cluster = with_quotas(site)
    for work in (send, read):
        seconds, throttled = work(cluster, "slow")
        assert near(seconds) and throttled > 500, (work, seconds, throttled)
        seconds, throttled = work(cluster, "fast")
        assert not throttled > 0, (work, seconds, throttled)


def test_kcat_runs_at_its_rate_also_after_a_restart(site: Site) -> None:
    cluster = with_quotas(site)
    cluster.stop()
    cluster.start()
    lines = "".join("x" * RECORD + "\n" for _ in range(RECORDS))

    def timed(*arguments: str, text: str = "") -> tuple[float, str]:
        begin = time.monotonic()
        out = kcat(cluster, "-t", "clicks", "-X", "client.id=slow", *arguments, text=text).stdout
        return time.monotonic() - begin, out

    slow, _ = timed("-P", text=lines)
    assert near(slow), slow
    reading = ["-C", "-o", "beginning", "-e", "-q", "-f", "%o\n"]
    slow, out = timed(*reading)
    assert near(slow) and len(out.split()) == RECORDS, slow
    with Wire(cluster.kafka_port) as wire:
        wire.set_quota({"client-id": "slow"}, "consumer_byte_rate", None)
    fast, out = timed(*reading)
    assert fast < slow / 2 and len(out.split()) == RECORDS, (fast, slow)


def test_what_is_not_enforced_is_refused_by_name(site: Site) -> None:
    cluster = with_quotas(site)
    with Wire(cluster.kafka_port) as wire:
        try:
            wire.set_quota({"user": None}, "request_percentage", 50)
        except WireError as error:
            assert "request_percentage" in str(error), error
        else:
            raise AssertionError("request_percentage was taken")
