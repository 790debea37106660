"""What fingers do to the data on a phone: every write that a page can ask for, on any app.

Nothing that is typed or clicked raises into the page. What does not fit, or cannot be done now, becomes a sentence on
the phone that says what was expected and what came.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from homeport_client import Device, View, adding, after, at_end, at_start, before, increment, removing
from homeport_client.intents import Meant, Placing
from homeport_server.phones.handheld import Handheld
from homeport_server.phones.labels import label, rank_field
from homeport_server.phones.sights import UndoSight
from homeport_server.phones.typed import BadText, expected, read, read_all
from homeport_server.titles import TITLE_CHARS_MAX, shortened, title_of
from homeport_sync.catalog import Field, Kind
from homeport_sync.clock import is_uuid
from homeport_sync.errors import HomeportError
from homeport_sync.rules import COUNTER, SET
from homeport_sync.values import INT_MAX, well_formed

COUNT_BY_MAX: Final = 1_000
USER_CHARS_MAX: Final = 200
GONE: Final = "It is not there any more."
NO_LIST: Final = "No list is open: make one, or open one."
_NOT_RUNNING: Final = {"off": "The app is not running: start it first.", "asleep": "The phone sleeps: wake it first."}

Doing = Callable[[Device], Awaitable[None]]


class Touch:
    """On one phone. Each verb says whether it was done; if not, the phone has said why (`PhoneSight.said`)."""

    def __init__(self, phone: Handheld) -> None:
        self._phone = phone
        self._catalog = phone.app.catalog

    async def make_list(self, kind: str, texts: Mapping[str, str]) -> bool:
        """Makes a list of a root kind, of what was typed for its fields, and opens it."""

        async def doing(device: Device) -> None:
            declared = self._kind(kind)
            if not declared.is_root:
                raise BadText(f"A {label(kind).lower()} is no list.")
            self._phone.glass.open_list = await device.create(kind, scope=None, **read_all(declared.fields, texts))

        return await self._do(doing)

    async def open_list(self, record: str) -> bool:
        """Opens a list."""

        async def doing(device: Device) -> None:
            view = await self._view(device, record)
            self._phone.glass.open_list = view.scope

        return await self._do(doing)

    async def add_row(self, kind: str, texts: Mapping[str, str]) -> bool:
        """Makes a record in the list that is open, at the end of its order."""

        async def doing(device: Device) -> None:
            declared = self._kind(kind)
            if declared.is_root:
                raise BadText(f"A {label(kind).lower()} is a list of its own.")
            await device.create(kind, scope=self._list(), **read_all(declared.fields, texts))

        return await self._do(doing)

    async def set_field(self, record: str, field: str, text: str) -> bool:
        """Writes what was typed into a field; the same as is there already is not written."""

        async def doing(device: Device) -> None:
            view, declared = await self._field(device, record, field)
            if declared.rule == COUNTER:
                raise BadText(f"{label(field)} is counted: add to it, or take from it.")
            value = read(declared, text)
            if value != view[field]:
                await device.update(record, **{field: value})

        return await self._do(doing)

    async def toggle(self, record: str, field: str) -> bool:
        """Ticks a flag, or no more."""

        async def doing(device: Device) -> None:
            view, declared = await self._field(device, record, field)
            if declared.type.shape != "bool":
                raise _unfit(declared, "cannot be ticked")
            await device.update(record, **{field: not view[field]})

        return await self._do(doing)

    async def count(self, record: str, field: str, by: int) -> bool:
        """Adds to a counter, or takes from it."""

        async def doing(device: Device) -> None:
            _, declared = await self._field(device, record, field)
            if declared.rule != COUNTER:
                raise _unfit(declared, "is no counter")
            if not 1 <= abs(by) <= COUNT_BY_MAX:
                raise BadText(f"{label(field)} goes up or down by 1 to {COUNT_BY_MAX:,} at once, not by {by:,}.")
            await device.update(record, **{field: increment(by)})

        return await self._do(doing)

    async def tag(self, record: str, field: str, tag: str) -> bool:
        """Puts a tag into a set. One that is there already is not written again."""

        async def doing(device: Device) -> None:
            view, declared = await self._field(device, record, field)
            if declared.rule != SET:
                raise _unfit(declared, "takes no tags")
            word, here = tag.strip(), view[field]
            if not word or not declared.type.fits([word]):
                raise BadText(f"{label(field)} takes {expected(declared)}; “{shortened(word, 60)}” is none.")
            if not isinstance(here, frozenset) or word not in here:
                await device.update(record, **{field: adding(word)})

        return await self._do(doing)

    async def untag(self, record: str, field: str, tag: str) -> bool:
        """Takes a tag out of a set."""

        async def doing(device: Device) -> None:
            _, declared = await self._field(device, record, field)
            if declared.rule != SET:
                raise _unfit(declared, "holds no tags")
            await device.update(record, **{field: removing(tag)})

        return await self._do(doing)

    async def place(self, record: str, beside: str, *, behind: bool) -> bool:
        """Moves a row behind another of its list, or before it; with "" to the end, or the start."""

        async def doing(device: Device) -> None:
            if record == beside:
                return
            if beside:
                await self._view(device, beside)
                await self._move(device, record, after(beside) if behind else before(beside))
            else:
                await self._move(device, record, at_end() if behind else at_start())

        return await self._do(doing)

    async def shift(self, record: str, *, down: bool) -> bool:
        """Moves a row one place down, or up; at the end it stays."""

        async def doing(device: Device) -> None:
            view = await self._view(device, record)
            rank = self._rank(view)
            shown = await device.query(view.kind, scope=view.scope, order_by=rank.name, limit=1_000)
            ids = [each.id for each in shown]
            at = ids.index(record) + (1 if down else -1) if record in ids else -1
            if 0 <= at < len(ids):
                await self._move(device, record, after(ids[at]) if down else before(ids[at]))

        return await self._do(doing)

    async def delete(self, record: str) -> bool:
        """Deletes a row, or a list with all that is in it. The last one can be brought back with `restore`."""

        async def doing(device: Device) -> None:
            view = await self._view(device, record)
            kind = self._catalog.kinds[view.kind]
            await device.delete(record)
            title = title_of(kind, view.fields)
            self._phone.glass.undo = UndoSight(record=record, words=f"Deleted {title or label(kind.name).lower()}")

        return await self._do(doing)

    async def restore(self) -> bool:
        """Brings back what was deleted last on this phone."""

        async def doing(device: Device) -> None:
            undo, self._phone.glass.undo = self._phone.glass.undo, None
            if undo is None:
                raise BadText("There is nothing to bring back.")
            await device.restore(undo.record)

        return await self._do(doing)

    async def call(self, command: str, texts: Mapping[str, str]) -> bool:
        """Calls a command of the app in the list that is open, with what was typed for its arguments."""

        async def doing(device: Device) -> None:
            declared = self._catalog.command(command)
            await device.call(command, scope=self._list(), **read_all(declared.arguments.fields, texts))

        return await self._do(doing)

    async def invite(self, user: str) -> bool:
        """Invites somebody into the list that is open, who may write there then."""

        async def doing(device: Device) -> None:
            name = well_formed(user).strip()
            if not 1 <= len(name) <= USER_CHARS_MAX:
                raise BadText(f"Somebody to invite has a name of 1 to {USER_CHARS_MAX} characters.")
            await device.invite(self._list(), name)

        return await self._do(doing)

    async def replay(self, place: int, texts: Mapping[str, str]) -> bool:
        """Makes a rejected change again, with these of its fields edited, and what depended on it behind it."""

        async def doing(device: Device) -> None:
            fields = await self._rejected_fields(device, place)
            for name in texts:
                if name not in fields:
                    raise BadText(f"There is no field called {shortened(name, 60)} here.")
            edited = {name: read(fields[name], text) for name, text in texts.items()}
            await device.replay(place, dependents=True, **edited)

        return await self._do(doing)

    async def dismiss(self, place: int) -> bool:
        """Lets a rejected change go, with what depended on it."""

        async def doing(device: Device) -> None:
            await self._rejected_fields(device, place)
            await device.dismiss(place)

        return await self._do(doing)

    async def _do(self, doing: Doing) -> bool:
        phone = self._phone
        device = phone.device
        if device is None or phone.life != "on":
            phone.say(_NOT_RUNNING.get(phone.life, _NOT_RUNNING["off"]))
            return False
        try:
            await doing(device)
        except BadText as bad:
            phone.say(str(bad))
        except HomeportError as error:
            phone.say(error.message)
        except sqlite3.Error as error:
            phone.say(f"The phone could not write it down ({error}).")
        else:
            phone.say("")
            return True
        return False

    async def _view(self, device: Device, record: str) -> View:
        view = await device.get(record) if is_uuid(record) else None
        if view is None:
            raise BadText(GONE)
        return view

    async def _field(self, device: Device, record: str, name: str) -> tuple[View, Field]:
        view = await self._view(device, record)
        declared = self._catalog.kinds[view.kind].fields.get(name)
        if declared is None:
            raise BadText(f"A {label(view.kind).lower()} has no {shortened(label(name).lower(), TITLE_CHARS_MAX)}.")
        return view, declared

    async def _move(self, device: Device, record: str, to: Placing) -> None:
        view = await self._view(device, record)
        meant: dict[str, Meant] = {self._rank(view).name: to}
        await device.update(record, **meant)

    async def _rejected_fields(self, device: Device, place: int) -> Mapping[str, Field]:
        found = await device.quarantine(place - 1, 1) if 0 < place <= INT_MAX else []
        if not found or found[0].place != place:
            raise BadText("That was decided already.")
        if found[0].op == "command":
            return self._catalog.command(found[0].kind).arguments.fields
        return self._kind(found[0].kind).fields

    def _rank(self, view: View) -> Field:
        rank = rank_field(self._catalog.kinds[view.kind])
        if rank is None:
            raise BadText(f"A {label(view.kind).lower()} has no place in an order: the oldest stand first.")
        return rank

    def _kind(self, name: str) -> Kind:
        kind = self._catalog.kinds.get(name)
        if kind is None:
            raise BadText(f"There is no kind called {shortened(name, TITLE_CHARS_MAX)} here.")
        return kind

    def _list(self) -> str:
        if not self._phone.glass.open_list:
            raise BadText(NO_LIST)
        return self._phone.glass.open_list


def _unfit(field: Field, what: str) -> BadText:
    return BadText(f"{label(field.name)} {what}: it takes {expected(field)}.")
