"""A WebSocket between a client and the server: frames pass, and now and then a poke gets lost."""

from __future__ import annotations

from homeport_client.fleet.networks import LOSE_POKE
from homeport_client.fleet.proxy.delay import Delay
from homeport_client.fleet.proxy.fate import Fates
from homeport_client.fleet.proxy.frames import Frames
from homeport_client.fleet.proxy.peer import Peer
from homeport_client.fleet.proxy.race import first
from homeport_client.fleet.proxy.road import Road


async def carry_socket(phone: Peer, server: Peer, fates: Fates, road: Road) -> None:
    """Until one side ends it, and what it said before has arrived."""
    down, up = Delay(phone.write, road), Delay(server.write, road)
    await first(_to_phone(server, fates, road, down), _to_server(phone, fates, road, up), down.carry(), up.carry())


async def _to_phone(server: Peer, fates: Fates, road: Road, way: Delay) -> None:
    frames = Frames(road.limits.frame_bytes_max)
    data = server.rest() or await server.read()
    while data:
        for piece in frames.cut(data):
            if piece.poke and fates.loses_poke(road.network):
                road.tally.happen(LOSE_POKE, f"{len(piece.data)} bytes")
                continue
            await way.put(piece.data, fates.delay_s(road.network))
        data = await server.read()
    await way.end()


async def _to_server(phone: Peer, fates: Fates, road: Road, way: Delay) -> None:
    data = phone.rest() or await phone.read()
    while data:
        await way.put(data, fates.delay_s(road.network))
        data = await phone.read()
    await way.end()
