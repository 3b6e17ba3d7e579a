"""docs/guide.md: its commands, in its order, in one shell."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess

from clusters import TREE, Site, binaries, free_port

GUIDE = TREE / "docs" / "guide.md"
SECONDS = 55


def commands() -> str:
    blocks = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 8, "the guide's commands are not found"
    return "\n".join(blocks)


def with_free_ports(script: str) -> str:
    """The ports of the guide may be taken here: others in their place, also in the lines that `init` prints."""
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


def test_commands(site: Site) -> None:
    script = "set -eu -o pipefail\n" + with_waiting(with_free_ports(commands())) + "\nkill $(jobs -p)\nwait\n"
    process = subprocess.Popen(
        ["bash", "-c", script],
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
    assert "1000" in out.splitlines(), out
    assert '"replicaState":"REPLICA_STATE_REPLICATING"' in out, out
