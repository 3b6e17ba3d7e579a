"""For tests of a client that cannot be had here: they are skipped, and named at the end."""

from __future__ import annotations


class Skipped(Exception):
    pass
