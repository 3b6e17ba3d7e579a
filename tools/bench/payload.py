"""What the records hold: lines of JSON, made once from the events of the npm package vega-datasets."""

from __future__ import annotations

import csv
import json
import pathlib
import random
from collections.abc import Iterator

import programs  # noqa: F401  (finds tests/system)
from kafka_clients import node_modules

MOST_BYTES = 24 << 20


def lines() -> Iterator[str]:
    data = node_modules() / "node_modules" / "vega-datasets" / "data"
    for name in ("flights-20k.json", "flights-200k.json", "movies.json"):
        for event in json.loads((data / name).read_text()):
            yield json.dumps({"source": name.removesuffix(".json"), **event})
    with (data / "birdstrikes.csv").open(newline="") as file:
        for event in csv.DictReader(file):
            yield json.dumps({"source": "birdstrikes", **event})


def payload_file(folder: pathlib.Path) -> pathlib.Path:
    """The file, made if it is not there: the same lines in the same order each time."""
    path = folder / "payload.jsonl"
    if not path.exists():
        shuffled = list(lines())
        random.Random(1).shuffle(shuffled)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(("\n".join(shuffled) + "\n").encode()[:MOST_BYTES])
    return path
