"""A body that arrives in pieces is counted while it does, and does not arrive for ever."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from homeport_server.app import GRAPHQL_PATH
from homeport_sync.wire import PULL
from tests.edge.world import DEVICE, SETTINGS, World, make_world, served

BODY = json.dumps({"query": PULL, "variables": {"device": DEVICE}}).encode()
FEW = replace(SETTINGS, bodies_arriving_max=4)  # two of them one tenant's


class Sender:
    """A client that sends a piece of its body when it is told to, and keeps what it is answered."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self._pieces: asyncio.Queue[dict[str, object]] = asyncio.Queue()

    def piece(self, body: bytes, *, more: bool) -> None:
        self._pieces.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def gone(self) -> None:
        self._pieces.put_nowait({"type": "http.disconnect"})

    async def post(self, world: World, token: str = "") -> None:
        token = token or world.token()
        headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {token}".encode())]
        scope = {"type": "http", "method": "POST", "path": GRAPHQL_PATH, "headers": headers}
        await world.built.asgi(scope, self._pieces.get, self._told)

    async def _told(self, message: Any) -> None:  # noqa: ANN401
        self.sent.append(message)

    @property
    def code(self) -> object:
        return json.loads(self.sent[1]["body"])["errors"][0]["extensions"]["code"]


@asynccontextmanager
async def arriving(world: World, count: int) -> AsyncIterator[list[Sender]]:
    """That many bodies of which a piece has come; whoever was not finished goes away at its end."""
    senders = [Sender() for _ in range(count)]
    async with asyncio.TaskGroup() as posts:
        for sender in senders:
            sender.piece(BODY[:10], more=True)
            posts.create_task(sender.post(world))
        for _ in range(20):  # as far as they can get
            await asyncio.sleep(0)
        yield senders
        for sender in senders:
            sender.gone()


async def test_a_tenant_with_its_share_of_bodies_that_arrive_is_told_to_wait_and_another_is_not() -> None:
    world = await make_world(FEW)
    other = await world.store.create("other", id="0ther", epoch="e1", now_ms=0)
    async with arriving(world, 2):
        late, stranger = Sender(), Sender()
        late.piece(BODY[:10], more=True)
        await late.post(world)
        assert (late.sent[0]["status"], late.code) == (503, "OVERLOADED")
        stranger.piece(BODY[:10], more=True)
        stranger.piece(BODY[10:], more=False)
        await stranger.post(world, world.tokens.issue(user="ana", tenant=other.id, ttl_s=60))
        assert stranger.sent[0]["status"] == 200


async def test_a_body_that_comes_whole_needs_no_room_among_those_that_arrive() -> None:
    world = await make_world(FEW)
    async with arriving(world, 2):
        whole = Sender()
        whole.piece(BODY, more=False)
        await whole.post(world)
        assert whole.sent[0]["status"] == 200


async def test_a_body_that_has_arrived_or_will_not_arrive_any_more_gives_its_place_back() -> None:
    world = await make_world(FEW)
    for _ in range(3):
        async with arriving(world, 2) as (first, _second):
            first.piece(BODY[10:], more=False)
        assert first.sent[0]["status"] == 200


async def test_a_body_that_takes_too_long_is_refused_and_its_connection_closed() -> None:
    world = await make_world(replace(FEW, body_s=0.001))
    head = (
        f"POST {GRAPHQL_PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {world.token()}\r\ncontent-length: {len(BODY)}\r\n\r\n"
    )
    async with served(world) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        writer.write(head.encode() + BODY[:10])
        async with asyncio.timeout(15):
            answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408")
    error = json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["extensions"]
    assert (error["code"], error["retryable"]) == ("BODY_TOO_SLOW", True)
