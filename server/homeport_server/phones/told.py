"""What a phone was told of its changes: each outcome in words, with every merge explained, newest first.

It reads only what is new. What waits in quarantine stays until its user has decided; of all else the newest are kept.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Final

from homeport_client import ChangeOutcome, Device, Rejected
from homeport_client.intents import Intent, Meant
from homeport_client.merges import Merge
from homeport_server.phones.labels import label
from homeport_server.phones.pictures import field_sight
from homeport_server.phones.sights import TEXT_CHARS_MAX, TOLD_MAX, FieldSight, MergeSight, ToldSight
from homeport_server.phones.words import change_words, meant_words, title_in, value_words, why
from homeport_server.titles import shortened, title_of
from homeport_sync.catalog import Catalog, Kind
from homeport_sync.refusal import code_of, message_of

PAGE: Final = 200
LONG: Final = "too long to be told"


class Told:
    """Of one life of a phone: a new life reads all that its replica has kept."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._place = 0
        self._known: dict[int, ToldSight] = {}

    async def read(self, device: Device) -> tuple[ToldSight, ...]:
        """All that is kept, newest first."""
        while new := await device.outcomes(self._place, PAGE):
            for each in new:
                self._known[each.place] = await self._sight(device, each)
                self._place = each.place
            self._forget({place for place, each in self._known.items() if each.verdict == "rejected"})
        waiting = {each.place: each for each in await device.quarantine(limit=TOLD_MAX)}
        self._forget(waiting)
        return tuple(self._waits(each, waiting.get(each.place)) for each in self._newest())

    def _newest(self) -> list[ToldSight]:
        return [self._known[place] for place in sorted(self._known, reverse=True)]

    def _forget(self, waiting: Container[int]) -> None:
        settled = [place for place in sorted(self._known) if place not in waiting]
        for place in settled[: max(len(settled) - TOLD_MAX, 0)]:
            del self._known[place]

    async def _sight(self, device: Device, told: ChangeOutcome) -> ToldSight:
        change, catalog = told.change, self._catalog
        there = await device.get(change.id)
        title = title_of(catalog.kinds.get(change.kind), there.fields) if there else ""
        return ToldSight(
            place=told.place,
            number=told.number,
            verdict=told.outcome,
            words=change_words(catalog, change.op, change.kind, change.fields, title or title_in(catalog, change)),
            merges=tuple(merge_sight(each, catalog.kinds.get(change.kind)) for each in told.merges),
            code=code_of(told.error) if told.error else "",
            message=shortened(message_of(told.error), TEXT_CHARS_MAX) if told.error else "",
        )

    def _waits(self, told: ToldSight, rejected: Rejected | None) -> ToldSight:
        if rejected is None:
            return told
        return replace(told, waits=True, dependents=len(rejected.dependents), edits=self._edits(rejected))

    def _edits(self, rejected: Rejected) -> tuple[FieldSight, ...]:
        commands, kinds = self._catalog.commands, self._catalog.kinds
        command = commands.get(rejected.kind) if rejected.op == "command" else None
        kind = command.arguments if command else kinds.get(rejected.kind)
        fields = kind.fields if kind else {}
        return tuple(field_sight(fields[name], each) for name, each in plain(rejected.fields).items() if name in fields)


def plain(fields: Mapping[str, Meant]) -> dict[str, object]:
    """Those that are values: what was to be done to a value is done again as it was."""
    return {name: each for name, each in fields.items() if not isinstance(each, Intent)}


def merge_sight(merge: Merge, kind: Kind | None) -> MergeSight:
    """One merge, explained."""
    field = kind.fields.get(merge.field) if kind else None
    return MergeSight(
        field=merge.field,
        label=label(merge.field),
        rule=merge.rule,
        why=why(field),
        base=value_words(field, merge.base),
        mine=meant_words(field, merge.mine),
        theirs=LONG if merge.long else value_words(field, merge.theirs),
        result=LONG if merge.long else value_words(field, merge.result),
        lost=merge.lost,
        long=merge.long,
    )
