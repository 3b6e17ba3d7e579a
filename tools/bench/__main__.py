"""The same work on Distributary, on what users would take instead, and on the bare machine, side by side.

    ./x bench                  the same as --quick
    ./x bench --quick          a look at all of it, once; for tuning, not for publishing
    ./x bench --full           what docs/benchmarks.md shows: five interleaved runs on a machine that does nothing else
    ./x bench --row 8          some rows only; with --quick or --full
    ./x bench --list           the rows and the peers
    ./x bench --publish FILE   makes docs/benchmarks.md from the results in FILE, also of a run that was broken off;
                               a row that several files have is taken from the last
    ./x bench --micro [FILTER] the micro benchmarks
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import pathlib
import shlex
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import figures  # noqa: E402
import machine  # noqa: E402
import report  # noqa: E402
from payload import payload_file  # noqa: E402
from peers import PEERS, Peer  # noqa: E402
from programs import TREE  # noqa: E402
from runner import Plan, Runner, to_terminal  # noqa: E402
from workloads import ROWS, SCALES, with_needs  # noqa: E402

FOLDER = TREE / "build" / "bench"
RESULTS = FOLDER / "results"
PUBLISHED = TREE / "docs" / "benchmarks" / "results.json"
# A quick look leaves out the peer that only differs in settings, and rows that take long.
NOT_QUICK = {"kafka-tuned"}
NOT_QUICK_ROWS = {3, 7, 10, 11, 12, 15}


def arguments_of(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./x bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    how = parser.add_mutually_exclusive_group()
    for scale in SCALES:
        how.add_argument(f"--{scale}", dest="scale", action="store_const", const=scale)
    parser.set_defaults(scale="quick")
    parser.add_argument("--row", type=int, action="append", choices=ROWS, help="only this row; may be repeated")
    parser.add_argument("--peer", action="append", choices=[*PEERS, "raw"], help="only this one; may be repeated")
    parser.add_argument("--repetitions", type=int, help="instead of the scale's own")
    parser.add_argument("--results", type=pathlib.Path, metavar="FILE", help="where to, if not build/bench/results")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER, help="for everything that is written meanwhile")
    parser.add_argument("--list", action="store_true", help="show the rows and the peers")
    parser.add_argument("--publish", type=pathlib.Path, nargs="+", metavar="FILE", help="make docs/benchmarks.md")
    return parser.parse_args(words)


def list_all() -> None:
    for row in ROWS.values():
        print(f"row {row.number:2}  {row.title} ({row.situation.name})")
    for peer in PEERS.values():
        print(f"peer    {peer.name}")


def why_missing(peer: type[Peer]) -> str | None:
    to_terminal(f"looking for {peer.title}")
    try:
        return peer.missing()
    except Exception as error:  # noqa: BLE001  (whatever it is: the others can be had)
        return f"{type(error).__name__}: {error}"


def chosen_peers(arguments: argparse.Namespace) -> tuple[list, dict[str, str]]:
    """Those that can be had, and why the others cannot."""
    names = arguments.peer or [name for name in PEERS if arguments.scale == "full" or name not in NOT_QUICK]
    missing = {name: why for name in names if name in PEERS and (why := why_missing(PEERS[name]))}
    for name, why in missing.items():
        to_terminal(f"without {name}: {why}")
    return [PEERS[name] for name in names if name in PEERS and name not in missing], missing


def publish(paths: list[pathlib.Path]) -> None:
    """Puts results where the generator of the pages takes them from, and runs it."""
    results = figures.merged([json.loads(path.read_text()) for path in paths])
    PUBLISHED.parent.mkdir(exist_ok=True)
    PUBLISHED.write_text(json.dumps(results, indent=1) + "\n")
    report.write(TREE / "docs", results)
    print("written: docs/benchmarks.md")


def main(words: list[str]) -> int:
    arguments = arguments_of(words)
    if arguments.list:
        list_all()
        return 0
    if arguments.publish:
        publish(arguments.publish)
        return 0
    scale = SCALES[arguments.scale]
    if arguments.repetitions:
        scale = dataclasses.replace(scale, repetitions=arguments.repetitions)
    peers, missing = chosen_peers(arguments)
    limits = not arguments.peer or "raw" in arguments.peer
    rows = arguments.row or [row for row in ROWS if scale.name != "quick" or row not in NOT_QUICK_ROWS]
    plan = Plan(scale, with_needs(rows), peers, limits)
    began = datetime.datetime.now(datetime.timezone.utc)
    path = arguments.results or RESULTS / f"{began:%Y%m%d-%H%M%S}-{scale.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    results = {
        "scale": scale.name,
        "command": shlex.join(["./x", "bench", *words]),
        "began": began.isoformat(timespec="seconds"),
        "machine": machine.describe(arguments.folder),
        "missing": missing,
    }
    versions = {peer.name: peer.version() for peer in peers}

    def save(runner: Runner) -> None:
        results["runs"] = runner.runs
        results["peers"] = {
            name: {"version": version, "settings": runner.settings.get(name, {})} for name, version in versions.items()
        }
        results["took"] = round((datetime.datetime.now(datetime.timezone.utc) - began).total_seconds())
        results["cut"] = runner.cut
        written = path.with_suffix(".new")
        written.write_text(json.dumps(results, indent=1) + "\n")
        written.replace(path)

    runner = Runner(plan, arguments.folder / "run", payload_file(arguments.folder), to_terminal, save)
    try:
        runner.run()
    except KeyboardInterrupt:
        runner.cut = "ended before its time"
    save(runner)
    print(report.text(results))
    print(f"{results['took']} s; {path}")
    return 1 if any("error" in run for run in results["runs"]) else 0


def ended(number: int, _: object) -> None:
    """So that what runs is ended too."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, ended)
    sys.exit(main(sys.argv[1:]))
