"""Two clusters and a replicated stream, as an administrator sets them up."""

from __future__ import annotations

from collections.abc import Callable

from clusters import Cluster, Site
from kafka_clients import OPEN_TO_ALL

SOURCE = "/mapr/sanfrancisco/activity"
REPLICA = "/mapr/newyork/activity"

# The procedure, word for word.
PROCEDURE = [
    f"maprcli stream create -path {REPLICA} -copymetafrom {SOURCE}",
    f"maprcli stream replica add -path {SOURCE} -replica {REPLICA} -paused true",
    f"maprcli stream replica list -path {SOURCE}",
    f"maprcli stream upstream add -path {REPLICA} -upstream {SOURCE}",
    f"maprcli stream upstream list -path {REPLICA}",
    f"mapr copystream -src {SOURCE} -dst {REPLICA}",
    f"maprcli stream replica resume -path {SOURCE} -replica {REPLICA}",
]


def two_clusters(site: Site, options: str = "") -> tuple[Cluster, Cluster]:
    """sanfrancisco with the stream `activity`, and newyork."""
    sanfrancisco, newyork = site.add("sanfrancisco", "newyork")
    site.start()
    site.maprcli(f"stream create -path {SOURCE} {OPEN_TO_ALL} {options}")
    return sanfrancisco, newyork


def procedure(site: Site, between: Callable[[int], None] = lambda step: None) -> None:
    """Calls `between(n)` before step n, and with the number after the last one at the end."""
    for number, line in enumerate(PROCEDURE):
        between(number)
        site.run(line.split())
    between(len(PROCEDURE))


def replicated(site: Site, options: str = "") -> tuple[Cluster, Cluster]:
    clusters = two_clusters(site, options)
    procedure(site)
    return clusters
