"""The programs that measure (bench/), as processes; each prints JSON objects, the last of which is its result."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests" / "system"))

from clusters import binaries  # noqa: E402

RUN_SECONDS = 300


class Wrong(Exception):
    """A measurement that does not count, and why: a client failed, or what it read was not what had been written."""


class Program:
    """One of our programs, running. `on_event` gets the objects that it prints before its result, on another thread."""

    def __init__(
        self, name: str, what: str, on_event: Callable[[dict[str, Any]], None] = lambda _: None, **words: Any
    ):
        arguments = [f"{key}={value}" for key, value in words.items() if value is not None]
        self.name = f"{name} {what}"
        self._on_event = on_event
        self._objects: list[dict[str, Any]] = []
        pipe = subprocess.PIPE
        program = str(binaries() / name)
        self.process = subprocess.Popen([program, what, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            found = json.loads(line)
            self._objects.append(found)
            if "event" in found:
                self._on_event(found)

    def events(self) -> list[dict[str, Any]]:
        return [found for found in self._objects if "event" in found]

    def result(self, seconds: float = RUN_SECONDS) -> dict[str, Any]:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            raise Wrong(f"{self.name} did not end within {seconds:.0f} s") from None
        self._reader.join()
        errors = self.process.stderr.read().strip()
        self._close()
        if self.process.returncode != 0:
            raise Wrong(errors or f"{self.name} ended with status {self.process.returncode}")
        return self._objects[-1]

    def end(self) -> None:
        """By force; for programs that serve until they are ended, and after a failure. Again does nothing."""
        if self.process.stdout.closed:
            return
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self._close()

    def _close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()


def run(name: str, what: str, **words: Any) -> dict[str, Any]:
    return Program(name, what, **words).result()
