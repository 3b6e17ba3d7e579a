"""Subjects of commits: `area: what`, at most 72 columns."""

from __future__ import annotations

import re
import subprocess

from tree import Problem, Tree

LATEST = 30
COLUMNS_MAX = 72


def problem_of(subject: str) -> str | None:
    if len(subject) > COLUMNS_MAX:
        return f"{len(subject)} columns; at most {COLUMNS_MAX}"
    if ": " not in subject or not re.match(r"^[\w./*+{},; -]{1,60}: \S", subject):
        return "must be `area: what`"
    if subject.endswith("."):
        return "ends with a full stop"
    return None


def check(tree: Tree) -> list[Problem]:
    command = ["git", "-C", str(tree.root), "log", "--no-merges", f"-{LATEST}", "--format=%h %s"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        return []  # no commits: an unpacked archive, or a tree that is only beginning
    problems = []
    for line in result.stdout.splitlines():
        commit, _, subject = line.partition(" ")
        message = problem_of(subject)
        if message:
            problems.append(Problem(f"commit {commit}", 0, f"'{subject}': {message}"))
    return problems
