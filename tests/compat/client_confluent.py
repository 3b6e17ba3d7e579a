"""confluent-kafka; its program is clients/python/confluent.py."""

from __future__ import annotations

from installs import python
from walker import start_python


def prepare():
    return start_python(python("confluent"), "confluent.py")
