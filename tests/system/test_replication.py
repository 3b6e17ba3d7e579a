"""Replication between real servers, set up with the real commands."""

from __future__ import annotations

from typing import Any

from clusters import CommandFailed, Site
from kafka_clients import OPEN_TO_ALL, consume, kcat, partitions_of, produce, same_bytes, same_history
from two_clusters import PROCEDURE, REPLICA, SOURCE, procedure, replicated, two_clusters
from waiting import wait_until


def failing(site: Site, line: str) -> str:
    try:
        out = site.maprcli(line)
    except CommandFailed as error:
        return str(error)
    raise AssertionError(f"`maprcli {line}` succeeded: {out}")


def trouble(site: Site, code: str) -> dict[str, Any]:
    """What `replica list` shows once it shows this error."""

    def shown() -> dict[str, Any] | None:
        record = site.replica(SOURCE)
        return record if record.get("errors", {}).get("Code") == code else None

    return wait_until(f"replica list shows {code}", shown)


def test_procedure_with_data_before_between_and_after(site: Site) -> None:
    sanfrancisco, newyork = two_clusters(site)
    site.maprcli(f"stream topic create -path {SOURCE} -topic wide -partitions 3")

    def more(step: int) -> None:
        lines = [f"key{i % 7}|step {step} line {i}" for i in range(200)]
        codec = ("none", "gzip", "snappy", "lz4", "zstd")[step % 5]
        produce(sanfrancisco, "/activity:wide", lines, "-K", "|", "-z", codec, "-H", f"step={step}")
        produce(sanfrancisco, f"/activity:step{step}", lines)

    procedure(site, more)
    site.wait_replicated(SOURCE)
    topics = partitions_of(site, SOURCE)
    assert partitions_of(site, REPLICA) == topics
    assert len(topics) == len(PROCEDURE) + 2
    assert same_bytes(sanfrancisco, newyork, "/activity", topics) == 2 * 200 * (len(PROCEDURE) + 1)
    same_history(site, SOURCE, REPLICA)
    # And as a client sees it: offset, timestamp, key, headers and value.
    assert consume(sanfrancisco, "/activity:wide") == consume(newyork, "/activity:wide")


def group_read(cluster, count: int) -> list[str]:
    words = ["-G", "readers", "/activity:clicks", "-q", "-c", str(count), "-f", "%o %s\n"]
    words += ["-X", "auto.offset.reset=earliest"]
    return kcat(cluster, *words).stdout.splitlines()


def test_group_continues_on_the_replica(site: Site) -> None:
    sanfrancisco, newyork = replicated(site)
    produce(sanfrancisco, "/activity:clicks", [f"m{i}" for i in range(1000)])
    first = group_read(sanfrancisco, 400)
    cursors = f"stream cursor list -path {SOURCE} -consumergroup readers"
    (here,) = wait_until("the group has committed", lambda: site.records(cursors))
    committed = int(here["committedoffset"])
    assert committed == len(first) == 400, (committed, len(first))
    there = f"stream cursor list -path {REPLICA} -consumergroup readers"

    def arrived() -> bool:
        return [int(cursor["committedoffset"]) for cursor in site.records(there)] == [committed]

    wait_until("the cursor is at the replica", arrived)
    second = group_read(newyork, 600)
    assert first + second == [f"{i} m{i}" for i in range(1000)]


def test_nothing_flows_without_upstream_add(site: Site) -> None:
    sanfrancisco, newyork = two_clusters(site)
    site.run(PROCEDURE[0].split())
    site.maprcli(f"stream replica add -path {SOURCE} -replica {REPLICA}")
    produce(sanfrancisco, "/activity:clicks", [str(i) for i in range(100)])
    record = trouble(site, "ErrNotAnUpstream")
    assert "upstream add" in record["errors"]["Msg"], record
    assert not record["isUptodate"] and record["putsPending"] == 100, record
    assert partitions_of(site, REPLICA) == {}
    site.run(PROCEDURE[3].split())
    site.wait_replicated(SOURCE)
    assert same_bytes(sanfrancisco, newyork, "/activity", {"clicks": 1}) == 100


def test_pause_and_resume(site: Site) -> None:
    sanfrancisco, newyork = replicated(site)
    produce(sanfrancisco, "/activity:clicks", ["one"])
    site.wait_replicated(SOURCE)
    site.maprcli(f"stream replica pause -path {SOURCE} -replica {REPLICA}")
    produce(sanfrancisco, "/activity:clicks", ["two", "three"])
    record = site.replica(SOURCE)
    assert record["putsPending"] == 2, record
    assert record["paused"] and not record["isUptodate"], record
    assert len(consume(newyork, "/activity:clicks")) == 1
    site.maprcli(f"stream replica resume -path {SOURCE} -replica {REPLICA}")
    site.wait_replicated(SOURCE)
    assert same_bytes(sanfrancisco, newyork, "/activity", {"clicks": 1}) == 3


def test_paused_survives_a_restart(site: Site) -> None:
    sanfrancisco, newyork = replicated(site)
    site.maprcli(f"stream replica pause -path {SOURCE} -replica {REPLICA}")
    sanfrancisco.kill()
    sanfrancisco.start()
    produce(sanfrancisco, "/activity:clicks", ["later"])
    assert site.replica(SOURCE)["paused"]
    assert partitions_of(site, REPLICA) == {}
    site.maprcli(f"stream replica resume -path {SOURCE} -replica {REPLICA}")
    site.wait_replicated(SOURCE)
    assert len(consume(newyork, "/activity:clicks")) == 1


def test_remove_keeps_the_data(site: Site) -> None:
    sanfrancisco, newyork = replicated(site)
    produce(sanfrancisco, "/activity:clicks", ["kept"])
    site.wait_replicated(SOURCE)
    site.maprcli(f"stream replica remove -path {SOURCE} -replica {REPLICA}")
    assert site.records(f"stream replica list -path {SOURCE}") == []
    produce(sanfrancisco, "/activity:clicks", ["not sent"])
    assert [one.value for one in consume(newyork, "/activity:clicks")] == ["kept"]
    assert "has no replica" in failing(site, f"stream replica resume -path {SOURCE} -replica {REPLICA}")
    assert len(site.records(f"stream upstream list -path {REPLICA}")) == 1


def test_upstream_remove_ends_the_flow_at_once(site: Site) -> None:
    sanfrancisco, newyork = replicated(site)
    produce(sanfrancisco, "/activity:clicks", ["one"])
    site.wait_replicated(SOURCE)
    site.maprcli(f"stream upstream remove -path {REPLICA} -upstream {SOURCE}")
    produce(sanfrancisco, "/activity:clicks", ["two"])
    record = trouble(site, "ErrNotAnUpstream")
    assert len(consume(newyork, "/activity:clicks")) == 1
    site.maprcli(f"stream upstream add -path {REPLICA} -upstream {SOURCE}")
    site.wait_replicated(SOURCE)
    assert same_bytes(sanfrancisco, newyork, "/activity", {"clicks": 1}) == 2


def test_source_made_again_is_refused(site: Site) -> None:
    sanfrancisco, newyork = replicated(site)
    produce(sanfrancisco, "/activity:clicks", ["old"])
    site.wait_replicated(SOURCE)
    site.maprcli(f"stream delete -path {SOURCE}")
    site.maprcli(f"stream create -path {SOURCE} {OPEN_TO_ALL}")
    produce(sanfrancisco, "/activity:clicks", ["new"])
    site.maprcli(f"stream replica add -path {SOURCE} -replica {REPLICA}")
    trouble(site, "ErrUpstreamUuidMismatch")
    assert [one.value for one in consume(newyork, "/activity:clicks")] == ["old"]


def test_produce_to_a_replica_is_refused(site: Site) -> None:
    sanfrancisco, newyork = replicated(site)
    produce(sanfrancisco, "/activity:clicks", ["from the source"])
    site.wait_replicated(SOURCE)
    result = kcat(newyork, "-P", "-t", "/activity:clicks", "-X", "message.timeout.ms=5000", text="lost\n", status=None)
    assert result.returncode != 0 and "failed" in result.stderr, result
    assert "timed out" not in result.stderr, "the refusal can be retried, so clients would try for ever"
    result = kcat(newyork, "-P", "-t", "/activity:other", "-X", "message.timeout.ms=5000", text="lost\n", status=None)
    assert result.returncode != 0, result
    assert same_bytes(sanfrancisco, newyork, "/activity", {"clicks": 1}) == 1
    assert partitions_of(site, REPLICA) == {"clicks": 1}


def test_replica_in_the_same_cluster(site: Site) -> None:
    (cluster,) = site.add("sanfrancisco")
    cluster.start()
    site.maprcli(f"stream create -path /activity {OPEN_TO_ALL}")
    produce(cluster, "/activity:clicks", [str(i) for i in range(50)])
    site.maprcli("stream create -path /copy -copymetafrom /activity")
    site.maprcli("stream replica add -path /activity -replica /copy -paused true")
    site.maprcli("stream upstream add -path /copy -upstream /activity")
    site.run("mapr copystream -src /activity -dst /copy".split())
    assert consume(cluster, "/copy:clicks") == consume(cluster, "/activity:clicks")
    site.maprcli("stream replica resume -path /activity -replica /copy")
    produce(cluster, "/activity:clicks", [str(i) for i in range(50, 100)])
    site.wait_replicated("/activity")
    assert consume(cluster, "/copy:clicks") == consume(cluster, "/activity:clicks")
    assert len(consume(cluster, "/copy:clicks")) == 100


def test_copystream_alone_makes_the_destination(site: Site) -> None:
    sanfrancisco, newyork = two_clusters(site)
    produce(sanfrancisco, "/activity:clicks", [str(i) for i in range(500)], "-H", "a=b")
    site.run(PROCEDURE[5].split())
    assert consume(newyork, "/activity:clicks") == consume(sanfrancisco, "/activity:clicks")
    info = [site.records(f"stream info -path {path}")[0] for path in (SOURCE, REPLICA)]
    for name in ("ttl", "defaultpartitions", "compression", "autocreate", "produceperm"):
        assert info[0][name] == info[1][name], name


def test_topics_changed_at_the_source(site: Site) -> None:
    sanfrancisco, newyork = replicated(site)
    site.maprcli(f"stream topic create -path {SOURCE} -topic grown -partitions 2")
    site.maprcli(f"stream topic create -path {SOURCE} -topic gone")
    produce(sanfrancisco, "/activity:gone", ["x"])
    site.wait_replicated(SOURCE)
    assert partitions_of(site, REPLICA) == {"grown": 2, "gone": 1}
    site.maprcli(f"stream topic edit -path {SOURCE} -topic grown -partitions 5")
    site.maprcli(f"stream topic delete -path {SOURCE} -topic gone")
    site.wait_replicated(SOURCE)
    assert partitions_of(site, REPLICA) == {"grown": 5}


def test_replica_while_its_cluster_is_away(site: Site) -> None:
    sanfrancisco, newyork = replicated(site)
    newyork.kill()
    produce(sanfrancisco, "/activity:clicks", [str(i) for i in range(300)])
    record = trouble(site, "ErrAllGatewaysUnreachable")
    assert record["putsPending"] == 300, record
    newyork.start()
    site.wait_replicated(SOURCE)
    assert same_bytes(sanfrancisco, newyork, "/activity", {"clicks": 1}) == 300
