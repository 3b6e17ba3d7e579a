"""The program clients/java/Streams.java."""

from __future__ import annotations

from installs import java
from walker import start_program


def prepare():
    return start_program([*java(), "Streams"])
