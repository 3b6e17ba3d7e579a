"""docs/guide.md and docs/operations.md: their commands, in their order, in one shell for each page."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shlex
import signal
import subprocess

from clusters import TREE, Site, binaries, free_port

GUIDE = TREE / "docs" / "guide.md"
OPERATIONS = TREE / "docs" / "operations.md"
SECONDS = 55


def blocks(page: pathlib.Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(page: pathlib.Path) -> str:
    found = blocks(page, "sh")
    assert len(found) > 5, f"the commands of {page.name} are not found"
    return "\n".join(found)


def with_free_ports(script: str) -> str:
    """The ports of a page may be taken here: others in their place, also in the lines that `init` prints."""
    ports = {port: str(free_port()) for port in set(re.findall(r":(7\d{3}|9\d{3})\b", script))}
    printed = "; ".join(f"s/:{port}/:{ports[port]}/" for port in ("7660", "7222"))
    script = re.sub(r":(7\d{3}|9\d{3})\b", lambda match: ":" + ports[match[1]], script)
    return script.replace("| tee", f"| sed '{printed}' | tee")


def with_waiting(script: str) -> str:
    """A person types slower than a server starts."""
    servers = re.findall(r"^distributary server .*&$", script, re.MULTILINE)
    ports = re.findall(r"-admin 127\.0\.0\.1:(\d+)", " ".join(servers))
    assert len(ports) == 2, servers
    wait = "\n".join(f"until (: < /dev/tcp/127.0.0.1/{port}) 2> /dev/null; do sleep 0.05; done" for port in ports)
    return script.replace(servers[-1], servers[-1] + "\n" + wait)


def run(site: Site, script: str) -> list[str]:
    """The lines that it prints. It has to end well, servers included."""
    process = subprocess.Popen(
        ["bash", "-c", f"set -eu -o pipefail\n{script}\nkill $(jobs -p)\nwait\n"],
        cwd=site.folder,
        env={**os.environ, "PATH": f"{binaries()}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, out[-4000:]
    return out.splitlines()


def test_guide(site: Site) -> None:
    lines = run(site, with_waiting(with_free_ports(commands(GUIDE))))
    assert "1000" in lines, lines
    assert any('"replicaState":"REPLICA_STATE_REPLICATING"' in line for line in lines), lines


def test_operations(site: Site) -> None:
    lines = run(site, with_free_ports(commands(OPERATIONS)))
    assert any('command="stream create" path=/mapr/sanfrancisco/activity outcome=ok' in line for line in lines), lines
    assert lines.count("1000") == 1, lines  # the backup has it, and nothing of what came after
    assert "2000" not in lines, lines


def test_service(site: Site) -> None:
    """The unit for systemd says words that the server knows, and the end it is given is an orderly one."""
    (unit,) = blocks(OPERATIONS, "ini")
    program, command, *words = shlex.split(re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1])
    assert (pathlib.Path(program).name, command) == ("distributary", "server")
    options = {name.removeprefix("-"): value for name, value in zip(words[::2], words[1::2], strict=True)}
    assert options.pop("dir").startswith("/"), "a service has no folder of its own to be relative to"
    (cluster,) = site.add(options["cluster"])
    cluster.options |= options
    cluster.start()
    cluster.stop()
