"""What failed at each try, in build/compat/results/NAME.tries: what passed only when it was asked again is named."""

from __future__ import annotations

import json
import pathlib

# A try that wrote no more than this was ended, or ended by an exception.
WHOLE = "the whole walk"
SUFFIX = ".tries"


def load(path: pathlib.Path) -> list[list[str]]:
    return json.loads(path.read_text()) if path.exists() else []


def began(folder: pathlib.Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{SUFFIX}"
    path.write_text(json.dumps([*load(path), [WHOLE]]))


def ended(folder: pathlib.Path, name: str, failed: list[str]) -> None:
    """`failed` are features, "client.feature"."""
    path = folder / f"{name}{SUFFIX}"
    path.write_text(json.dumps([*load(path)[:-1], failed]))


def passed_late(folder: pathlib.Path) -> list[str]:
    """One line for each thing that failed at first and not at the last try."""
    lines = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        *earlier, last = load(path)
        failed = dict.fromkeys(feature for one in earlier for feature in one if feature not in last)
        names = [f"{path.stem.removeprefix('compat_')}: {WHOLE}" if feature == WHOLE else feature for feature in failed]
        lines += [f"compat: {name} passed at the second try only" for name in names if WHOLE not in last]
    return lines
