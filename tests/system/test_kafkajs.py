"""kafkajs: the programs are in kafkajs/, each a test of its own that ends with status 0."""

from __future__ import annotations

import subprocess

from clusters import TREE, Cluster, Site
from kafka_clients import OPEN_TO_ALL, consume, node_modules

SECONDS = 50


def node(cluster: Cluster, program: str) -> str:
    node_modules()
    words = ["node", str(TREE / "tests/system/kafkajs" / program), cluster.broker]
    result = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert result.returncode == 0, f"{program}: {result.stderr.strip()}"
    return result.stdout


def one_stream(site: Site) -> Cluster:
    (cluster,) = site.add("sanfrancisco")
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL}")
    return cluster


def test_produce_and_fetch(site: Site) -> None:
    cluster = one_stream(site)
    node(cluster, "produce.mjs")
    messages = consume(cluster, "/activity:js")
    assert len(messages) == 3000
    assert (messages[0].key, messages[0].value, messages[0].timestamp) == ("key 0", "value 0", 1_600_000_000_000)
    assert messages[0].headers == ("one", "1", "many", "a", "many", "b"), messages[0].headers


def test_group_rebalance_and_commits(site: Site) -> None:
    node(one_stream(site), "group.mjs")


def test_admin(site: Site) -> None:
    node(one_stream(site), "admin.mjs")
