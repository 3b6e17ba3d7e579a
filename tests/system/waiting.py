"""Waiting for a condition, never for the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Expired(AssertionError):
    pass


def wait_until(what: str, condition: Callable[[], T], seconds: float = 15.0, interval: float = 0.02) -> T:
    """The first true value of `condition`. Expired says what was waited for, and what was there instead."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Expired(f"after {seconds:.0f} s still not: {what} (last: {value!r})")
        time.sleep(interval)


def pause(seconds: float) -> None:
    """For faults that come at a random moment; nothing may be expected to have happened in the meantime."""
    time.sleep(seconds)
