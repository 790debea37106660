"""Facts as they come from `statements.LOAD` and `statements.STANDING`, sorted into nouns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from homeport_sync.change import decode_record
from homeport_sync.clock import Stamp
from homeport_sync.errors import no_tenant
from homeport_sync.keys import Key, Link, reached
from homeport_sync.ports import Head, KnownDevice, Loaded, Standing, StoredOutcome, StoredRecord, Wanted
from homeport_sync.scope import Grant, grants_of
from homeport_sync.sql import rows
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import Connection, Row

_HEAD, _DEVICE, _OUTCOME, _GRANT, _RECORD, _REJECTED, _NUMBER = range(7)  # the column `part` of both


Linked: TypeAlias = Mapping[str, Sequence[Link]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is loaded for keys and links: rows of `statements.KEYS`, the links of each target, rows of `RECORDS`."""

    keys: Sequence[Row]
    linked: Mapping[str, Linked]
    records: Sequence[Row]


def sorted_links(wanted: Wanted, found: Sequence[Row]) -> dict[str, Linked]:
    """The rows of `statements.LINKS`, by the target that was asked about."""
    of: dict[str, list[Link]] = {target: [] for target in wanted.targets}
    for target, *row in found:
        of[target].append(rows.link(tuple(row)))
    return {target: reached(target, links, wanted.links_max) for target, links in of.items()}


def loaded(tenant: str, facts: Sequence[Row], listed: Sequence[Row], wanted: Wanted, beside: Beside) -> Loaded:
    """What a commit batch knows; `listed` comes from `statements.OF_KIND`. Raises `Unavailable` if there is no such
    tenant."""
    parts = _by_part(facts)
    devices = [
        KnownDevice(id=a, user=b, last_stamp=Stamp(c), last_number=m, confirmed=n)
        for _, a, b, c, m, n, _, _ in parts[_DEVICE]
    ]
    outcomes = [
        StoredOutcome(device=a, stamp=Stamp(b), text=c, number=m, decided_at_ms=n, digest=raw)
        for _, a, b, c, m, n, _, raw in parts[_OUTCOME]
    ]
    records = [
        StoredRecord(record=decode_record(a), author=b, foreign_position=m) for _, a, b, _, m, _, _, _ in parts[_RECORD]
    ]
    records += [rows.stored_record(tuple(row)) for row in beside.records]
    of_kind: dict[tuple[str, str], list[str]] = {}
    for scope, kind, a, b, m in listed:
        records.append(StoredRecord(record=decode_record(a), author=b, foreign_position=m))
        of_kind.setdefault((scope, kind), []).append(records[-1].record.id)
    here = {each.record.id: each for each in records}
    return Loaded(
        head=_head(tenant, parts[_HEAD]),
        devices={each.id: each for each in devices},
        outcomes={(each.device, each.number): each for each in outcomes},
        grants={(each.user, each.scope): each for each in _grants(parts[_GRANT])},
        records=here,
        rejected_creates=frozenset((fact[1], fact[2]) for fact in parts[_REJECTED] if fact[2] not in here),
        of_kind=of_kind,
        keys={Key(*row[:4]): row[4] for row in map(tuple, beside.keys)},
        links={target: here for each in beside.linked.values() if each is not None for target, here in each.items()},
        overfull=frozenset(target for target, each in beside.linked.items() if each is None),
        wanted=wanted,
    )


def standing(tenant: str, user: str, facts: Sequence[Row]) -> Standing:
    """Where a device of the user stands. Raises `Unavailable` if there is no such tenant."""
    parts = _by_part(facts)
    return Standing(
        head=_head(tenant, parts[_HEAD]),
        grants=grants_of(user, _grants(parts[_GRANT])),
        last_number=next((fact[4] for fact in parts[_NUMBER]), 0),
    )


def is_stale(facts: Sequence[Row]) -> bool:
    """Whether another commit batch ended while this `LOAD` waited for the head, so that it must be asked again."""
    return any(fact[0] == _HEAD and fact[2] != fact[3] for fact in facts)


async def head_of(connection: Connection, tenant: str) -> Head:
    """The tenant's head, not locked. Raises `Unavailable` for a tenant that is not here."""
    found = await connection.fetchrow(statements.HEAD_OF, tenant)
    if found is None:
        raise no_tenant(tenant)
    return Head(position=found[0], epoch=found[1])


def _by_part(facts: Iterable[Row]) -> list[list[Row]]:
    parts: list[list[Row]] = [[] for _ in range(_NUMBER + 1)]
    for fact in facts:
        parts[fact[0]].append(fact)
    return parts


def _head(tenant: str, facts: Sequence[Row]) -> Head:
    if not facts:
        raise no_tenant(tenant)
    return Head(position=facts[0][4], epoch=facts[0][1])


def _grants(facts: Iterable[Row]) -> list[Grant]:
    return [Grant(user=f[1], scope=f[2], role=f[3], since=f[4], until=f[5], maker=f[6]) for f in facts]
