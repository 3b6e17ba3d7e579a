"""How far a run is, and about how long it still takes."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Step:
    """One start of a peer's servers, or the machine's limits, for the rows of one situation."""

    repetition: int
    situation: str
    peer: str

    @property
    def kind(self) -> tuple[str, str]:
        """What takes about as long in every repetition."""
        return self.situation, self.peer


class Progress:
    def __init__(self, steps: list[Step], clock: Callable[[], float] = time.monotonic):
        self.steps = steps
        self.clock = clock
        self.begun = clock()
        self.done = 0
        self.seconds: dict[tuple[str, str], float] = {}

    def end_step(self, seconds: float) -> None:
        """The next of the steps took so long."""
        self.seconds[self.steps[self.done].kind] = seconds
        self.done += 1

    def minutes_left(self) -> float | None:
        """By what the same took before, or, in the first repetition, by the others' mean."""
        if not self.seconds:
            return None
        mean = statistics.mean(self.seconds.values())
        return sum(self.seconds.get(step.kind, mean) for step in self.steps[self.done :]) / 60

    def minutes_passed(self) -> float:
        return (self.clock() - self.begun) / 60

    def minutes_of_repetition(self) -> float:
        """As long as the whole last time."""
        return sum(self.seconds.values()) / 60

    def text(self) -> str:
        """Before a step: which one it is, and how long all that is left takes."""
        step = self.steps[self.done]
        left = self.minutes_left()
        when = "" if left is None else f", about {left:.0f} min left"
        repetitions = self.steps[-1].repetition + 1
        where = f"step {self.done + 1} of {len(self.steps)}, repetition {step.repetition + 1} of {repetitions}"
        return f"-- {where}{when}: {step.peer}, {step.situation}"
