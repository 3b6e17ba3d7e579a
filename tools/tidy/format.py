"""The layout of C++ sources, by clang-format 14. What was found right once is not looked at again until it changes."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess

from tree import Problem, Tree

CLANG_FORMAT = "clang-format-14"
STYLE_FILE = ".clang-format"


class Remembered:
    """Digests of well-formed contents, kept in the build folder."""

    def __init__(self, root: pathlib.Path):
        self.path = root / "build" / "tidy-format.json"
        try:
            self.digests = set(json.loads(self.path.read_text()))
        except (OSError, ValueError):
            self.digests = set()
        self.used: set[str] = set()

    def knows(self, digest: str) -> bool:
        if digest in self.digests:
            self.used.add(digest)
        return digest in self.digests

    def save(self) -> None:
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(json.dumps(sorted(self.used)))


def digest_of(tree: Tree, path: str) -> str:
    text = (tree.text(STYLE_FILE) or "") + "\0" + (tree.text(path) or "")
    return hashlib.sha256(text.encode()).hexdigest()


def is_formatted(tree: Tree, path: str) -> bool:
    command = [CLANG_FORMAT, "--style=file", str(tree.root / path)]
    out = subprocess.run(command, check=True, capture_output=True).stdout
    return out == (tree.root / path).read_bytes()


def unformatted(tree: Tree) -> list[str]:
    remembered = Remembered(tree.root)
    digests = {path: digest_of(tree, path) for path in tree.cpp()}
    paths = [path for path, digest in digests.items() if not remembered.knows(digest)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        good = list(pool.map(lambda path: is_formatted(tree, path), paths))
    remembered.used.update(digests[path] for path, is_good in zip(paths, good) if is_good)
    remembered.save()
    return [path for path, is_good in zip(paths, good) if not is_good]


def fix(tree: Tree) -> list[str]:
    """Formats in place; returns what changed."""
    changed = unformatted(tree)
    if changed:
        subprocess.run([CLANG_FORMAT, "--style=file", "-i", *[str(tree.root / path) for path in changed]], check=True)
    return changed


def check(tree: Tree) -> list[Problem]:
    return [Problem(path, 0, "not formatted; run ./x fmt") for path in unformatted(tree)]
