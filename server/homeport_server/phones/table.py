"""The table: two phones, the server between them, a provider of notifications and a crowd, all real and all at once.

    async with Table.open(Path("examples/tasks/app.py"), directory) as table:
        await table.phones["a"].airplane(True)
        await table.touch["a"].toggle(row, "done")
        sight = await table.look()

The phones, their networks and the provider live on this event loop; the server and the crowd are processes of their
own, and end with us, however we end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Self

from homeport_client import DeviceError
from homeport_client.fleet.beside import beside
from homeport_client.fleet.live.process import ProcessFailed
from homeport_server.phones.crowd import USER, Crowd
from homeport_server.phones.glass import Owner
from homeport_server.phones.handheld import Handheld
from homeport_server.phones.happenings import Happenings
from homeport_server.phones.kept import Kept
from homeport_server.phones.looking import look
from homeport_server.phones.machine import Machine
from homeport_server.phones.nets import networks
from homeport_server.phones.pushed import Provider
from homeport_server.phones.seeding import beginning_of, seed
from homeport_server.phones.sights import CrowdSight, PhoneSight, ServerSight, TableSight
from homeport_server.phones.touch import Touch
from homeport_sync import App
from homeport_sync.load import load_app
from homeport_sync.ports import LogEntry

TENANT: Final = "two-phones"
USERS: Final[Mapping[str, str]] = {"a": "ana", "b": "ben"}
FIRST_SYNC_S: Final = 10.0


class Table:
    """See the module. Open one with `Table.open`."""

    def __init__(self, app: App, app_path: Path, happenings: Happenings, machine: Machine) -> None:
        self.app = app
        self.happenings = happenings
        self.phones: dict[str, Handheld] = {}
        self.touch: dict[str, Touch] = {}
        self._machine = machine
        self._shared = ""
        server = machine.server
        self._crowd = Crowd(app_path, server.url, USERS["a"], machine.tokens, happenings)

    @classmethod
    @asynccontextmanager
    async def open(cls, app_path: Path, directory: Path, *, throws_away: bool = False) -> AsyncIterator[Self]:
        """A table that is laid: the server runs on a database in the directory, and both phones show a list that they
        share. It `throws_away` the directory at the end if it is told to, even if that is a SIGKILL.

        Raises `ProcessFailed` if the server does not start, and `BadDeclaration` for what is no app.
        """
        app, happenings = load_app(app_path), Happenings()
        async with AsyncExitStack() as stack:
            kept = stack.enter_context(Kept())
            if throws_away:
                kept.throw_away(directory)
            provider = await stack.enter_async_context(Provider(directory, happenings))
            names = _Names()
            machine = Machine(
                app_path, directory, app.catalog, happenings, kept, settings=provider.settings, names=names
            )
            stack.push_async_callback(machine.kill)
            table = cls(app, app_path, happenings, machine)
            names.phones = table.phones
            stack.push_async_callback(table._crowd.call_home)
            await table._lay(provider, stack)
            await stack.enter_async_context(beside(machine.watch()))
            yield table

    @property
    def server(self) -> ServerSight:
        """How the server stands."""
        return self._machine.sight

    @property
    def crowd(self) -> CrowdSight:
        """How the crowd stands."""
        return self._crowd.sight

    @property
    def crowd_pid(self) -> int | None:
        """The crowd's process, while there is one."""
        return self._crowd.pid

    async def look(self) -> TableSight:
        """Everything, as a page is first drawn."""
        return TableSight(
            app=self.app.catalog.app,
            phones=tuple([await look(each) for each in self.phones.values()]),
            server=self.server,
            crowd=self.crowd,
            networks=networks(),
        )

    async def look_at(self, key: str) -> PhoneSight:
        """One phone. Raises `KeyError` for none."""
        return await look(self.phones[key])

    async def kill_server(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        await self._machine.kill()

    async def start_server(self) -> bool:
        """A new process on the same data, ready when this returns; if it is not, `server` says why."""
        return await self._machine.start()

    async def let_loose(self, devices: int) -> None:
        """Lets so many devices loose in the list that phone "a" has open, or else in the first one that both share."""
        await self._crowd.let_loose(devices, self.phones["a"].glass.open_list or self._shared)

    async def call_home(self) -> None:
        """None of them is left when this returns."""
        await self._crowd.call_home()

    async def _lay(self, provider: Provider, stack: AsyncExitStack) -> None:
        machine = self._machine
        await machine.make_tenant(TENANT)
        tokens, runs = await asyncio.gather(machine.tokens(list(USERS.values())), machine.start())
        if not runs:
            raise ProcessFailed(machine.sight.words)
        for key, user in USERS.items():
            owner = Owner(
                key=key,
                name=user.capitalize(),
                user=user,
                token=tokens[user],
                server_url=machine.server.url,
                target=provider.target(),
            )
            phone = Handheld(self.app, owner, self.happenings)
            stack.push_async_callback(phone.close)
            self.phones[key], self.touch[key] = phone, Touch(phone)
            await phone.start()
            provider.reach(owner.target, phone)
        await self._seed()

    async def _seed(self) -> None:
        a, b = self.phones["a"], self.phones["b"]
        beginning = beginning_of(self.app)
        if beginning is None or a.device is None or b.device is None:
            return
        self._shared = scope = await seed(a.device, beginning, b.owner.user)
        with suppress(DeviceError, TimeoutError):  # then it comes when it comes
            async with asyncio.timeout(FIRST_SYNC_S):
                await a.device.sync()
                await b.device.sync()
        for phone in (a, b):
            phone.glass.open_list = scope
            phone.changed()


class _Names:
    """Who wrote an entry of the log, and on which device. A device may have another id than it had before."""

    def __init__(self) -> None:
        self.phones: Mapping[str, Handheld] = {}
        self._known: dict[str, str] = {}

    def __call__(self, entry: LogEntry) -> tuple[str, str]:
        self._known.update({each.device.id: each.owner.name for each in self.phones.values() if each.device})
        if name := self._known.get(entry.device):
            return name, f"{name}’s phone"
        if entry.user.startswith(USER):
            return "The crowd", f"phone {entry.user.removeprefix(USER)}"
        if entry.user in USERS.values():
            return entry.user.capitalize(), "the crowd’s host"  # who invites them
        return entry.user, f"device {entry.device[-4:]}"
