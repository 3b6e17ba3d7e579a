#!/usr/bin/env -S /usr/bin/python3 -B
"""What the last run found, build/compat/results/, and what is kept of it: results.json, from which
docs/compatibility.md is made.

    results.py --check      fails if a client that was asked did not do what results.json says of it; names what passed
                            at the second try only, also in the file $X_SKIPPED if that is set
    results.py --write      writes results.json; every client must have been asked
"""

from __future__ import annotations

import json
import os
import pathlib
import sys

from tries import passed_late

HERE = pathlib.Path(__file__).resolve().parent
KEPT = HERE / "results.json"
FOUND = HERE.parents[1] / "build" / "compat" / "results"

Results = dict[str, dict]


def found() -> Results:
    results: Results = {}
    for path in sorted(FOUND.glob("*.json")):
        results.update(json.loads(path.read_text()))
    return results


def kept() -> Results:
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def was_skipped(client: dict) -> bool:
    """For want of a toolchain: then there is no version either."""
    return not client["version"]


def differences(before: Results, now: Results) -> list[str]:
    lines = []
    for name, client in now.items():
        if was_skipped(client):
            continue
        old = before.get(name, {"features": {}})["features"]
        for feature, cell in client["features"].items():
            known = old.get(feature, {"outcome": "unknown"})["outcome"]
            if cell["outcome"] != known:
                lines.append(f"{name}.{feature} {cell['outcome']}; kept is: {known}")
    return lines


def write(now: Results, names: list[str]) -> int:
    missing = [name for name in names if name not in now or was_skipped(now[name])]
    if missing:
        print(f"not asked, so nothing is written: {', '.join(missing)}", file=sys.stderr)
        return 1
    KEPT.write_text(json.dumps({name: now[name] for name in names}, indent=1) + "\n")
    return 0


def tell_late(lines: list[str]) -> None:
    print("".join(line + "\n" for line in lines), end="")
    if lines and os.environ.get("X_SKIPPED"):
        with open(os.environ["X_SKIPPED"], "a") as file:
            file.write("".join(line + "\n" for line in lines))


def main() -> int:
    if sys.argv[1:] == ["--write"]:
        from features import CLIENTS, PROGRAMS

        return write(found(), [*CLIENTS, *PROGRAMS])
    tell_late(passed_late(FOUND))
    problems = differences(kept(), found())
    for problem in problems:
        print(problem)
    if problems:
        print("clients do not do what docs/compatibility.md says; once that is right, run ./x compat --write")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
