"""What a measurement ran on."""

from __future__ import annotations

import os
import pathlib
import platform
import re
import subprocess


def first_match(pattern: str, path: str) -> str:
    try:
        found = re.search(pattern, pathlib.Path(path).read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else "unknown"


def file_system(folder: pathlib.Path) -> str:
    result = subprocess.run(
        ["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True, check=False
    )
    return result.stdout.strip() or "unknown"


def load() -> float:
    """Of the last minute: what else ran when the measurement began."""
    return round(os.getloadavg()[0], 2)


def describe(folder: pathlib.Path) -> dict[str, str]:
    memory = first_match(r"^MemTotal:\s+(\d+)", "/proc/meminfo")
    return {
        "processor": first_match(r"^model name\s*:\s*(.*)$", "/proc/cpuinfo"),
        "cores": str(os.cpu_count()),
        "memory": f"{int(memory) / (1 << 20):.0f} GiB" if memory.isdigit() else memory,
        "system": first_match(r'^PRETTY_NAME="(.*)"', "/etc/os-release"),
        "kernel": platform.release().split("-")[0],
        "file system": file_system(folder),
        "TCP congestion control": first_match(r"^(\w+)", "/proc/sys/net/ipv4/tcp_congestion_control"),
        "load at the beginning": str(load()),
    }
