"""One tenant's log and followers as the checkers read them: rows of a database, as text or as values, made into nouns.

The statements are the same for SQLite and PostgreSQL. Beside the fleet's tenant there may be others in the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from homeport_client.fleet.check.evidence import Followed, Revoked
from homeport_sync.change import Edits, Fields
from homeport_sync.ports import LogEntry

_decode_edits = msgspec.json.Decoder(Edits).decode
_decode_fields = msgspec.json.Decoder(Fields).decode
_LOG = """SELECT position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome,
    request_id, created_at FROM log WHERE {tenant} ORDER BY position"""
_TAIL = _LOG.replace("ORDER BY position", "AND position > {after} ORDER BY position DESC LIMIT {limit}")
_HEAD = "SELECT coalesce(max(position), 0) FROM log WHERE {tenant}"
_FOLLOWED = """SELECT h.tenant_id, h.position, coalesce(p.position, 0),
    (SELECT coalesce(sum(u.changes), 0) FROM usage u WHERE u.tenant_id = h.tenant_id)
    FROM heads h LEFT JOIN places p ON p.tenant_id = h.tenant_id AND p.follower = 'usage' WHERE h.{tenant}"""

_REVOKED = """SELECT g.user_id, g.scope_id, g.until, coalesce(r.device_id, '') FROM grants g LEFT JOIN receipts r
    ON r.tenant_id = g.tenant_id AND r.user_id = g.user_id AND r.scope_id = g.scope_id AND r.ended = g.until
    WHERE g.until IS NOT NULL AND g.{tenant} ORDER BY g.user_id, g.scope_id"""


_TOLD = """SELECT n.notification_id, n.lane, n.told, d.states, d.addresses FROM notifications n LEFT JOIN deliveries d
    ON d.tenant_id = n.tenant_id AND d.notification_id = n.notification_id WHERE n.{tenant}
    ORDER BY n.notification_id, d.number"""
_TO_TELL = """SELECT
    (SELECT count(*) FROM places p JOIN heads h ON h.tenant_id = p.tenant_id
        WHERE p.follower LIKE 'notify:%' AND p.position < h.position AND p.{tenant})
    + (SELECT count(*) FROM notifications WHERE lane <> 'wake' AND expand_at IS NOT NULL AND {tenant})
    + (SELECT count(*) FROM chunks WHERE lane <> 'wake' AND is_open AND {tenant})"""
_ADDRESSES = "SELECT address_id, device_id FROM addresses WHERE {tenant}"
_RECEIPTS = "SELECT notification_id, device_id FROM notification_receipts WHERE {tenant}"


def told_of(tenant: str) -> str:
    """What reads all that was told, and the state of each delivery; `live/notified.py` makes nouns of it."""
    return _TOLD.format(tenant=_is(tenant))


def to_tell_of(tenant: str) -> str:
    """What reads how much rules have still to follow, and lanes to expand and to send. A wake may have to wait for
    hours."""
    return _TO_TELL.format(tenant=_is(tenant))


def addresses_of(tenant: str) -> str:
    """What reads whose each address is."""
    return _ADDRESSES.format(tenant=_is(tenant))


def receipts_of(tenant: str) -> str:
    """What reads which devices have received which notification."""
    return _RECEIPTS.format(tenant=_is(tenant))


def log_of(tenant: str) -> str:
    """What reads the whole log of a tenant, by its name or its id, in order."""
    return _LOG.format(tenant=_is(tenant))


def tail_of(tenant: str, after: int, limit: int) -> str:
    """What reads the newest entries behind a position, newest first: at most so many."""
    return _TAIL.format(tenant=_is(tenant), after=int(after), limit=int(limit))


def head_of(tenant: str) -> str:
    """What reads its last position."""
    return _HEAD.format(tenant=_is(tenant))


def followed_of(tenant: str) -> str:
    """What reads how far its followers have come."""
    return _FOLLOWED.format(tenant=_is(tenant))


def revoked_of(tenant: str) -> str:
    """What reads its ended grants, each once for each device that has answered it, or once."""
    return _REVOKED.format(tenant=_is(tenant))


def literal(text: str) -> str:
    """The text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def entry(row: Sequence[object]) -> LogEntry:
    """One row of `log_of`."""
    position, op, kind, record, scope, fields, before, stamp, device, number, user, outcome, request_id, at = row
    return LogEntry(
        position=int(str(position)),
        op=op,  # type: ignore[arg-type]  # the column holds nothing else
        kind=str(kind),
        record=str(record),
        scope=str(scope),
        fields=_decode_edits(str(fields)),
        before=_decode_fields(str(before)),
        stamp=stamp,  # type: ignore[arg-type]  # as above
        device=str(device),
        number=int(str(number)),
        user=str(user),
        outcome=outcome,  # type: ignore[arg-type]  # as above
        request_id=str(request_id),
        accepted_at_ms=int(str(at)),
    )


def followed(row: Sequence[object]) -> Followed:
    """One row of `followed_of`."""
    tenant, head, place, counted = row
    return Followed(tenant=str(tenant), head=int(str(head)), place=int(str(place)), counted=int(str(counted)))


def revoked(rows: Iterable[Sequence[object]]) -> list[Revoked]:
    """All rows of `revoked_of`."""
    answered: dict[tuple[str, str, int], set[str]] = {}
    for user, scope, until, device in rows:
        answered.setdefault((str(user), str(scope), int(str(until))), set()).add(str(device))
    return [
        Revoked(user=user, scope=scope, position=position, answered=frozenset(devices - {""}))
        for (user, scope, position), devices in answered.items()
    ]


def _is(tenant: str) -> str:
    return f"tenant_id IN (SELECT tenant_id FROM tenants WHERE {literal(tenant)} IN (tenant_id, name))"  # noqa: S608  # quoted
