"""sarama; its program is in clients/go/sarama/."""

from __future__ import annotations

from installs import go
from walker import start_program


def prepare():
    return start_program([str(go() / "sarama")])
