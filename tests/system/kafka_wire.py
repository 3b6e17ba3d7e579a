"""Just enough of the Kafka protocol to see stored bytes: ListOffsets v1 and Fetch v10, both in the old encoding; and to
set quotas, which the clients at hand cannot: AlterClientQuotas v0.
"""

from __future__ import annotations

import socket
import struct

LIST_OFFSETS, FETCH, ALTER_CLIENT_QUOTAS = 2, 1, 49
LATEST, EARLIEST = -1, -2
FETCH_BYTES = 4 << 20


class WireError(Exception):
    pass


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _nullable(text: str | None) -> bytes:
    return struct.pack(">h", -1) if text is None else _string(text)


class Wire:
    """One connection. Offsets and raw record batches of partitions, exactly as the server sends them."""

    def __init__(self, port: int, host: str = "127.0.0.1"):
        self._socket = socket.create_connection((host, port), timeout=15)
        self._next = 0

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def end(self, topic: str, partition: int) -> int:
        return self._offset(topic, partition, LATEST)

    def begin(self, topic: str, partition: int) -> int:
        return self._offset(topic, partition, EARLIEST)

    def batches(self, topic: str, partition: int, begin: int = 0, end: int | None = None) -> bytes:
        """All whole batches from `begin` up to `end` (default: the high watermark), one after the other."""
        found = []
        end = self.end(topic, partition) if end is None else end
        while begin < end:
            data = self._fetch(topic, partition, begin)
            whole, following = whole_batches(data)
            if not whole:
                raise WireError(f"{topic}/{partition}: nothing at offset {begin}, but it ends at {end}")
            found.append(whole)
            begin = following
        return b"".join(found)

    def set_quota(self, entity: dict[str, str | None], key: str, value: float | None) -> None:
        """`entity`: type to name, None for the default; `value` None: no quota any more."""
        parts = b"".join(_string(kind) + _nullable(name) for kind, name in entity.items())
        body = struct.pack(">ii", 1, len(entity)) + parts + struct.pack(">i", 1) + _string(key)
        answer = self._ask(ALTER_CLIENT_QUOTAS, 0, body + struct.pack(">d??", value or 0.0, value is None, False))
        _, _, error, length = struct.unpack_from(">iihh", answer)
        if error != 0:
            raise WireError(f"AlterClientQuotas answers error {error}: {answer[12 : 12 + max(length, 0)].decode()}")

    def _offset(self, topic: str, partition: int, when: int) -> int:
        body = struct.pack(">ii", -1, 1) + _string(topic) + struct.pack(">iiq", 1, partition, when)
        answer = self._ask(LIST_OFFSETS, 1, body)
        at = 4 + 2 + len(topic.encode()) + 4
        _, error, _, offset = struct.unpack_from(">ihqq", answer, at)
        if error != 0:
            raise WireError(f"{topic}/{partition}: ListOffsets answers error {error}")
        return offset

    def _fetch(self, topic: str, partition: int, offset: int) -> bytes:
        no_session = struct.pack(">ii", 0, -1)
        body = struct.pack(">iiiib", -1, 1000, 1, FETCH_BYTES, 0) + no_session + struct.pack(">i", 1) + _string(topic)
        body += struct.pack(">iiiqqi", 1, partition, -1, offset, -1, FETCH_BYTES) + struct.pack(">i", 0)
        answer = self._ask(FETCH, 10, body)
        at = 4 + 2 + 4 + 4 + 2 + len(topic.encode()) + 4
        _, error, _, _, _, aborted = struct.unpack_from(">ihqqqi", answer, at)
        at += 34 + max(aborted, 0) * 16
        if error != 0:
            raise WireError(f"{topic}/{partition}: Fetch at {offset} answers error {error}")
        (size,) = struct.unpack_from(">i", answer, at)
        return answer[at + 4 : at + 4 + max(size, 0)]

    def _ask(self, api: int, version: int, body: bytes) -> bytes:
        self._next += 1
        request = struct.pack(">hhi", api, version, self._next) + _string("wire") + body
        self._socket.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", self._receive(4))
        answer = self._receive(size)
        (correlation,) = struct.unpack_from(">i", answer)
        if correlation != self._next:
            raise WireError(f"answer {correlation} to request {self._next}")
        return answer[4:]

    def _receive(self, size: int) -> bytes:
        parts = []
        while size > 0:
            part = self._socket.recv(min(size, 1 << 20))
            if not part:
                raise WireError("the server closed the connection")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def whole_batches(data: bytes) -> tuple[bytes, int]:
    """What of `data` are whole batches, and the offset after the last of them."""
    at, following = 0, -1
    while at + 61 <= len(data):
        base, length = struct.unpack_from(">qi", data, at)
        if at + 12 + length > len(data):
            break
        (last_delta,) = struct.unpack_from(">i", data, at + 23)
        following = base + last_delta + 1
        at += 12 + length
    return data[:at], following
