"""Time, chance, sockets, files and threads come only through io/, so that the simulation can replace them."""

from __future__ import annotations

import re

from cpp import blank
from layers import inside
from tree import Problem, Tree

# pattern, what it is, folders of src/ that may use it; tests may read files and use threads
RULES = [
    (re.compile(r"_clock::now\("), "reads a clock", ("io/real",), False),
    (re.compile(r"\bthis_thread::sleep|\busleep\(|\bnanosleep\("), "sleeps", ("io/real",), False),
    (re.compile(r"(?<![\w.>])s?rand\(|\bgetrandom\(|\brandom_device\b"), "makes random numbers", ("io/real",), False),
    (re.compile(r"(?<![\w.>])socket\((?=AF_|PF_)"), "uses sockets", ("io/real",), False),
    (re.compile(r"\b[io]?fstream\b|\bfopen\(|\bstd::filesystem\b"), "touches files", ("io/real", "apps"), True),
    (re.compile(r"\bstd::(jthread|thread|(shared_|recursive_)?mutex|condition_variable\w*)\b"), "uses threads or locks",
     ("base", "io", "apps"), True),
]


def problems_of(path: str, text: str, is_test: bool) -> list[Problem]:
    problems = []
    place = path.removeprefix("src/")
    for number, line in enumerate(blank(text).split("\n"), 1):
        for pattern, what, folders, tests_may in RULES:
            if (tests_may and is_test) or any(inside(place, folder) for folder in folders):
                continue
            if pattern.search(line):
                message = f"{what}: only {', '.join(folders)} may; use the interfaces of io/"
                problems.append(Problem(path, number, message))
    return problems


def check(tree: Tree) -> list[Problem]:
    problems = []
    for path in tree.cpp("src/"):
        problems += problems_of(path, tree.text(path) or "", path in tree.test_files)
    return problems
