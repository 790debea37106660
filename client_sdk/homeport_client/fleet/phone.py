"""A phone: one real `Device` on one replica file, in the hands of one user, and everything that happens to phones.

Killing a phone takes the file as it is at that instant and goes on with a new device on the copy. What the old
one still does, it does to a file that nobody looks at any more: just as if the battery had been pulled.
"""

from __future__ import annotations

import asyncio
import shutil
from datetime import date
from pathlib import Path
from random import Random
from typing import Protocol

from homeport_client import Device, DeviceLimits
from homeport_client.fleet.check import Holding
from homeport_client.fleet.clock import WallClock
from homeport_client.fleet.eyes import Eyes
from homeport_client.fleet.holding import pulled, shown
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.witness import Written
from homeport_client.transport import Transport
from homeport_sync import App
from homeport_sync.change import Fields, Op, Value
from homeport_sync.errors import Rejection
from homeport_sync.scope import member_id
from homeport_sync.values import PythonValue


class Way(Transport, Protocol):
    """A phone's way to the server, with a switch that the device does not know of."""

    @property
    def reachable(self) -> bool:
        """Whether the phone has a network at all."""

    def connect(self) -> None:
        """The phone comes out of the tunnel."""

    def disconnect(self) -> None:
        """The phone goes into a tunnel."""


class World(Protocol):
    """What a phone needs of the world it is in."""

    app: App
    seed: Seed
    directory: Path
    limits: DeviceLimits
    written: list[Written]

    def note(self, who: str, what: str) -> None:
        """One line of the trace."""

    def true_ms(self) -> int:
        """What the clock of the server shows."""

    def line(self, user: str, chance: Random) -> Way:
        """A way to the server for this user."""

    def eyes(self, name: str, user: str) -> Eyes | None:
        """Whoever never looks away from this phone, if anybody does."""


class Phone:
    """`name` is the phone's own for the whole script, whatever device id it has."""

    def __init__(self, world: World, name: str, user: str, *, skew_ms: int = 0) -> None:
        self.name = name
        self.user = user
        self.lives = 0
        self.wall = WallClock(skew_ms, world.true_ms)
        self.device: Device
        self.line: Way
        self.eyes = world.eyes(name, user)
        self._world = world
        self._twins = 0
        self._looking: asyncio.Task[None] | None = None

    @property
    def file(self) -> Path:
        """The replica of this life."""
        return self._world.directory / f"{self.name}-{self.lives}.replica"

    async def switch_on(self, *, copy_of: Path | None = None) -> None:
        """A new life, on a copy of a former one's file or on nothing."""
        self.lives += 1
        if copy_of:
            _copy(copy_of, self.file)
        stream = self._world.seed.stream
        self.line = self._world.line(self.user, stream("line", self.name, self.lives))
        self.device = await Device.open(
            str(self.file),
            app=self._world.app,
            transport=self.line,
            wall_ms=self.wall,
            random=stream("device", self.name, self.lives),
            limits=self._world.limits,
        )
        if self.eyes:
            self._looking = asyncio.create_task(self.eyes.look(self.device))
        await self.device.start()
        self._world.note(self.name, f"is on as {self.device.id}")

    async def kill(self) -> None:
        """The process is gone in the middle of whatever it did, and is started again."""
        self._world.note(self.name, "is killed")
        before, old, reachable = self.file, self.device, self.line.reachable
        self.line.disconnect()
        if self._looking:
            self._looking.cancel()
        await self.switch_on(copy_of=before)
        if not reachable:
            self.line.disconnect()
        await old.close()

    async def clone(self) -> Phone:
        """Another phone, set up from a backup of this one: same replica, same device id."""
        self._twins += 1
        twin = Phone(self._world, f"{self.name}.{self._twins}", self.user, skew_ms=self.wall.skew_ms)
        await twin.switch_on(copy_of=self.file)
        return twin

    async def put_down(self) -> list[Holding]:
        """The device is closed: what it has pulled, and what it shows."""
        await self.device.close()
        return [
            pulled(self.file, name=self.name, user=self.user),
            shown(self.file, self._world.app.catalog, name=self.name, user=self.user),
        ]

    async def create(self, kind: str, *, scope: str | None = None, **fields: PythonValue) -> str:
        """Make a record; its id."""
        made = await self.device.create(kind, scope=scope, **fields)
        await self._wrote("create", kind, made, fields)
        return made

    async def update(self, kind: str, id: str, **fields: PythonValue) -> None:
        """Change a record, unless the device itself refuses."""
        try:
            await self.device.update(id, **fields)
        except Rejection as refused:
            self._world.note(self.name, f"may not change {id}: {refused.code}")
        else:
            await self._wrote("update", kind, id, fields)

    async def delete(self, kind: str, id: str) -> None:
        """Delete a record, unless the device itself refuses."""
        try:
            await self.device.delete(id)
        except Rejection as refused:
            self._world.note(self.name, f"may not delete {id}: {refused.code}")
        else:
            await self._wrote("delete", kind, id, {})

    async def invite(self, scope: str, user: str) -> None:
        """Let another user in."""
        try:
            await self.device.invite(scope, user)
        except Rejection as refused:
            self._world.note(self.name, f"may not invite {user}: {refused.code}")
        else:
            await self._wrote("create", "Member", member_id(scope, user), {"user": user, "role": "editor"})

    async def remove(self, scope: str, user: str) -> None:
        """Put another user out."""
        try:
            await self.device.remove(scope, user)
        except Rejection as refused:
            self._world.note(self.name, f"may not remove {user}: {refused.code}")
        else:
            await self._wrote("update", "Member", member_id(scope, user), {"role": None})

    def ride_through_tunnel(self, for_s: float) -> None:
        """No network for a while, without anybody telling the device."""
        self._world.note(self.name, f"has no network for {for_s:.0f} s")
        self.line.disconnect()
        asyncio.get_running_loop().call_later(for_s, self.leave_tunnel)

    def leave_tunnel(self) -> None:
        """There is a network again."""
        self.line.connect()

    async def _wrote(self, op: Op, kind: str, id: str, fields: dict[str, PythonValue]) -> None:
        wire: Fields = {name: _wire(value) for name, value in fields.items()}
        self._world.written.append(Written(phone=self.name, op=op, kind=kind, id=id, fields=wire))
        self._world.note(self.name, f"{op} {kind} {id} {wire}")
        if self.eyes:
            self.eyes.wrote(op, id, fields, await self.device.get(id))


def _wire(value: PythonValue) -> Value:
    return value.isoformat() if isinstance(value, date) else value  # type: ignore[return-value]


def _copy(old: Path, new: Path) -> None:
    for suffix in ("", "-wal"):
        if Path(f"{old}{suffix}").exists():
            shutil.copyfile(f"{old}{suffix}", f"{new}{suffix}")
