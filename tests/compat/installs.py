"""Brings the clients, at the versions that clients/ pins, into build/compat/, and builds our programs for them.

Each function answers what is needed to run; called again it has little to do. Two processes may call one at once.
`Missing` names a toolchain or registry that is not there: such a client is skipped, with that reason. Only Java and Go
may be missing; everything else comes from tools/packages.txt and must work.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
from collections.abc import Iterator

from clusters import TREE

SOURCES = TREE / "tests" / "compat" / "clients"
TARGET = TREE / "build" / "compat"
SECONDS = 400


class Missing(Exception):
    pass


class InstallFailed(Exception):
    pass


def run(words: list[str], folder: pathlib.Path, failure: type[Exception] = InstallFailed, **environment: str) -> str:
    """Its standard output. `failure` is raised with the end of what it said."""
    surroundings = {**os.environ, **environment}
    try:
        result = subprocess.run(words, cwd=folder, env=surroundings, capture_output=True, text=True, errors="replace",
                                stdin=subprocess.DEVNULL, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise failure(f"`{words[0]} {words[1]}` took more than {SECONDS} s") from None
    if result.returncode != 0:
        said = (result.stdout + result.stderr).strip().splitlines()
        raise failure(f"`{' '.join(words)[:200]}` failed: " + "\n".join(said[-25:]))
    return result.stdout


@contextlib.contextmanager
def folder_of(name: str, inputs: list[pathlib.Path]) -> Iterator[tuple[pathlib.Path, bool]]:
    """A folder of build/compat/, locked, and whether it was already filled from these very inputs."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with (TARGET / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in inputs)).hexdigest()
        folder, stamp = TARGET / name, TARGET / f"{name}.stamp"
        filled = folder.is_dir() and stamp.exists() and stamp.read_text() == digest
        if not filled:
            stamp.unlink(missing_ok=True)
            folder.mkdir(exist_ok=True)
        yield folder, filled
        stamp.write_text(digest)


def python(name: str) -> str:
    """The interpreter of the virtual environment for clients/python/<name>.txt."""
    wanted = SOURCES / "python" / f"{name}.txt"
    with folder_of(name, [wanted]) as (folder, filled):
        if not filled:
            run(["/usr/bin/python3", "-m", "venv", "--clear", str(folder)], TARGET)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
            run([*pip, "--disable-pip-version-check", "--requirement", str(wanted)], folder)
        return str(folder / "bin" / "python")


def node() -> tuple[str, pathlib.Path]:
    """Node.js, and the folder that has our programs and their packages."""
    sources = SOURCES / "node"
    with folder_of("node", [sources / "package.json", sources / "package-lock.json"]) as (folder, filled):
        for path in sources.iterdir():
            if path.is_file():
                shutil.copy2(path, folder)
        if not filled:
            run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], folder)
        (found,) = folder.glob("node_modules/node-linux-*/bin/node")
        return str(found), folder


def go() -> pathlib.Path:
    """The folder of the programs franz and sarama."""
    if shutil.which("go") is None:
        raise Missing("there is no go")
    sources = SOURCES / "go"
    with folder_of("go", [sources / "go.mod", sources / "go.sum"]) as (folder, filled):
        environment = {
            "GOPATH": str(folder / "path"), "GOCACHE": str(folder / "cache"), "GOBIN": str(folder / "bin"),
            "GOFLAGS": "-modcacherw -buildvcs=false", "GOTOOLCHAIN": "local",
        }
        if not filled:
            run(["go", "mod", "download"], sources, Missing, **environment)
        run(["go", "install", "./..."], sources, **environment)
        return folder / "bin"


def java_version() -> int:
    for command in ("java", "javac", "mvn"):
        if shutil.which(command) is None:
            raise Missing(f"there is no {command}")
    found = re.search(r"(\d+)", run(["javac", "-version"], TREE, Missing))
    return int(found[1]) if found else 0


def java() -> list[str]:
    """The words that run a main class with Kafka and our programs; its arguments follow."""
    if java_version() < 17:
        raise Missing(f"java is too old: {java_version()}, needed is 17")
    pom, sources = SOURCES / "java" / "pom.xml", sorted((SOURCES / "java").glob("*.java"))
    with folder_of("java", [pom]) as (folder, filled):
        if not filled:
            shutil.rmtree(folder / "lib", ignore_errors=True)
            words = ["mvn", "--quiet", "--batch-mode", f"--file={pom}", f"-Dmaven.repo.local={folder}/repository"]
            run([*words, "dependency:copy-dependencies", f"-DoutputDirectory={folder}/lib"], folder, Missing)
    with folder_of("java-programs", [pom, *sources]) as (programs, filled):
        if not filled:
            run(["javac", "-Xlint:all,-processing", "-Werror", "-proc:none", "-cp", f"{folder}/lib/*", "-d",
                 str(programs), *map(str, sources)], programs)
    options = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
               "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    return ["java", *options, "-cp", f"{programs}:{folder}/lib/*"]


def java_tools_version() -> str:
    """Of everything of Kafka that pom.xml names."""
    return re.search(r"<kafka.version>(.*)</kafka.version>", (SOURCES / "java" / "pom.xml").read_text())[1]


def everything() -> None:
    """Before the tests, so that each of them can be bounded in time."""
    for install in (lambda: python("confluent"), lambda: python("kafka-python"), node, go, java):
        try:
            install()
        except Missing as missing:
            print(f"missing: {missing}", flush=True)
