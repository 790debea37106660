"""Sockets of which the kernel notes when something arrives, so that whoever reads it later measures the same.

What a thousand clients do elsewhere, on machines of their own, must not take processor time from the servers that are
measured here. So nobody reads while pokes are on their way. Times are the wall clock's, in nanoseconds, as of
`time.time_ns`. Linux only (SO_TIMESTAMPING, see timestamping.rst of its documentation).
"""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Sequence

from benchmarks.load import END_OF_HEAD
from benchmarks.sockets import TEXT, listen, upgrade

ANSWER_S = 30.0
_TIMESTAMPING = 37
_RECEIVED_BY_SOFTWARE = 1 << 3 | 1 << 4
_FIRST = "qq"  # seconds and nanoseconds, of the three times that come
_READ_BYTES = 65_536
_ANCILLARY_BYTES = 512
_PING, _PONG, _MASKED = 0x89, b"\x8a", 0x80
_NO_MASK = b"\0\0\0\0"


def open_socket(port: int, *, receive_bytes: int | None = None) -> socket.socket:
    """A connection to that port of this machine, whose arrivals are noted; with a receive buffer of that size."""
    opened = socket.socket()
    if receive_bytes is not None:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    opened.settimeout(ANSWER_S)
    opened.setsockopt(socket.SOL_SOCKET, _TIMESTAMPING, _RECEIVED_BY_SOFTWARE)
    opened.connect(("127.0.0.1", port))
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def receive(opened: socket.socket) -> tuple[bytes, int]:
    """What is there, and when the last of it arrived. Raises `ConnectionResetError` at the end of the stream."""
    data, notes, _, _ = opened.recvmsg(_READ_BYTES, _ANCILLARY_BYTES)
    if not data:
        raise ConnectionResetError
    seconds, nanoseconds = struct.unpack_from(_FIRST, notes[0][2])
    return data, seconds * 1_000_000_000 + nanoseconds


def ask(opened: socket.socket, request: bytes, expected: bytes) -> int:
    """When the answer to an HTTP request was whole. Raises `AssertionError` for one that does not hold `expected`."""
    opened.sendall(request)
    answer = b""
    while True:
        data, at_ns = receive(opened)
        answer += data
        head, found, body = answer.partition(END_OF_HEAD)
        if found and len(body) >= int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]):
            break
    if expected not in body:
        raise AssertionError(body[:500])
    return at_ns


class Listener:
    """A poke socket that has heard its first poke when it is made."""

    def __init__(self, port: int, token: str, *, receive_bytes: int | None = None) -> None:
        self.socket = open_socket(port, receive_bytes=receive_bytes)
        self.socket.sendall(upgrade())
        head = b""
        while not head.endswith(END_OF_HEAD):
            head += receive(self.socket)[0]
        self.socket.sendall(listen(token))
        acknowledged_and_poked = 2
        while acknowledged_and_poked:
            acknowledged_and_poked -= self.hear()[0]

    def hear(self) -> tuple[int, int | None]:
        """How many pokes are there to read, and when the last came; None: something else came after it."""
        data, at_ns = receive(self.socket)
        pokes, last = 0, 0
        while data:
            last, size = data[0], data[1]
            if last == _PING:
                self.socket.sendall(_PONG + bytes([_MASKED | size]) + _NO_MASK + data[2 : 2 + size])
            elif last == TEXT:
                pokes += 1
            else:
                raise ConnectionResetError(data)
            data = data[2 + size :]
        return pokes, at_ns if last == TEXT else None


def drain(listeners: Sequence[Listener]) -> None:
    """Read what is there: a poke may come twice, and the second must not be taken for the next."""
    poll, listening = _poll(listeners)
    for each, _ in poll.poll(0):
        listening[each].hear()


def heard(listeners: Sequence[Listener]) -> list[int]:
    """When each of them got its one poke, once all have (of a few it may not be known).

    Raises `TimeoutError` if a poke does not come.
    """
    poll, waiting = _poll(listeners)
    found: list[int] = []
    while waiting:
        ready = poll.poll(ANSWER_S * 1_000)
        if not ready:
            raise TimeoutError(f"{len(waiting)} listeners wait for a poke.")
        for each, _ in ready:
            pokes, at_ns = waiting[each].hear()
            if pokes:
                poll.unregister(each)
                del waiting[each]
                found += [at_ns] if at_ns is not None and pokes == 1 else []
    return found


def _poll(listeners: Sequence[Listener]) -> tuple[select.poll, dict[int, Listener]]:
    poll = select.poll()
    by_number = {listener.socket.fileno(): listener for listener in listeners}
    for each in by_number:
        poll.register(each, select.POLLIN)
    return poll, by_number
