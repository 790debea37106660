"""What a device of the crowd does now and then: one small thing to a row of the shared list, on any app.

The list stays readable: no more rows than `ROWS_MAX`, few tags, and the crowd renames and deletes what it has made
itself and nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Final

from homeport_client import Device, View, adding, after, at_start, increment, removing
from homeport_server.phones.labels import flag_field, label, rank_field, rows_of
from homeport_server.titles import title_field
from homeport_sync.catalog import Catalog, Field, Kind
from homeport_sync.errors import HomeportError
from homeport_sync.rules import COUNTER, SET

ROWS_MAX: Final = 36  # of all kinds together, with what people have made
TAGS: Final = ("soon", "later", "shop", "garden", "home")
NAMES: Final = ("Water the plants", "Feed the cat", "Sweep the yard", "Bake a cake", "Fix the lamp", "Wash the car")
_ADDS, _DELETES = 0.12, 0.1  # the shares of all it does

Antic = Callable[[], Awaitable[None]]


class Antics:
    """Of all devices of one process in one list. `made` are the rows that they made and nobody has deleted since."""

    def __init__(self, catalog: Catalog, scope: str, chance: Random) -> None:
        self.written = 0
        self._catalog = catalog
        self._scope = scope
        self._chance = chance
        self._made: set[str] = set()

    async def one(self, device: Device) -> None:
        """One small thing; nothing if there is nothing to do, or it does not fit any more."""
        root = await device.get(self._scope)
        if root is None:
            return
        kinds = rows_of(self._catalog, self._catalog.kinds[root.kind])
        rows = [each for kind in kinds for each in await device.query(kind.name, scope=self._scope, limit=ROWS_MAX + 1)]
        antic = self._drawn(device, kinds, rows)
        if antic is None:
            return
        try:
            await antic()
        except HomeportError:
            return  # somebody else was there first, or the app's rules do not allow it
        self.written += 1

    def _drawn(self, device: Device, kinds: Sequence[Kind], rows: Sequence[View]) -> Antic | None:
        chance, drawn = self._chance, self._chance.random()
        own = [each for each in rows if each.id in self._made]
        if drawn < _DELETES and own:
            return lambda: self._delete(device, chance.choice(own))
        if kinds and (not rows or drawn > 1 - _ADDS) and len(rows) < ROWS_MAX:
            return lambda: self._add(device, chance.choice(list(kinds)))
        return self._edit(device, chance.choice(list(rows)), rows) if rows else None

    async def _add(self, device: Device, kind: Kind) -> None:
        title, chance = title_field(kind), self._chance
        values = {each.name: each.type.draw(chance) for each in kind.fields.values() if each.required}
        if title:
            values[title.name] = chance.choice(NAMES)
        self._made.add(await device.create(kind.name, scope=self._scope, **values))

    async def _delete(self, device: Device, row: View) -> None:
        await device.delete(row.id)
        self._made.discard(row.id)

    def _edit(self, device: Device, row: View, rows: Sequence[View]) -> Antic | None:
        kind, chance = self._catalog.kinds[row.kind], self._chance
        drawn: list[Antic] = []
        if flag := flag_field(kind):
            drawn.append(lambda: device.update(row.id, **{flag.name: not row[flag.name]}))
        if rank := rank_field(kind):
            drawn.append(lambda: self._move(device, row, rank, rows))
        if (title := title_field(kind)) and row.id in self._made:
            drawn.append(
                lambda: device.update(row.id, **{title.name: f"{_bare(row, title)} ({chance.randrange(2, 9)})"})
            )
        for field in kind.fields.values():
            if field.rule == COUNTER:
                drawn.append(lambda name=field.name: device.update(row.id, **{name: increment()}))  # type: ignore[misc]
            if field.rule == SET:
                drawn.append(lambda name=field.name: self._tag(device, row, name))  # type: ignore[misc]
        return chance.choice(drawn) if drawn else None

    async def _move(self, device: Device, row: View, rank: Field, rows: Sequence[View]) -> None:
        others = [each.id for each in rows if each.kind == row.kind and each.id != row.id]
        place = after(self._chance.choice(others)) if others else at_start()
        await device.update(row.id, **{rank.name: place})

    async def _tag(self, device: Device, row: View, name: str) -> None:
        tag, here = self._chance.choice(TAGS), row[name]
        has = isinstance(here, frozenset) and tag in here
        await device.update(row.id, **{name: removing(tag) if has else adding(tag)})


def _bare(row: View, title: Field) -> str:
    """The title without the number that a renaming gave it."""
    return str(row[title.name] or label(row.kind)).rpartition(" (")[0] or str(row[title.name])
