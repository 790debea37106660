"""A full server answers at once: over HTTP before it reads the body, on a socket before it lets anybody in."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from homeport_client import HttpTransport, ServerError
from homeport_server.app import GRAPHQL_PATH
from homeport_sync.wire import POKE, PULL, PUSH, PullMessage
from tests.edge.world import DEVICE, SETTINGS, World, ask, listening, make_world, poke, receive, send, served, socket

SMALL = replace(SETTINGS, requests_in_hand_max=2, tenant_requests_in_hand_max=1, handshakes_in_hand_max=1)
ROOMY = replace(SMALL, tenant_requests_in_hand_max=2)


@asynccontextmanager
async def busy(world: World, count: int) -> AsyncIterator[None]:
    """That many pushes under way while it lasts, all answered at its end: somebody else holds the tenant's head."""
    devices = (f"00000000-0000-4000-8000-{index:012x}" for index in range(1, count + 1))
    async with world.store.transaction(world.tenant):
        pushes = [asyncio.create_task(world.push(world.new_list(each), device=each)) for each in devices]
        for _ in range(100):  # as far as they can get
            await asyncio.sleep(0)
        yield
    for push in await asyncio.gather(*pushes):
        assert push["outcomes"][0]["outcome"] == "applied"


async def test_a_full_server_tells_when_to_come_again() -> None:
    world = await make_world(ROOMY)
    async with busy(world, 2), world.client() as client:
        answer = await ask(client, PULL, device=DEVICE)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        (error,) = answer.json()["errors"]
        assert "data" not in answer.json()
        told = error["extensions"]
        assert (told["code"], told["retryable"]) == ("OVERLOADED", True)
        assert 1 <= told["retryAfterMs"] <= 1_000
        assert told["requestId"] == answer.headers["x-request-id"]
    async with world.client() as client:
        assert (await ask(client, PULL, device=DEVICE)).status_code == 200


async def test_a_tenant_that_has_its_share_leaves_room_for_another() -> None:
    world = await make_world(SMALL)
    other = await world.store.create("other", id="0ther", epoch="e1", now_ms=0)
    token = world.tokens.issue(user="ana", tenant=other.id, ttl_s=60)
    async with busy(world, 1), world.client() as client:
        assert (await ask(client, PULL, device=DEVICE)).status_code == 503
        client.headers["authorization"] = f"Bearer {token}"
        assert (await ask(client, PULL, device=DEVICE)).status_code == 200


async def test_who_has_no_token_is_told_so_and_not_to_wait() -> None:
    world = await make_world(ROOMY)
    async with busy(world, 2), world.client() as client:
        del client.headers["authorization"]
        assert (await ask(client, PULL, device=DEVICE)).status_code == 401


async def test_a_refused_body_is_never_read() -> None:
    world = await make_world(ROOMY)
    sent: list[dict[str, object]] = []

    async def read() -> dict[str, object]:
        raise AssertionError("the body was read")

    async def answer(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    headers = [
        (b"content-type", b"application/json"),
        (b"authorization", f"Bearer {world.token()}".encode()),
    ]
    scope = {"type": "http", "method": "POST", "path": GRAPHQL_PATH, "headers": headers}
    async with busy(world, 2):
        await world.built.asgi(scope, read, answer)
    assert sent[0]["status"] == 503


async def test_the_connection_goes_on_after_a_refused_request_with_a_long_body() -> None:
    world = await make_world(ROOMY)
    body = json.dumps({"query": PUSH, "variables": {"device": DEVICE, "changes": ["x" * 900_000]}}).encode()
    head = (
        f"POST {GRAPHQL_PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {world.token()}\r\ncontent-length: "
    )
    async with served(world) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        async with busy(world, 2):
            for _ in range(3):
                writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
                assert await status_of(reader) == 503
        small = json.dumps({"query": PULL, "variables": {"device": DEVICE}}).encode()
        writer.write(f"{head}{len(small)}\r\n\r\n".encode() + small)
        assert await status_of(reader) == 200
        writer.close()


async def status_of(reader: asyncio.StreamReader) -> int:
    """The status of the next answer, read to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = re.search(r"content-length: (\d+)", head)
    assert length is not None
    await reader.readexactly(int(length[1]))
    return int(head.split()[1])


async def test_our_own_transport_understands_the_refusal() -> None:
    world = await make_world(ROOMY)
    async with served(world) as url:
        transport = HttpTransport(url.removesuffix(GRAPHQL_PATH).replace("ws:", "http:"), world.token())
        async with busy(world, 2):
            with pytest.raises(ServerError) as told:
                await transport.pull(PullMessage(device=DEVICE))
        assert told.value.code == "OVERLOADED"
        assert told.value.retry_after_ms is not None
        await transport.pull(PullMessage(device=DEVICE))
        await transport.close()


async def test_too_many_sockets_that_open_at_once_are_told_when_to_come_again() -> None:
    world = await make_world(SMALL)
    async with served(world) as url, socket(url, world.token()) as first:
        assert (await receive(first))["type"] == "connection_ack"
        async with socket(url, world.token()) as second:
            with pytest.raises(ConnectionClosed) as closed:
                await receive(second)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        assert re.search(r"^OVERLOADED: .* retryAfterMs=\d+$", closed.value.rcvd.reason)
        transport = HttpTransport(url.removesuffix(GRAPHQL_PATH).replace("ws:", "http:"), world.token())
        with pytest.raises(ServerError) as told:
            async with transport.pokes(DEVICE):
                pass
        assert told.value.retry_after_ms is not None
        await send(first, type="subscribe", id="1", payload={"query": POKE})
        assert (await receive(first))["type"] == "next"
        async with transport.pokes(DEVICE) as pokes:
            await anext(pokes)
        await transport.close()


async def test_a_socket_that_leaves_while_it_opens_gives_its_place_back() -> None:
    world = await make_world(SMALL)
    async with served(world) as url:
        for _ in range(5):
            async with socket(url, world.token()) as opening:
                assert (await receive(opening))["type"] == "connection_ack"


async def test_an_operation_in_a_socket_is_told_to_wait_too_and_the_socket_stays() -> None:
    world = await make_world(ROOMY)
    async with served(world) as url, listening(url, world.token(), POKE) as ana:
        pull = {"query": PULL, "variables": {"device": DEVICE}}
        async with busy(world, 2):
            await send(ana, type="subscribe", id="2", payload=pull)
            refused = await receive(ana)
            await send(ana, type="subscribe", id="3", payload={"query": POKE})
            assert await receive(ana) == poke("3")
        assert (refused["id"], refused["type"]) == ("2", "error")
        told = refused["payload"][0]["extensions"]
        assert (told["code"], told["retryable"]) == ("OVERLOADED", True)
        assert 1 <= told["retryAfterMs"] <= 1_000
        await send(ana, type="subscribe", id="2", payload=pull)
        while await receive(ana) != {"id": "2", "type": "complete"}:
            pass


async def test_operations_in_sockets_fill_the_same_room_and_leave_it_when_they_are_answered_or_given_up() -> None:
    world = await make_world(SMALL)
    async with served(world) as url, listening(url, world.token(), POKE) as ana, world.client() as client:
        for end in ("answered", "given up"):
            async with world.store.transaction(world.tenant):
                variables = {"device": DEVICE, "changes": [world.new_list(DEVICE)]}
                await send(ana, type="subscribe", id="2", payload={"query": PUSH, "variables": variables})
                await until_pong(ana)
                assert (await ask(client, PULL, device=DEVICE)).status_code == 503
                if end == "given up":
                    await send(ana, type="complete", id="2")
                    await until_pong(ana)
                    assert (await ask(client, PULL, device=DEVICE)).status_code == 200
            if end == "answered":
                while (await receive(ana))["type"] != "complete":
                    pass
                assert (await ask(client, PULL, device=DEVICE)).status_code == 200


async def test_a_subscription_that_only_waits_takes_nobodys_room() -> None:
    world = await make_world(SMALL)
    other = "subscription Other { poke }"
    async with served(world) as url, listening(url, world.token(), other), world.client() as client:
        assert (await ask(client, PULL, device=DEVICE)).status_code == 200


async def until_pong(connection: ClientConnection) -> None:
    """Until the server has taken what was sent before."""
    await send(connection, type="ping")
    while (await receive(connection))["type"] != "pong":
        pass


async def test_a_refusal_over_http_is_held_until_the_process_drains() -> None:
    world = await make_world(replace(ROOMY, told_hold_ms=3_600_000))
    async with busy(world, 2), world.client() as client:
        refused = asyncio.create_task(ask(client, PULL, device=DEVICE))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not refused.done()
        world.built.health.drain()
        assert (await refused).status_code == 503
