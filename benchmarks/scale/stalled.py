"""A client that has stopped reading: it listens for pokes, and nothing more gets through to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.scale.arrivals import Listener
from benchmarks.sockets import frame

_RECEIVE_BYTES = 4_096
_STILL_S = 1.0
_PINGS = frame({"type": "ping"}) * 100


@contextmanager
def stalled(port: int, token: str) -> Iterator[None]:
    """Such a client, as long as the context lasts.

    It asks for answers that it never reads, until the server does not read its questions any more: then the server
    waits for it, and what it is sent goes nowhere.
    """
    client = Listener(port, token, receive_bytes=_RECEIVE_BYTES).socket
    client.settimeout(_STILL_S)
    left = memoryview(_PINGS)
    try:
        try:
            while True:
                left = left[client.send(left) :] or memoryview(_PINGS)
        except TimeoutError:  # not a byte more in all that time
            yield
    finally:
        client.close()
