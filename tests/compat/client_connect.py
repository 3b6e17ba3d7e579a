"""Kafka Connect: a standalone worker with the source and the sink of files."""

from __future__ import annotations

import pathlib
import signal
import subprocess

from clusters import Cluster, free_port
from installs import java, java_tools_version
from kafka_clients import consume
from report import Report
from waiting import wait_until

SECONDS = 40
DUMP_SECONDS = 10
TOPIC = "/activity:connect-lines"


class Worker:
    def __init__(self, words: list[str], cluster: Cluster):
        self._words = words
        self._cluster = cluster
        self._folder = cluster.folder / "connect"
        self._folder.mkdir()
        self.source = self._folder / "source.txt"
        self.sink = self._folder / "sink.txt"
        self.source.touch()
        self._log = self._folder / "worker.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._files = [self._write("worker", self._worker()), self._write("source", self._source())]
        self._files.append(self._write("sink", self._sink()))

    def _worker(self) -> dict[str, str]:
        text = "org.apache.kafka.connect.storage.StringConverter"
        return {
            "bootstrap.servers": self._cluster.broker, "key.converter": text, "value.converter": text,
            "offset.storage.file.filename": str(self._folder / "offsets"), "offset.flush.interval.ms": "500",
            "listeners": f"http://127.0.0.1:{free_port()}", "plugin.discovery": "service_load",
        }

    def _source(self) -> dict[str, str]:
        kind = "org.apache.kafka.connect.file.FileStreamSourceConnector"
        return {"name": "lines-in", "connector.class": kind, "file": str(self.source), "topic": TOPIC}

    def _sink(self) -> dict[str, str]:
        kind = "org.apache.kafka.connect.file.FileStreamSinkConnector"
        options = {"consumer.override.auto.offset.reset": "earliest", "consumer.override.fetch.max.wait.ms": "100"}
        return {"name": "lines-out", "connector.class": kind, "file": str(self.sink), "topics": TOPIC, **options}

    def _write(self, name: str, settings: dict[str, str]) -> pathlib.Path:
        path = self._folder / f"{name}.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        return path

    def start(self) -> None:
        words = [*self._words, "org.apache.kafka.connect.cli.ConnectStandalone", *map(str, self._files)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            said = self.threads()
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the worker did not end within {SECONDS} s\n{said}") from None
        finally:
            self._process = None

    def threads(self) -> str:
        """The end of its log, and what each of its threads does, which a JVM writes upon SIGQUIT."""
        log, begin = self.tail(), self._log.stat().st_size
        self._process.send_signal(signal.SIGQUIT)

        def dumped() -> str | None:
            text = self._log.read_bytes()[begin:].decode(errors="replace")
            return text if "JNI global refs" in text else None

        try:
            return f"{log}\n{wait_until('the worker has written what its threads do', dumped, DUMP_SECONDS)}"
        except AssertionError as error:
            return f"{log}\n{error}"

    def add(self, lines: list[str]) -> None:
        with self.source.open("a") as file:
            file.writelines(line + "\n" for line in lines)

    def wait_sunk(self, count: int) -> list[str]:
        def sunk() -> bool:
            if self._process.poll() is not None:
                raise AssertionError(f"the worker ended with status {self._process.returncode}:\n{self.tail()}")
            return self.sink.exists() and self.sink.read_text().count("\n") >= count

        try:
            wait_until(f"{count} lines are in the sink", sunk, SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.threads()}") from None
        return self.sink.read_text().splitlines()

    def tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-40:])


class Walk:
    def __init__(self, cluster: Cluster, worker: Worker):
        self.cluster = cluster
        self.worker = worker
        self.lines: list[str] = []

    def add(self, count: int) -> None:
        begin = len(self.lines)
        added = [f"line {number}" for number in range(begin, begin + count)]
        self.lines += added
        self.worker.add(added)

    def source(self) -> None:
        self.worker.start()
        self.add(500)
        self.worker.wait_sunk(500)
        assert [message.value for message in consume(self.cluster, TOPIC)] == self.lines

    def sink(self) -> None:
        self.add(500)
        assert self.worker.wait_sunk(1000) == self.lines

    def restart(self) -> None:
        self.add(200)
        self.worker.wait_sunk(1200)
        self.worker.stop()
        self.add(200)
        self.worker.start()
        self.worker.wait_sunk(1400)
        self.cluster.kill()
        self.add(100)
        self.cluster.start()
        self.worker.wait_sunk(1500)
        assert [message.value for message in consume(self.cluster, TOPIC)] == self.lines
        assert list(dict.fromkeys(self.worker.sink.read_text().splitlines())) == self.lines

    def steps(self) -> dict:
        return {"source": self.source, "sink": self.sink, "restart": self.restart}


def prepare():
    words = java()

    def start(cluster: Cluster, features: list[str], report: Report) -> None:
        report.version = java_tools_version()
        worker = Worker(words, cluster)
        try:
            report.steps(Walk(cluster, worker).steps(), features)
        finally:
            worker.stop(signal.SIGKILL)

    return start
