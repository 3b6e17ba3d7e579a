"""The files of the tree, read once."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import subprocess

CODE_SUFFIXES = {".h", ".cc", ".py", ".sh", ".cmake", ".js", ".ts", ".css"}
CODE_NAMES = {"x", "run", "CMakeLists.txt"}


@dataclasses.dataclass(frozen=True)
class Problem:
    path: str
    line: int  # 0: the file as a whole
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message}"


class Tree:
    """Every file that is, or would be, committed. Paths are relative to the root, with '/'."""

    def __init__(self, root: pathlib.Path, paths: list[str] | None = None):
        self.root = root
        self.paths = sorted(self._listed() if paths is None else paths)
        self._texts: dict[str, str | None] = {}

    def _listed(self) -> list[str]:
        command = ["git", "-C", str(self.root), "ls-files", "-z", "-co", "--exclude-standard"]
        out = subprocess.run(command, check=True, capture_output=True).stdout.decode()
        return [path for path in set(out.split("\0")) if path and (self.root / path).is_file()]

    def text(self, path: str) -> str | None:
        """The content, or None if it is no text."""
        if path not in self._texts:
            try:
                self._texts[path] = (self.root / path).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                self._texts[path] = None
        return self._texts[path]

    def lines(self, path: str) -> list[str]:
        return (self.text(path) or "").split("\n")

    def cpp(self, under: str = "") -> list[str]:
        return [path for path in self.paths if path.endswith((".h", ".cc")) and path.startswith(under)]

    def code(self) -> list[str]:
        """What people wrote to be run or compiled."""
        return [path for path in self.paths if is_code(path)]

    @functools.cached_property
    def test_files(self) -> set[str]:
        """Tests, and the headers of src/ that only tests include."""
        tests = {path for path in self.paths if path.startswith("tests/") or is_named_test(path)}
        includers: dict[str, set[str]] = {}
        for path in self.cpp():
            for line in self.lines(path):
                if line.startswith('#include "'):
                    includers.setdefault("src/" + line.split('"')[1], set()).add(path)
        while True:
            support = {header for header, users in includers.items() if users <= tests}
            if support <= tests:
                return tests
            tests |= support


def is_named_test(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name.endswith("_test.cc") or (name.startswith("test_") and name.endswith(".py"))


def is_code(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    suffix = "." + name.rsplit(".", 1)[-1] if "." in name else ""
    return suffix in CODE_SUFFIXES or (name in CODE_NAMES and "golden" not in path)
