"""kafka-python: another client's idea of the protocol.

It does not let consumers subscribe to names with '/', so it uses the default stream.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import kafka
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewPartitions, NewTopic
from kafka.structs import OffsetAndMetadata, TopicPartition

from clusters import Cluster, Site
from kafka_clients import OPEN_TO_ALL
from waiting import wait_until


def one_stream(site: Site) -> Cluster:
    (cluster,) = site.add("sanfrancisco")
    cluster.options["default-stream"] = "/activity"
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL}")
    return cluster


@contextlib.contextmanager
def producer(cluster: Cluster, **options: object) -> Iterator[kafka.KafkaProducer]:
    made = kafka.KafkaProducer(bootstrap_servers=cluster.broker, acks="all", **options)
    with contextlib.closing(made):
        yield made


def consumer(cluster: Cluster, *topics: str, **options: object) -> kafka.KafkaConsumer:
    settings = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "consumer_timeout_ms": 10_000, **options}
    return kafka.KafkaConsumer(*topics, bootstrap_servers=cluster.broker, **settings)


def take(source: kafka.KafkaConsumer, count: int) -> list:
    taken: list = []
    for record in source:
        taken.append(record)
        if len(taken) == count:
            break
    assert len(taken) == count, f"{len(taken)} of {count}"
    return taken


def send(cluster: Cluster, topic: str, count: int, **options: object) -> None:
    with producer(cluster, **options) as sender:
        sent = [sender.send(topic, value=b"%d" % i, key=b"k%d" % (i % 10)) for i in range(count)]
        for future in sent:
            future.get(timeout=20)


def test_produce_and_fetch(site: Site) -> None:
    cluster = one_stream(site)
    with producer(cluster) as sender:
        headers = [("colour", b"red"), ("none", b"")]
        place = sender.send("clicks", key=b"k", value=b"v", headers=headers, timestamp_ms=1_600_000_000_123).get(20)
        assert (place.topic, place.partition, place.offset) == ("clicks", 0, 0), place
    with contextlib.closing(consumer(cluster, "clicks")) as reader:
        (record,) = take(reader, 1)
    assert (record.key, record.value, record.timestamp) == (b"k", b"v", 1_600_000_000_123), record
    assert record.headers == headers, record


def test_gzip(site: Site) -> None:
    cluster = one_stream(site)
    send(cluster, "clicks", 2000, compression_type="gzip")
    with contextlib.closing(consumer(cluster, "clicks")) as reader:
        assert [int(record.value) for record in take(reader, 2000)] == list(range(2000))


def test_offsets_by_time(site: Site) -> None:
    cluster = one_stream(site)
    with producer(cluster, batch_size=0) as sender:
        for i in range(10):
            sender.send("clicks", value=b"%d" % i, timestamp_ms=1_000_000 + i * 1000).get(20)
    part = TopicPartition("clicks", 0)
    with contextlib.closing(consumer(cluster)) as reader:
        assert reader.offsets_for_times({part: 1_004_500})[part].offset == 5
        assert reader.offsets_for_times({part: 2_000_000})[part] is None
        assert reader.beginning_offsets([part])[part] == 0 and reader.end_offsets([part])[part] == 10


def test_commit_and_continue(site: Site) -> None:
    cluster = one_stream(site)
    send(cluster, "clicks", 100)
    with contextlib.closing(consumer(cluster, "clicks", group_id="readers", max_poll_records=40)) as first:
        take(first, 40)
        part = TopicPartition("clicks", 0)
        first.commit({part: OffsetAndMetadata(40, "a note")})
        assert first.committed(part) == 40
    with contextlib.closing(consumer(cluster, "clicks", group_id="readers")) as second:
        assert [int(record.value) for record in take(second, 60)] == list(range(40, 100))
    cursors = site.records("stream cursor list -path /activity -consumergroup readers")
    assert [int(cursor["committedoffset"]) for cursor in cursors] == [40], cursors


class Member(threading.Thread):
    """Polls until it is told to leave; knows what it was assigned and what it read."""

    def __init__(self, cluster: Cluster):
        super().__init__(daemon=True)
        options = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 500, "metadata_max_age_ms": 1000}
        self._reader = consumer(cluster, "wide", group_id="crowd", **options)
        self.assigned: frozenset[int] = frozenset()
        self.read: list[tuple[int, int]] = []
        self._leaving = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._leaving.is_set():
            for records in self._reader.poll(timeout_ms=200).values():
                self.read += [(record.partition, record.offset) for record in records]
                self._reader.commit()
            self.assigned = frozenset(part.partition for part in self._reader.assignment())
        self._reader.close()

    def leave(self) -> None:
        self._leaving.set()
        self.join(15)


def shared(members: list[Member], partitions: int) -> bool:
    held = [part for member in members for part in member.assigned]
    return sorted(held) == list(range(partitions)) and all(member.assigned for member in members)


def test_group_rebalance(site: Site) -> None:
    cluster = one_stream(site)
    site.maprcli("stream topic create -path /activity -topic wide -partitions 6")
    members = [Member(cluster)]
    wait_until("one member has all partitions", lambda: shared(members, 6), 20)
    members.append(Member(cluster))
    wait_until("two members share the partitions", lambda: shared(members, 6), 30)
    with producer(cluster) as sender:
        for i in range(600):
            sender.send("wide", value=b"%d" % i, partition=i % 6)
        sender.flush(20)
    wait_until("everything is read", lambda: sum(len(member.read) for member in members) >= 600, 30)
    leaver = members.pop(0)
    leaver.leave()
    wait_until("one member has all partitions again", lambda: shared(members, 6), 30)
    members[0].leave()
    read = leaver.read + members[0].read
    assert sorted(read) == [(part, offset) for part in range(6) for offset in range(100)], len(read)


def test_admin(site: Site) -> None:
    cluster = one_stream(site)
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=cluster.broker)) as admin:
        admin.create_topics([NewTopic("made", num_partitions=3, replication_factor=1)])
        assert "made" in admin.list_topics()
        admin.create_partitions({"made": NewPartitions(5)})
        (described,) = admin.describe_topics(["made"])
        assert len(described["partitions"]) == 5, described
        (answer,) = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "made")])
        assert answer.resources[0][0] == 0, answer
        send(cluster, "made", 10)
        with contextlib.closing(consumer(cluster, "made", group_id="seen")) as reader:
            take(reader, 10)
            reader.commit()
        assert ("seen", "consumer") in admin.list_consumer_groups()
        assert sum(held.offset for held in admin.list_consumer_group_offsets("seen").values()) == 10
        admin.delete_topics(["made"])
        assert "made" not in admin.list_topics()


def test_admin_errors(site: Site) -> None:
    cluster = one_stream(site)
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=cluster.broker)) as admin:
        admin.create_topics([NewTopic("made", num_partitions=1, replication_factor=1)])
        for work, error in (
            (lambda: admin.create_topics([NewTopic("made", 1, 1)]), kafka.errors.TopicAlreadyExistsError),
            (lambda: admin.delete_topics(["missing"]), kafka.errors.UnknownTopicOrPartitionError),
            (lambda: admin.create_topics([NewTopic("bad name!", 1, 1)]), kafka.errors.InvalidTopicError),
            (lambda: admin.create_partitions({"made": NewPartitions(1)}), kafka.errors.InvalidPartitionsError),
        ):
            try:
                work()
            except error:
                continue
            raise AssertionError(f"no {error.__name__}")
