"""Words that do not belong here: notes to oneself, numbers of tasks, paths of one machine, waiting by the clock."""

from __future__ import annotations

import re

from tree import Problem, Tree

EXEMPT = ("LICENSE", "tools/tidy/")
# Colours and anchors look like numbers of tasks there.
NUMBER_EXEMPT = (".css", ".html", ".svg", ".js", ".ts", ".tsx", ".json")

NOTES = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
UNFINISHED = re.compile(r"\bnot (yet )?implemented\b", re.IGNORECASE)
NUMBERS = re.compile(r"(?<![\w&/'\"])#\d+\b(?!-)|\b(issue|task|ticket)s? #?\d+\b", re.IGNORECASE)
MACHINE = re.compile(r"(?<![\w.])/(work|home/\w+|root)/")
SLEEPING = re.compile(r"this_thread::sleep|\busleep\(|\bnanosleep\(|\btime\.sleep\(|^\s*sleep\s+[\d$]")


def problems_of(path: str, lines: list[str], is_test: bool) -> list[Problem]:
    rules = [
        (NOTES, "finish it or leave it out; no notes to oneself"),
        (UNFINISHED, "what is not there is not documented and not reachable"),
        (MACHINE, "a path of one machine"),
    ]
    if not path.endswith(NUMBER_EXEMPT):
        rules.append((NUMBERS, "the tree speaks of itself: no numbers of tasks"))
    # One helper may poll; everything else waits for a condition through it.
    if is_test and not path.rsplit("/", 1)[-1].startswith("wait"):
        rules.append((SLEEPING, "tests wait for conditions, not for the clock"))
    problems = []
    for number, line in enumerate(lines, 1):
        for pattern, message in rules:
            match = pattern.search(line)
            if match:
                problems.append(Problem(path, number, f"'{match[0].strip()}': {message}"))
    return problems


def check(tree: Tree) -> list[Problem]:
    problems = []
    for path in tree.paths:
        if path.startswith(EXEMPT) or tree.text(path) is None:
            continue
        problems += problems_of(path, tree.lines(path), path in tree.test_files)
    return problems
