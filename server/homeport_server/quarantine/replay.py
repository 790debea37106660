"""An operator's replay: rejected changes go through the same intake as a phone's, in their user's name, at most once.

It is pushed by a device of its own, whose id follows from the rejected change's name and whose numbers go on where its
last replay ended. So two who replay the same at the same moment send the same number, and only one of them writes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID, uuid4, uuid5

import msgspec
from msgspec.structs import replace as replaced

from homeport_server.quarantine.case import PAGE, Case, Readable, case_of
from homeport_server.quarantine.edit import edited, swapped
from homeport_server.quarantine.fate import Fate, Replayed
from homeport_sync.catalog import Catalog, Kind
from homeport_sync.change import Change, Group, Outcome, Record, Written, decode_outcome, encode
from homeport_sync.clock import NEVER, HybridClock
from homeport_sync.errors import DeviceForeign, DeviceForked, HomeportError, NumberGap
from homeport_sync.limits import LIMITS
from homeport_sync.merge import merge
from homeport_sync.ports import KnownDevice, Loaded, LogStore, OutcomeName, Wanted
from homeport_sync.push import Decided, Push
from homeport_sync.quarantine import Quarantine, change_name, device_and_number
from homeport_sync.rejections import Rejection
from homeport_sync.sightings import Sightings
from homeport_sync.wire import read_changes


class ReplayStore(LogStore, Quarantine, Sightings, Protocol):
    """What a replay reads."""


class TakesPushes(Protocol):
    """What a replay writes through: an intake, or the exchange of a server that serves, whose devices are poked."""

    async def push(self, tenant: str, push: Push) -> Decided:
        """What became of the push, once that is durable: see `Intake.push`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What is replayed, unit by unit, and how the change that was named is edited first."""

    head: Readable
    units: Sequence[Sequence[Readable]]
    put: Mapping[str, Written] = field(default_factory=dict)
    dropped: Collection[str] = ()


class Replay:
    """Replays in one tenant of the app, through `intake`. `wall_ms` is the operator's clock."""

    def __init__(
        self, store: ReplayStore, intake: TakesPushes, tenant: str, catalog: Catalog, wall_ms: Callable[[], int]
    ) -> None:
        self._store = store
        self._intake = intake
        self._tenant = tenant
        self._catalog = catalog
        self._wall_ms = wall_ms

    async def run(self, what: Edited) -> Replayed:
        """Replay what was not replayed yet. Raises the error of what could not be sent."""
        root = what.head.root
        held = await self._store.held(self._tenant, *device_and_number(root))
        if held is not None and held.replayed_at_ms is not None:
            accepted = await self._accepted_before(root, held.replayed_by)
            what = replace(what, units=[rest for unit in what.units if (rest := _without(unit, what.head))])
            return Replayed(fates=await self._push(what), already=held, accepted=accepted)
        refused = await self._refused_before(root)
        return Replayed(fates=await self._push(what), refused_before=refused)

    async def _push(self, what: Edited) -> list[Fate]:
        """Send what there is."""
        if not what.units:
            return []
        device, user = device_of(what.head.root), what.head.held.user
        loaded = await self._load(device, [each.change for unit in what.units for each in unit])
        known = loaded.devices.get(device) or KnownDevice(id=device, user=user)
        changes = self._changes(what, known, {each: stored.record for each, stored in loaded.records.items()})
        sent = read_changes([msgspec.Raw(encode(each).encode()) for each in changes], LIMITS)
        for each in sent:
            if each.error is not None:
                raise each.error  # it was edited into what no server could read
        push = Push(device=device, user=user, request_id=f"replay-{uuid4()}", confirmed=0, sent=sent)
        decided = await self._intake.push(self._tenant, push)
        if decided.errors:
            raise _raced(decided.errors[0])
        cases = [each for unit in what.units for each in unit]
        told = zip(cases, changes, decided.outcomes, strict=True)
        return [
            Fate(case=case, name=change_name(device, change.number), outcome=decode_outcome(text))
            for case, change, text in told
        ]

    async def _refused_before(self, root: str) -> list[Case]:
        """Operators' replays of it that were rejected."""
        before = await self._store.held_later(self._tenant, device_of(root), 0, PAGE)
        return [case_of(held) for held in before if held.change.replays == root]

    async def _accepted_before(self, root: str, by: str) -> Outcome | None:
        """What became of an operator's replay that was accepted, if that is still known."""
        device, number = device_and_number(by)
        if device != device_of(root):
            return None
        facts = await self._store.device(self._tenant, device)
        stamp = facts.known.last_stamp if facts and facts.known else NEVER
        async with self._store.transaction(self._tenant) as transaction:
            asked = _wanted(devices=frozenset({device}), outcomes=frozenset({(stamp, device, number)}))
            loaded = await transaction.load(asked)
        kept = loaded.outcomes.get((device, number))
        return decode_outcome(kept.text) if kept else None

    async def _load(self, device: str, changes: Sequence[Change]) -> Loaded:
        wanted = _wanted(devices=frozenset({device}), records=frozenset(each.id for each in changes))
        async with self._store.transaction(self._tenant) as transaction:
            return await transaction.load(wanted)

    def _changes(self, what: Edited, known: KnownDevice, records: dict[str, Record]) -> list[Change]:
        """The new changes: stamped now, and after all that is there, for whoever replays has looked at that.

        Each is written on what those before it make of the `records`.
        """
        clock = HybridClock(self._wall_ms, last=known.last_stamp)
        for here in records.values():
            clock.see(max(here.stamp, here.deleted, here.restored, *here.stamps.values()))
        changes: list[Change] = []
        for unit in what.units:
            for at, each in enumerate(unit, 1):
                change = self._change(what, each, records.get(each.change.id))
                group = Group(at=at, of=len(unit)) if len(unit) > 1 else None
                number, stamp = known.last_number + len(changes) + 1, clock.stamp(known.id)
                changes.append(replaced(change, number=number, stamp=stamp, group=group, replays=each.root))
                with suppress(Rejection):  # as the intake will say
                    rules = self._catalog.kind(change.kind).rules
                    records[change.id] = merge(records.get(change.id), changes[-1], rules).record
        return changes

    def _shape_of(self, change: Change) -> Kind | None:
        """What says which fields it may write, or with which arguments it calls; None if that is declared no more."""
        if change.op == "command":
            command = self._catalog.commands.get(change.kind)
            return command.arguments if command else None
        return self._catalog.kinds.get(change.kind)

    def _change(self, what: Edited, case: Readable, here: Record | None) -> Change:
        """What was sent then, as it is sent now."""
        was, kind = case.change, self._shape_of(case.change)
        base = here.position if here else 0
        if case is what.head:
            return replaced(was, fields=edited(was, kind, here, what.put, what.dropped), base=base)
        built_on_it = here is not None and not base  # on what was made just now, edited perhaps
        return replaced(was, fields=swapped(was, kind, here) if built_on_it else was.fields, base=base)


def device_of(root: str) -> str:
    """The id of the device that replays the rejected change of that name for operators: a name-based UUID."""
    device, number = device_and_number(root)
    return str(uuid5(UUID(device), f"replay/{number}"))


def _without(unit: Sequence[Readable], head: Readable) -> list[Readable]:
    return [each for each in unit if each is not head]


def _raced(error: HomeportError) -> HomeportError:
    """Numbers that do not fit mean that another replay of the same was faster. A device of somebody else: they
    have taken its id on purpose, for it follows from names that others may know."""
    if isinstance(error, DeviceForked | NumberGap):
        error.message = "Somebody else replays it at this moment: run the same again to see what became of that."
    if isinstance(error, DeviceForeign):
        error.message = (
            "Somebody else has taken the device id under which it would be replayed, and it is replayed in nobody "
            "else's name: its user can do it on the phone."
        )
    return error


def _wanted(
    *,
    devices: frozenset[str] = frozenset(),
    outcomes: frozenset[OutcomeName] = frozenset(),
    records: frozenset[str] = frozenset(),
) -> Wanted:
    return Wanted(devices=devices, outcomes=outcomes, grants=frozenset(), records=records)
