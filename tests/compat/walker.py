"""Runs a client's program and hears what it says of each feature.

A program is started with the address of a broker and the features that it shall walk through. It prints, each on a
line:

    @client VERSION            of the library
    @begin FEATURE             then one of
    @ok FEATURE [REMARK]
    @failed FEATURE WHY        (one line)
    @absent FEATURE WHY        the library has no such thing
    @restart                   asks for the server to be killed with -9 and started again; goes on when it reads `go`

Anything else is kept for the report of a failure. A program that says nothing for too long is ended.
"""

from __future__ import annotations

import pathlib
import queue
import subprocess
import threading
from collections.abc import Callable

from clusters import Cluster
from installs import SOURCES
from report import Report

FEATURE_SECONDS = 75
SAID_LINES = 60


Start = Callable[[Cluster, list[str], Report], None]


def start_program(words: list[str]) -> Start:
    """How a program of ours walks through features of a cluster."""

    def start(cluster: Cluster, features: list[str], report: Report) -> None:
        def restart() -> None:
            cluster.kill()
            cluster.start()

        Walker([*words, cluster.broker, *features], cluster.folder).run(report, restart)

    return start


def start_python(interpreter: str, program: str) -> Start:
    return start_program([interpreter, "-B", str(SOURCES / "python" / program)])


class Walker:
    def __init__(self, words: list[str], folder: pathlib.Path):
        self._words = words
        self._folder = folder

    def run(self, report: Report, restart: Callable[[], None]) -> None:
        process = subprocess.Popen(
            self._words, cwd=self._folder, text=True, errors="replace", bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
        reader.start()
        try:
            self._hear(process, lines, report, restart)
        finally:
            process.kill()
            process.wait()
            reader.join(5)

    def _hear(self, process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None], report: Report,
              restart: Callable[[], None]) -> None:
        said: list[str] = []
        while True:
            try:
                line = lines.get(timeout=FEATURE_SECONDS)
            except queue.Empty:
                report.lost(f"nothing was heard for {FEATURE_SECONDS} s", said)
                return
            if line is None:
                report.lost(f"the program ended with status {process.wait(10)}", said)
                return
            word, _, rest = line.partition(" ")
            name, _, why = rest.partition(" ")
            if word == "@client":
                report.version = rest
            elif word == "@begin":
                said.clear()
                report.begin(name)
            elif word == "@ok":
                report.ok(name, why)
            elif word == "@failed":
                report.failed(name, why, said)
            elif word == "@absent":
                report.absent(name, why)
            elif word == "@restart":
                restart()
                process.stdin.write("go\n")
                process.stdin.flush()
            else:
                said.append(line)
                del said[:-SAID_LINES]


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    for line in process.stdout:
        lines.put(line.rstrip("\n"))
    lines.put(None)
