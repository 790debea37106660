"""A table whose server does not run: two real phones in airplane mode, and the page over them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from homeport_server.pages.gate import ENTER_PATH
from homeport_server.phones.glass import Owner
from homeport_server.phones.handheld import Handheld
from homeport_server.phones.happenings import Happenings
from homeport_server.phones.kept import Kept
from homeport_server.phones.machine import Machine
from homeport_server.phones.page import PhonesPage
from homeport_server.phones.sights import PhoneSight, RowSight
from homeport_server.phones.table import USERS, Table
from homeport_server.phones.touch import Touch
from homeport_sync import load_app

APP = Path("examples/tasks/app.py")
ORIGIN = "http://127.0.0.1:8123"
HERE = {"sec-fetch-site": "same-origin"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """Somebody before the page, who has opened the link."""

    table: Unserved
    page: PhonesPage
    browser: httpx2.AsyncClient

    async def post(self, path: str, **form: str) -> httpx2.Response:
        return await self.browser.post(path, data=form, headers=HERE)

    async def does(self, deed: str, **form: str) -> PhoneSight:
        """The first phone, once this was done on it."""
        answer = await self.post(f"/phones/a/{deed}", **form)
        sight = await self.table.look_at("a")
        assert (answer.status_code, "hx-trigger" in answer.headers) == (204, False), sight.said
        return sight

    async def refuses(self, deed: str, **form: str) -> str:
        """What the first phone says, once this was not done on it."""
        answer = await self.post(f"/phones/a/{deed}", **form)
        assert (answer.status_code, answer.headers.get("hx-trigger")) == (204, "refused")
        return (await self.table.look_at("a")).said

    async def shows(self, path: str = "/phones/a/screen") -> str:
        answer = await self.browser.get(path)
        assert answer.status_code == 200
        return answer.text

    async def row(self, place: int = 0) -> RowSight:
        return (await self.table.look_at("a")).sections[0].rows[place]


class Unserved(Table):
    """Its server cannot be started."""

    async def start_server(self) -> bool:
        return False


@asynccontextmanager
async def sitting(directory: Path, app_path: Path = APP) -> AsyncIterator[Sitting]:
    app, happenings = load_app(app_path), Happenings()
    machine = Machine(
        app_path, directory, app.catalog, happenings, Kept(), settings={}, names=lambda entry: (entry.user, "")
    )
    table = Unserved(app, app_path, happenings, machine)
    for key, user in USERS.items():
        owner = Owner(
            key=key, name=user.title(), user=user, token="-", server_url=machine.server.url, target=f"p-{key}"
        )
        phone = Handheld(app, owner, happenings)
        table.phones[key], table.touch[key] = phone, Touch(phone)
        await phone.airplane(True)
        await phone.start()
    page = PhonesPage(table)
    transport = httpx2.ASGITransport(app=page.asgi)
    try:
        async with page.open(), httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as browser:
            key = page.link(ORIGIN).partition("#key=")[2].partition("&")[0]
            entered = await browser.post(ENTER_PATH, data={"key": key, "back": "/"}, headers=HERE)
            assert entered.status_code == 303
            yield Sitting(table=table, page=page, browser=browser)
    finally:
        for phone in table.phones.values():
            await phone.close()
