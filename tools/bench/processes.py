"""Server processes and what they use, as the kernel counts it."""

from __future__ import annotations

import os
import pathlib
import subprocess
import time

STOP_SECONDS = 60
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads so far."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = text.rpartition(")")[2].split()  # the name may have blanks
    return (int(fields[11]) + int(fields[12])) / TICKS


def status_bytes(pid: int, name: str) -> int:
    """A field of /proc/<pid>/status, such as VmHWM."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    raise KeyError(f"/proc/{pid}/status has no {name}")


class Server:
    """A process of a peer. `words` start it; its output goes to the end of `log`."""

    def __init__(self, words: list[str], log: pathlib.Path, environment: dict[str, str] | None = None):
        self.words = words
        self.log = log
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.words,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.log.parent,
                env=self.environment,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def check(self) -> None:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"{self.words[0]} ended with status {self.process.returncode}:\n{self.tail()}")

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def kill_all(servers: list[Server]) -> None:
    """One that had ended by itself is an error, once the others are ended too."""
    problems = []
    for server in servers:
        try:
            server.check()
        except RuntimeError as error:
            problems.append(str(error))
        server.kill()
    if problems:
        raise RuntimeError("\n".join(problems))


def settle(seconds: float) -> None:
    time.sleep(seconds)
