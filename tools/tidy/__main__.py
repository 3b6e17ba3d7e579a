"""tidy holds the tree against its own rules. Each check is one file here, with its test beside it."""

from __future__ import annotations

import argparse
import pathlib
import sys

import commits
import format
import headers
import layers
import sizes
import words
import world
from tree import Tree

CHECKS = {
    "layers": layers.check,
    "world": world.check,
    "sizes": sizes.check,
    "headers": headers.check,
    "words": words.check,
    "commits": commits.check,
    "format": format.check,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./x tidy", description=__doc__)
    parser.add_argument("--only", choices=CHECKS, action="append", help="run this check; may be given several times")
    parser.add_argument("--fix", action="store_true", help="format in place")
    arguments = parser.parse_args()
    tree = Tree(pathlib.Path(__file__).resolve().parents[2])
    if arguments.fix:
        for path in format.fix(tree):
            print(f"formatted {path}")
        return 0
    problems = [problem for name in arguments.only or CHECKS for problem in CHECKS[name](tree)]
    for problem in problems:
        print(problem)
    print(f"tidy: {len(tree.paths)} files, {len(problems)} problem(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
