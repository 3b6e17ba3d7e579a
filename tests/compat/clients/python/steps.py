"""What the Python programs share: they walk through features and say of each how it went; see ../../walker.py."""

from __future__ import annotations

import pathlib
import sys
import threading
import traceback
from collections.abc import Callable
from typing import TypeVar

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "system"))

import waiting  # noqa: E402

T = TypeVar("T")
BROKER = sys.argv[1] if len(sys.argv) > 1 else ""
_features: dict[str, Callable[[], None]] = {}


class Absent(Exception):
    """The library has no such thing."""


def say(*words: str) -> None:
    sys.stdout.write(" ".join(words).replace("\n", " | ") + "\n")
    sys.stdout.flush()


def feature(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def put(function: Callable[[], None]) -> Callable[[], None]:
        _features[name] = function
        return function

    return put


def kill_and_restart() -> None:
    say("@restart")
    assert sys.stdin.readline() == "go\n"


def wait_until(what: str, condition: Callable[[], T], seconds: float = 30.0) -> T:
    return waiting.wait_until(what, condition, seconds)


def equal(found: object, expected: object, what: str = "") -> None:
    if found != expected:
        raise AssertionError(f"{what}: found {found!r:.300}, expected {expected!r:.300}")


class InBackground(threading.Thread):
    """Runs `work` beside; `finish` waits for it and raises what it raised."""

    def __init__(self, work: Callable[[], None]):
        super().__init__(daemon=True)
        self._work = work
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # handed on by finish
            self._error = error

    def finish(self, seconds: float = 45) -> None:
        self.join(seconds)
        if self._error is not None:
            raise self._error
        assert not self.is_alive(), f"still at work after {seconds} s"


def walk(version: str) -> None:
    say("@client", version)
    for name in sys.argv[2:]:
        say("@begin", name)
        try:
            if name not in _features:
                raise AssertionError("this program has no such feature")
            _features[name]()
        except Absent as absent:
            say("@absent", name, str(absent))
        except Exception as error:  # whatever it is, it is the outcome
            traceback.print_exc(file=sys.stdout)
            say("@failed", name, f"{type(error).__name__}: {error}")
        else:
            say("@ok", name)
