"""kafka-python: it takes no topic names with '/' and ':', so it lives in the default stream."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import kafka
from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, OffsetSpec

from steps import BROKER, Absent, InBackground, equal, feature, kill_and_restart, wait_until, walk

SECONDS = 30


def topic_of(name: str) -> str:
    return f"python-{name}"


@contextlib.contextmanager
def admin() -> Iterator[KafkaAdminClient]:
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=BROKER, request_timeout_ms=SECONDS * 1000)) as client:
        yield client


def create(topic: str, partitions: int = 1) -> str:
    with admin() as client:
        client.create_topics({topic: {"num_partitions": partitions, "replication_factor": 1}})
    return topic


@contextlib.contextmanager
def producer(**options: object) -> Iterator[KafkaProducer]:
    settings = {"acks": "all", "linger_ms": 5, "delivery_timeout_ms": 45_000, "request_timeout_ms": 20_000, **options}
    sender = KafkaProducer(bootstrap_servers=BROKER, **settings)
    try:
        yield sender
    finally:
        sender.close(timeout=5)


def send(sender: KafkaProducer, topic: str, values: list[bytes], partition: int | None = None) -> None:
    sent = [sender.send(topic, value, partition=partition) for value in values]
    sender.flush(SECONDS)
    for future in sent:
        future.get(SECONDS)


def put(topic: str, values: list[bytes], partition: int | None = None, **options: object) -> None:
    with producer(**options) as sender:
        send(sender, topic, values, partition)


def consumer(*topics: str, group: str | None = None, **options: object) -> KafkaConsumer:
    settings = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "fetch_max_wait_ms": 100, **options}
    return KafkaConsumer(*topics, bootstrap_servers=BROKER, group_id=group, **settings)


def take(reader: KafkaConsumer, count: int) -> list:
    taken: list = []

    def step() -> bool:
        for records in reader.poll(timeout_ms=200, max_records=count - len(taken)).values():
            taken.extend(records)
        return len(taken) >= count

    wait_until(f"{count} records", step)
    equal(len(taken), count)
    return taken


def read(topic: str, partitions: int = 1, isolation: str = "read_committed", **options: object) -> list:
    """Everything up to where each partition ends now."""
    with contextlib.closing(consumer(isolation_level=isolation, **options)) as reader:
        parts = [TopicPartition(topic, index) for index in range(partitions)]
        reader.assign(parts)
        reader.seek_to_beginning(*parts)
        ends = reader.end_offsets(parts)
        found: list = []

        def step() -> bool:
            for records in reader.poll(timeout_ms=200).values():
                found.extend(records)
            return all(reader.position(part) >= ends[part] for part in parts)

        wait_until(f"the end of {topic}", step)
        return found


def values(records: list) -> list[bytes]:
    return [record.value for record in records]


def numbered(count: int, begin: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(begin, begin + count)]


@feature("produce")
def _() -> None:
    topic = create(topic_of("produce"))
    headers = [("colour", b"red"), ("colour", b"blue"), ("empty", b"")]
    with producer() as sender:
        sender.send(topic, b"value", b"key", headers=headers, timestamp_ms=1_600_000_000_123).get(SECONDS)
        sender.send(topic, None, b"only a key").get(SECONDS)
        sender.send(topic, b"only a value").get(SECONDS)
    first, second, third = read(topic)
    equal((first.key, first.value, list(first.headers)), (b"key", b"value", headers))
    equal(first.timestamp, 1_600_000_000_123)
    equal([(one.key, one.value, one.offset) for one in (second, third)],
          [(b"only a key", None, 1), (None, b"only a value", 2)])


def codec(name: str) -> None:
    topic = create(topic_of(name))
    sent = [b"%s %d " % (name.encode(), number) + b"payload " * 20 for number in range(1000)]
    put(topic, sent, compression_type=name)
    equal(values(read(topic)), sent)


for one in ("gzip", "snappy", "lz4", "zstd"):
    feature(one)(lambda one=one: codec(one))


@feature("large")
def _() -> None:
    topic = create(topic_of("large"))
    sent = [bytes([number]) * 8_000_000 for number in (1, 2)]
    put(topic, sent, max_request_size=9_000_000)
    equal(values(read(topic)) == sent, True, "the same bytes")


@feature("partitions")
def _() -> None:
    topic = create(topic_of("partitions"), 200)
    with producer() as sender:
        for index in range(200):
            sender.send(topic, b"%d" % index, partition=index)
        sender.flush(SECONDS)
    equal(sorted((one.partition, one.value) for one in read(topic, 200)), list(enumerate(numbered(200))))


@feature("full-names")
def _() -> None:
    try:
        consumer("/activity:clicks").close()
    except ValueError:
        raise Absent("it refuses such names itself") from None
    raise AssertionError("it takes such names now: ask more of it here")


@feature("short-names")
def _() -> None:
    put(topic_of("short"), [b"short"])
    equal(values(read(topic_of("short"))), [b"short"])


@feature("groups")
def _() -> None:
    topic = create(topic_of("groups"), 6)
    options = {"session_timeout_ms": 10_000, "heartbeat_interval_ms": 300, "metadata_max_age_ms": 2000}
    members = [consumer(topic, group="python-groups", **options) for _ in range(2)]
    got: list[tuple[int, int]] = []
    held = [0, 0]
    leave = [False, False]

    def live(index: int) -> None:
        reader = members[index]
        while not leave[index]:
            for records in reader.poll(timeout_ms=100).values():
                got.extend((record.partition, record.offset) for record in records)
                reader.commit()
            held[index] = len(reader.assignment())
        reader.close()

    lives = [InBackground(lambda index=index: live(index)) for index in range(2)]
    wait_until("two members share six partitions", lambda: held == [3, 3])
    for index in range(6):
        put(topic, numbered(20), index)
    wait_until("all is read", lambda: len(got) == 120)
    leave[0] = True
    lives[0].finish()
    wait_until("one member has all", lambda: held[1] == 6)
    for index in range(6):
        put(topic, numbered(20), index)
    wait_until("all is read", lambda: len(got) == 240)
    leave[1] = True
    lives[1].finish()
    equal(sorted(got), [(index, offset) for index in range(6) for offset in range(40)])


@feature("commits")
def _() -> None:
    topic, part = create(topic_of("commits")), TopicPartition(topic_of("commits"), 0)
    put(topic, numbered(100))
    for begin, count in ((0, 40), (40, 60)):
        with contextlib.closing(consumer(topic, group="python-commits")) as reader:
            equal(values(take(reader, count)), numbered(count, begin))
            reader.commit({part: OffsetAndMetadata(begin + count, "a note", -1)})
            equal(reader.committed(part), begin + count)
            equal(reader.committed(part, metadata=True).metadata, "a note")


@feature("consumer-groups")
def _() -> None:
    if "group_protocol" in KafkaConsumer.DEFAULT_CONFIG:
        raise AssertionError("it has them now: ask for them here")
    raise Absent("it has classic groups only")


@feature("idempotence")
def _() -> None:
    topic = create(topic_of("idempotence"))
    put(topic, numbered(3000), enable_idempotence=True)
    equal(values(read(topic)), numbered(3000))


@feature("transactions")
def _() -> None:
    topic = create(topic_of("transactions"))
    with producer(transactional_id="python-transactions") as sender:
        sender.init_transactions()
        for number in range(6):
            sender.begin_transaction()
            send(sender, topic, numbered(10, number * 10))
            sender.commit_transaction() if number % 2 == 0 else sender.abort_transaction()
    equal(values(read(topic)), [value for number in (0, 2, 4) for value in numbered(10, number * 10)])
    equal(values(read(topic, isolation="read_uncommitted")), numbered(60))


@feature("transaction-offsets")
def _() -> None:
    source, target = create(topic_of("from")), create(topic_of("to"))
    part = TopicPartition(source, 0)
    put(source, numbered(40))
    with contextlib.closing(consumer(source, group="python-copier")) as reader, \
            producer(transactional_id="python-copier") as sender:
        sender.init_transactions()
        taken = take(reader, 40)
        for commit, expected in ((False, None), (True, 40)):
            sender.begin_transaction()
            send(sender, target, values(taken))
            sender.send_offsets_to_transaction({part: OffsetAndMetadata(40, "", -1)}, reader.group_metadata())
            sender.commit_transaction() if commit else sender.abort_transaction()
            equal(reader.committed(part), expected, f"position, committed: {commit}")
    equal(values(read(target)), numbered(40))


@feature("fencing")
def _() -> None:
    topic = create(topic_of("fencing"))
    with producer(transactional_id="python-fencing") as older, producer(transactional_id="python-fencing") as newer:
        older.init_transactions()
        older.begin_transaction()
        send(older, topic, [b"older"])
        newer.init_transactions()
        newer.begin_transaction()
        send(newer, topic, [b"newer"])
        newer.commit_transaction()
        try:
            older.commit_transaction()
            raise AssertionError("the older producer was not fenced")
        except (kafka.errors.ProducerFencedError, kafka.errors.InvalidProducerEpochError):
            pass
    equal(values(read(topic)), [b"newer"])


@feature("restart")
def _() -> None:
    topic = create(topic_of("restart"))
    acknowledged: list[int] = []

    def load() -> None:
        with producer(enable_idempotence=True, batch_size=2000, reconnect_backoff_max_ms=500) as sender:
            sent = []
            for number in range(5000):
                sent.append(sender.send(topic, b"%d" % number).add_callback(lambda _: acknowledged.append(1)))
                if number % 100 == 0:
                    sender.flush(SECONDS)
            sender.flush(SECONDS)
            for future in sent:
                future.get(1)

    options = {"session_timeout_ms": 10_000, "heartbeat_interval_ms": 500, "reconnect_backoff_max_ms": 500}
    with contextlib.closing(consumer(topic, group="python-restart", **options)) as reader:
        beside = InBackground(load)
        before = take(reader, 100)
        reader.commit()
        wait_until("some are acknowledged", lambda: len(acknowledged) > 300)
        kill_and_restart()
        beside.finish()
        equal(values(read(topic)), numbered(5000))
        equal(values(before) + values(take(reader, 4900)), numbered(5000), "read on")


@feature("topics")
def _() -> None:
    topic = create(topic_of("topics"), 3)
    with admin() as client:
        try:
            client.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
            raise AssertionError("made twice")
        except kafka.errors.TopicAlreadyExistsError:
            pass
        client.create_partitions({topic: 5})
        (described,) = client.describe_topics([topic])
        equal(len(described["partitions"]), 5)
        equal(topic in client.list_topics(), True, "listed")
        client.delete_topics([topic])
        equal(topic in client.list_topics(), False, "listed")


@feature("configs")
def _() -> None:
    topic = create(topic_of("configs"))
    with admin() as client:

        def value(name: str) -> str:
            wanted = ConfigResource(ConfigResourceType.TOPIC, topic)
            found = client.describe_configs([wanted], config_filter="all")
            return found["topic"][topic][name]["value"]

        usual = value("retention.ms")
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "3600000"})])
        equal(value("retention.ms"), "3600000")
        client.reset_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": None})])
        equal(value("retention.ms"), usual)


def seen(name: str) -> TopicPartition:
    topic = create(topic_of(name))
    put(topic, numbered(10))
    with contextlib.closing(consumer(topic, group=f"python-{name}")) as reader:
        take(reader, 10)
        reader.commit()
    return TopicPartition(topic, 0)


@feature("group-admin")
def _() -> None:
    seen("group-admin")
    group = "python-group-admin"
    with admin() as client:
        names = lambda: [one["group_id"] for one in client.list_groups()]
        equal(group in names(), True, "listed")
        equal(client.describe_groups([group])[group]["group_state"], "Empty")
        client.delete_groups([group])
        equal(group in names(), False, "listed")


@feature("offset-admin")
def _() -> None:
    part, group = seen("offset-admin"), "python-offset-admin"
    with admin() as client:
        held = lambda: {one: found.offset for one, found in client.list_group_offsets(group)[group].items()}
        equal(held(), {part: 10})
        client.alter_group_offsets(group, {part: OffsetAndMetadata(4, "", -1)})
        equal(held(), {part: 4})
        for spec, expected in ((OffsetSpec.EARLIEST, 0), (OffsetSpec.LATEST, 10), (1, 0)):
            equal(client.list_partition_offsets({part: spec})[part].offset, expected, str(spec))
        client.delete_group_offsets(group, [part])
        equal(held(), {})


@feature("delete-records")
def _() -> None:
    topic = create(topic_of("delete-records"))
    put(topic, numbered(10))
    with admin() as client:
        equal(client.delete_records({TopicPartition(topic, 0): 6})[TopicPartition(topic, 0)]["low_watermark"], 6)
    equal(values(read(topic)), numbered(4, 6))


@feature("cluster")
def _() -> None:
    with admin() as client:
        found = client.describe_cluster()
    equal([f"{one['host']}:{one['port']}" for one in found["brokers"]], [BROKER])
    equal((bool(found["cluster_id"]), found["controller_id"]), (True, found["brokers"][0]["broker_id"]))


walk(kafka.__version__)
