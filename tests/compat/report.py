"""What came of a client's features, one after the other."""

from __future__ import annotations

import dataclasses
import time
import traceback
from collections.abc import Callable

WORKS, FAILS, ABSENT, SKIPPED = "works", "fails", "absent", "skipped"


@dataclasses.dataclass
class Cell:
    outcome: str
    note: str = ""
    seconds: float = 0.0


class Absent(Exception):
    """The client has no such thing."""


class Report:
    """Prints each outcome as it comes. Every feature that was asked for has one in the end: `close`."""

    def __init__(self, client: str, features: list[str]):
        self.client = client
        self.version = ""
        self.cells: dict[str, Cell] = {}
        self._asked = features
        self._begin = time.monotonic()

    def begin(self, feature: str) -> None:
        self._begin = time.monotonic()

    def ok(self, feature: str, remark: str = "") -> None:
        self._put(feature, WORKS, remark)

    def failed(self, feature: str, why: str, said: list[str] | None = None) -> None:
        self._put(feature, FAILS, why)
        print("\n".join(f"    {line}" for line in said or []), flush=True)

    def absent(self, feature: str, why: str) -> None:
        self._put(feature, ABSENT, why)

    def skipped(self, feature: str, why: str) -> None:
        self._put(feature, SKIPPED, why)

    def lost(self, why: str, said: list[str]) -> None:
        """The program ended, or had to be: what it has not spoken of has failed."""
        missing = [feature for feature in self._asked if feature not in self.cells]
        for feature in missing:
            self.failed(feature, why, said)
            said = []

    def steps(self, functions: dict[str, Callable[[], None]], features: list[str]) -> None:
        """Features that are walked through here and not in a program of their own."""
        for feature in features:
            self.begin(feature)
            try:
                functions[feature]()
            except Absent as absent:
                self.absent(feature, str(absent))
            except Exception as error:  # whatever it is, it is the outcome
                self.failed(feature, f"{type(error).__name__}: {error}".replace("\n", " | ")[:800],
                            traceback.format_exc().splitlines())
            else:
                self.ok(feature)

    def close(self) -> None:
        self.lost("nothing was said of it", [])

    def _put(self, feature: str, outcome: str, note: str = "") -> None:
        if feature not in self._asked:
            outcome, note = FAILS, "nobody asked for it"
        self.cells[feature] = Cell(outcome, note, time.monotonic() - self._begin)
        word = "FAILED" if outcome == FAILS else "ok" if outcome == WORKS else outcome
        print(f"{word:7} {self.cells[feature].seconds:6.2f} s  {self.client}.{feature}{note and '  ' + note}",
              flush=True)
