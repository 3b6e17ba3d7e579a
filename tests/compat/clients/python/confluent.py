"""confluent-kafka: librdkafka as Python programs use it."""

from __future__ import annotations

import functools

import confluent_kafka
from confluent_kafka import (Consumer, ConsumerGroupTopicPartitions, IsolationLevel, KafkaException, Producer,
                             TopicCollection, TopicPartition)
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic,
                                   OffsetSpec, ResourceType)

from steps import BROKER, InBackground, equal, feature, kill_and_restart, wait_until, walk

SECONDS = 30
Record = tuple[bytes | None, bytes | None]


def topic_of(name: str) -> str:
    return f"/activity:confluent-{name}"


@functools.cache
def admin() -> AdminClient:
    return AdminClient({"bootstrap.servers": BROKER})


def create(topic: str, partitions: int = 1) -> str:
    admin().create_topics([NewTopic(topic, partitions, 1)], request_timeout=SECONDS)[topic].result(SECONDS)
    return topic


def producer(**options: object) -> Producer:
    settings = {name.replace("_", "."): value for name, value in options.items()}
    basic = {"bootstrap.servers": BROKER, "acks": "all", "message.timeout.ms": 40_000, "linger.ms": 5}
    return Producer({**basic, **settings})


def put(sender: Producer, topic: str, values: list[bytes], partition: int = -1) -> None:
    """Sends and waits for every acknowledgement."""
    failures: list[object] = []

    def delivered(error: object, message: object) -> None:
        if error is not None:
            failures.append(error)

    for value in values:
        sender.produce(topic, value, partition=partition, on_delivery=delivered)
        sender.poll(0)
    equal(sender.flush(SECONDS), 0, "left to send")
    equal(failures, [], "failed to send")


def consumer(group: str, **options: object) -> Consumer:
    settings = {name.replace("_", "."): value for name, value in options.items()}
    basic = {"bootstrap.servers": BROKER, "group.id": group, "auto.offset.reset": "earliest"}
    more = {"enable.auto.commit": False, "enable.partition.eof": True, "check.crcs": True, "fetch.wait.max.ms": 100}
    return Consumer({**basic, **more, **settings})


def read(topic: str, partitions: int = 1, isolation: str = "read_committed") -> list[confluent_kafka.Message]:
    """Everything up to the end of each partition."""
    reader = consumer("nobody", isolation_level=isolation)
    reader.assign([TopicPartition(topic, index, confluent_kafka.OFFSET_BEGINNING) for index in range(partitions)])
    found, ended = [], set()

    def step() -> bool:
        for message in reader.consume(1000, 0.2):
            error = message.error()
            if error is None:
                found.append(message)
            elif error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                ended.add(message.partition())
            else:
                raise KafkaException(error)
        return len(ended) == partitions

    wait_until(f"the end of {topic}", step)
    reader.close()
    return found


def values(messages: list[confluent_kafka.Message]) -> list[bytes]:
    return [message.value() for message in messages]


def numbered(count: int, begin: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(begin, begin + count)]


@feature("produce")
def _() -> None:
    topic = create(topic_of("produce"))
    sender = producer()
    headers = [("colour", b"red"), ("colour", b"blue"), ("null", None), ("empty", b"")]
    sender.produce(topic, b"value", b"key", headers=headers, timestamp=1_600_000_000_123)
    sender.produce(topic, None, b"only a key")
    sender.produce(topic, b"only a value", None)
    equal(sender.flush(SECONDS), 0)
    first, second, third = read(topic)
    equal((first.key(), first.value(), first.headers()), (b"key", b"value", headers))
    equal(first.timestamp(), (confluent_kafka.TIMESTAMP_CREATE_TIME, 1_600_000_000_123))
    equal([(one.key(), one.value(), one.offset()) for one in (second, third)],
          [(b"only a key", None, 1), (None, b"only a value", 2)])


def codec(name: str) -> None:
    topic = create(topic_of(name))
    sent = [b"%s %d " % (name.encode(), number) + b"payload " * 20 for number in range(1000)]
    put(producer(compression_type=name), topic, sent)
    equal(values(read(topic)), sent)


for one in ("gzip", "snappy", "lz4", "zstd"):
    feature(one)(lambda one=one: codec(one))


@feature("large")
def _() -> None:
    topic = create(topic_of("large"))
    sent = [bytes([number]) * 8_000_000 for number in (1, 2, 3)]
    put(producer(message_max_bytes=9_000_000), topic, sent)
    equal(values(read(topic)) == sent, True, "the same bytes")


@feature("partitions")
def _() -> None:
    topic = create(topic_of("partitions"), 200)
    sender = producer()
    for index in range(200):
        sender.produce(topic, b"%d" % index, partition=index)
    equal(sender.flush(SECONDS), 0)
    equal(sorted((one.partition(), one.value()) for one in read(topic, 200)), list(enumerate(numbered(200))))


@feature("full-names")
def _() -> None:
    for stream in ("/activity", "/second"):
        put(producer(), f"{stream}:confluent-same", [stream.encode()])
    for stream in ("/activity", "/second"):
        equal(values(read(f"{stream}:confluent-same")), [stream.encode()])


@feature("short-names")
def _() -> None:
    put(producer(), "confluent-short", [b"short"])
    equal(values(read("/default:confluent-short")), [b"short"])
    equal(values(read("confluent-short")), [b"short"])


def share(kind: str, **options: object) -> None:
    topic, group = create(topic_of(kind), 6), f"confluent-{kind}"
    members = [consumer(group, **options), consumer(group, **options)]
    got: list[tuple[int, int]] = []

    def turn(*which: Consumer) -> list[list[int]]:
        for member in which:
            taken = [message for message in member.consume(100, 0.05) if message.error() is None]
            got.extend((message.partition(), message.offset()) for message in taken)
            if taken:
                member.commit(asynchronous=False)
        return [sorted(part.partition for part in member.assignment()) for member in which]

    for member in members:
        member.subscribe([topic])

    def both() -> bool:
        held = turn(*members)
        return all(len(one) == 3 for one in held) and sorted(sum(held, [])) == list(range(6))

    wait_until("two members share six partitions", both)
    for index in range(6):
        put(producer(), topic, numbered(20), index)
    wait_until("all is read", lambda: turn(*members) and len(got) == 120)
    members[0].close()
    wait_until("one member has all", lambda: turn(members[1]) == [list(range(6))])
    for index in range(6):
        put(producer(), topic, numbered(20), index)
    wait_until("all is read", lambda: turn(members[1]) and len(got) == 240)
    members[1].close()
    equal(sorted(got), [(index, offset) for index in range(6) for offset in range(40)])


@feature("groups")
def _() -> None:
    share("groups", session_timeout_ms=10_000, heartbeat_interval_ms=300)


@feature("consumer-groups")
def _() -> None:
    share("consumer-groups", group_protocol="consumer")
    (described,) = [future.result(SECONDS) for future in
                    admin().describe_consumer_groups(["confluent-consumer-groups"]).values()]
    equal(described.type.name, "CONSUMER")


def take(reader: Consumer, count: int) -> list[confluent_kafka.Message]:
    taken: list[confluent_kafka.Message] = []

    def step() -> bool:
        messages = reader.consume(count - len(taken), 0.2)
        taken.extend(message for message in messages if message.error() is None)
        return len(taken) == count

    wait_until(f"{count} messages", step)
    return taken


@feature("commits")
def _() -> None:
    topic = create(topic_of("commits"))
    put(producer(), topic, numbered(100))
    for begin, count in ((0, 40), (40, 60)):
        reader = consumer("confluent-commits")
        reader.subscribe([topic])
        taken = take(reader, count)
        equal(values(taken), numbered(count, begin))
        reader.commit(taken[-1], asynchronous=False)
        reader.close()
    reader = consumer("confluent-commits")
    (held,) = reader.committed([TopicPartition(topic, 0)], SECONDS)
    equal(held.offset, 100)
    reader.commit(offsets=[TopicPartition(topic, 0, 7, "a note")], asynchronous=False)
    (held,) = reader.committed([TopicPartition(topic, 0)], SECONDS)
    equal((held.offset, held.metadata), (7, "a note"))
    reader.close()


@feature("idempotence")
def _() -> None:
    topic = create(topic_of("idempotence"))
    put(producer(enable_idempotence=True), topic, numbered(5000))
    equal(values(read(topic)), numbered(5000))


@feature("transactions")
def _() -> None:
    topic = create(topic_of("transactions"), 2)
    sender = producer(transactional_id="confluent-transactions")
    sender.init_transactions(SECONDS)
    for number in range(6):
        sender.begin_transaction()
        for index in range(2):
            put(sender, topic, numbered(10, number * 10), index)
        sender.commit_transaction(SECONDS) if number % 2 == 0 else sender.abort_transaction(SECONDS)
    committed = [value for number in (0, 2, 4) for value in numbered(10, number * 10)]
    for index in range(2):
        equal([one.value() for one in read(topic, 2) if one.partition() == index], committed, "committed")
    everything = read(topic, 2, "read_uncommitted")
    equal(len(everything), 120, "read uncommitted")


@feature("transaction-offsets")
def _() -> None:
    source, target = create(topic_of("from")), create(topic_of("to"))
    put(producer(), source, numbered(40))
    reader = consumer("confluent-copier", isolation_level="read_committed")
    reader.subscribe([source])
    sender = producer(transactional_id="confluent-copier")
    sender.init_transactions(SECONDS)
    taken = take(reader, 40)
    position = [TopicPartition(source, 0, 40)]
    for commit, expected in ((False, -1001), (True, 40)):
        sender.begin_transaction()
        put(sender, target, values(taken))
        sender.send_offsets_to_transaction(position, reader.consumer_group_metadata(), SECONDS)
        sender.commit_transaction(SECONDS) if commit else sender.abort_transaction(SECONDS)
        equal(reader.committed(position, SECONDS)[0].offset, expected, f"position, committed: {commit}")
    reader.close()
    equal(values(read(target)), numbered(40))


@feature("fencing")
def _() -> None:
    topic = create(topic_of("fencing"))
    older, newer = (producer(transactional_id="confluent-fencing") for _ in range(2))
    older.init_transactions(SECONDS)
    older.begin_transaction()
    put(older, topic, [b"older"])
    newer.init_transactions(SECONDS)
    newer.begin_transaction()
    put(newer, topic, [b"newer"])
    newer.commit_transaction(SECONDS)
    try:
        older.commit_transaction(SECONDS)
        raise AssertionError("the older producer was not fenced")
    except KafkaException as error:
        equal(error.args[0].fatal() or error.args[0].txn_requires_abort(), True, f"fatal: {error}")
    equal(values(read(topic)), [b"newer"])


@feature("restart")
def _() -> None:
    topic = create(topic_of("restart"))
    sender = producer(enable_idempotence=True, batch_num_messages=100, reconnect_backoff_max_ms=500)
    acknowledged: list[int] = []

    def load() -> None:
        for number in range(20_000):
            sender.produce(topic, b"%d" % number, on_delivery=lambda error, _: error or acknowledged.append(1))
            sender.poll(0.001 if number % 50 == 0 else 0)
        equal(sender.flush(40), 0)

    reader = consumer("confluent-restart", session_timeout_ms=10_000, reconnect_backoff_max_ms=500)
    reader.subscribe([topic])
    load_beside = InBackground(load)
    wait_until("some are acknowledged", lambda: len(acknowledged) > 500)
    before = take(reader, 100)
    reader.commit(before[-1], asynchronous=False)
    kill_and_restart()
    load_beside.finish()
    equal(len(acknowledged), 20_000)
    equal(values(read(topic)), numbered(20_000))
    equal(values(take(reader, 19_900)), numbered(19_900, 100), "read on")
    reader.close()


@feature("topics")
def _() -> None:
    topic, client = topic_of("topics"), admin()
    create(topic, 3)
    try:
        create(topic, 3)
        raise AssertionError("made twice")
    except KafkaException as error:
        equal(error.args[0].name(), "TOPIC_ALREADY_EXISTS")
    equal(len(client.describe_topics(TopicCollection([topic]))[topic].result(SECONDS).partitions), 3)
    client.create_partitions([NewPartitions(topic, 5)])[topic].result(SECONDS)
    equal(len(client.list_topics(topic, SECONDS).topics[topic].partitions), 5)
    equal(topic in client.list_topics(timeout=SECONDS).topics, True, "listed")
    client.delete_topics([topic])[topic].result(SECONDS)
    equal(topic in client.list_topics(timeout=SECONDS).topics, False, "listed")
    try:
        client.delete_topics([topic])[topic].result(SECONDS)
        raise AssertionError("deleted twice")
    except KafkaException as error:
        equal(error.args[0].name(), "UNKNOWN_TOPIC_OR_PART")


@feature("configs")
def _() -> None:
    topic, client = create(topic_of("configs")), admin()

    def value(name: str) -> str:
        resource = ConfigResource(ResourceType.TOPIC, topic)
        return client.describe_configs([resource])[resource].result(SECONDS)[name].value

    def alter(name: str, to: str | None, operation: AlterConfigOpType) -> None:
        entry = ConfigEntry(name, to, incremental_operation=operation)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        client.incremental_alter_configs([resource])[resource].result(SECONDS)

    equal(value("message.timestamp.type"), "CreateTime")
    usual = value("retention.ms")
    alter("retention.ms", "3600000", AlterConfigOpType.SET)
    equal(value("retention.ms"), "3600000")
    alter("retention.ms", None, AlterConfigOpType.DELETE)
    equal(value("retention.ms"), usual)


def seen(group: str) -> str:
    """A group that has read a topic of ten messages; the topic."""
    topic = create(topic_of(group))
    put(producer(), topic, numbered(10))
    reader = consumer(f"confluent-{group}")
    reader.subscribe([topic])
    reader.commit(take(reader, 10)[-1], asynchronous=False)
    reader.close()
    return topic


@feature("group-admin")
def _() -> None:
    seen("group-admin")
    group, client = "confluent-group-admin", admin()
    names = lambda: [one.group_id for one in client.list_consumer_groups().result(SECONDS).valid]
    equal(group in names(), True, "listed")
    described = client.describe_consumer_groups([group])[group].result(SECONDS)
    equal(described.state.name, "EMPTY")
    client.delete_consumer_groups([group])[group].result(SECONDS)
    equal(group in names(), False, "listed")


@feature("offset-admin")
def _() -> None:
    topic, group, client = seen("offset-admin"), "confluent-offset-admin", admin()
    part = TopicPartition(topic, 0)

    def held() -> int:
        wanted = ConsumerGroupTopicPartitions(group, [part])
        return client.list_consumer_group_offsets([wanted])[group].result(SECONDS).topic_partitions[0].offset

    equal(held(), 10)
    changed = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 4)])
    client.alter_consumer_group_offsets([changed])[group].result(SECONDS)
    equal(held(), 4)
    for spec, expected in ((OffsetSpec.earliest(), 0), (OffsetSpec.latest(), 10), (OffsetSpec.for_timestamp(1), 0)):
        for isolation in (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED):
            answer = client.list_offsets({part: spec}, isolation_level=isolation)[part].result(SECONDS)
            equal(answer.offset, expected, str(spec))
    greatest = client.list_offsets({part: OffsetSpec.max_timestamp()})[part].result(SECONDS)
    equal(0 <= greatest.offset < 10, True, "offset of the greatest time")


@feature("delete-records")
def _() -> None:
    topic = create(topic_of("delete-records"))
    put(producer(), topic, numbered(10))
    client, part = admin(), TopicPartition(topic, 0, 6)
    equal(client.delete_records([part])[part].result(SECONDS).low_watermark, 6)
    equal(values(read(topic)), numbered(4, 6))


@feature("cluster")
def _() -> None:
    described = admin().describe_cluster().result(SECONDS)
    equal([f"{node.host}:{node.port}" for node in described.nodes], [BROKER])
    equal(described.controller.port, described.nodes[0].port)
    equal(bool(described.cluster_id), True, "an id")


walk(f"{confluent_kafka.__version__} (librdkafka {confluent_kafka.libversion()[0]})")
