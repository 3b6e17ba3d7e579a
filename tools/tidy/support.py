"""For the tests: a tree made of a few texts."""

from __future__ import annotations

import pathlib

from tree import Tree


def tree_of(files: dict[str, str]) -> Tree:
    tree = Tree(pathlib.Path("/nowhere"), list(files))
    tree._texts.update(files)
    return tree
