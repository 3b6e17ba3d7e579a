"""confluent-kafka: librdkafka of today, which speaks the new protocol of consumer groups. Debian's does not."""

from __future__ import annotations

import subprocess
import sys
import types

from clusters import TREE
from skipping import Skipped

VERSION = "2.16.1"
INSTALL_SECONDS = 150


def confluent() -> types.ModuleType:
    """The module confluent_kafka, installed into build/ if it is not there."""
    folder = TREE / "build" / "clients" / f"confluent-{VERSION}"
    if not (folder / "complete").exists():
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
        for words in ([sys.executable, "-m", "venv", "--clear", str(folder)], [*pip, f"confluent-kafka=={VERSION}"]):
            try:
                result = subprocess.run(words, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise Skipped(f"confluent-kafka cannot be installed: {error}") from None
            if result.returncode != 0:
                lines = (result.stderr.strip() or result.stdout.strip()).splitlines()
                raise Skipped(f"confluent-kafka cannot be installed: {lines[-1] if lines else words[0]}")
        (folder / "complete").touch()
    (packages,) = folder.glob("lib/python3*/site-packages")
    if str(packages) not in sys.path:
        sys.path.append(str(packages))
    import confluent_kafka
    import confluent_kafka.admin  # noqa: F401

    return confluent_kafka
