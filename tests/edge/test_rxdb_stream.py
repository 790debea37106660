"""What RxDB's stream is told: its own word RESYNC, and no document, by who may see what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.edge.gallery import app, hang
from tests.edge.world import SETTINGS, World, make_world, receive, send, served

# As rxdb's own builder writes it; the name of the operation is the same for every collection.
STREAM = """subscription onStream($headers: PictureInputHeaders) {
  streamPicture(headers: $headers) {
      documents {
        id
        deleted
      }
      checkpoint {
        cursor
      }
  }}"""
RESYNC = {"id": "1", "type": "next", "payload": {"data": {"streamPicture": "RESYNC"}}}


@asynccontextmanager
async def streaming(
    url: str, payload: object, query: str = STREAM, **variables: object
) -> AsyncIterator[ClientConnection]:
    """A socket with that subscription."""
    async with connect(url, subprotocols=["graphql-transport-ws"]) as connection:  # type: ignore[list-item]
        await send(connection, type="connection_init", payload=payload)
        assert await receive(connection) == {"type": "connection_ack"}
        await send(connection, type="subscribe", id="1", payload={"query": query, "variables": variables})
        yield connection


async def quiet(connection: Any) -> bool:  # noqa: ANN401
    await send(connection, type="ping")
    return bool(await receive(connection) == {"type": "pong"})


def headers(world: World, user: str = "ana") -> dict[str, object]:
    """As the plugin sends them with `includeWsHeaders`."""
    return {"headers": {"Authorization": f"Bearer {world.token(user)}", "x-other": "1"}}


@pytest.mark.promise("I8")
async def test_whoever_may_see_what_changed_is_told_to_pull_and_nobody_else() -> None:
    world = await make_world(declared=app)
    async with served(world) as url:
        given = headers(world)
        async with streaming(url, given, headers=given["headers"]) as ana, streaming(url, headers(world, "bo")) as bo:
            assert await receive(ana) == RESYNC
            assert await receive(bo) == RESYNC
            await hang(world, "Room", 1, title="Hall")
            assert await receive(ana) == RESYNC
            assert await quiet(bo)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("subscription { s: streamRoom { checkpoint { cursor } } }", "s"),
        ("subscription { streamMember(headers: null) { documents { role } } }", "streamMember"),
    ],
)
async def test_a_stream_may_be_named_otherwise_and_needs_no_headers(query: str, name: str) -> None:
    world = await make_world(declared=app)
    async with served(world) as url, streaming(url, headers(world), query) as ana:
        assert (await receive(ana))["payload"] == {"data": {name: "RESYNC"}}


async def test_what_only_the_executor_understands_is_answered_as_the_schema_says() -> None:
    world = await make_world(declared=app)
    query = (
        "subscription { ...all } fragment all on Subscription { streamRoom { documents { id } checkpoint { cursor } } }"
    )
    async with served(world) as url, streaming(url, headers(world), query) as ana:
        assert (await receive(ana))["payload"] == {"data": {"streamRoom": {"documents": [], "checkpoint": None}}}


@pytest.mark.parametrize(
    "query",
    [
        "subscription { streamRoom { documents { id title { no } } } }",
        "subscription { streamRoom { documents { nothing } } }",
        "subscription { streamRoom }",
    ],
)
async def test_a_stream_that_is_not_valid_is_refused_as_any_other(query: str) -> None:
    world = await make_world(declared=app)
    async with served(world) as url, streaming(url, headers(world), query) as ana:
        told = await receive(ana)
        assert told["type"] == "error"
        assert told["payload"][0]["extensions"]["code"] == "GRAPHQL_INVALID"


async def test_a_stream_ends_with_its_token_by_a_code_after_which_rxdb_comes_again() -> None:
    world = await make_world(replace(SETTINGS, token_leeway_s=0), declared=app)
    async with served(world) as url, streaming(url, headers(world)) as ana:
        assert await receive(ana) == RESYNC
        world.clock.now_ms += 3_700_000
        await send(ana, type="ping")
        await ana.wait_closed()
        assert ana.close_code == 4403


async def test_without_the_setting_there_is_nothing_of_it() -> None:
    world = await make_world(replace(SETTINGS, rxdb="off"), declared=app)
    async with world.client() as client:
        text = (await client.get("/api/v1/schema.graphql")).text
    assert "picture(" in text
    assert "streamPicture" not in text
    assert "PictureDocument" not in text
