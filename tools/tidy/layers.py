"""What may include what: tools/layers.txt against every #include under src/."""

from __future__ import annotations

import dataclasses
import re

from tree import Problem, Tree

LAYERS_FILE = "tools/layers.txt"
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


@dataclasses.dataclass
class Rules:
    allowed: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    holds: dict[str, str] = dataclasses.field(default_factory=dict)
    private: list[str] = dataclasses.field(default_factory=list)
    headers: dict[str, list[str]] = dataclasses.field(default_factory=dict)


def parse_rules(text: str) -> Rules:
    rules = Rules()
    for number, line in enumerate(text.split("\n"), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        word, rest = line.split(" ", 1)
        if word == "layer":
            name, rest = rest.split("<-")
            includes, holds = rest.split(":", 1)
            rules.allowed[name.strip()] = includes.split()
            rules.holds[name.strip()] = holds.strip()
        elif word == "private":
            rules.private += rest.split()
        elif word == "header":
            prefix, places = rest.split(":")
            rules.headers[prefix.strip()] = places.split()
        else:
            raise ValueError(f"{LAYERS_FILE}:{number}: unknown word '{word}'")
    return rules


def includes_of(lines: list[str]) -> list[tuple[int, str, bool]]:
    """(line, name, quoted) of every include."""
    found = []
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if match:
            found.append((number, match[2], match[1] == '"'))
    return found


def inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


class Check:
    def __init__(self, tree: Tree, rules: Rules):
        self.tree = tree
        self.rules = rules
        self.problems: list[Problem] = []

    def run(self) -> list[Problem]:
        self._check_table()
        for path in self.tree.cpp("src/"):
            for line, name, quoted in includes_of(self.tree.lines(path)):
                message = self._own(path, name) if quoted else self._foreign(path, name)
                if message:
                    self.problems.append(Problem(path, line, message))
        self._check_cycles()
        return self.problems

    def _check_table(self) -> None:
        """Each layer may name only those above it, so that the table itself has no cycle."""
        seen: list[str] = []
        for layer, allowed in self.rules.allowed.items():
            for name in allowed:
                if name not in seen:
                    message = f"{layer} names {name}, which is not a layer above it"
                    self.problems.append(Problem(LAYERS_FILE, 0, message))
            seen.append(layer)

    def _own(self, path: str, name: str) -> str | None:
        user = path.removeprefix("src/")
        layer, target = user.split("/")[0], name.split("/")[0]
        if layer not in self.rules.allowed:
            return f"the folder src/{layer} is not in {LAYERS_FILE}"
        if "/" not in name or target not in self.rules.allowed:
            return f'"{name}" must be the full path from src/'
        if target != layer and target not in self.rules.allowed[layer]:
            return f"{layer} may not include {target} ({LAYERS_FILE})"
        for private in self.rules.private:
            exempt = layer == "apps" or path in self.tree.test_files
            if inside(name, private) and not inside(user, private) and not exempt:
                return f"{private} is an implementation: only apps and tests may include it"
        return None

    def _foreign(self, path: str, name: str) -> str | None:
        user = path.removeprefix("src/")
        for prefix, places in self.rules.headers.items():
            if not name.startswith(prefix):
                continue
            by_suffix = "*.cc" in places and path.endswith(".cc")
            if not by_suffix and not any(inside(user, place) for place in places):
                return f"<{name}> may be included only in {' '.join(places)} ({LAYERS_FILE})"
        return None

    def _check_cycles(self) -> None:
        """No folder of src/ reaches itself over others; tests are left out, as nothing stands on them."""
        graph: dict[str, set[str]] = {}
        for path in self.tree.cpp("src/"):
            if path in self.tree.test_files:
                continue
            folder = path.removeprefix("src/").rsplit("/", 1)[0]
            edges = graph.setdefault(folder, set())
            for _, name, quoted in includes_of(self.tree.lines(path)):
                if quoted and "/" in name and name.rsplit("/", 1)[0] != folder:
                    edges.add(name.rsplit("/", 1)[0])
        cycle = find_cycle(graph)
        if cycle:
            self.problems.append(Problem("src", 0, "folders include each other in a circle: " + " -> ".join(cycle)))


def find_cycle(graph: dict[str, set[str]]) -> list[str] | None:
    done: set[str] = set()

    def visit(node: str, trail: list[str]) -> list[str] | None:
        if node in trail:
            return trail[trail.index(node):] + [node]
        if node in done:
            return None
        for after in sorted(graph.get(node, ())):
            cycle = visit(after, trail + [node])
            if cycle:
                return cycle
        done.add(node)
        return None

    for start in sorted(graph):
        cycle = visit(start, [])
        if cycle:
            return cycle
    return None


def check(tree: Tree) -> list[Problem]:
    return Check(tree, parse_rules(tree.text(LAYERS_FILE) or "")).run()
