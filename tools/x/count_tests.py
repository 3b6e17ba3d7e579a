"""count_tests JUNIT FOLDER prints "passed failed skipped" of one ctest run.

JUNIT is ctest's own result; FOLDER has the results of the GoogleTest programs, one file each. A program that has one
counts as its cases, every other test as one. A program that died before it could write counts as one that failed.
"""

from __future__ import annotations

import pathlib
import sys
import xml.etree.ElementTree as ElementTree

Counts = tuple[int, int, int]


def count_program(path: pathlib.Path) -> Counts:
    root = ElementTree.parse(path).getroot()
    cases = list(root.iter("testcase"))
    failed = sum(case.find("failure") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None or case.get("status") == "notrun" for case in cases)
    return len(cases) - failed - skipped, failed, skipped


def count(junit: pathlib.Path, folder: pathlib.Path) -> Counts:
    programs = [count_program(path) for path in sorted(folder.glob("*.xml"))]
    passed, failed, skipped = (sum(column) for column in zip(*programs)) if programs else (0, 0, 0)
    with_cases = {path.stem.removesuffix("_test") for path in folder.glob("*.xml")}
    for test in ElementTree.parse(junit).getroot().iter("testcase"):
        status = test.get("status")
        if status == "run":
            passed += test.get("name") not in with_cases
        elif status == "fail":
            # One that has failed cases is counted by them; one that died has none to show.
            died = test.get("name") not in with_cases or failed == 0
            failed += died
        else:
            skipped += 1
    return passed, failed, skipped


if __name__ == "__main__":
    print(*count(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
