"""A TCP relay that a test can cut: connections break at once, or new ones are refused until it is mended."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading


class Proxy:
    """Listens on 127.0.0.1:`port` and relays to 127.0.0.1:`target`."""

    def __init__(self, target: int):
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._refusing = False
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, refuse: bool = False) -> None:
        """Resets every connection. With `refuse`, new ones too until `mend`."""
        with self._lock:
            self._refusing = refuse
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        with self._lock:
            self._refusing = False

    def close(self) -> None:
        self._listener.close()
        self.cut(refuse=True)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            client.close()
            return
        pair = (client, server)
        with self._lock:
            refusing = self._refusing
            if not refusing:
                self._pairs.add(pair)
        if not refusing:
            with contextlib.suppress(OSError):
                relay(client, server)
        with self._lock:
            self._pairs.discard(pair)
        client.close()
        server.close()


def relay(client: socket.socket, server: socket.socket) -> None:
    server.settimeout(None)
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in selector.select():
                data = key.fileobj.recv(1 << 16)
                if not data:
                    return
                key.data.sendall(data)
