"""What networks do to single requests, one short function each (`networks.py` says what they are).

Each gets one **trip**, a request on its way, and brings the answer or raises `Unreachable`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import NoReturn, TypeAlias

from homeport_client.errors import Unreachable
from homeport_client.fleet.networks import Network

Answer: TypeAlias = tuple[int, bytes]
_PORTAL = b"<html><title>Welcome</title><body>Accept our terms to use the network.</body></html>"
_PROXY = b"<html><title>Error</title><body><h1>The proxy could not do this</h1></body></html>"


@dataclass(slots=True, kw_only=True)
class Trip:
    """A request on its way: `there` brings it to the server, `serve` has it answered, `back` brings an answer home;
    `stray` has a copy arrive so many seconds later, whose answer nobody hears."""

    network: Network
    chance: Random
    there: Callable[[], Awaitable[None]]
    serve: Callable[[], Awaitable[Answer]]
    back: Callable[[Answer], Awaitable[Answer]]
    stray: Callable[[float], None]

    async def silence(self, why: str) -> NoReturn:
        """Nothing comes, until the phone gives up."""
        await asyncio.sleep(self.network.patience_s)
        raise Unreachable(why)


async def lose_request(trip: Trip) -> Answer:
    """See `networks.py`, as for all of these."""
    await trip.silence("The request was lost.")


async def lose_answer(trip: Trip) -> Answer:
    await trip.there()
    await trip.serve()
    await trip.silence("The answer was lost.")


async def cut_request(trip: Trip) -> Answer:
    await trip.there()
    raise Unreachable("The connection was cut in the middle of the request.")


async def cut_answer(trip: Trip) -> Answer:
    trip.stray(0.0)
    await trip.there()
    raise Unreachable("The connection was cut in the middle of the answer.")


async def double(trip: Trip) -> Answer:
    trip.stray(trip.chance.uniform(0, trip.network.late_s))
    await trip.there()
    return await trip.back(await trip.serve())


async def late(trip: Trip) -> Answer:
    trip.stray(trip.chance.uniform(0, trip.network.late_s))
    await trip.silence("The request is late.")


async def slow(trip: Trip) -> Answer:
    await trip.there()
    answer = await trip.serve()
    await asyncio.sleep(trip.chance.uniform(0, trip.network.late_s))
    return await trip.back(answer)


async def portal(trip: Trip) -> Answer:
    await trip.there()
    return await trip.back((200, _PORTAL))


async def bad_gateway(trip: Trip) -> Answer:
    await trip.there()
    return await trip.back((502, _PROXY))


async def too_large(trip: Trip) -> Answer:
    await trip.there()
    return await trip.back((413, _PROXY))


async def nothing(trip: Trip) -> Answer:
    """No incident at all."""
    await trip.there()
    return await trip.back(await trip.serve())


Incident: TypeAlias = Callable[[Trip], Awaitable[Answer]]
BY_NAME: Mapping[str, Incident] = {
    incident.__name__: incident
    for incident in (
        lose_request,
        lose_answer,
        cut_request,
        cut_answer,
        double,
        late,
        slow,
        portal,
        bad_gateway,
        too_large,
    )
}
