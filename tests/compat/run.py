#!/usr/bin/env -S /usr/bin/python3 -B
"""Real clients against a real server: each walks through the features that features.py lists.

    run.py                          every client
    run.py kcat java                these
    run.py kafkajs.groups           one feature of one, even where the server is said to have no such thing
    run.py --install                only bring and build what they need
    run.py --name NAME ...          also write the results to build/compat/results/NAME.json and, with
                                    GTEST_OUTPUT=xml:<folder>/, to <folder>/NAME.xml

The last line is `N passed, M failed`, with `, K skipped` if a toolchain is missing or the server has no such thing yet;
what is skipped is named before it, and in the file $X_SKIPPED if that is set.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pathlib
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent / "system"))

import installs  # noqa: E402
import tries  # noqa: E402
from clusters import TREE, Site, binaries  # noqa: E402
from features import CLIENTS, PROGRAMS, features_of, gap  # noqa: E402
from report import FAILS, SKIPPED, WORKS, Report  # noqa: E402

PERMISSIONS = "-produceperm p -consumeperm p -topicperm p -adminperm p"
RESULTS = TREE / "build" / "compat" / "results"


def make_cluster(site: Site):
    (cluster,) = site.add("compat")
    cluster.options["default-stream"] = "/default"
    cluster.start()
    for stream in ("/activity", "/second", "/default"):
        site.maprcli(f"stream create -path {stream} {PERMISSIONS}")
    return cluster


def walk(name: str, one: str) -> Report:
    """One client, with a cluster of its own; `one` is a feature, or empty for all."""
    features = [one] if one else list(features_of(name))
    report = Report(name, features)
    wanted = []
    for feature in features:
        reason = None if one else gap(name, feature)
        report.skipped(feature, reason) if reason else wanted.append(feature)
    client = importlib.import_module(f"client_{name.replace('-', '_')}")
    try:
        start = client.prepare()
    except installs.Missing as missing:
        for feature in wanted:
            report.skipped(feature, str(missing))
        return report
    site = Site(pathlib.Path(tempfile.mkdtemp(prefix="distributary-compat-")))
    try:
        cluster = make_cluster(site)
        start(cluster, wanted, report)
        report.close()
        if any(cell.outcome == FAILS for cell in report.cells.values()):
            print(f"--- log of the server\n{cluster.tail()}", flush=True)
    finally:
        if site.close():
            raise RuntimeError("the server ended by itself")
    return report


def write_results(name: str, reports: list[Report]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    found = {}
    for report in reports:
        cells = {feature: {"outcome": cell.outcome, "note": cell.note} for feature, cell in report.cells.items()}
        found[report.client] = {"version": report.version, "features": cells}
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1))
    output = os.environ.get("GTEST_OUTPUT", "")
    if not output.startswith("xml:"):
        return
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(root, "testsuite", name=name)
    for report in reports:
        for feature, cell in report.cells.items():
            if cell.outcome not in (WORKS, FAILS, SKIPPED):
                continue  # the client has no such thing: nothing was tested
            label = f"{report.client}.{feature}"
            case = ElementTree.SubElement(suite, "testcase", name=label, time=f"{cell.seconds:.3f}", status="run")
            if cell.outcome == FAILS:
                ElementTree.SubElement(case, "failure", message=cell.note)
            if cell.outcome == SKIPPED:
                ElementTree.SubElement(case, "skipped", message=cell.note)
    ElementTree.ElementTree(root).write(pathlib.Path(output.removeprefix("xml:")) / f"{name}.xml")


def tell_skipped(reports: list[Report]) -> None:
    """One line for each reason of each client."""
    lines = []
    for report in reports:
        reasons: dict[str, list[str]] = {}
        for feature, cell in report.cells.items():
            if cell.outcome == SKIPPED:
                reasons.setdefault(cell.note, []).append(feature)
        lines += [f"skipped: {report.client}: {', '.join(names)}: {why}" for why, names in reasons.items()]
    print("".join(line + "\n" for line in lines), end="")
    if lines and os.environ.get("X_SKIPPED"):
        with open(os.environ["X_SKIPPED"], "a") as file:
            file.write("".join(line + "\n" for line in lines))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clients", nargs="*", help="client, or client.feature")
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--name", default="all")
    arguments = parser.parse_args()
    if arguments.install:
        installs.everything()
        return 0
    if not (binaries() / "distributary").exists():
        parser.error(f"there is no program {binaries()}/distributary; build it, or set DISTRIBUTARY_BIN")
    tries.began(RESULTS, arguments.name)
    reports = []
    for selection in arguments.clients or [*CLIENTS, *PROGRAMS]:
        client, _, one = selection.partition(".")
        if client not in CLIENTS and client not in PROGRAMS or one and one not in features_of(client):
            parser.error(f"there is no {selection}")
        reports.append(walk(client, one))
    write_results(arguments.name, reports)
    tries.ended(RESULTS, arguments.name, [f"{report.client}.{feature}" for report in reports
                                          for feature, cell in report.cells.items() if cell.outcome == FAILS])
    outcomes = [cell.outcome for report in reports for cell in report.cells.values()]
    passed, failed, skipped = (outcomes.count(outcome) for outcome in (WORKS, FAILS, SKIPPED))
    tell_skipped(reports)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
