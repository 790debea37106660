"""A table that is laid for tests: the example app, and waiting for what it shows, by what it tells and no clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from homeport_server.phones.happenings import Happening, Travel
from homeport_server.phones.sights import PhoneSight, RowSight, TableSight
from homeport_server.phones.table import Table

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"
WITHIN_S = 30.0

Seen = Callable[[TableSight], bool]


class Watched:
    """A table, and every journey since it was laid."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.travels: list[Travel] = []
        self.a, self.b = table.phones["a"], table.phones["b"]
        self.on_a, self.on_b = table.touch["a"], table.touch["b"]

    async def until(self, seen: Seen) -> TableSight:
        """What the table shows when it first shows that; looks whenever something has happened."""
        async with asyncio.timeout(WITHIN_S):
            with self.table.happenings.listen() as listener:
                while not seen(now := await self.table.look()):
                    self._note(await listener.next())
        return now

    async def noting(self, doing: Awaitable[object]) -> list[Travel]:
        """The journeys that are told while this is done."""
        with self.table.happenings.listen() as listener:
            await doing
            return [each for each in listener.now() if isinstance(each, Travel)]

    def _note(self, happened: list[Happening]) -> None:
        self.travels += [each for each in happened if isinstance(each, Travel)]


@asynccontextmanager
async def watched(directory: Path) -> AsyncIterator[Watched]:
    async with Table.open(APP, directory) as table:
        yield Watched(table)


def rows(phone: PhoneSight) -> tuple[RowSight, ...]:
    """Those of the list that is open."""
    return phone.sections[0].rows if phone.sections else ()


def titles(phone: PhoneSight) -> list[str]:
    return [each.title for each in rows(phone)]


def data(phone: PhoneSight) -> list[tuple[str, bool, tuple[str, ...]]]:
    """All that its rows hold."""
    return [(each.title, each.done, tuple(field.text for field in each.fields)) for each in rows(phone)]


def agree(now: TableSight) -> bool:
    """Both phones show the same, and nothing waits any more."""
    a, b = now.phones
    return bool(rows(a)) and data(a) == data(b) and not a.pending and not b.pending
