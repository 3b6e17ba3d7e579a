"""Consumer groups with a client of today: by the new protocol (KIP-848), and what is newer in the classic one."""

from __future__ import annotations

import threading
from collections.abc import Callable

from clusters import Cluster, Site
from confluent import confluent
from kafka_clients import OPEN_TO_ALL
from waiting import wait_until

PARTITIONS = 6
RECORDS = 600
NEW = {"group.protocol": "consumer"}
COOPERATIVE = {"partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": 6000,
               "heartbeat.interval.ms": 300}
EAGER = {**COOPERATIVE, "partition.assignment.strategy": "range"}


def prepare() -> None:
    confluent()


def one_stream(site: Site) -> Cluster:
    confluent()  # skipped before anything is started
    (cluster,) = site.add("sanfrancisco")
    cluster.options |= {"default-stream": "/activity", "consumer-heartbeat-interval-ms": "300",
                        "consumer-session-timeout-ms": "6000"}
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL}")
    return cluster


def wide(site: Site, name: str = "wide", partitions: int = PARTITIONS) -> None:
    site.maprcli(f"stream topic create -path /activity -topic {name} -partitions {partitions}")


def fill(cluster: Cluster, topic: str, first: int = 0, partitions: int = PARTITIONS) -> None:
    sender = confluent().Producer({"bootstrap.servers": cluster.broker})
    for i in range(first, first + RECORDS):
        sender.produce(topic, str(i), partition=i % partitions)
    assert sender.flush(20) == 0


class Member(threading.Thread):
    """Polls until it is told to leave; knows what it was assigned, what it read and what went wrong."""

    def __init__(self, cluster: Cluster, topics: list[str], **options: object):
        super().__init__(daemon=True)
        module = confluent()
        self._reader = module.Consumer({
            "bootstrap.servers": cluster.broker, "group.id": "crowd", "auto.offset.reset": "earliest",
            "enable.auto.commit": False, "topic.metadata.refresh.interval.ms": 1000, **options,
        })
        self._reader.subscribe(topics, on_assign=self._count)
        self.rebalances = 0
        self.assigned: frozenset[tuple[str, int]] = frozenset()
        self.read: list[int] = []
        self.failure: BaseException | None = None
        self._leaving = threading.Event()
        self.start()

    def _count(self, _reader: object, _partitions: object) -> None:
        self.rebalances += 1

    def run(self) -> None:
        try:
            while not self._leaving.is_set():
                message = self._reader.poll(0.1)
                if message is not None and message.error() is None:
                    self.read.append(int(message.value()))
                    self._commit(message)
                self.assigned = frozenset((one.topic, one.partition) for one in self._reader.assignment())
            self._reader.close()
        except BaseException as failure:
            self.failure = failure
            raise

    def _commit(self, message: object) -> None:
        error = confluent().KafkaException
        try:
            self._reader.commit(message, asynchronous=False)
        except error:  # the server restarts, or the epoch has just changed: the next commit says it again
            pass

    def leave(self) -> None:
        self._leaving.set()
        self.join(20)
        assert not self.is_alive() and self.failure is None, self.failure


def shared(members: list[Member], partitions: int = PARTITIONS) -> bool:
    held = [part for member in members for part in member.assigned]
    return len(held) == len(set(held)) == partitions and all(member.assigned for member in members)


def read_by(members: list[Member]) -> list[int]:
    return [value for member in members for value in member.read]


def shares_and_hands_over(site: Site, **options: object) -> None:
    cluster = one_stream(site)
    wide(site)
    members = [Member(cluster, ["wide"], **options)]
    wait_until("one member has all partitions", lambda: shared(members), 20)
    members += [Member(cluster, ["wide"], **options) for _ in range(2)]
    wait_until("three members share the partitions", lambda: shared(members), 30)
    assert sorted(len(member.assigned) for member in members) == [2, 2, 2]
    fill(cluster, "wide")
    wait_until("everything is read", lambda: len(set(read_by(members))) == RECORDS, 30)
    leaver = members.pop(0)
    leaver.leave()
    wait_until("two members share the partitions", lambda: shared(members), 30)
    fill(cluster, "wide", RECORDS)
    everyone = [leaver, *members]
    wait_until("everything is read again", lambda: len(set(read_by(everyone))) == 2 * RECORDS, 30)
    for member in members:
        member.leave()
    assert sorted(read_by(everyone)) == list(range(2 * RECORDS)), "each record once"


def test_members_share(site: Site) -> None:
    shares_and_hands_over(site, **NEW)


def test_members_share_by_range(site: Site) -> None:
    shares_and_hands_over(site, **NEW, **{"group.remote.assignor": "range"})


def test_cooperative_rebalancing(site: Site) -> None:
    shares_and_hands_over(site, **COOPERATIVE)


def change_over(cluster: Cluster, members: list[Member], gone: list[Member], options: list[dict[str, object]]) -> None:
    """Starts the members again with other options, one after the other, while records arrive."""
    for place, (member, terms) in enumerate(zip(list(members), options, strict=True)):
        fill(cluster, "wide", RECORDS * (len(gone) + 1))
        member.leave()
        gone.append(member)
        members[place] = Member(cluster, ["wide"], **terms)
        wait_until("three members share the partitions", lambda: shared(members), 40)


def kinds(cluster: Cluster) -> set[str]:
    admin = confluent().admin.AdminClient({"bootstrap.servers": cluster.broker})
    return {group.type.name for group in admin.list_consumer_groups(request_timeout=10).result().valid}


def rolls(site: Site, classic: list[dict[str, object]], new: list[dict[str, object]]) -> None:
    """A group of three changes over to the new protocol and back, and notices nothing but rebalances."""
    cluster = one_stream(site)
    wide(site)
    fill(cluster, "wide")
    members = [Member(cluster, ["wide"], **terms) for terms in classic]
    gone: list[Member] = []
    wait_until("three members share the partitions", lambda: shared(members), 30)
    assert kinds(cluster) == {"CLASSIC"}
    change_over(cluster, members, gone, new)
    assert kinds(cluster) == {"CONSUMER"}
    change_over(cluster, members, gone, classic)
    assert kinds(cluster) == {"CLASSIC"}
    total = RECORDS * (len(gone) + 1)
    everyone = [*gone, *members]
    wait_until("everything is read", lambda: len(set(read_by(everyone))) == total, 30)
    for member in members:
        member.leave()
    cursors = site.records("stream cursor list -path /activity -consumergroup crowd")
    assert sum(int(cursor["committedoffset"]) for cursor in cursors) == total, cursors
    again = len(read_by(everyone)) - total
    print(f"{again} of {total} records were read again")
    assert again <= len(gone) * PARTITIONS, f"{again} records were read again: positions were lost"


def test_rolling_change(site: Site) -> None:
    rolls(site, [COOPERATIVE] * 3, [NEW] * 3)


def test_rolling_change_of_eager_members(site: Site) -> None:
    rolls(site, [EAGER] * 3, [NEW] * 3)


def test_rolling_change_of_static_members(site: Site) -> None:
    instances = [{"group.instance.id": name} for name in ("one", "two", "three")]
    rolls(site, [{**COOPERATIVE, **one} for one in instances], [{**NEW, **one} for one in instances])


def goes_on_after_restart(site: Site, **options: object) -> None:
    cluster = one_stream(site)
    wide(site)
    fill(cluster, "wide")
    members = [Member(cluster, ["wide"], **options) for _ in range(2)]
    wait_until("everything is read", lambda: len(set(read_by(members))) == RECORDS and shared(members), 30)
    rebalances = [member.rebalances for member in members]
    cluster.kill()
    cluster.start()
    fill(cluster, "wide", RECORDS)
    wait_until("the rest is read after the restart", lambda: len(set(read_by(members))) == 2 * RECORDS, 40)
    assert [member.rebalances for member in members] == rebalances, "the members noticed"
    for member in members:
        member.leave()
    cursors = site.records("stream cursor list -path /activity -consumergroup crowd")
    assert sum(int(cursor["committedoffset"]) for cursor in cursors) == 2 * RECORDS, cursors
    again = len(read_by(members)) - 2 * RECORDS
    assert again <= len(members) * PARTITIONS, f"{again} records were read again: positions were lost"


def test_restart(site: Site) -> None:
    goes_on_after_restart(site, **NEW)


def test_restart_classic(site: Site) -> None:
    goes_on_after_restart(site, **COOPERATIVE)


def test_patterns(site: Site) -> None:
    cluster = one_stream(site)
    wide(site, "clicks-a", 2)
    wide(site, "orders", 2)
    member = Member(cluster, ["^clicks-.*"], **NEW)
    wait_until("the topic that matches", lambda: member.assigned == {("clicks-a", 0), ("clicks-a", 1)}, 20)
    wide(site, "clicks-b", 1)
    wait_until("one that comes later", lambda: ("clicks-b", 0) in member.assigned, 20)
    site.maprcli("stream topic delete -path /activity -topic clicks-a")
    wait_until("without one that has gone", lambda: member.assigned == {("clicks-b", 0)}, 20)
    member.leave()


def static_membership(site: Site, instance: Callable[[str], dict[str, object]]) -> None:
    cluster = one_stream(site)
    wide(site)
    first = Member(cluster, ["wide"], **instance("one"))
    second = Member(cluster, ["wide"], **instance("two"))
    wait_until("two members share the partitions", lambda: shared([first, second]), 30)
    had, rebalances = first.assigned, second.rebalances
    first.leave()
    again = Member(cluster, ["wide"], **instance("one"))
    wait_until("the same partitions after coming back", lambda: again.assigned == had, 20)
    assert second.rebalances == rebalances, "the other member noticed"
    for member in (again, second):
        member.leave()


def test_static_members(site: Site) -> None:
    static_membership(site, lambda name: {**NEW, "group.instance.id": name})


def test_static_members_classic(site: Site) -> None:
    static_membership(site, lambda name: {**COOPERATIVE, "group.instance.id": name})


def test_admin(site: Site) -> None:
    cluster = one_stream(site)
    module = confluent()
    wide(site)
    fill(cluster, "wide")
    member = Member(cluster, ["wide"], **NEW)
    wait_until("everything is read", lambda: len(member.read) == RECORDS, 30)
    admin = module.admin.AdminClient({"bootstrap.servers": cluster.broker})
    listed = admin.list_consumer_groups(request_timeout=10).result().valid
    kinds = {group.group_id: (str(group.type), str(group.state)) for group in listed}
    assert kinds == {"crowd": ("ConsumerGroupType.CONSUMER", "ConsumerGroupState.STABLE")}, kinds
    described = admin.describe_consumer_groups(["crowd"], request_timeout=10)["crowd"].result()
    assert described.partition_assignor == "uniform", described.partition_assignor
    (about,) = described.members
    assert {part.partition for part in about.assignment.topic_partitions} == set(range(PARTITIONS))
    member.leave()
    set_positions(module, admin)
    admin.delete_consumer_groups(["crowd"], request_timeout=10)["crowd"].result()
    assert admin.list_consumer_groups(request_timeout=10).result().valid == []


def set_positions(module: object, admin: object) -> None:
    places = [module.TopicPartition("wide", 0, 7)]
    asked = [module.ConsumerGroupTopicPartitions("crowd", places)]
    admin.alter_consumer_group_offsets(asked, request_timeout=10)["crowd"].result()
    answer = admin.list_consumer_group_offsets([module.ConsumerGroupTopicPartitions("crowd")], request_timeout=10)
    found = {part.partition: part.offset for part in answer["crowd"].result().topic_partitions}
    assert found == {0: 7, **{part: RECORDS // PARTITIONS for part in range(1, PARTITIONS)}}, found
