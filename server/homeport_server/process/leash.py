"""The leash: what ties a server process to its supervisor, as the process holds it.

Three inherited descriptors: the listening socket, which all processes share; a pipe to say "I serve" on; and a pipe
of orders, of which only the supervisor holds the other end. A byte in it is a `Stop`. Its end is one, too: the
supervisor died, and nobody would be left to stop this process.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from homeport_server.process.drain import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Leash:
    """The numbers of the descriptors, which are the same on both sides of a start."""

    listening: int
    ready: int
    orders: int

    @classmethod
    def read(cls, text: str) -> Self:
        """What `str` wrote. Raises `ValueError` for anything else."""
        listening, ready, orders = (int(number) for number in text.split(":"))
        return cls(listening=listening, ready=ready, orders=orders)

    def __str__(self) -> str:
        """As an argument of the process."""
        return f"{self.listening}:{self.ready}:{self.orders}"

    def shared(self) -> socket.socket:
        """The shared socket; whoever asks closes it."""
        return socket.socket(fileno=self.listening)

    def say_ready(self) -> None:
        """This process serves. Harmless if the supervisor has died meanwhile."""
        try:
            os.write(self.ready, b"1")
        except BrokenPipeError:
            pass
        finally:
            os.close(self.ready)

    def obey(self, stop: Callable[[Stop], None]) -> None:
        """From now on call `stop` with each order, on the running loop."""
        loop = asyncio.get_running_loop()

        def read() -> None:
            order = Stop(os.read(self.orders, 1))
            if order in {Stop.HANDOVER, Stop.SUPERVISOR_GONE}:
                loop.remove_reader(self.orders)
                os.close(self.orders)
            stop(order)

        loop.add_reader(self.orders, read)
