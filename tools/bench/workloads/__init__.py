"""All rows, by their numbers."""

from workloads import bootstrap, distance, latency, replication, starts, throughput, topics
from workloads.base import SCALES, Metric, Row, Scale

MODULES = (throughput, latency, replication, distance, bootstrap, topics, starts)
ALL = [row for module in MODULES for row in module.ROWS]
ROWS: dict[int, Row] = {row.number: row for row in sorted(ALL, key=lambda row: row.number)}


def with_needs(numbers: list[int]) -> list[int]:
    """The rows and those that must run before them, in the order in which they run."""
    wanted: list[int] = []
    for number in numbers:
        for needed in (*ROWS[number].needs, number):
            if needed not in wanted:
                wanted.append(needed)
    return sorted(wanted)


__all__ = ["ROWS", "SCALES", "Metric", "Row", "Scale", "with_needs"]
