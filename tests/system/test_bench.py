"""`./x bench` on Distributary alone, with almost nothing to do: that it runs, checks what it reads, and counts."""

from __future__ import annotations

import json
import subprocess
import sys

from clusters import TREE, Site

ROWS = {2: "throughput", 6: "delivered_p99", 8: "throughput"}
SECONDS = 55


def test_tiny_rows(site: Site) -> None:
    results = site.folder / "results.json"
    words = [sys.executable, "-B", str(TREE / "tools" / "bench"), "--tiny", "--peer", "distributary"]
    words += ["--results", str(results), "--folder", str(site.folder / "bench")]
    for row in ROWS:
        words += ["--row", str(row)]
    result = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    found = {run["row"]: run["metrics"] for run in json.loads(results.read_text())["runs"]}
    assert found.keys() == ROWS.keys(), found
    for row, key in ROWS.items():
        assert found[row][key] > 0, found[row]


def test_wrong_records_do_not_count(site: Site) -> None:
    """What is read is held against what should be there: other records at the same offsets end the client."""
    sys.path.insert(0, str(TREE / "tools" / "bench"))
    from payload import payload_file
    from peers.base import Situation, Wrong
    from peers.distributary import Distributary

    payload = payload_file(site.folder / "payload")
    other = site.folder / "other.jsonl"
    other.write_bytes(payload.read_bytes()[::-1])
    peer = Distributary(site.folder / "peer", payload, Situation("one cluster"))
    peer.start()
    try:
        batch, _ = peer.produce("topic", 1024, 2, bytes=1 << 20)
        assert peer.consume(batch)["records"] == batch.records
        peer.payload = other
        try:
            peer.consume(batch)
        except Wrong as wrong:
            assert "not what was produced" in str(wrong), wrong
        else:
            raise AssertionError("other records were taken for the right ones")
    finally:
        peer.stop()
