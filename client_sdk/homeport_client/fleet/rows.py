"""The log as the checkers read it: rows of a database, whatever it gives them as, made into entries."""

from __future__ import annotations

import json
from collections.abc import Sequence

from homeport_sync.ports import LogEntry

LOG = """SELECT position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome,
    request_id, created_at FROM log ORDER BY position"""
HEAD = "SELECT coalesce(max(position), 0) FROM log"


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
