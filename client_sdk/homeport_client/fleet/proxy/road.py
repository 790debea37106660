"""What all connections of one proxy share: the network as it is now, the way to the server, the clock, the counts."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import TypeAlias

from homeport_client.fleet.networks import Network
from homeport_client.fleet.proxy.address import Address
from homeport_client.fleet.proxy.errors import Trouble
from homeport_client.fleet.proxy.fate import Armed
from homeport_client.fleet.proxy.limits import ProxyLimits
from homeport_client.fleet.proxy.tally import Tally

Sleep: TypeAlias = Callable[[float], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Road:
    """`air` is set while there is a network at all; nothing passes while it is not.

    `sleep` and `now_s` are the network's time. What bounds a client that does not leave is real time, whatever those
    are.
    """

    network: Network
    server: Address
    limits: ProxyLimits
    tls: ssl.SSLContext | None
    sleep: Sleep
    tally: Tally
    now_s: Callable[[], float] = time.monotonic
    air: asyncio.Event = field(default_factory=asyncio.Event)
    armed: Armed = field(default_factory=Armed)
    strays: set[asyncio.Task[None]] = field(default_factory=set)

    def stray(self, work: Coroutine[object, object, None]) -> None:
        """Lets a copy go its own way; it is lost if there are too many already."""
        if len(self.strays) >= self.limits.strays_max:
            work.close()
            return
        task = asyncio.create_task(_unheard(work))
        self.strays.add(task)
        task.add_done_callback(self.strays.discard)


async def _unheard(work: Coroutine[object, object, None]) -> None:
    """Nobody hears how it ends."""
    with contextlib.suppress(Trouble):
        await work
