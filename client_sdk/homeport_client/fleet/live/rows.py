"""The log and its followers as the checkers read them: rows of a database, as text or as values, made into nouns."""

from __future__ import annotations

import json
from collections.abc import Sequence

from homeport_client.fleet.check.evidence import Followed
from homeport_sync.ports import LogEntry

LOG = """SELECT position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome,
    request_id, created_at FROM log ORDER BY position"""
HEAD = "SELECT coalesce(max(position), 0) FROM log"
FOLLOWED = """SELECT h.tenant_id, h.position, coalesce(p.position, 0),
    (SELECT coalesce(sum(u.changes), 0) FROM usage u WHERE u.tenant_id = h.tenant_id)
    FROM heads h LEFT JOIN places p ON p.tenant_id = h.tenant_id AND p.follower = 'usage'"""


def entry(row: Sequence[object]) -> LogEntry:
    """One row of `LOG`."""
    position, op, kind, record, scope, fields, before, stamp, device, number, user, outcome, request_id, at = row
    return LogEntry(
        position=int(str(position)),
        op=op,  # type: ignore[arg-type]  # the column holds nothing else
        kind=str(kind),
        record=str(record),
        scope=str(scope),
        fields=json.loads(str(fields)),
        before=json.loads(str(before)),
        stamp=stamp,  # type: ignore[arg-type]  # as above
        device=str(device),
        number=int(str(number)),
        user=str(user),
        outcome=outcome,  # type: ignore[arg-type]  # as above
        request_id=str(request_id),
        accepted_at_ms=int(str(at)),
    )


def followed(row: Sequence[object]) -> Followed:
    """One row of `FOLLOWED`."""
    tenant, head, place, counted = row
    return Followed(tenant=str(tenant), head=int(str(head)), place=int(str(place)), counted=int(str(counted)))
