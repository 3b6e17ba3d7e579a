"""kafka-python, the newest; its program is clients/python/kafka_python.py. Debian's is tested in tests/system."""

from __future__ import annotations

from installs import python
from walker import start_python


def prepare():
    return start_python(python("kafka-python"), "kafka_python.py")
