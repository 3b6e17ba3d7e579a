#!/usr/bin/env -S /usr/bin/python3 -B
"""Runs the system tests: real servers, real clients.

    run.py                     all
    run.py kcat maprcli        the modules test_kcat.py and test_maprcli.py
    run.py kcat.headers        the one test test_headers of test_kcat.py

Every function test_<name>(site) of a module test_<module>.py is a test; it gets a Site of its own. The last line of the
output is `N passed, M failed`, and names the tests that were skipped because their client cannot be had. With
GTEST_OUTPUT=xml:<folder>/ the results are also written there.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib
import os
import pathlib
import sys
import tempfile
import time
import traceback
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

from clusters import Site, binaries
from skipping import Skipped

HERE = pathlib.Path(__file__).resolve().parent
TEST_SECONDS = 60
Test = tuple[str, Callable[[Site], None]]


def module_names() -> list[str]:
    return sorted(path.stem.removeprefix("test_") for path in HERE.glob("test_*.py"))


def tests_of(selection: str) -> list[Test]:
    name, _, one = selection.partition(".")
    module: Any = importlib.import_module(f"test_{name}")
    functions = [(key, value) for key, value in vars(module).items() if key.startswith("test_")]
    found = [(f"{name}.{key.removeprefix('test_')}", value) for key, value in functions]
    return [(label, test) for label, test in found if not one or label == selection]


def fail_report(site: Site) -> str:
    parts = [traceback.format_exc().strip()]
    parts += [f"--- log of {name}\n{cluster.tail()}" for name, cluster in site.clusters.items()]
    return "\n".join(parts)


def run_one(test: Callable[[Site], None], keep: bool) -> str | Skipped | None:
    """None, or why it failed or was skipped."""
    site = Site(pathlib.Path(tempfile.mkdtemp(prefix="distributary-system-")))
    failure: str | None = None
    skipped = None
    faulthandler.dump_traceback_later(TEST_SECONDS * 3, exit=True)
    try:
        test(site)
    except Skipped as reason:
        skipped = reason
    except Exception:  # a test may fail in any way; what it was is in the report
        failure = fail_report(site)
    finally:
        faulthandler.cancel_dump_traceback_later()
        tails = {name: cluster.tail() for name, cluster in site.clusters.items()}
        ended = site.close(keep=keep and failure is not None)
        if ended and failure is None:
            failure = "\n".join(f"the server of {name} ended by itself\n{tails[name]}" for name in ended)
        elif keep and failure is not None:
            failure += f"\n--- kept: {site.folder}"
    return failure or skipped


def prepare(test: Callable[[Site], None]) -> None:
    """What the module's tests need and may take long to bring. What it lacks, the test finds out again and says."""
    with contextlib.suppress(Skipped):
        getattr(sys.modules[test.__module__], "prepare", lambda: None)()


def write_results(folder: pathlib.Path, name: str, results: list[tuple[str, float, str | Skipped | None]]) -> None:
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(root, "testsuite", name=name)
    for label, seconds, failure in results:
        case = ElementTree.SubElement(suite, "testcase", name=label, time=f"{seconds:.3f}", status="run")
        if isinstance(failure, Skipped):
            ElementTree.SubElement(case, "skipped", message=str(failure))
        elif failure is not None:
            ElementTree.SubElement(case, "failure", message=failure.splitlines()[-1] if failure else "")
    ElementTree.ElementTree(root).write(folder / f"{name}.xml")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="*", help="modules, or module.test")
    parser.add_argument("--name", default="system", help="name of the file of results")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a test that failed")
    arguments = parser.parse_args()
    tests = [test for selection in arguments.tests or module_names() for test in tests_of(selection)]
    if not tests:
        parser.error("no test has such a name")
    if not (binaries() / "distributary").exists():
        parser.error(f"there is no program {binaries()}/distributary; build it, or set DISTRIBUTARY_BIN")
    results = []
    for label, test in tests:
        prepare(test)
        begin = time.monotonic()
        failure = run_one(test, arguments.keep)
        seconds = time.monotonic() - begin
        if failure is None and seconds > TEST_SECONDS:
            failure = f"took {seconds:.0f} s; a test may take {TEST_SECONDS}"
        word = "ok    " if failure is None else "skip  " if isinstance(failure, Skipped) else "FAILED"
        print(f"{word} {seconds:6.2f} s  {label}", flush=True)
        if failure is not None:
            print(failure, flush=True)
        results.append((label, seconds, failure))
    output = os.environ.get("GTEST_OUTPUT", "")
    if output.startswith("xml:"):
        write_results(pathlib.Path(output.removeprefix("xml:")), arguments.name, results)
    skipped = [label for label, _, failure in results if isinstance(failure, Skipped)]
    failed = sum(failure is not None for _, _, failure in results) - len(skipped)
    names = f", {len(skipped)} skipped: {', '.join(skipped)}" if skipped else ""
    print(f"{len(results) - failed - len(skipped)} passed, {failed} failed{names}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
