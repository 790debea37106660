"""Subscriptions tell what changed to whoever may see it, from a moment on that they name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from homeport_sync.scope import member_id
from tests.edge.gallery import change, gid, hang, id_of, invite, make_gallery, push
from tests.edge.world import DEVICE, World, receive, send, served, socket

FIELDS = "{ operation nodeId recordId scopeId position record { __typename id ... on Picture { title } } }"
PICTURES = "subscription ($scope: ID) { pictureChanged(scope: $scope) { operation recordId record { title } } }"
ALL = f"subscription ($scope: ID, $kinds: [RecordKind!]) {{ changed(scope: $scope, kinds: $kinds) {FIELDS} }}"
REFETCH = ("REFETCH", None, None)


class Screen:
    """What a client is told by one subscription."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def event(self) -> Any:  # noqa: ANN401
        told = await receive(self._connection)
        assert told["type"] == "next", told
        (event,) = told["payload"]["data"].values()
        return event

    async def told(self) -> tuple[str, str | None, str | None]:
        """Operation, id and title."""
        event = await self.event()
        return event["operation"], event["recordId"], (event["record"] or {}).get("title")

    async def is_quiet(self) -> bool:
        """Whether nothing came before the answer to a ping that is sent now."""
        await send(self._connection, type="ping")
        return bool(await receive(self._connection) == {"type": "pong"})


@asynccontextmanager
async def watching(
    url: str, world: World, query: str = PICTURES, user: str = "ana", **variables: object
) -> AsyncIterator[Screen]:
    """A screen that has been told to fetch."""
    async with socket(url, world.token(user)) as connection:
        await receive(connection)
        await send(connection, type="subscribe", id="1", payload={"query": query, "variables": variables})
        screen = Screen(connection)
        assert (await screen.event())["operation"] == "REFETCH"
        yield screen


@pytest.fixture
async def world() -> World:
    return await make_gallery()


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    async with served(world) as url:
        yield url


async def test_a_record_is_told_of_when_it_comes_changes_goes_and_comes_back(world: World, url: str) -> None:
    async with watching(url, world) as screen:
        await hang(world, "Picture", 2, scope=1, title="Rain")
        assert await screen.told() == ("CREATED", id_of(2), "Rain")
        await push(world, change(world, "Picture", 2, op="update", scope=1, fields={"title": "Snow"}))
        assert await screen.told() == ("UPDATED", id_of(2), "Snow")
        await push(world, change(world, "Picture", 2, op="delete", scope=1))
        assert await screen.told() == ("DELETED", id_of(2), None)
        await push(world, change(world, "Picture", 2, op="restore", scope=1, fields={"title": "Thaw"}))
        assert await screen.told() == ("RESTORED", id_of(2), "Thaw")


async def test_an_event_names_its_record_in_every_way(world: World, url: str) -> None:
    async with watching(url, world, ALL) as screen:
        await hang(world, "Picture", 2, scope=1, title="Rain")
        assert await screen.event() == {
            "operation": "CREATED",
            "nodeId": gid("Picture", 2),
            "recordId": id_of(2),
            "scopeId": id_of(1),
            "position": 2,
            "record": {"__typename": "Picture", "id": gid("Picture", 2), "title": "Rain"},
        }


async def test_nobody_is_told_of_what_is_another_s_and_who_is_let_in_is_told_to_fetch(world: World, url: str) -> None:
    async with watching(url, world, user="eve") as eve:
        await hang(world, "Picture", 2, scope=1, title="Rain")
        await hang(world, "Room", 3, user="eve", title="Cellar")
        assert await eve.is_quiet()
        await invite(world, 1, "eve")
        assert await eve.told() == REFETCH
        await hang(world, "Picture", 4, scope=1, title="Snow")
        assert await eve.told() == ("CREATED", id_of(4), "Snow")
        member = {"op": "update", "kind": "Member", "id": member_id(id_of(1), "eve"), "scope": id_of(1)}
        await push(world, world.change(DEVICE, **member, fields={"user": "eve", "role": None}))
        assert await eve.told() == REFETCH
        await hang(world, "Picture", 5, scope=1, title="Fog")
        assert await eve.is_quiet()


async def test_who_asks_for_a_scope_or_a_kind_is_told_of_nothing_else(world: World, url: str) -> None:
    await hang(world, "Room", 3, title="Cellar")
    async with (
        watching(url, world, scope=gid("Room", 3)) as cellar,
        watching(url, world, ALL, kinds=["Room", "Member"]) as rooms,
        watching(url, world, ALL, scope=id_of(1), kinds=None) as hall,
    ):
        await hang(world, "Picture", 4, scope=1, title="Rain")
        await hang(world, "Picture", 5, scope=3, title="Snow")
        await push(world, change(world, "Room", 1, op="update", fields={"title": "Lobby"}))
        assert await cellar.told() == ("CREATED", id_of(5), "Snow")
        assert (await rooms.event())["record"]["__typename"] == "Room"
        assert [(await hall.event())["recordId"] for _ in range(2)] == [id_of(4), id_of(1)]
        assert await cellar.is_quiet()


async def test_a_record_that_moves_leaves_one_scope_and_comes_into_the_other(world: World, url: str) -> None:
    await hang(world, "Room", 3, title="Cellar")
    await hang(world, "Picture", 4, scope=1, title="Rain")
    async with (
        watching(url, world, scope=id_of(1)) as hall,
        watching(url, world, scope=id_of(3)) as cellar,
        watching(url, world) as everywhere,
    ):
        await push(world, change(world, "Picture", 4, op="move", scope=1, into=id_of(3)))
        assert await hall.told() == ("MOVED_OUT", id_of(4), None)
        assert await cellar.told() == ("MOVED_IN", id_of(4), "Rain")
        assert await everywhere.told() == ("MOVED_IN", id_of(4), "Rain")


async def test_one_who_goes_listens_no_more(world: World, url: str) -> None:
    async with socket(url, world.token()) as connection:
        await receive(connection)
        await send(connection, type="subscribe", id="1", payload={"query": PICTURES})
        screen = Screen(connection)
        assert await screen.told() == REFETCH
        assert await listeners(world) == 1
        await send(connection, type="complete", id="1")
        assert await screen.is_quiet()
        assert await listeners(world) == 0
        await hang(world, "Picture", 2, scope=1, title="Rain")
        assert await screen.is_quiet()


async def listeners(world: World) -> float:
    async with world.client() as client:
        lines = (await client.get("/metrics")).text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("homeport_listeners "))


@pytest.mark.parametrize("scope", ["x", "half of an emoji: \ud83d"])
async def test_a_scope_that_is_no_id_ends_the_subscription_with_its_code(world: World, url: str, scope: str) -> None:
    async with socket(url, world.token()) as connection:
        await receive(connection)
        await send(connection, type="subscribe", id="1", payload={"query": PICTURES, "variables": {"scope": scope}})
        told = await receive(connection)
        error = (told["payload"] if told["type"] == "error" else told["payload"]["errors"])[0]
        assert error["extensions"]["code"] == "MALFORMED"


async def test_a_store_that_fails_ends_the_subscription_with_its_code(world: World, url: str) -> None:
    async with socket(url, world.token()) as connection:
        await receive(connection)
        tenant = world.store._logs.pop(world.tenant)
        await send(connection, type="subscribe", id="1", payload={"query": PICTURES})
        told = await receive(connection)
        error = (told["payload"] if told["type"] == "error" else told["payload"]["errors"])[0]
        assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("UNAVAILABLE", True)
        world.store._logs[world.tenant] = tenant
