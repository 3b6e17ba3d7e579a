"""The machine without any system: what TCP, the page cache and the disk give. No peer; the measure for all of them."""

from __future__ import annotations

import pathlib
import shutil
from typing import Any

import programs


class Raw:
    name = "raw"
    tls_name = "raw-tls"  # what it is called where its connections are encrypted
    title = "machine"

    def __init__(self, folder: pathlib.Path, payload: pathlib.Path):
        self.folder = folder
        self.payload = payload
        folder.mkdir(parents=True)

    def run(self, command: str, **words: Any) -> dict[str, Any]:
        return programs.run("bench_raw", command, file=self.folder / "file", payload=self.payload, **words)

    def stop(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
