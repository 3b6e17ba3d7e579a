"""All rows, by their numbers."""

from workloads import latency, replication, throughput
from workloads.base import SCALES, Metric, Row, Scale

ALL = [*throughput.ROWS, *latency.ROWS, *replication.ROWS]
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
