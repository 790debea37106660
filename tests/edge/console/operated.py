"""A development server with an operator in front of it: a browser that has opened the link, and phones that write."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx2

from homeport_server.edge.console.link import console_link
from homeport_server.pages.gate import ENTER_PATH
from homeport_server.tables import BESIDE
from homeport_sync import App, Write, field
from homeport_sync.entry import moment_of
from homeport_sync.memory import MemoryStore
from homeport_sync.sightings import Sighting
from homeport_sync.sql.sqlite.store import SqliteStore
from homeport_sync.wire import PULL
from tests.edge.world import SETTINGS, START_MS, World, ask, make_world

ORIGIN = "http://127.0.0.1:8123"
HERE = {"sec-fetch-site": "same-origin"}
ANA = "00000000-0000-4000-8000-00000000000a"
BEN = "00000000-0000-4000-8000-00000000000b"
HOME = "00000000-0000-7000-8000-000000000001"
MILK = "00000000-0000-7000-8000-000000000002"
NOTIFY = """mutation N($key: String!, $to: AudienceInput!, $message: MessageInput!, $at: String) {
  notify(key: $key, to: $to, message: $message, at: $at) { notification { id } } }"""
_tags = re.compile(r"<[^>]*>")

app = App("tasks")


@app.kind(root=True)
class TaskList:
    title: str


@app.kind(within=TaskList)
class Task:
    title: str
    done: bool = False
    votes: int = field(default=0, merge="counter")
    stock: int = field(default=0, merge="guarded")


@app.allow(Task)
def nothing_is_called_bad(write: Write) -> bool:
    """Nothing is called bad."""
    return write.after is None or write.after["title"] != "bad"


@dataclass(slots=True)
class Operator:
    """Looks at the console of the world's server. `at` is where the pages of its tenant begin."""

    world: World
    browser: httpx2.AsyncClient
    at: str = "/console/demo"

    async def page(self, path: str = "", status: int = 200, *, again: bool = False) -> str:
        """The HTML of a page of the tenant, or, asked `again`, of its region that changes."""
        answer = await self.browser.get(self.at + path, headers={"hx-request": "true"} if again else {})
        assert answer.status_code == status, answer.text
        return answer.text

    async def reads(self, path: str = "", status: int = 200) -> str:
        """What stands on it, without its mark-up."""
        return text_of(await self.page(path, status))

    async def sends(self, path: str, status: int = 303, *, form: Mapping[str, str] | None = None) -> str:
        """Send a form, and the page that it leads to, or that comes in its place."""
        answer = await self.browser.post(self.at + path, data=dict(form or {}), headers=HERE)
        assert answer.status_code == status, answer.text
        if status == 303:
            answer = await self.browser.get(answer.headers["location"])
        return text_of(answer.text)

    async def write(self, *changes: Mapping[str, object], user: str = "ana", device: str = ANA) -> Any:  # noqa: ANN401
        """What became of them, as the phone is told."""
        return (await self.world.push(*changes, user=user, device=device))["outcomes"]

    def new_list(self, device: str = ANA, id: str = HOME, title: str = "Home") -> Mapping[str, object]:
        return self.world.change(device, op="create", kind="TaskList", id=id, scope=id, fields={"title": title})

    def new_task(
        self, device: str = ANA, id: str = MILK, title: str = "Milk", **fields: object
    ) -> Mapping[str, object]:
        fields = {"title": title, **fields}
        return self.world.change(device, op="create", kind="Task", id=id, scope=HOME, fields=fields)

    def update(self, device: str = ANA, base: int = 0, id: str = MILK, **fields: object) -> Mapping[str, object]:
        return self.world.change(device, op="update", kind="Task", id=id, scope=HOME, base=base, fields=fields)

    async def pulled(self, user: str = "ana", device: str = ANA) -> Mapping[str, Mapping[str, object]]:
        """All fields that a device is given, by the id of their record."""
        async with self.world.client(user) as client:
            page = (await ask(client, PULL, device=device)).json()["data"]["pull"]
        return {each["id"]: each["fields"] for each in page["records"]}

    async def sighted(self, device: str, user: str = "ana", **heard: Any) -> None:  # noqa: ANN401
        """The server has kept what it heard of the device, as it does every two seconds."""
        now_ms = self.world.clock()
        sighting = Sighting(device=device, user=user, **{"pushed_at_ms": now_ms, **heard})
        await self.world.store.keep_sightings(self.world.tenant, [sighting], now_ms)

    async def notify(self, key: str = "one", title: str = "Hello", user: str = "ben") -> str:
        """The id of a notification that a colleague has asked for, in an hour."""
        at = moment_of(START_MS + 3_600_000).isoformat()
        async with self.world.client(may=["notify"]) as client:
            to, message = {"users": [user]}, {"title": title}
            answer = await ask(client, NOTIFY, key=key, to=to, message=message, at=at)
            return str(answer.json()["data"]["notify"]["notification"]["id"])


def text_of(page: str) -> str:
    """The words on a page, with one space between them."""
    return " ".join(html.unescape(_tags.sub(" ", page)).split())


def new_id() -> str:
    return str(uuid.uuid4())


@asynccontextmanager
async def operated(path: Path, *, production: bool = False) -> AsyncIterator[Operator]:
    """The server over SQLite, and an operator who has not opened the link yet."""
    store = await SqliteStore.open(path / "homeport.sqlite3", beside=BESIDE)
    try:
        settings = replace(SETTINGS, production=production)
        world = await make_world(settings, declared=app, store=cast(MemoryStore, store))
        transport = httpx2.ASGITransport(app=world.built.asgi)
        async with (
            world.built.routes.router.lifespan_context(world.built.routes),
            httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as browser,
        ):
            yield Operator(world, browser)
    finally:
        await store.close()


async def open_link(operator: Operator) -> httpx2.Response:
    """What the browser does with the link that `homeport console` prints."""
    link = console_link(operator.world.secret, "127.0.0.1", 8123, lambda: operator.world.clock() / 1_000)
    address, _, key = link.partition("#key=")
    form = {"key": key, "back": parse_qs(urlsplit(address).query)["to"][0]}
    return await operator.browser.post(ENTER_PATH, data=form, headers=HERE)
