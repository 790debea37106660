"""What can happen to a request, one function each; `networks.py` says what each of them means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from homeport_client.fleet.proxy.crossing import Crossing, Held
from homeport_client.fleet.proxy.pages import BAD_GATEWAY, PORTAL, TOO_LARGE
from homeport_client.fleet.proxy.peer import Peer


async def lose_request(crossing: Crossing) -> None:
    """Read and dropped; the client waits until it has had enough."""
    await crossing.phone.leave()


async def lose_answer(crossing: Crossing) -> None:
    """Served, and the answer dropped; the client waits until it has had enough."""
    await crossing.ask(await crossing.hold())
    await crossing.phone.leave()


async def cut_request(crossing: Crossing) -> None:
    """Half of the request reaches the server; then both connections are reset."""
    held = await crossing.hold()
    server = await crossing.connect()
    await server.cut(_half(server, held))
    crossing.phone.reset()


async def cut_answer(crossing: Crossing) -> None:
    """Served, and half of the answer reaches the client; then its connection is reset."""
    answer = await crossing.ask(await crossing.hold())
    await crossing.road.sleep(crossing.fate.back_s)
    await crossing.phone.cut(_half(crossing.phone, answer))


async def double(crossing: Crossing) -> None:
    """Served and answered; a copy comes later, and its answer is dropped."""
    held = await crossing.hold()
    crossing.send_later(held)
    await crossing.answer(await crossing.ask(held))


async def late(crossing: Crossing) -> None:
    """The client's connection ends at once; the request comes later, and its answer is dropped."""
    crossing.send_later(await crossing.hold())
    await crossing.phone.close()


async def slow(crossing: Crossing) -> None:
    """Served, and the answer drips in."""
    answer = await crossing.ask(await crossing.hold())
    drips, phone = crossing.road.limits.drips, crossing.phone
    said = b"".join(map(phone.spell, answer.events))
    step = -(-len(said) // drips)
    for start in range(0, len(said), step):
        await crossing.road.sleep(crossing.road.network.late_s / drips)
        await phone.write(said[start : start + step])


async def portal(crossing: Crossing) -> None:
    """The server hears nothing of it."""
    await crossing.refuse(PORTAL)


async def bad_gateway(crossing: Crossing) -> None:
    """The server hears nothing of it."""
    await crossing.refuse(BAD_GATEWAY)


async def too_large(crossing: Crossing) -> None:
    """The server hears nothing of it."""
    await crossing.refuse(TOO_LARGE)


def _half(peer: Peer, held: Held) -> bytes:
    """A message as far as the middle of its body, or of its head if it has no body."""
    head = peer.spell(held.head)
    if not held.body:
        return head[: len(head) // 2]
    return head + peer.spell(held.events[1])[: len(held.body) // 2]


HAPPEN: Mapping[str, Callable[[Crossing], Awaitable[None]]] = {
    each.__name__: each
    for each in (
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
