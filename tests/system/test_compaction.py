"""Key compaction as clients see it: of each key the newest record stays, at its offset, here and at a replica."""

from __future__ import annotations

import contextlib

import kafka
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic

from clusters import Cluster, Site
from confluent import confluent
from kafka_clients import OPEN_TO_ALL, Message, consume, same_history
from two_clusters import REPLICA, SOURCE, procedure
from waiting import wait_until

KEYS = 10
ROUNDS = 200
SMALL = {"segment-bytes": "65536", "default-stream": "/activity"}


def one_stream(site: Site) -> Cluster:
    (cluster,) = site.add("sanfrancisco")
    cluster.options.update(SMALL)
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL}")
    return cluster


def admin(cluster: Cluster) -> contextlib.closing[KafkaAdminClient]:
    return contextlib.closing(KafkaAdminClient(bootstrap_servers=cluster.broker))


def create(cluster: Cluster, topic: str, **settings: str) -> None:
    configs = {name.replace("_", "."): value for name, value in settings.items()}
    with admin(cluster) as made:
        made.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1, topic_configs=configs)])


def produce(cluster: Cluster, topic: str, rounds: int = ROUNDS, first: int = 0) -> dict[str, tuple[int, str | None]]:
    """Many versions of few keys; answers the offset and the value of the newest of each."""
    newest: dict[str, tuple[int, str | None]] = {}
    sender = kafka.KafkaProducer(bootstrap_servers=cluster.broker, acks="all", batch_size=0, linger_ms=0)
    with contextlib.closing(sender):
        sent = []
        for version in range(first, first + rounds):
            for key in range(KEYS):
                value = None if key == 0 else f"version {version} " + "." * 200
                future = sender.send(topic, key=b"key %d" % key, value=value.encode() if value else None)
                sent.append((f"key {key}", value, future))
        for key, value, future in sent:
            newest[key] = (future.get(timeout=20).offset, value)
    return newest


def table(messages: list[Message]) -> dict[str, tuple[int, str | None]]:
    return {message.key: (message.offset, message.value) for message in messages}


def purge_until_left(site: Site, cluster: Cluster, topic: str, left: int, stream: str = "/activity") -> None:
    site.maprcli(f"stream purge -path {stream}")
    wait_until(f"{left} records are left", lambda: len(consume(cluster, topic)) == left)


def test_purge_keeps_the_newest_of_each_key(site: Site) -> None:
    cluster = one_stream(site)
    create(cluster, "table", cleanup_policy="compact", delete_retention_ms="0")
    create(cluster, "plain")
    produce(cluster, "plain", 3)
    newest = produce(cluster, "table")
    (before,) = site.records("stream info -path /activity")
    purge_until_left(site, cluster, "table", KEYS)
    assert table(consume(cluster, "table")) == newest
    assert len(consume(cluster, "plain")) == 3 * KEYS
    (after,) = site.records("stream info -path /activity")
    assert after["logicalsize"] < before["logicalsize"] / 4, (before, after)
    # From an offset in a gap on, another client.
    reader = kafka.KafkaConsumer(
        bootstrap_servers=cluster.broker, enable_auto_commit=False, auto_offset_reset="none", consumer_timeout_ms=10_000
    )
    with contextlib.closing(reader):
        place = kafka.TopicPartition("table", 0)
        reader.assign([place])
        for start in (0, 777, newest["key 0"][0]):
            reader.seek(place, start)
            found = next(reader)
            assert (found.key.decode(), found.offset) == ("key 0", newest["key 0"][0]), found
            assert found.value is None
        assert reader.end_offsets([place])[place] == ROUNDS * KEYS
    # The tombstone has had its time and goes; the rest is there after a kill, and what is written goes on.
    purge_until_left(site, cluster, "table", KEYS - 1)
    del newest["key 0"]
    cluster.kill()
    cluster.start()
    assert table(consume(cluster, "table")) == newest
    later = produce(cluster, "table", 1, ROUNDS)
    assert later["key 0"][0] == ROUNDS * KEYS
    assert table(consume(cluster, "table")) == later


def test_a_topic_is_compacted_when_it_is_altered(site: Site) -> None:
    cluster = one_stream(site)
    create(cluster, "table")
    newest = produce(cluster, "table")
    site.maprcli("stream purge -path /activity")
    assert len(consume(cluster, "table")) == ROUNDS * KEYS
    with admin(cluster) as made:
        made.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "table", {"cleanup.policy": "compact,delete"})])
    purge_until_left(site, cluster, "table", KEYS)
    assert table(consume(cluster, "table")) == newest


def test_streams_are_compacted_by_their_option(site: Site) -> None:
    cluster = one_stream(site)
    site.maprcli("stream edit -path /activity -compact true -mincompactionlag 3600000")
    newest = produce(cluster, "table")
    site.maprcli("stream purge -path /activity")
    assert len(consume(cluster, "table")) == ROUNDS * KEYS
    site.maprcli("stream edit -path /activity -mincompactionlag 0")
    purge_until_left(site, cluster, "table", KEYS)
    assert table(consume(cluster, "table")) == newest


def test_transactions(site: Site) -> None:
    client = confluent()
    cluster = one_stream(site)
    create(cluster, "table", cleanup_policy="compact")
    sender = client.Producer({"bootstrap.servers": cluster.broker, "transactional.id": "/activity:one"})
    sender.init_transactions(20)
    for version in range(60):
        sender.begin_transaction()
        for key in range(KEYS):
            sender.produce("table", f"version {version} {'.' * 200}", f"key {key}")
        sender.flush(20)
        if version % 3 == 2:
            sender.abort_transaction(20)
        else:
            sender.commit_transaction(20)
    committed = ["-X", "isolation.level=read_committed"]
    expected = table(consume(cluster, "table", *committed))
    assert all(value.startswith("version 58 ") for _, value in expected.values()), expected
    site.maprcli("stream purge -path /activity")
    wait_until("the newest are left", lambda: len(consume(cluster, "table", *committed)) == KEYS)
    assert table(consume(cluster, "table", *committed)) == expected
    cluster.kill()
    cluster.start()
    assert table(consume(cluster, "table", *committed)) == expected


def test_a_replica_of_a_compacted_stream(site: Site) -> None:
    source, replica = site.add("sanfrancisco", "newyork")
    for cluster in (source, replica):
        cluster.options.update(SMALL)
    site.start()
    site.maprcli(f"stream create -path {SOURCE} {OPEN_TO_ALL}")
    create(source, "table", cleanup_policy="compact")
    newest = produce(source, "table")
    purge_until_left(site, source, "table", KEYS, SOURCE)
    procedure(site)
    site.wait_replicated(SOURCE)
    assert table(consume(replica, "table")) == newest
    # From now on it gets everything, and compacts by itself.
    newest = produce(source, "table", ROUNDS, ROUNDS)
    site.wait_replicated(SOURCE)
    assert table(consume(replica, "table")) == newest
    assert len(consume(replica, "table")) > KEYS
    purge_until_left(site, replica, "table", KEYS, REPLICA)
    purge_until_left(site, source, "table", KEYS, SOURCE)
    assert table(consume(replica, "table")) == newest
    newest = produce(source, "table", 1, 2 * ROUNDS)
    site.wait_replicated(SOURCE)
    assert table(consume(replica, "table")) == newest
    same_history(site, SOURCE, REPLICA)
