"""A WebSocket between a client and the server: frames pass, and now and then a poke gets lost."""

from __future__ import annotations

from homeport_client.fleet.proxy.fate import LOSE_POKE, Fates
from homeport_client.fleet.proxy.frames import Frames
from homeport_client.fleet.proxy.peer import Peer
from homeport_client.fleet.proxy.race import first
from homeport_client.fleet.proxy.road import Road


async def carry_socket(phone: Peer, server: Peer, fates: Fates, road: Road) -> None:
    """Until one side ends it."""
    await first(_to_phone(phone, server, fates, road), _to_server(phone, server, fates, road))


async def _to_phone(phone: Peer, server: Peer, fates: Fates, road: Road) -> None:
    frames = Frames(road.limits.frame_bytes_max)
    data = server.rest() or await server.read()
    while data:
        for piece in frames.cut(data):
            if piece.poke and fates.loses_poke(road.network):
                road.tally.happen(LOSE_POKE, f"{len(piece.data)} bytes")
                continue
            await road.sleep(fates.delay_s(road.network))
            await phone.write(piece.data)
        data = await server.read()


async def _to_server(phone: Peer, server: Peer, fates: Fates, road: Road) -> None:
    data = phone.rest() or await phone.read()
    while data:
        await road.sleep(fates.delay_s(road.network))
        await server.write(data)
        data = await phone.read()
