"""A look at a phone: everything a page shows of it, read from its device at this moment, in words and within limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from homeport_client import Device, Refused, ServerError, Unreachable, View
from homeport_server.phones.crowd import USER as CROWD_USER
from homeport_server.phones.handheld import Handheld
from homeport_server.phones.labels import flag_field, label, rank_field, roots_of, rows_of
from homeport_server.phones.pictures import argument_sights, field_sight, kind_sight, shown_fields
from homeport_server.phones.sights import (
    LISTS_MAX,
    OPTIONS_MAX,
    OUTBOX_MAX,
    ROWS_MAX,
    CommandSight,
    FieldSight,
    ListSight,
    NoticeSight,
    OptionSight,
    PendingSight,
    PhoneSight,
    RowSight,
    SectionSight,
)
from homeport_server.phones.words import change_words, title_in
from homeport_server.titles import title_field, title_of
from homeport_sync.catalog import Catalog, Field, Kind
from homeport_sync.change import Change
from homeport_sync.clock import stamp_ms
from homeport_sync.scope import MEMBER

COUNTED_MAX: Final = 500  # rows of one kind; of more it is not said how many
MARKED_MAX: Final = 500  # changes of the outbox by which records and fields are marked
MEMBERS_MAX: Final = 20  # those who are members for longest
_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000
STATES: Final[Mapping[str, str]] = {
    "off": "The app is not running.",
    "asleep": "Asleep: nothing runs, and nothing is connected.",
    "offline": "Offline: what is written waits in the outbox.",
    "pushing": "Sending its changes.",
    "pulling": "Asking what is new.",
    "live": "In step with the server.",
    "backing_off": "The last attempt failed; it tries again soon.",
    "refused": "The server does not accept its token.",
    "closed": "The app is closing.",
}
WEATHER: Final[Mapping[str, str]] = {
    "lose_request": "The network lost a request.",
    "lose_answer": "The network lost an answer, so the same is sent again.",
    "cut_request": "The connection broke in the middle of a request.",
    "cut_answer": "The connection broke in the middle of an answer.",
    "double": "The network delivered a request twice; it counts once.",
    "late": "A request arrived long after the phone had given up.",
    "slow": "An answer drips in.",
    "portal": "A captive portal answered in the server's place.",
    "bad_gateway": "A proxy answered 502 in the server's place.",
    "too_large": "A proxy found a request too large.",
    "lose_poke": "A poke was lost; the next poll finds what it was about.",
    "gap": "No network for a while.",
    "socket_refused": "A proxy lets no socket through, so the phone polls.",
    "unreachable": "The network reaches no server.",
}


async def look(phone: Handheld) -> PhoneSight:
    """All of it. An app that is not running shows what it is, and no data."""
    device, glass, owner = phone.device, phone.glass, phone.owner
    state = phone.life if phone.life != "on" or device is None else device.state.value
    bare = PhoneSight(
        key=owner.key,
        name=owner.name,
        user=owner.user,
        device=device.id if device else "",
        life=phone.life,
        state=state,
        state_words=STATES.get(state, state),
        airplane=phone.flying,
        network=phone.network_name,
        skew_ms=phone.wall.skew_ms,
        clock=clock_text(phone.wall()),
        clock_words=skew_words(phone.wall.skew_ms),
        clock_ahead_ms=phone.wall.skew_ms + _zone_ms(phone.wall()),
        pending=device.pending if device else phone.kept,
        notice=_notice(phone),
        undo=glass.undo,
        said=glass.said,
        trouble=trouble_words(device) if phone.life == "on" else "",
        weather=WEATHER.get(glass.weather, ""),
    )
    return await _Eyes(phone, device).whole(bare) if device else bare


def clock_text(ms: int) -> str:
    """A moment as a phone's clock shows it, in the zone of this machine."""
    at = _here(ms)
    return f"{at.day} {at:%b %Y, %H:%M}"


def skew_words(skew_ms: int) -> str:
    """How wrong a clock is; "" if it is right."""
    if not skew_ms:
        return ""
    size = abs(skew_ms)
    unit, name = next(
        ((ms, name) for ms, name in ((_DAY_MS, "day"), (_HOUR_MS, "hour"), (_MINUTE_MS, "minute")) if size >= ms),
        (1_000, "second"),
    )
    count = max(size // unit, 1)
    return f"{count:,} {name}{'' if count == 1 else 's'} {'ahead' if skew_ms > 0 else 'behind'}"


def trouble_words(device: Device | None) -> str:
    """Why the network failed it last; "" if it did not."""
    trouble = device.trouble if device else None
    match trouble:
        case None:
            return ""
        case Refused():
            return "The server does not accept this phone's token."
        case ServerError():
            return f"The server answered: {trouble.message}"
        case Unreachable():
            return "No answer came from the server."
        case _:
            return f"Something went wrong ({type(trouble).__name__}: {trouble})."


def _here(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1_000, UTC).astimezone()


def _zone_ms(ms: int) -> int:
    """How far the zone of this machine is ahead of UTC at that moment."""
    ahead = _here(ms).utcoffset()
    return round(ahead.total_seconds() * 1_000) if ahead else 0


def _notice(phone: Handheld) -> NoticeSight | None:
    notice = phone.glass.notice
    if notice is None:
        return None
    return NoticeSight(
        title=notice.pushed.title, body=notice.pushed.body, at=clock_text(notice.at_ms), asleep=notice.asleep
    )


class _Eyes:
    """One look at one device, and what its outbox marks."""

    def __init__(self, phone: Handheld, device: Device) -> None:
        self._phone = phone
        self._device = device
        self._catalog: Catalog = phone.app.catalog
        self._marks: dict[str, set[str]] = {}
        self._made: set[str] = set()
        self._seen: dict[tuple[str, str], tuple[OptionSight, ...]] = {}

    async def whole(self, bare: PhoneSight) -> PhoneSight:
        """What `bare` is, with all data."""
        waiting = await self._device.unanswered(limit=MARKED_MAX)
        for change in waiting:
            self._marks.setdefault(change.id, set()).update(change.fields)
            if change.op == "create":
                self._made.add(change.id)
        told = await self._phone.told.read(self._device)
        roots = await self._roots()
        opened = self._opened(roots)
        return replace(
            bare,
            lists=tuple(self._list(each, is_open=each is opened) for each in roots[:LISTS_MAX]),
            lists_total=len(roots),
            roots=tuple(map(kind_sight, roots_of(self._catalog))),
            open=await self._open_list(opened),
            members=await self._members(opened),
            sections=await self._sections(opened),
            commands=self._commands(opened),
            outbox=tuple([await self._pending(each) for each in waiting[:OUTBOX_MAX]]),
            told=told,
            quarantined=sum(each.waits for each in told),
        )

    async def _roots(self) -> list[View]:
        found = [await self._device.query(each.name, limit=COUNTED_MAX) for each in roots_of(self._catalog)]
        return [each for views in found for each in views]

    def _opened(self, roots: Sequence[View]) -> View | None:
        """The list that is open: one always is, if there is any."""
        glass = self._phone.glass
        opened = next((each for each in roots if each.id == glass.open_list), roots[0] if roots else None)
        glass.open_list = opened.id if opened else ""
        return opened

    def _list(self, view: View, *, is_open: bool, fields: tuple[FieldSight, ...] = ()) -> ListSight:
        kind = self._catalog.kinds[view.kind]
        title = title_field(kind)
        return ListSight(
            id=view.id,
            kind=view.kind,
            title=title_of(kind, view.fields) or label(view.kind),
            title_field=title.name if title else "",
            open=is_open,
            pending=view.id in self._marks,
            fields=fields,
        )

    async def _open_list(self, view: View | None) -> ListSight | None:
        if view is None:
            return None
        kind = self._catalog.kinds[view.kind]
        return self._list(view, is_open=True, fields=await self._fields(kind, view, but={title_field(kind)}))

    async def _members(self, view: View | None) -> tuple[str, ...]:
        if view is None:
            return ()
        members = await self._device.query(MEMBER, scope=view.id, limit=MEMBERS_MAX)
        users = sorted(str(each["user"]) for each in members if each["role"])
        return tuple(each for each in users if not each.startswith(CROWD_USER))

    async def _sections(self, view: View | None) -> tuple[SectionSight, ...]:
        if view is None:
            return ()
        kinds = rows_of(self._catalog, self._catalog.kinds[view.kind])
        return tuple([await self._section(each, view.id) for each in kinds])

    async def _section(self, kind: Kind, scope: str) -> SectionSight:
        rank = rank_field(kind)
        views = await self._device.query(
            kind.name, scope=scope, order_by=rank.name if rank else None, limit=COUNTED_MAX
        )
        rows = [await self._row(kind, each) for each in views[:ROWS_MAX]]
        others = {name: await self._others(each, scope) for name, each in kind.fields.items()}
        return SectionSight(kind=kind_sight(kind, others), rows=tuple(rows), total=len(views))

    async def _row(self, kind: Kind, view: View) -> RowSight:
        title, flag, rank = title_field(kind), flag_field(kind), rank_field(kind)
        marks = self._marks.get(view.id, set())
        return RowSight(
            id=view.id,
            kind=kind.name,
            title=str(view[title.name] or "") if title else "",
            title_field=title.name if title else "",
            flag_field=flag.name if flag else "",
            done=bool(flag and view[flag.name]),
            fields=await self._fields(kind, view, but={title, flag}),
            pending=view.id in self._marks,
            fresh=view.id in self._made,
            title_pending=bool(title and title.name in marks),
            flag_pending=bool(flag and flag.name in marks),
            order_pending=bool(rank and rank.name in marks),
        )

    async def _fields(self, kind: Kind, view: View, *, but: set[Field | None]) -> tuple[FieldSight, ...]:
        marks, names = self._marks.get(view.id, set()), {each.name for each in but if each}
        return tuple(
            [
                field_sight(
                    each, view[each.name], pending=each.name in marks, others=await self._others(each, view.scope)
                )
                for each in shown_fields(kind)
                if each.name not in names
            ]
        )

    async def _others(self, field: Field, scope: str) -> tuple[OptionSight, ...]:
        """The records that the field may refer to; looked for once, however many rows there are."""
        if not field.refers_to:
            return ()
        others = self._seen.get((field.refers_to, scope))
        if others is None:
            kind = self._catalog.kinds[field.refers_to]
            views = await self._device.query(kind.name, scope=scope, limit=OPTIONS_MAX)
            others = tuple(OptionSight(value=each.id, label=title_of(kind, each.fields) or each.id) for each in views)
            self._seen[field.refers_to, scope] = others
        return others

    def _commands(self, view: View | None) -> tuple[CommandSight, ...]:
        return tuple(
            CommandSight(name=each.name, label=label(each.name), arguments=argument_sights(each.arguments))
            for each in self._catalog.commands.values()
            if view is not None and each.scope == view.kind
        )

    async def _pending(self, change: Change) -> PendingSight:
        there = await self._device.get(change.id)
        title = title_of(self._catalog.kinds.get(change.kind), there.fields) if there else ""
        return PendingSight(
            number=change.number,
            op=change.op,
            words=change_words(
                self._catalog, change.op, change.kind, change.fields, title or title_in(self._catalog, change)
            ),
            record=change.id,
            fields=tuple(change.fields),
            at=clock_text(stamp_ms(change.stamp)),
        )
