"""librdkafka: the client under most others. The program rdkafka_client is in rdkafka/."""

from __future__ import annotations

from clusters import Cluster, Site
from kafka_clients import OPEN_TO_ALL, consume, partitions_of, produce
from rdkafka_client import Client
from waiting import wait_until


def one_stream(site: Site) -> Cluster:
    (cluster,) = site.add("sanfrancisco")
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL}")
    return cluster


def numbers(cluster: Cluster, topic: str) -> list[int]:
    return [int((message.value or "").split()[1]) for message in consume(cluster, topic)]


def test_idempotent_producer_over_kills(site: Site) -> None:
    cluster = one_stream(site)
    site.maprcli("stream topic create -path /activity -topic wide -partitions 3")
    count = 60_000
    sender = Client(cluster, "produce", "/activity:wide", str(count), "lz4")
    for _ in range(3):
        wait_until("more is acknowledged", lambda: len(sender.taken()) > 0)
        assert sender.process.poll() is None, "the load ended before the kill: it is too small"
        cluster.kill()
        cluster.start()
    sender.finish()
    # Within a partition the order of sending, and each message once, whatever was sent again.
    found = consume(cluster, "/activity:wide")
    sent = {part: [int(one.value.split()[1]) for one in found if one.partition == part] for part in range(3)}
    assert sorted(number for part in sent.values() for number in part) == list(range(count))
    for part, order in sent.items():
        assert order == sorted(order), f"partition {part} is out of order"


def codec(site: Site, name: str) -> None:
    cluster = one_stream(site)
    Client(cluster, "produce", "/activity:clicks", "5000", name).finish()
    assert numbers(cluster, "/activity:clicks") == list(range(5000))


def test_codec_none(site: Site) -> None:
    codec(site, "none")


def test_codec_gzip(site: Site) -> None:
    codec(site, "gzip")


def test_codec_snappy(site: Site) -> None:
    codec(site, "snappy")


def test_codec_lz4(site: Site) -> None:
    codec(site, "lz4")


def test_codec_zstd(site: Site) -> None:
    codec(site, "zstd")


class Member:
    def __init__(self, cluster: Cluster):
        self.client = Client(cluster, "group", "/activity:wide", "crowd")
        self.assigned: set[int] = set()
        self.read: list[tuple[int, int]] = []

    def look(self, lines: list[str] | None = None) -> None:
        for line in self.client.taken() if lines is None else lines:
            word, _, rest = line.partition(" ")
            if word == "assigned":
                self.assigned = {int(part) for part in rest.split(",") if part}
            else:
                assert word == "read", line
                part, offset = rest.split()
                self.read.append((int(part), int(offset)))


def shared(members: list[Member]) -> bool:
    for member in members:
        member.look()
    held = sorted(part for member in members for part in member.assigned)
    return held == list(range(6)) and all(member.assigned for member in members)


def test_group_of_three(site: Site) -> None:
    cluster = one_stream(site)
    site.maprcli("stream topic create -path /activity -topic wide -partitions 6")
    members = [Member(cluster) for _ in range(3)]
    wait_until("three members share the partitions", lambda: shared(members), 25)

    def read() -> int:
        shared(members)
        return sum(len(member.read) for member in members)

    for part in range(6):
        produce(cluster, "/activity:wide", [str(i) for i in range(50)], "-p", str(part))
    wait_until("the first round is read", lambda: read() == 300)
    leaver = members[0]
    leaver.look(leaver.client.finish())
    leaver.assigned = set()
    wait_until("two members share the partitions", lambda: shared(members[1:]), 25)
    members[1].client.process.kill()  # without a word: its session has to expire
    members[1].client.process.wait()
    members[1].look()
    wait_until("one member has all partitions", lambda: shared(members[2:]), 25)
    for part in range(6):
        produce(cluster, "/activity:wide", [str(i) for i in range(50)], "-p", str(part))
    wait_until("the second round is read", lambda: read() == 600)
    members[2].look(members[2].client.finish())
    found = sorted(place for member in members for place in member.read)
    assert found == [(part, offset) for part in range(6) for offset in range(100)]


def test_offset_for_time(site: Site) -> None:
    cluster = one_stream(site)
    produce(cluster, "/activity:clicks", ["a", "b", "c"])
    second = consume(cluster, "/activity:clicks")[0].timestamp
    assert Client(cluster, "time", "/activity:clicks", "0", str(second)).finish() == ["0"]
    assert Client(cluster, "time", "/activity:clicks", "0", str(second + 86_400_000)).finish() == ["-1"]


def test_admin(site: Site) -> None:
    cluster = one_stream(site)

    def admin(*words: str) -> str:
        (line,) = Client(cluster, *words).finish()
        return line.split()[0]

    assert admin("create", "/activity:made", "2") == "ok"
    assert admin("create", "/activity:made", "2") == "TOPIC_ALREADY_EXISTS"
    assert admin("grow", "/activity:made", "5") == "ok"
    assert admin("grow", "/activity:made", "4") == "INVALID_PARTITIONS"
    assert partitions_of(site, "/activity") == {"made": 5}
    assert admin("delete", "/activity:made") == "ok"
    assert admin("delete", "/activity:made") == "UNKNOWN_TOPIC_OR_PART"
    assert partitions_of(site, "/activity") == {}
    assert admin("create", "/missing:made", "1") != "ok"
