"""maprcli and mapr: what they print, as a table and with -json, errors and exit status; and the same over REST."""

from __future__ import annotations

import json
import re
import subprocess
import time

from clusters import Cluster, Site, free_port
from kafka_clients import OPEN_TO_ALL, kcat, produce
from two_clusters import PROCEDURE, REPLICA, SOURCE, replicated, two_clusters

EINVAL, ENOENT, EEXIST, EHOSTUNREACH = 22, 2, 17, 113


def one_stream(site: Site) -> Cluster:
    (cluster,) = site.add("sanfrancisco")
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL}")
    return cluster


def refused(site: Site, line: str, number: int, *said: str) -> None:
    """Fails with status 1 and says so in both forms, on the right channels."""
    words = ["maprcli", *line.split()]
    table = site.command(words)
    assert table.returncode != 0, f"`{line}` succeeded: {table.stdout}"
    text = table.stdout + table.stderr
    assert text.startswith(f"ERROR ({number}) -  "), f"`{line}`: {text!r}"
    for part in said:
        assert part in text, f"`{line}`: no {part!r} in {text!r}"
    answer = site.command([*words, "-json"])
    assert answer.returncode != 0
    envelope = json.loads(answer.stdout)
    assert envelope["status"] == "ERROR", envelope
    (error,) = envelope["errors"]
    assert error["id"] == number, error
    for part in said:
        assert part in error["desc"], error


def table(text: str) -> list[dict[str, str]]:
    """As scripts read it: by blanks."""
    head, *rows = [line.split() for line in text.splitlines()]
    assert all(len(row) == len(head) for row in rows), text
    return [dict(zip(head, row)) for row in rows]


def test_envelope(site: Site) -> None:
    one_stream(site)
    text = site.run("maprcli stream info -path /activity -json".split())
    lines = text.splitlines()
    assert lines[0] == "{" and re.fullmatch(r'\t"timestamp":\d{13},', lines[1]), text
    assert re.fullmatch(r'\t"timeofday":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} GMT[+-]\d{4}( [AP]M)?",', lines[2]), text
    assert lines[3:6] == ['\t"status":"OK",', '\t"total":1,', '\t"data":['], text
    assert lines[-2:] == ["\t]", "}"], text
    empty = site.run("maprcli stream topic list -path /activity -json".split())
    assert len(empty.splitlines()) == 9, empty
    assert site.maprcli("stream topic list -path /activity") == ""


def test_stream_create_info_edit_delete(site: Site) -> None:
    one_stream(site)
    settings = "-ttl 3600 -defaultpartitions 3 -compression zlib -autocreate false"
    assert site.maprcli(f"stream create -path /logs {settings}") == ""
    (info,) = site.records("stream info -path /logs")
    expected = {"path": "/logs", "ttl": 3600, "defaultpartitions": 3, "compression": "zlib", "autocreate": False}
    assert {name: info[name] for name in expected} == expected, info
    assert info["produceperm"].startswith("u:"), info
    for name in ("adminperm", "topicperm", "copyperm", "consumeperm", "physicalsize", "logicalsize"):
        assert name in info, name
    assert site.maprcli("stream edit -path /logs -ttl 7200 -autocreate true") == ""
    (edited,) = site.records("stream info -path /logs")
    assert (edited["ttl"], edited["autocreate"], edited["defaultpartitions"]) == (7200, True, 3), edited
    (row,) = [row for row in table(site.maprcli("stream list")) if row["path"] == "/logs"]
    assert row["uuid"], row
    assert site.maprcli("stream delete -path /logs") == ""
    refused(site, "stream info -path /logs", ENOENT, "/logs")


def test_stream_copymetafrom(site: Site) -> None:
    one_stream(site)
    site.maprcli("stream edit -path /activity -ttl 1234 -defaultpartitions 5")
    site.maprcli("stream create -path /twin -copymetafrom /activity -defaultpartitions 6")
    (info,) = site.records("stream info -path /twin")
    assert (info["ttl"], info["defaultpartitions"], info["produceperm"]) == (1234, 6, "p"), info


def test_errors_of_streams(site: Site) -> None:
    one_stream(site)
    refused(site, "stream create -path /activity", EEXIST, "/activity")
    refused(site, "stream create", EINVAL, "-path")
    refused(site, "stream create -path /x -ttl never", EINVAL, "-ttl", "never")
    refused(site, "stream create -path /x -ttl -1", EINVAL, "-ttl")
    refused(site, "stream create -path /x -autocreate maybe", EINVAL, "-autocreate", "true")
    refused(site, "stream create -path /x -compression rar", EINVAL, "-compression", "lz4")
    refused(site, "stream create -path /x -defaultpartitions 0", EINVAL, "-defaultpartitions")
    refused(site, "stream create -path /x -produceperm (u:a", EINVAL)
    refused(site, "stream create -path x:y", EINVAL)
    refused(site, "stream create -path /x -colour red", EINVAL, "-colour")
    refused(site, "stream create -path /x -path /y", EINVAL, "-path")
    refused(site, "stream create -path /x -copymetafrom /missing", ENOENT, "/missing")
    refused(site, "stream edit -path /missing -ttl 1", ENOENT, "/missing")
    refused(site, "stream delete -path /missing", ENOENT, "/missing")
    assert [record["path"] for record in site.records("stream list")] == ["/activity"]


def test_unknown_command(site: Site) -> None:
    one_stream(site)
    result = site.command(["maprcli", "stream", "destroy"])
    assert result.returncode != 0 and "destroy" in result.stdout + result.stderr, result
    result = site.command(["maprcli"])
    assert "stream" in result.stdout + result.stderr, result


def test_topics(site: Site) -> None:
    cluster = one_stream(site)
    assert site.maprcli("stream topic create -path /activity -topic wide -partitions 4") == ""
    assert site.maprcli("stream topic create -path /activity -topic narrow -timestamptype logappendtime") == ""
    produce(cluster, "/activity:wide", ["a", "b", "c"], "-p", "2")
    rows = {row["topic"]: row for row in table(site.maprcli("stream topic list -path /activity"))}
    assert rows["wide"]["partitions"] == "4" and rows["narrow"]["partitions"] == "1", rows
    assert set(rows["wide"]) == {"topic", "partitions", "consumers", "physicalsize", "logicalsize", "maxlag"}
    info = site.records("stream topic info -path /activity -topic wide")
    assert [part["maxoffset"] for part in info] == [-1, -1, 2, -1], info
    assert [part["partitionid"] for part in info] == [0, 1, 2, 3]
    assert site.maprcli("stream topic edit -path /activity -topic wide -partitions 6") == ""
    assert len(site.records("stream topic info -path /activity -topic wide")) == 6
    refused(site, "stream topic edit -path /activity -topic wide -partitions 5", EINVAL, "-partitions")
    refused(site, "stream topic create -path /activity -topic wide", EEXIST, "wide")
    refused(site, "stream topic create -path /activity -topic bad/name", EINVAL, "bad/name")
    refused(site, "stream topic info -path /activity -topic missing", ENOENT, "missing")
    refused(site, "stream topic create -path /missing -topic t", ENOENT, "/missing")
    assert site.maprcli("stream topic delete -path /activity -topic wide") == ""
    refused(site, "stream topic delete -path /activity -topic wide", ENOENT, "wide")


def test_cursors_and_assignments(site: Site) -> None:
    cluster = one_stream(site)
    produce(cluster, "/activity:clicks", [str(i) for i in range(10)])
    kcat(cluster, "-G", "readers", "/activity:clicks", "-q", "-c", "4", "-X", "auto.offset.reset=earliest")
    (cursor,) = site.records("stream cursor list -path /activity")
    assert (cursor["consumergroup"], cursor["topic"], int(cursor["partitionid"])) == ("readers", "clicks", 0), cursor
    assert (int(cursor["committedoffset"]), int(cursor["produceroffset"])) == (4, 9), cursor
    assert "consumerlagmillis" in cursor
    assert site.records("stream cursor list -path /activity -consumergroup others") == []
    refused(site, "stream cursor list -path /activity -partition 0", EINVAL, "-topic")
    (row,) = table(site.maprcli("stream topic list -path /activity"))
    assert (row["consumers"], row["maxlag"]) == ("1", "6"), row
    assert site.maprcli("stream cursor delete -path /activity -consumergroup readers") == ""
    assert site.records("stream cursor list -path /activity") == []


def test_replica_and_upstream_commands(site: Site) -> None:
    replicated(site)
    text = site.run(f"maprcli stream replica list -path {SOURCE} -json".split())
    assert len(text.splitlines()) == 32, text
    (record,) = json.loads(text)["data"]
    assert (record["cluster"], record["stream"]) == ("newyork", "/activity"), record
    assert record["replicaState"] == "REPLICA_STATE_REPLICATING", record
    (row,) = table(site.maprcli(f"stream replica list -path {SOURCE}"))
    assert row["paused"] == "false" and row["type"] == "MapRStream", row
    (upstream,) = site.records(f"stream upstream list -path {REPLICA}")
    (info,) = site.records(f"stream info -path {SOURCE}")
    assert upstream == {"cluster": "sanfrancisco", "stream": "/activity", "idx": 1, "uuid": info["uuid"]}, upstream
    both = f"-path {SOURCE} -replica {REPLICA}"
    assert site.maprcli(f"stream replica edit {both} -throttle true -networkcompression zlib") == ""
    changed = site.replica(SOURCE)
    assert changed["throttle"] is True and changed["networkcompression"] == "zlib", changed
    assert site.maprcli(f"stream replica pause {both}") == ""
    assert site.replica(SOURCE)["paused"] is True
    assert site.maprcli(f"stream replica resume {both}") == ""
    refused(site, f"stream replica add {both}", EEXIST, "newyork")
    refused(site, f"stream replica add -path {SOURCE} -replica /mapr/newyork/missing", ENOENT, "/missing")
    refused(site, f"stream replica pause -path {SOURCE} -replica /mapr/newyork/missing", ENOENT, "no replica")
    refused(site, f"stream upstream add -path {REPLICA} -upstream {SOURCE}", EEXIST)
    refused(site, f"stream upstream add -path {REPLICA} -upstream /mapr/sanfrancisco/missing", ENOENT, "/missing")
    assert site.maprcli(f"stream upstream remove -path {REPLICA} -upstream {SOURCE}") == ""
    assert site.maprcli(f"stream upstream list -path {REPLICA}") == ""
    refused(site, f"stream upstream remove -path {REPLICA} -upstream {SOURCE}", ENOENT)
    assert site.maprcli(f"stream replica remove {both}") == ""
    assert site.maprcli(f"stream replica list -path {SOURCE}") == ""


def test_gateways(site: Site) -> None:
    _, newyork = two_clusters(site)
    address = f"127.0.0.1:{newyork.gateway_port}"
    (found,) = table(site.maprcli("cluster gateway resolve -dstcluster newyork"))
    assert found["gatewayConfig"] == address, found
    assert site.maprcli("cluster gateway list") == ""
    assert site.maprcli(f"cluster gateway set -dstcluster newyork -gateways {address}") == ""
    (listed,) = table(site.maprcli("cluster gateway list"))
    assert listed == {"cluster": "newyork", "gatewayConfig": address}, listed
    assert table(site.maprcli("cluster gateway get -dstcluster newyork")) == [listed]
    (local,) = table(site.maprcli("cluster gateway local -cluster newyork"))
    assert local["gatewayConfig"] == address, local
    assert site.maprcli("cluster gateway delete -dstcluster newyork") == ""
    refused(site, "cluster gateway get -dstcluster newyork", ENOENT, "newyork")


def test_copystream_errors(site: Site) -> None:
    two_clusters(site)
    for line, said in (
        (f"copystream -src /mapr/sanfrancisco/missing -dst {REPLICA}", "missing"),
        (f"copystream -src {SOURCE}", "-dst"),
        (f"copystream -src {SOURCE} -dst {SOURCE}", "-dst"),
        (f"copystream -src {SOURCE} -dst {REPLICA} -colour red", "colour"),
        (f"copystream -src {SOURCE} -dst /mapr/nowhere/activity", "nowhere"),
    ):
        result = site.command(["mapr", *line.split()])
        assert result.returncode != 0, line
        assert said in result.stdout + result.stderr, result


def test_unreachable_cluster_is_named(site: Site) -> None:
    sanfrancisco, newyork = two_clusters(site)
    newyork.stop()
    address = f"127.0.0.1:{newyork.admin_port}"
    for line in (f"stream info -path {REPLICA}", PROCEDURE[1].removeprefix("maprcli ")):
        begin = time.monotonic()
        refused(site, line, EHOSTUNREACH, "newyork", address)
        assert time.monotonic() - begin < 10, "two tries took more than 5 s each"


def test_frozen_cluster_is_named(site: Site) -> None:
    _, newyork = two_clusters(site)
    newyork.freeze()
    begin = time.monotonic()
    result = site.command(f"maprcli stream info -path {REPLICA}".split())
    assert time.monotonic() - begin < 35
    assert result.returncode != 0 and f"127.0.0.1:{newyork.admin_port}" in result.stdout + result.stderr, result


def test_unknown_cluster(site: Site) -> None:
    two_clusters(site)
    refused(site, "stream info -path /mapr/atlantis/activity", ENOENT, "atlantis", "newyork")


def test_clusters_that_is_missing(site: Site) -> None:
    one_stream(site)
    site.map.unlink()
    result = site.command("maprcli stream info -path /activity".split())
    assert result.returncode != 0 and str(site.map) in result.stdout + result.stderr, result


def test_rest(site: Site) -> None:
    cluster = one_stream(site)

    def rest(target: str, *options: str) -> dict:
        words = ["curl", "-sS", "-u", "someone:", *options, f"http://127.0.0.1:{cluster.admin_port}/rest/{target}"]
        return json.loads(subprocess.run(words, capture_output=True, text=True, timeout=10, check=True).stdout)

    assert rest("stream/topic/create?path=%2Factivity&topic=made&partitions=3")["status"] == "OK"
    answer = rest("stream/topic/list?path=/activity", "-X", "POST")
    assert answer["total"] == 1 and answer["data"][0]["partitions"] == 3, answer
    answer = rest("stream/topic/list", "-d", "path=/activity")
    assert answer["total"] == 1, answer
    answer = rest("stream/topic/list?path=/missing")
    assert answer["status"] == "ERROR" and answer["errors"][0]["id"] == ENOENT, answer
    assert answer["errors"][0]["desc"].startswith("stream topic list: "), answer
    assert rest("stream/nothing")["status"] == "ERROR"
    assert rest("stream/info?path=/activity&colour=red")["errors"][0]["id"] == EINVAL


def test_ports_in_use(site: Site) -> None:
    one, other = site.add("sanfrancisco", "newyork")
    one.start()
    other.kafka_port = one.kafka_port
    try:
        other.start()
    except RuntimeError as error:
        assert str(one.kafka_port) in str(error), error
        other.process = None
    else:
        raise AssertionError("two servers have the same port")
    other.kafka_port = free_port()
    other.start()


def test_options_of_the_server(site: Site) -> None:
    """Who asks is told, and who is wrong is told what is wrong, and where the rest is."""
    for command, option in (("server", "-segment-bytes"), ("init", "-node")):
        for ask in ("-help", "--help", "-h"):
            assert option in site.run(["distributary", command, ask])
    for wrong in (["-dirr", "x"], ["-dir"], ["-dir", "x"], ["-dir", "x", "-cluster", "y", "-segment-bytes", "1"]):
        result = site.command(["distributary", "server", *wrong])
        assert result.returncode == 2 and not result.stdout, result
        assert "-help" in result.stderr and len(result.stderr.splitlines()) == 2, result
