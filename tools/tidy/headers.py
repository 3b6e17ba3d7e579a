"""Every header says what it is for before anything else, and is included once."""

from __future__ import annotations

from tree import Problem, Tree


def problems_of(path: str, lines: list[str]) -> list[Problem]:
    problems = []
    if not lines[0].startswith("//"):
        message = "a header begins with a comment: what it is for, who owns it, which thread may call it"
        problems.append(Problem(path, 1, message))
    if "#pragma once" not in lines:
        problems.append(Problem(path, 0, "no #pragma once"))
    return problems


def check(tree: Tree) -> list[Problem]:
    problems = []
    for path in tree.cpp():
        if path.endswith(".h"):
            problems += problems_of(path, tree.lines(path))
    return problems
