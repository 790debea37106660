"""A process leaves without anybody noticing. The order is the rule:

1. Readiness drops, and the process serves on for a while: a load balancer looks only now and then.
2. It accepts no more connections, and its answers say `connection: close`.
3. Its sockets are told to go away, each in a slot of its own, and those that stay are closed with 1012.
4. uvicorn's part: idle connections close, requests under way are answered.
5. The roof's part: followers end, the store and the signals close.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from homeport_server.edge.departures import Departures
from homeport_server.edge.health import Health
from homeport_server.process.connections import Connections
from homeport_server.settings import Settings

ALONE_S = 1.0
LINGER_S = 1.0
CLOSE_S = 1.0
_LOOK_S = 0.02


class Stop(Enum):
    """Why a process stops. The values travel from a supervisor to its processes; the end of the pipe is the last.

    PLANNED: SIGTERM, others may take over. NOW: SIGINT, somebody sits in front of it. HANDOVER: others listen on
    the same port already, so nobody needs to be given notice. SUPERVISOR_GONE: it was killed, and nobody would be left
    to stop this process.
    """

    PLANNED = b"p"
    NOW = b"n"
    HANDOVER = b"h"
    SUPERVISOR_GONE = b""


STOPS: Mapping[signal.Signals, Stop] = {signal.SIGTERM: Stop.PLANNED, signal.SIGINT: Stop.NOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long the steps of a drain take at most, in seconds.

    `notice_s`: serving while not ready. `sockets_s`: from the first go-away to the last close. `linger_s`: how long
    connections without a request may bring the one they were opened for.
    """

    notice_s: float
    sockets_s: float
    linger_s: float


def pace_of(stop: Stop, settings: Settings) -> Pace:
    """The pace of a stop. Where nobody can take over (SQLite) or somebody waits, a long drain only keeps people out."""
    notice_s = settings.drain_notice_s if stop is Stop.PLANNED else 0.0
    if stop is Stop.NOW or not settings.database_url:
        return Pace(notice_s=notice_s, sockets_s=min(settings.drain_s, ALONE_S), linger_s=0.0)
    return Pace(notice_s=notice_s, sockets_s=settings.drain_s, linger_s=min(settings.drain_s, LINGER_S))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Steps 1 to 3, for one process."""

    health: Health
    departures: Departures
    connections: Connections

    async def run(self, pace: Pace, stop_accepting: Callable[[], None]) -> int:
        """Returns when uvicorn may stop: how many sockets had to be cut because their clients read nothing.

        It takes `pace.notice_s`, then `pace.sockets_s` or `pace.linger_s` at most, then `CLOSE_S` at most.
        """
        self.health.drain()
        await asyncio.sleep(pace.notice_s)
        stop_accepting()
        self.connections.leave()
        await asyncio.gather(_none(self.connections.http, pace.linger_s), self.departures.let_go(pace.sockets_s))
        await _none(self.connections.sockets, CLOSE_S)
        deaf = self.connections.sockets()
        for socket in deaf:
            socket.transport.abort()
        return len(deaf)


async def _none(connections: Callable[[], Sequence[object]], within_s: float) -> None:
    """Wait until none of these is open, or the time is over."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while connections() and loop.time() < end:  # noqa: ASYNC110  # uvicorn tells nobody when a connection ends
        await asyncio.sleep(_LOOK_S)
