"""rdkafka_client (rdkafka/) as a process that a test talks with."""

from __future__ import annotations

import queue
import subprocess
import threading

from clusters import Cluster, binaries

SECONDS = 55


class Client:
    """rdkafka_client running; the lines that it prints come in `lines`."""

    def __init__(self, cluster: Cluster, *arguments: str):
        words = [str(binaries() / "rdkafka_client"), cluster.broker, *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._errors: list[str] = []
        self._readers = [threading.Thread(target=self._read), threading.Thread(target=self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def _read_errors(self) -> None:
        self._errors += self.process.stderr.readlines()

    def taken(self) -> list[str]:
        found = []
        while not self.lines.empty():
            found.append(self.lines.get())
        return found

    def finish(self) -> list[str]:
        """Ends its input and waits for its orderly end; the lines not taken yet."""
        self.process.stdin.close()
        try:
            status = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            for reader in self._readers:
                reader.join(5)
        assert status == 0, "".join(self._errors)
        return self.taken()
