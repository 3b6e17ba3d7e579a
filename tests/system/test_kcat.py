"""kcat against one server: what people type first."""

from __future__ import annotations

from clusters import Cluster, Site
from kafka_clients import OPEN_TO_ALL, Message, consume, kcat, metadata, produce


def one_stream(site: Site, options: str = "") -> Cluster:
    (cluster,) = site.add("sanfrancisco")
    cluster.options["default-stream"] = "/default"
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL} {options}")
    site.maprcli(f"stream create -path /default {OPEN_TO_ALL}")
    return cluster


def values(messages: list[Message]) -> list[str | None]:
    return [message.value for message in messages]


def test_produce_and_consume(site: Site) -> None:
    cluster = one_stream(site)
    lines = [f"click {i}" for i in range(1000)]
    produce(cluster, "/activity:clicks", lines)
    messages = consume(cluster, "/activity:clicks")
    assert values(messages) == lines
    assert [message.offset for message in messages] == list(range(1000))


def test_default_stream(site: Site) -> None:
    cluster = one_stream(site)
    produce(cluster, "clicks", ["short name"])
    assert values(consume(cluster, "/default:clicks")) == ["short name"]
    produce(cluster, "/default:clicks", ["full name"])
    assert values(consume(cluster, "clicks")) == ["short name", "full name"]
    assert site.records("stream topic list -path /activity") == []


def test_keys_and_headers(site: Site) -> None:
    cluster = one_stream(site)
    headers = ["-H", "colour=red", "-H", "colour=blue", "-H", "empty="]
    produce(cluster, "/activity:clicks", ["k1|v1", "k2|v2"], "-K", "|", *headers)
    messages = consume(cluster, "/activity:clicks")
    assert [(message.key, message.value) for message in messages] == [("k1", "v1"), ("k2", "v2")]
    assert messages[0].headers == ("colour", "red", "colour", "blue", "empty", "")


def test_null_key_and_null_value(site: Site) -> None:
    cluster = one_stream(site)
    produce(cluster, "/activity:clicks", ["|no key", "key|"], "-K", "|", "-Z")
    messages = consume(cluster, "/activity:clicks")
    assert [(message.key, message.value) for message in messages] == [(None, "no key"), ("key", None)]


def compressed(site: Site, codec: str) -> None:
    cluster = one_stream(site)
    lines = [f"{codec} {i} " + "payload " * 20 for i in range(500)]
    produce(cluster, "/activity:clicks", lines, "-z", codec)
    assert values(consume(cluster, "/activity:clicks")) == lines


def test_gzip(site: Site) -> None:
    compressed(site, "gzip")


def test_snappy(site: Site) -> None:
    compressed(site, "snappy")


def test_lz4(site: Site) -> None:
    compressed(site, "lz4")


def test_zstd(site: Site) -> None:
    compressed(site, "zstd")


def test_metadata(site: Site) -> None:
    cluster = one_stream(site)
    site.maprcli("stream topic create -path /activity -topic wide -partitions 7")
    site.maprcli("stream topic create -path /default -topic narrow")
    found = metadata(cluster, "-t", "/activity:wide")
    assert [broker["name"] for broker in found["brokers"]] == [cluster.broker]
    (topic,) = found["topics"]
    assert topic["topic"] == "/activity:wide" and len(topic["partitions"]) == 7, topic
    assert all(part["leader"] == found["brokers"][0]["id"] for part in topic["partitions"]), topic
    everything = {topic["topic"]: len(topic["partitions"]) for topic in metadata(cluster)["topics"]}
    assert everything.get("narrow") == 1, everything


def test_partitions_by_key(site: Site) -> None:
    cluster = one_stream(site)
    site.maprcli("stream topic create -path /activity -topic wide -partitions 4")
    produce(cluster, "/activity:wide", [f"key{i % 50}|{i}" for i in range(400)], "-K", "|")
    messages = consume(cluster, "/activity:wide")
    assert len(messages) == 400
    placed = {message.key: message.partition for message in messages}
    assert all(placed[message.key] == message.partition for message in messages)
    assert set(placed.values()) == {0, 1, 2, 3}


def test_offsets_from_the_end_and_by_time(site: Site) -> None:
    cluster = one_stream(site)
    produce(cluster, "/activity:clicks", [str(i) for i in range(20)])
    tail = kcat(cluster, "-C", "-t", "/activity:clicks", "-o", "-5", "-e", "-q").stdout.split()
    assert tail == ["15", "16", "17", "18", "19"]
    first = consume(cluster, "/activity:clicks")[0].timestamp
    # kcat wants name:partition:time here, and so no name with a colon.
    produce(cluster, "short", ["a"])
    found = kcat(cluster, "-Q", "-t", f"short:0:{first}").stdout
    assert "offset 0" in found, found


def test_topic_without_autocreate_is_refused(site: Site) -> None:
    cluster = one_stream(site, "-autocreate false")
    soon = ["-X", "topic.metadata.propagation.max.ms=500"]
    result = kcat(cluster, "-P", "-t", "/activity:clicks", *soon, text="lost\n", status=None)
    assert result.returncode != 0 and "nknown topic" in result.stderr, result
    assert site.records("stream topic list -path /activity") == []


def test_restart_keeps_everything(site: Site) -> None:
    cluster = one_stream(site)
    produce(cluster, "/activity:clicks", ["before"])
    cluster.stop()
    cluster.start()
    produce(cluster, "/activity:clicks", ["after an orderly end"])
    cluster.kill()
    cluster.start()
    produce(cluster, "/activity:clicks", ["after kill -9"])
    assert values(consume(cluster, "/activity:clicks")) == ["before", "after an orderly end", "after kill -9"]


def test_log_append_time(site: Site) -> None:
    cluster = one_stream(site, "-defaulttimestamptype logappendtime")
    produce(cluster, "/activity:clicks", ["now"])
    line = kcat(cluster, "-C", "-t", "/activity:clicks", "-o", "beginning", "-e", "-q", "-J").stdout
    assert '"tstype":"logappend"' in line, line
