"""A wide area network on this machine: two network namespaces, joined by bench_wan (bench/wan/).

The kernel's netem would do the same where there is one; this needs only TUN devices and root.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from typing import BinaryIO

from programs import Program

ADDRESSES = ("10.99.0.1", "10.99.0.2")
CONDITIONS = {"delay_ms": 50, "loss": 0.005, "mbit": 1000, "seed": 7}
TEXT = "100 ms round trip, 0.5 % loss each way, 1 Gbit/s"
CLONE_NEWNET = 0x40000000
READY_SECONDS = 10


def missing() -> str | None:
    if os.geteuid() != 0:
        return "it takes root to make network namespaces"
    if shutil.which("ip") is None or not pathlib.Path("/dev/net/tun").exists():
        return "there is no `ip` or no /dev/net/tun"
    return None


def ip(*words: str) -> None:
    result = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"`ip {' '.join(words)}` failed: {result.stderr.strip()}")


def enter(space: BinaryIO) -> None:
    """This thread, and what it starts, are in that namespace from now on."""
    if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"entering {space.name}")


class Wan:
    def __init__(self) -> None:
        self.spaces = tuple(f"bench{os.getpid()}{side}" for side in "ab")

    def start(self) -> None:
        for space in self.spaces:
            ip("netns", "add", space)
        ready = threading.Event()
        left, right = self.spaces
        self.relay = Program("bench_wan", "run", lambda _: ready.set(), left=left, right=right, **CONDITIONS)
        if not ready.wait(READY_SECONDS):
            raise RuntimeError("bench_wan does not start")
        for space, address in zip(self.spaces, ADDRESSES):
            ip("-n", space, "addr", "add", f"{address}/24", "dev", "wan0")
            ip("-n", space, "link", "set", "wan0", "up")
            ip("-n", space, "link", "set", "lo", "up")

    def stop(self) -> None:
        if hasattr(self, "relay"):
            self.relay.end()
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)

    @contextlib.contextmanager
    def inside(self, index: int) -> Iterator[None]:
        """What is started meanwhile, and sockets that are made, are at the source (0) or at the replica (1)."""
        with open("/proc/thread-self/ns/net", "rb") as outside, open(f"/run/netns/{self.spaces[index]}", "rb") as space:
            enter(space)
            try:
                yield
            finally:
                enter(outside)
