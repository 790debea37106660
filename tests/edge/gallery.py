"""An app with a field of every shape, and a world in which some of its records are: what the typed schema shows."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from random import Random
from typing import Any, Literal
from uuid import UUID

from homeport_server.edge.typed.global_id import global_id
from homeport_sync import App, Rank, field
from homeport_sync.clock import uuid7
from tests.edge.world import DEVICE, START_MS, World, ask, make_world

app = App("gallery")


@app.kind(root=True)
class Room:
    title: str = field(indexed=True)


@app.kind(root=True)
class Shop:
    name: str = field(indexed=True)


@app.kind(within=Room)
class Picture:
    title: str = field(indexed=True)
    state: Literal["on show", "lent", "true"] | None = field(default=None, indexed=True)
    size: Literal["small", "big"] = field(default="small", indexed=True)
    width_mm: int = field(default=0, indexed=True)
    price: float | None = field(default=None, indexed=True)
    sold: bool = field(default=False, indexed=True)
    painted_at: datetime | None = field(default=None, indexed=True)
    shown_on: date | None = field(default=None, indexed=True)
    mark: UUID | None = field(default=None, indexed=True)
    tags: set[str] = field(max_length=40)
    place: Rank
    notes: str = ""
    copy_of_id: UUID | None = field(default=None, refers_to="Picture")


def id_of(number: int) -> str:
    """The id that a test gives its record of that number."""
    return uuid7(START_MS + number, Random(number))


def gid(kind: str, number: int) -> str:
    return global_id(kind, id_of(number))


async def make_gallery() -> World:
    """One room of ana, without pictures."""
    world = await make_world(declared=app)
    await hang(world, "Room", 1, title="Hall")
    return world


async def hang(
    world: World, kind: str, number: int, *, scope: int | None = None, user: str = "ana", **fields: object
) -> None:
    """The user makes a record; a root unless a scope is given."""
    change = world.change(
        device_of(user),
        op="create",
        kind=kind,
        id=id_of(number),
        scope=id_of(number if scope is None else scope),
        fields=fields,
    )
    await push(world, change, user=user)


async def push(world: World, change: dict[str, object], user: str = "ana") -> None:
    answer = await world.push(change, user=user, device=device_of(user))
    assert [each["outcome"] for each in answer["outcomes"]] == ["applied"], answer


def device_of(user: str) -> str:
    return DEVICE if user == "ana" else str(uuid.uuid5(uuid.UUID(DEVICE), user))


async def answer(world: World, query: str, user: str = "ana", **variables: object) -> Any:  # noqa: ANN401
    """The whole answer."""
    async with world.client(user) as client:
        return (await ask(client, query, **variables)).json()


async def data(world: World, query: str, user: str = "ana", **variables: object) -> Any:  # noqa: ANN401
    """The data of an answer without errors."""
    told = await answer(world, query, user, **variables)
    assert "errors" not in told, told
    return told["data"]


async def refused(world: World, query: str, user: str = "ana", **variables: object) -> tuple[str, str]:
    """Code and message of an answer's one error."""
    told = await answer(world, query, user, **variables)
    (error,) = told["errors"]
    return error["extensions"]["code"], error["message"]
