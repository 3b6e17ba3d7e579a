"""Small files, small functions, lines that fit."""

from __future__ import annotations

from cpp import functions
from tree import Problem, Tree

HEADER_LINES_MAX = 300
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 120


def file_problems(path: str, text: str) -> list[Problem]:
    problems = []
    lines = text.split("\n")
    limit = HEADER_LINES_MAX if path.endswith(".h") else FILE_LINES_MAX
    count = len(lines) - (lines[-1] == "")
    if count > limit:
        problems.append(Problem(path, 0, f"{count} lines; at most {limit}"))
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            problems.append(Problem(path, number, f"{len(line)} columns; at most {COLUMNS_MAX}"))
        if line != line.rstrip():
            problems.append(Problem(path, number, "blanks at the end of the line"))
    return problems


def function_problems(path: str, text: str) -> list[Problem]:
    return [
        Problem(path, function.line, f"a function of {function.length} lines; at most {FUNCTION_LINES_MAX}")
        for function in functions(text)
        if function.length > FUNCTION_LINES_MAX
    ]


def check(tree: Tree) -> list[Problem]:
    problems = []
    for path in tree.code():
        problems += file_problems(path, tree.text(path) or "")
    for path in tree.cpp():
        problems += function_problems(path, tree.text(path) or "")
    return problems
