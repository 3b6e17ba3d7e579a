"""Clusters of real servers on this machine: one server each, in folders of their own, on loopback.

`Site` owns a folder with one subfolder per cluster and the mapr-clusters.conf that they share. Used by the system
tests and by `./x demo`.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
from typing import Any

from waiting import wait_until

TREE = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 20
STOP_SECONDS = 20
COMMAND_SECONDS = 60
# Below the range from which the system takes ports of outgoing connections: a server that is started again finds its
# ports free.
PORTS = range(12_000, 30_000)
given_ports: set[int] = set()  # in this process: those that were given a moment ago may not be in use yet


def binaries() -> pathlib.Path:
    """Where the programs are: $DISTRIBUTARY_BIN, else the release build."""
    return pathlib.Path(os.environ.get("DISTRIBUTARY_BIN", TREE / "build/release/bin"))


def free_port() -> int:
    while True:
        port = random.SystemRandom().choice(PORTS)
        if port in given_ports:
            continue
        with contextlib.closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        given_ports.add(port)
        return port


def answers(port: int, address: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
        return True
    except OSError:
        return False


class CommandFailed(Exception):
    """A command of ours ended with an error; the text says which and what it said."""

    def __init__(self, words: list[str], result: subprocess.CompletedProcess[str]):
        self.result = result
        said = (result.stderr + result.stdout).strip()
        super().__init__(f"`{' '.join(words)}` ended with status {result.returncode}: {said}")


class Cluster:
    """One cluster of one server."""

    def __init__(self, site: Site, name: str):
        self.site = site
        self.name = name
        self.folder = site.folder / name
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.kafka_port = free_port()
        self.admin_port = free_port()
        self.gateway_port = free_port()
        # Where others find its gateway; a test may put a Proxy between.
        self.gateway_address = f"127.0.0.1:{self.gateway_port}"
        # Where its administrators find it.
        self.admin_address = f"127.0.0.1:{self.admin_port}"
        self.options: dict[str, str] = {}
        self.fingerprint = ""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def broker(self) -> str:
        return f"127.0.0.1:{self.kafka_port}"

    def init(self) -> None:
        self.folder.mkdir()
        said = self.site.run(["distributary", "init", "-dir", str(self.data), "-cluster", self.name])
        self.fingerprint = re.search(r"^root ([0-9a-f]{64})$", said, re.MULTILINE)[1]

    def line(self) -> str:
        """Of mapr-clusters.conf."""
        keys = f"secure=false root={self.fingerprint} gateways={self.gateway_address}"
        return f"{self.name} {keys} {self.admin_address}"

    def words(self) -> list[str]:
        """The command that starts the server."""
        options = {
            "dir": str(self.data),
            "cluster": self.name,
            "clusters": str(self.site.map),
            "kafka": self.broker,
            "admin": self.admin_address,
            "gateway": f"127.0.0.1:{self.gateway_port}",
            **self.options,
        }
        words = [str(binaries() / "distributary"), "server"]
        for key, value in options.items():
            words += [f"-{key}", value]
        return words

    def start(self, wait: bool = True) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.words(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True
            )
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        def ready() -> bool:
            if self.process is not None and self.process.poll() is not None:
                raise self._problem(f"ended with status {self.process.returncode} at its start")
            return answers(self.admin_port, self.admin_address.partition(":")[0])  # which it opens last

        wait_until(f"the server of {self.name} answers", ready, START_SECONDS)

    def kill(self) -> None:
        """kill -9, as a machine that loses its power would end it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """An orderly end; a server that does not end by itself is an error."""
        status = self._end(signal.SIGTERM)
        if status not in (0, -signal.SIGTERM):
            raise self._problem(f"ended with status {status}")

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def _end(self, number: int) -> int:
        if self.process is None:
            return 0
        process, self.process = self.process, None
        if process.poll() is not None:
            raise self._problem(f"had ended by itself with status {process.returncode}")
        process.send_signal(number)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise self._problem(f"did not end within {STOP_SECONDS} s") from None

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _problem(self, what: str) -> RuntimeError:
        return RuntimeError(f"the server of {self.name} {what}:\n{self.tail()}")

    def tail(self, lines: int = 25) -> str:
        if not self.log.exists():
            return "(no log)"
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 32768))
            text = log.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])


class Site:
    """A folder with some clusters that know each other."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.map = folder / "mapr-clusters.conf"
        self.clusters: dict[str, Cluster] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, *names: str) -> list[Cluster]:
        """Makes clusters, each with a root of its own, that trust one another. They are not started."""
        made = [Cluster(self, name) for name in names]
        for cluster in made:
            cluster.init()
            self.clusters[cluster.name] = cluster
        self.write_map()
        return made

    def write_map(self) -> None:
        self.map.write_text("".join(cluster.line() + "\n" for cluster in self.clusters.values()))

    def start(self) -> None:
        for cluster in self.clusters.values():
            cluster.start(wait=False)
        for cluster in self.clusters.values():
            cluster.wait_ready()

    def environment(self) -> dict[str, str]:
        """What makes our programs find these clusters."""
        return {"MAPR_CLUSTERS_CONF": str(self.map)}

    def command(self, words: list[str], seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
        """Runs one of our programs; the first word is its name."""
        program = [str(binaries() / words[0]), *words[1:]]
        environment = {**os.environ, **self.environment()}
        return subprocess.run(program, env=environment, capture_output=True, text=True, timeout=seconds, check=False)

    def run(self, words: list[str], seconds: float = COMMAND_SECONDS) -> str:
        result = self.command(words, seconds)
        if result.returncode != 0:
            raise CommandFailed(words, result)
        return result.stdout

    def maprcli(self, line: str) -> str:
        """`line` is what an administrator types after `maprcli`; no argument of it may have blanks."""
        return self.run(["maprcli", *line.split()])

    def records(self, line: str) -> list[dict[str, Any]]:
        """The records that `maprcli <line> -json` answers."""
        return json.loads(self.run(["maprcli", *line.split(), "-json"]))["data"]

    def replica(self, source: str, index: int = 0) -> dict[str, Any]:
        return self.records(f"stream replica list -path {source} -refreshnow true")[index]

    def wait_replicated(self, source: str, seconds: float = 30) -> dict[str, Any]:
        """Until every replica of `source` holds everything that is there now; the first one's record."""

        def caught_up() -> dict[str, Any] | None:
            replicas = self.records(f"stream replica list -path {source} -refreshnow true")
            done = all(r["isUptodate"] and r["bytesPending"] == 0 and "errors" not in r for r in replicas)
            return replicas[0] if replicas and done else None

        try:
            return wait_until(f"the replicas of {source} are up to date", caught_up, seconds, 0.1)
        except AssertionError as error:
            shown = self.maprcli(f"stream replica list -path {source} -refreshnow true -json")
            raise AssertionError(f"{error}\n{shown}") from None

    def close(self, keep: bool = False) -> list[str]:
        """Ends what runs and removes the folder, unless it is to be kept.

        Answers the names of servers that had ended by themselves.
        """
        clusters = self.clusters.values()
        ended = [cluster.name for cluster in clusters if cluster.process is not None and not cluster.running()]
        for cluster in clusters:
            if cluster.running():
                cluster.process.kill()
                cluster.process.wait()
            cluster.process = None
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        return ended
