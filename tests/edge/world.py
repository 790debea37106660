"""A small world around the edge: one app, one tenant, a store in memory, a clock that stands until it is moved."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from homeport_notify.memory import MemoryNotifyStore
from homeport_server.app import GRAPHQL_PATH, Built, build_app, make_tokens
from homeport_server.notify.channels import Channels
from homeport_server.observe import make_log
from homeport_server.observe.tracing.port import Tracer
from homeport_server.process.serve import Server, listen
from homeport_server.secret import Secret
from homeport_server.settings import Settings
from homeport_server.tokens import Tokens
from homeport_sync import App
from homeport_sync.clock import make_stamp
from homeport_sync.memory import MemoryStore
from homeport_sync.scope import member_id
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import PUSH

START_MS = 1_700_000_000_000
SETTINGS = Settings(port=0, token_leeway_s=0, poke_poll_s=3_600)
DEVICE = "00000000-0000-4000-8000-00000000000a"

app = App("lists")


@app.kind(root=True)
class ShoppingList:
    title: str


class Clock:
    """Milliseconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


@dataclass(slots=True, kw_only=True)
class World:
    """Everything a test may touch. `tenant` is the id of the tenant "demo"."""

    store: MemoryStore
    signals: LocalSignals
    clock: Clock
    secret: Secret
    settings: Settings
    tokens: Tokens
    tenant: str
    out: io.BytesIO
    built: Built
    notify: MemoryNotifyStore
    numbers: dict[str, int] = field(default_factory=dict)

    def token(self, user: str = "ana", ttl_s: float = 3_600, may: Collection[str] = ()) -> str:
        return self.tokens.issue(user=user, tenant=self.tenant, ttl_s=ttl_s, may=may)

    async def lines(self) -> list[dict[str, Any]]:
        """What was logged so far; lines are written at the end of a turn of the loop."""
        await asyncio.sleep(0)
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def change(self, device: str, **given: object) -> dict[str, object]:
        """The device's next change."""
        number = self.numbers[device] = self.numbers.get(device, 0) + 1
        return {"number": number, "stamp": make_stamp(self.clock.now_ms, number, device), **given}

    def new_list(self, device: str, title: str = "Milk") -> dict[str, object]:
        id = str(uuid.uuid4())
        fields = {"title": title}
        return self.change(device, op="create", kind="ShoppingList", id=id, scope=id, fields=fields)

    def invitation(self, device: str, scope: object, user: str) -> dict[str, object]:
        id = member_id(str(scope), user)
        return self.change(
            device, op="create", kind="Member", id=id, scope=scope, fields={"user": user, "role": "editor"}
        )

    @asynccontextmanager
    async def client(self, user: str = "ana", may: Collection[str] = ()) -> AsyncIterator[httpx2.AsyncClient]:
        """HTTP straight into the application, as that user."""
        headers = {"authorization": f"Bearer {self.token(user, may=may)}"}
        transport = httpx2.ASGITransport(app=self.built.asgi)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            yield client

    async def push(self, *changes: Mapping[str, object], user: str = "ana", device: str = DEVICE) -> Any:  # noqa: ANN401
        """The PushAnswer of these changes."""
        async with self.client(user) as client:
            answer = await ask(client, PUSH, device=device, changes=list(changes))
            assert not answer.json()["data"]["push"]["errors"]
            return answer.json()["data"]["push"]


async def ask(client: httpx2.AsyncClient, query: str, **variables: object) -> httpx2.Response:
    """One GraphQL request."""
    return await client.post(GRAPHQL_PATH, json={"query": query, "variables": variables})


async def make_world(
    settings: Settings = SETTINGS,
    tracer: Tracer | None = None,
    channels: Channels | None = None,
    declared: App = app,
    store: MemoryStore | None = None,
) -> World:
    store, signals, clock, secret, out = (
        store or MemoryStore(),
        LocalSignals(),
        Clock(),
        Secret(b"s" * 32),
        io.BytesIO(),
    )
    notify = MemoryNotifyStore(clock)
    tenant = await store.create("demo", id=str(uuid.uuid4()), epoch="e1", now_ms=START_MS)
    built = build_app(
        settings,
        declared,
        store=store,
        signals=signals,
        secret=secret,
        log=make_log("debug", out),
        clock=clock,
        tracer=tracer,
        notify_store=notify,
        channels=channels,
    )
    return World(
        store=store,
        signals=signals,
        clock=clock,
        secret=secret,
        settings=settings,
        tokens=make_tokens(settings, secret, clock),
        tenant=tenant.id,
        out=out,
        built=built,
        notify=notify,
    )


@asynccontextmanager
async def served(world: World) -> AsyncIterator[str]:
    """The world's application in a real server on a free port; its WebSocket URL."""
    with listen(world.settings) as listening:
        server = Server(world.built, world.settings, make_log("error", world.out), listening)
        up = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.wait({up}, timeout=0.005)
        try:
            yield f"ws://127.0.0.1:{listening.getsockname()[1]}{GRAPHQL_PATH}"
        finally:
            server.stop()
            await up


@asynccontextmanager
async def socket(url: str, token: str | None) -> AsyncIterator[ClientConnection]:
    """An open socket that has sent its `connection_init`."""
    async with connect(url, subprotocols=["graphql-transport-ws"], compression=None) as connection:  # type: ignore[list-item]
        payload = {} if token is None else {"authorization": f"Bearer {token}"}
        await send(connection, type="connection_init", payload=payload)
        yield connection


@asynccontextmanager
async def listening(url: str, token: str, query: str, **variables: object) -> AsyncIterator[ClientConnection]:
    """A socket with one live poke subscription, whose first poke has come."""
    async with socket(url, token) as connection:
        assert await receive(connection) == {"type": "connection_ack"}
        await send(connection, type="subscribe", id="1", payload={"query": query, "variables": variables})
        assert await receive(connection) == poke("1")
        yield connection


async def send(connection: ClientConnection, **message: object) -> None:
    await connection.send(json.dumps(message))


async def receive(connection: ClientConnection) -> Any:  # noqa: ANN401
    """The next message, which must be a text frame."""
    async with asyncio.timeout(5):
        frame = await connection.recv()
    assert isinstance(frame, str)
    return json.loads(frame)


def poke(id: str) -> dict[str, object]:
    return {"id": id, "type": "next", "payload": {"data": {"poke": True}}}
