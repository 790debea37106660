"""Nouns to rows and back, in the order of `statements.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import asdict, replace

from homeport_sync.change import Edits, Fields, decode_record, encode
from homeport_sync.clock import Stamp, stamp_ms
from homeport_sync.keys import Key, Link
from homeport_sync.ports import KnownDevice, LogEntry, Pruned, StoredOutcome, StoredRecord, Tenant
from homeport_sync.quarantine import Held, Quarantined, Replayed
from homeport_sync.receipts import DEVICES_MAX, Ended, Holder, Receipt
from homeport_sync.scope import Grant
from homeport_sync.sightings import ListedDevice, Sighting

Row: TypeAlias = tuple[Any, ...]  # a driver's row: its columns are typed where they are unpacked
OF_ALL_TENANTS = "*"  # the `tenant_id` of places that belong to no tenant's log; no tenant has this id
_decode_edits = msgspec.json.Decoder(Edits).decode
_decode_fields = msgspec.json.Decoder(Fields).decode


def log_rows(tenant: str, entries: Iterable[LogEntry]) -> list[Row]:
    """Entries as rows of `log`."""
    return [
        (
            tenant,
            entry.position,
            entry.op,
            entry.kind,
            entry.record,
            entry.scope,
            encode(entry.fields),
            encode(entry.before),
            entry.stamp,
            entry.device,
            entry.number,
            entry.user,
            entry.outcome,
            entry.request_id,
            entry.accepted_at_ms,
        )
        for entry in entries
    ]


def log_entry(row: Row) -> LogEntry:
    """A row of `READ_LOG` as an entry."""
    position, op, kind, record, scope, fields, before, stamp, device, number, user, outcome, request_id, at = row
    return LogEntry(
        position=position,
        op=op,
        kind=kind,
        record=record,
        scope=scope,
        fields=_decode_edits(fields),
        before=_decode_fields(before),
        stamp=stamp,
        device=device,
        number=number,
        user=user,
        outcome=outcome,
        request_id=request_id,
        accepted_at_ms=at,
    )


def record_rows(tenant: str, records: Iterable[StoredRecord], now_ms: int) -> list[Row]:
    """Records as rows of `records`."""
    return [
        (
            tenant,
            stored.row,
            stored.record.kind,
            stored.record.scope,
            stored.record.position,
            stored.author,
            stored.foreign_position,
            encode(stored.record),
            now_ms,
            now_ms,
            stamp_ms(stored.record.deleted) if stored.record.deleted else None,
        )
        for stored in records
    ]


def stored_record(row: Row) -> StoredRecord:
    """A row of `RECORDS` as a record."""
    wire, author, foreign_position = row
    return StoredRecord(record=decode_record(wire), author=author, foreign_position=foreign_position)


def outcome_rows(tenant: str, outcomes: Iterable[StoredOutcome]) -> list[Row]:
    """Outcomes as rows of `outcomes`."""
    return [
        (tenant, kept.stamp, kept.device, kept.number, kept.digest, kept.text, kept.decided_at_ms) for kept in outcomes
    ]


def stored_outcome(row: Row) -> StoredOutcome:
    """A row of `OUTCOMES` as an outcome."""
    device, number, stamp, digest, text, at = row
    return StoredOutcome(device=device, number=number, stamp=Stamp(stamp), digest=digest, text=text, decided_at_ms=at)


def outcomes_by_change(found: Iterable[Row]) -> dict[tuple[str, int], StoredOutcome]:
    """Rows of `OUTCOMES` by the changes' devices and numbers."""
    return {(each.device, each.number): each for each in map(stored_outcome, found)}


def quarantine_rows(tenant: str, quarantined: Iterable[Quarantined]) -> list[Row]:
    """Rejected changes as rows of `quarantine`."""
    return [
        (tenant, each.device, each.number, each.record, each.created, each.change, each.text, each.rejected_at_ms)
        for each in quarantined
    ]


def replay_rows(tenant: str, quarantined: Iterable[Quarantined]) -> list[Row]:
    """Those of them that were replays themselves as rows of `replays`."""
    return [
        (tenant, each.device, each.number, each.replays, each.rejected_at_ms) for each in quarantined if each.replays
    ]


def marks(tenant: str, replayed: Iterable[Replayed], now_ms: int) -> list[dict[str, object]]:
    """Marks as the values of `MARK_REPLAYED`, by their names and in their order."""
    return [{"tenant": tenant, **asdict(each), "now": now_ms} for each in replayed]


def quarantined(row: Row) -> Quarantined:
    """A row of `REFUSED_OF_DEVICE` as a rejected change."""
    device, number, record, created, change, text, at = row
    return Quarantined(
        device=device,
        number=number,
        record=record,
        created=bool(created),
        change=change,
        text=text,
        rejected_at_ms=at,
    )


def held(row: Row) -> Held:
    """A row of `QUARANTINE`, `HELD` or `HELD_LATER` as it lies in quarantine."""
    *change, user, replays, by, at = row
    refused = replace(quarantined(tuple(change)), replays=replays)
    return Held(change=refused, user=user, replayed_by=by, replayed_at_ms=at if by else None)


def sighting_rows(tenant: str, sightings: Iterable[Sighting], now_ms: int) -> list[Row]:
    """Sightings as rows of `sightings`."""
    return [
        (
            tenant,
            each.device,
            each.user,
            each.pushed_at_ms,
            each.pulled_at_ms,
            each.pulled_position,
            each.refused_at_ms,
            each.refused_code,
            each.connected_at_ms,
            each.connected,
            each.introduced_at_ms,
            each.outbox,
            each.app_version,
            each.sdk,
            now_ms,
            now_ms,
        )
        for each in sightings
    ]


def sighting(row: Row) -> Sighting:
    """A row of `SIGHTING` as a sighting."""
    device, user, pushed_at, pulled_at, position, refused_at, code, connected_at, connected, *said = row
    introduced_at, outbox, app_version, sdk = said
    return Sighting(
        device=device,
        user=user,
        pushed_at_ms=pushed_at,
        pulled_at_ms=pulled_at,
        pulled_position=position,
        refused_at_ms=refused_at,
        refused_code=code,
        connected_at_ms=connected_at,
        connected=bool(connected),
        introduced_at_ms=introduced_at,
        outbox=outbox,
        app_version=app_version,
        sdk=sdk or "",
    )


def listed_device(row: Row) -> ListedDevice:
    """A row of `DEVICES_LISTED` as a device in the list."""
    *seen, updated_at, user, last_number, confirmed, last_stamp, refused = row
    sighted = sighting(tuple(seen))
    return ListedDevice(
        sighting=sighted,
        known=None if user is None else known_device((sighted.device, user, last_number, confirmed, last_stamp)),
        refused_count=refused,
        place=(updated_at, sighted.device),
    )


def key_rows(tenant: str, keys: Iterable[tuple[Key, str | None]], now_ms: int) -> tuple[list[Row], list[Row]]:
    """Keys that are held as rows of `keys`, and the primary keys of those that are not."""
    held = [(tenant, *key, holder, now_ms, now_ms) for key, holder in keys if holder is not None]
    return held, [(tenant, *key) for key, holder in keys if holder is None]


def link_rows(tenant: str, links: Iterable[tuple[Link, bool]], now_ms: int) -> tuple[list[Row], list[Row]]:
    """Links that are there as rows of `links`, and the primary keys of those that are not."""
    put = [
        (tenant, each.target, each.record, each.field, each.kind, each.cascades, now_ms, now_ms)
        for each, there in links
        if there
    ]
    return put, [(tenant, each.target, each.record, each.field) for each, there in links if not there]


def link(row: Row) -> Link:
    """A row of `LINKS` as a link."""
    target, record, field, kind, cascades = row
    return Link(target=target, record=record, kind=kind, field=field, cascades=bool(cascades))


def device_rows(tenant: str, devices: Iterable[KnownDevice], now_ms: int) -> list[Row]:
    """Devices as rows of `devices`."""
    return [
        (tenant, each.id, each.user, each.last_number, each.confirmed, each.last_stamp, now_ms, now_ms)
        for each in devices
    ]


def pruned(old: Sequence[Row], limit: int) -> Pruned:
    """Rows of `OLD_OUTCOMES`, of which those that say so were forgotten, as a step of pruning."""
    last = old[-1][:3] if len(old) == limit else None
    return Pruned(forgotten=sum(goes for *_, goes in old), last=last)


def known_device(row: Row) -> KnownDevice:
    """A row of `DEVICES` as a device."""
    device, user, last_number, confirmed, last_stamp = row
    return KnownDevice(id=device, user=user, last_number=last_number, confirmed=confirmed, last_stamp=Stamp(last_stamp))


def grant_rows(tenant: str, grants: Iterable[Grant], now_ms: int) -> list[Row]:
    """Grants as rows of `grants`."""
    return [
        (
            tenant,
            each.user,
            each.scope,
            each.role,
            each.since,
            each.until,
            each.maker,
            now_ms,
            now_ms,
            None if each.holds else now_ms,
        )
        for each in grants
    ]


def grant(row: Row) -> Grant:
    """A row of `GRANTS` or `GRANTS_OF_USER` as a grant."""
    user, scope, role, since, until, maker = row
    return Grant(user=user, scope=scope, role=role, since=since, until=until, maker=bool(maker))


def receipt_rows(tenant: str, user: str, device: str, receipts: Iterable[Receipt], now_ms: int) -> list[dict[str, Any]]:
    """Receipts as the parameters of `KEEP_RECEIPT`."""
    return [
        {
            "tenant": tenant,
            "user": user,
            "scope": each.scope,
            "device": device,
            "ended": each.position,
            "dropped": each.dropped_ms,
            "now": now_ms,
            "most": DEVICES_MAX,
        }
        for each in receipts
    ]


def ended(row: Row) -> Ended:
    """A row of `ENDED_GRANTS` as an ended grant."""
    user, scope, until, ended_at = row
    return Ended(user=user, scope=scope, position=until, ended_at_ms=ended_at)


def holder(row: Row) -> Holder:
    """A row of `RECEIPTS_OF_ENDING` as a device that has answered."""
    device, dropped_at, received_at = row
    return Holder(device=device, seen_at_ms=received_at, dropped_at_ms=dropped_at, received_at_ms=received_at)


def tenant_of(row: Row) -> Tenant:
    """A row of `TENANT_BY_ID`, `TENANT_BY_NAME` or `TENANTS` as a tenant."""
    tenant, name, created_at = row
    return Tenant(id=tenant, name=name, created_at_ms=created_at)
