"""Effects: what a command has written, as the log tells it, each record as a change of its own.

Who called it, where and when is what was told; what it came to is the app's own business, and is taken from the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace as having
from typing import TypeAlias

from msgspec.structs import replace

from homeport_client.fleet.check.witness import Told
from homeport_sync.ports import LogEntry

Name: TypeAlias = tuple[str, int]


def is_call(told: Told) -> bool:
    """Whether it is a call of a command."""
    return told.change.op == "command"


def effect(told: Told, entry: LogEntry) -> Told:
    """What a command has written to one record; on what was there then, whoever had written it."""
    change = replace(
        told.change,
        op=entry.op,
        kind=entry.kind,
        id=entry.record,
        fields=entry.fields,
        stamp=entry.stamp,
        base=entry.position - 1,
    )
    return having(told, change=change, outcome=replace(told.outcome, stamp=entry.stamp))


def in_order(log: Iterable[LogEntry], accepted: Mapping[Name, Told]) -> Iterator[tuple[LogEntry, Told]]:
    """Each entry whose change was told, with that change or, of a command, the effect that it is. Of a move that is the
    one where the record is, and not the one where it was."""
    for entry in sorted(log, key=lambda each: each.position):
        told = accepted.get((entry.device, entry.number))
        if told is not None and entry.op != "leave":
            yield entry, effect(told, entry) if is_call(told) else told


def called(told: Iterable[Told], log: Iterable[LogEntry]) -> dict[str, Name]:
    """The one name of each call, by its id: that under which the log has it, or the first under which it was told. A
    forked phone that sends it again gives it another one."""
    logged, stamped = set[Name](), dict[tuple[str, str], Name]()
    for entry in log:
        logged.add((entry.device, entry.number))
        stamped.setdefault((entry.scope, entry.stamp), (entry.device, entry.number))
    names: dict[str, Name] = {}
    for each in filter(is_call, told):
        name = (each.device, each.change.number)
        if name in logged:
            names[each.change.id] = name
        else:
            again = each.change.stamp[-8:] != each.device[-8:]
            names.setdefault(each.change.id, stamped.get((each.change.scope, each.stamp), name) if again else name)
    return names
