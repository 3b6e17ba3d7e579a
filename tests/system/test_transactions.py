"""Transactions of librdkafka and kafkajs: over kills of the server, fenced, and as a replica shows them."""

from __future__ import annotations

from clusters import Cluster, Site
from kafka_clients import OPEN_TO_ALL, consume
from rdkafka_client import Client
from test_kafkajs import node
from two_clusters import SOURCE, replicated
from waiting import wait_until

COMMITTED = ("-X", "isolation.level=read_committed")
UNCOMMITTED = ("-X", "isolation.level=read_uncommitted")
TOPIC = "/activity:moved"


def one_stream(site: Site) -> Cluster:
    (cluster,) = site.add("sanfrancisco")
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL}")
    site.maprcli("stream topic create -path /activity -topic moved -partitions 2")
    return cluster


def rounds(lines: list[str], word: str) -> list[int]:
    return [int(line.split()[1]) for line in lines if line.startswith(word)]


def seen(cluster: Cluster, *how: str) -> list[str]:
    return sorted(message.value or "" for message in consume(cluster, TOPIC, *how))


def test_rdkafka_over_kills(site: Site) -> None:
    cluster = one_stream(site)
    sender = Client(cluster, "transact", TOPIC, "/activity:mover", "300")
    lines: list[str] = []

    def more(than: int) -> bool:
        lines.extend(sender.taken())
        return len(lines) > than

    for _ in range(3):
        before = len(lines)
        wait_until("more transactions have ended", lambda before=before: more(before + 20))
        assert sender.process.poll() is None, "the load ended before the kill: it is too small"
        cluster.kill()
        cluster.start()
    lines += sender.finish()
    committed = rounds(lines, "committed")
    assert len(committed) + len(rounds(lines, "aborted")) == 300
    assert len(committed) > 100, lines
    assert seen(cluster, *COMMITTED) == sorted(f"round {r} message {n}" for r in committed for n in range(10))
    assert len(seen(cluster, *UNCOMMITTED)) > len(committed) * 10, "aborted records are there for those who want them"
    cursors = site.records("stream cursor list -path /activity")
    assert [int(one["committedoffset"]) for one in cursors] == [committed[-1]], cursors


def test_rdkafka_is_fenced(site: Site) -> None:
    cluster = one_stream(site)
    old = Client(cluster, "fence", TOPIC, "/activity:mover")
    wait_until("the first has begun", lambda: "begun" in old.taken())
    lines = Client(cluster, "transact", TOPIC, "/activity:mover", "2").finish()
    assert rounds(lines, "committed") == [0, 1], lines
    assert old.finish() == ["refused _FENCED"]
    assert len(seen(cluster, *COMMITTED)) == 20


def test_kafkajs(site: Site) -> None:
    (cluster,) = site.add("sanfrancisco")
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL}")
    node(cluster, "transactions.mjs")


def test_replica_shows_the_same(site: Site) -> None:
    source, replica = replicated(site)
    site.maprcli(f"stream topic create -path {SOURCE} -topic moved -partitions 2")
    open_one = Client(source, "fence", TOPIC, "/activity:other")
    wait_until("one is open", lambda: "begun" in open_one.taken())
    lines = Client(source, "transact", TOPIC, "/activity:mover", "30").finish()
    site.wait_replicated(SOURCE)
    expected = seen(source, *COMMITTED)
    assert seen(replica, *COMMITTED) == expected
    assert len(expected) < len(rounds(lines, "committed")) * 10, "what lies behind the open one waits"
    replica.kill()
    replica.start()
    assert seen(replica, *COMMITTED) == expected
    assert open_one.finish() == ["committed"]
    site.wait_replicated(SOURCE)
    wanted = [f"round {r} message {n}" for r in rounds(lines, "committed") for n in range(10)]
    wanted.append("of the one that is fenced")
    assert seen(source, *COMMITTED) == sorted(wanted)
    assert seen(replica, *COMMITTED) == sorted(wanted)
    assert seen(replica, *UNCOMMITTED) == seen(source, *UNCOMMITTED)
