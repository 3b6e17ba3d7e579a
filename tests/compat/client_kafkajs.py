"""kafkajs; its program is clients/node/kafkajs.mjs."""

from __future__ import annotations

from installs import node
from walker import start_program


def prepare():
    program, folder = node()
    return start_program([program, "--no-warnings", str(folder / "kafkajs.mjs")])
