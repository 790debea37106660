"""An app with a field of every shape, and a world in which some of its records are: what the typed schema shows."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime
from random import Random
from typing import Any, Literal
from uuid import UUID

from homeport_server.edge.typed.global_id import global_id
from homeport_sync import App, Rank, field
from homeport_sync.catalog import Kind
from homeport_sync.change import Record
from homeport_sync.clock import uuid7
from homeport_sync.memory import MemoryStore
from homeport_sync.query import Found, Query
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


class Counted(MemoryStore):
    """A store that tells how often it was asked, and for how much: each is a statement in a database."""

    def __init__(self) -> None:
        super().__init__()
        self.statements: list[tuple[str, int]] = []

    async def query(self, tenant: str, user: str, kind: Kind, asked: Query) -> Found:
        self.statements.append(("query", asked.limit))
        return await super().query(tenant, user, kind, asked)

    async def query_within(
        self, tenant: str, user: str, kind: Kind, asked: Query, scopes: Collection[str]
    ) -> Mapping[str, Found]:
        self.statements.append(("within", len(scopes)))
        return await super().query_within(tenant, user, kind, asked, scopes)

    async def seen(self, tenant: str, user: str, ids: Collection[str]) -> Mapping[str, Record]:
        self.statements.append(("seen", len(ids)))
        return await super().seen(tenant, user, ids)


async def make_gallery(store: MemoryStore | None = None) -> World:
    """One room of ana, without pictures."""
    world = await make_world(declared=app, store=store)
    await hang(world, "Room", 1, title="Hall")
    return world


async def hang(
    world: World, kind: str, number: int, *, scope: int | None = None, user: str = "ana", **fields: object
) -> None:
    """The user makes a record; a root unless a scope is given."""
    await push(world, change(world, kind, number, scope=scope, user=user, fields=fields), user=user)


def change(
    world: World,
    kind: str,
    number: int,
    *,
    op: str = "create",
    scope: int | None = None,
    user: str = "ana",
    **more: object,
) -> dict[str, object]:
    """The user's next change of that record."""
    root = number if scope is None else scope
    return world.change(device_of(user), op=op, kind=kind, id=id_of(number), scope=id_of(root), **more)


async def push(world: World, *changes: Mapping[str, object], user: str = "ana") -> None:
    told = await world.push(*changes, user=user, device=device_of(user))
    assert {each["outcome"] for each in told["outcomes"]} == {"applied"}, told


async def invite(world: World, scope: int, user: str) -> None:
    """Ana lets the user into her room."""
    await push(world, world.invitation(DEVICE, id_of(scope), user))


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
