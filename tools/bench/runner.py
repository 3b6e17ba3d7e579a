"""Runs rows on peers, interleaved: A B C A B C. Everything that is started is ended and removed again."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any

import memory
import processes
from peers import Peer
from peers.base import Situation
from peers.raw import Raw
from progress import Progress, Step
from workloads import ROWS, Row, Scale

IDLE_SECONDS = 1
GIVEN_UP_AFTER = 2  # failures of a row with one peer; the repetitions that follow leave it out
FEWEST_REPETITIONS = 3  # however long they take


@dataclasses.dataclass
class Plan:
    scale: Scale
    rows: list[int]
    peers: list[type[Peer]]
    limits: bool  # measure the machine too

    def peers_of(self, rows: list[Row]) -> list[type[Peer]]:
        """Those that have the like of one of the rows."""
        return [peer for peer in self.peers if any(row.number not in peer.without for row in rows)]

    def steps(self) -> list[Step]:
        """All that will run, in its order."""
        found = []
        for repetition in range(self.scale.repetitions):
            for situation, rows in by_situation(self.rows).items():
                names = [Raw.name] if self.limits else []
                names += [peer.name for peer in self.peers_of(rows)]
                found += [Step(repetition, situation.name, name) for name in names]
        return found


def by_situation(numbers: list[int]) -> dict[Situation, list[Row]]:
    """Rows that need the same servers share one start of them."""
    groups: dict[Situation, list[Row]] = {}
    for number in numbers:
        groups.setdefault(ROWS[number].situation, []).append(ROWS[number])
    return groups


def warm_up(peer: Peer, seconds: float) -> None:
    """Load of the kinds that will come, for servers that compile what is hot."""
    end = time.monotonic() + seconds
    for number in range(1000):
        if time.monotonic() > end:
            return
        size = (100, 1024)[number % 2]
        batch, _ = peer.produce(f"warm{number}", size, 4, seconds=1.5)
        peer.consume(batch)


class Runner:
    """`on_step` is called after each peer, so that a run that is broken off leaves what it has."""

    def __init__(
        self,
        plan: Plan,
        folder: pathlib.Path,
        payload: pathlib.Path,
        say: Callable[[str], None],
        on_step: Callable[[Runner], None] = lambda _: None,
    ):
        self.plan = plan
        self.on_step = on_step
        self.folder = folder
        self.payload = payload
        self.say = say
        self.runs: list[dict[str, Any]] = []
        self.settings: dict[str, dict[str, str]] = {}
        self.progress = Progress(plan.steps())
        self.cut = ""  # what was left out for want of time

    def run(self) -> None:
        for repetition in range(self.plan.scale.repetitions):
            if not self.has_time(repetition):
                break
            for situation, rows in by_situation(self.plan.rows).items():
                if self.plan.limits:
                    self.step(lambda rows=rows: self.run_limits(rows, repetition))
                for peer in self.plan.peers_of(rows):
                    self.step(lambda peer=peer, at=situation, rows=rows: self.run_peer(peer, at, rows, repetition))

    def has_time(self, repetition: int) -> bool:
        """A slow machine gets fewer repetitions than it should."""
        if repetition < FEWEST_REPETITIONS:
            return True
        minutes = self.progress.minutes_passed() + self.progress.minutes_of_repetition()
        if minutes <= self.plan.scale.minutes:
            return True
        self.cut = f"{repetition} of {self.plan.scale.repetitions} repetitions, for want of time"
        self.say(self.cut)
        return False

    def step(self, work: Callable[[], None]) -> None:
        self.say(self.progress.text())
        begin = time.monotonic()
        work()
        self.progress.end_step(time.monotonic() - begin)
        self.on_step(self)

    def fresh_folder(self, name: str) -> pathlib.Path:
        """Not there yet; what earlier runs wrote is on the disk, so that it does not disturb this one."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        os.sync()
        return folder

    def record(self, row: Row, peer: str, repetition: int, measure: Callable[[], dict[str, float]]) -> bool:
        begin = time.monotonic()
        run: dict[str, Any] = {"row": row.number, "peer": peer, "repetition": repetition}
        try:
            run["metrics"] = measure()
        except Exception as error:  # noqa: BLE001  (one row that fails does not end the others)
            run["error"] = f"{type(error).__name__}: {error}"
        run["took"] = round(time.monotonic() - begin, 1)
        if run.get("metrics") != {}:
            self.runs.append(run)
            self.say(f"{run['took']:6.1f} s  row {row.number:2}  {peer:13} {text_of(row, run)}")
        return "error" not in run

    def run_limits(self, rows: list[Row], repetition: int) -> None:
        raw = Raw(self.fresh_folder("raw"), self.payload)
        try:
            for row in rows:
                self.record(row, raw.name, repetition, lambda row=row: row.measure_limit(raw, self.plan.scale))
                self.record(row, raw.tls_name, repetition, lambda row=row: row.measure_tls_limit(raw, self.plan.scale))
        finally:
            raw.stop()

    def run_peer(self, kind: type[Peer], situation: Situation, rows: list[Row], repetition: int) -> None:
        rows = [row for row in rows if row.number not in kind.without and not self.given_up(row, kind)]
        if not rows:
            return
        peer: Peer | None = None
        try:
            peer = kind(self.fresh_folder(kind.name), self.payload, situation)
            self.settings.setdefault(kind.name, {}).update(peer.settings())
            begin = time.monotonic()
            peer.start()
            self.say(f"{time.monotonic() - begin:6.1f} s  {kind.title} started: {situation.name}")
            with memory.watching(peer):
                self.run_rows(peer, rows, repetition)
        except Exception as error:  # noqa: BLE001
            self.say(f"{kind.name} failed: {error}")
            for row in rows:
                if not any(self.is_of(run, row, kind, repetition) for run in self.runs):
                    self.record(row, kind.name, repetition, lambda error=error: throw(error))
        finally:
            try:
                if peer is not None:
                    peer.stop()
            except Exception as error:  # noqa: BLE001
                self.say(f"{kind.name} could not be stopped: {error}")

    def given_up(self, row: Row, kind: type[Peer]) -> bool:
        failures = [run for run in self.runs if (run["row"], run["peer"]) == (row.number, kind.name) and "error" in run]
        return len(failures) >= GIVEN_UP_AFTER

    def run_rows(self, peer: Peer, rows: list[Row], repetition: int) -> None:
        processes.settle(IDLE_SECONDS if self.plan.scale.repetitions > 1 else 0.5)
        peer.idle_bytes = peer.memory("RssAnon")
        if peer.warms_up and peer.situation.warmed:
            warm_up(peer, self.plan.scale.warm_seconds)
        ready = [row for row in rows if self.prepare(row, peer, repetition)]
        for row in ready:
            os.sync()
            self.record(row, peer.name, repetition, lambda row=row: row.measure(peer, self.plan.scale))

    def prepare(self, row: Row, peer: Peer, repetition: int) -> bool:
        """False: it could not be, and that is recorded in place of what would have been measured."""
        try:
            row.prepare(peer, self.plan.scale)
        except Exception as error:  # noqa: BLE001
            return self.record(row, peer.name, repetition, lambda error=error: throw(error))
        return True

    @staticmethod
    def is_of(run: dict[str, Any], row: Row, kind: type[Peer], repetition: int) -> bool:
        return (run["row"], run["peer"], run["repetition"]) == (row.number, kind.name, repetition)


def throw(error: Exception) -> dict[str, float]:
    raise error


def text_of(row: Row, run: dict[str, Any]) -> str:
    if "error" in run:
        return run["error"]
    metrics = run["metrics"]
    return ", ".join(f"{metrics[m.key]:.4g} {m.title}" for m in row.metrics if m.key in metrics)


def to_terminal(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
