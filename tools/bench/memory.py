"""What a peer's servers take of the memory while they work: anonymous pages, which are theirs alone.

Files that are mapped or cached are not counted: the system takes those back whenever it likes.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from peers.base import Peer

BETWEEN_LOOKS = 0.1


def of_all(peer: Peer) -> int:
    """Of all its servers that run now."""
    try:
        return sum(peer.memory("RssAnon").values())
    except (OSError, KeyError, AttributeError):  # one ends just now, or has been stopped by the row
        return 0


@contextlib.contextmanager
def watching(peer: Peer) -> Iterator[None]:
    """Keeps peer.peak_bytes, the most that all its servers had at one time, up to date meanwhile."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(BETWEEN_LOOKS):
            peer.peak_bytes = max(peer.peak_bytes, of_all(peer))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
