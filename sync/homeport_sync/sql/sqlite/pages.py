"""The rows of a page on SQLite, read a few at a time until the page is full."""

from __future__ import annotations

import sqlite3

from homeport_sync.pull import Range, Room, Row, enough, sizes_of
from homeport_sync.sql.sqlite import statements

ROWS_AT_ONCE = 50


def read_range(connection: sqlite3.Connection, tenant: str, wanted: Range, room: Room) -> list[Row]:
    """The first rows of the range, in order. What is read beyond the room is forgotten at once: it is never more than
    `ROWS_AT_ONCE` rows."""
    scopes, upto = _reach(connection, tenant, wanted, room.rows)
    values = {"tenant": tenant, "after": wanted.after, "room": room.rows}
    rows: list[Row] = []
    size = 0
    for scope in scopes:
        cursor = connection.execute(statements.SCOPE_ROWS, {**values, "scope": scope, "upto": upto})
        while part := cursor.fetchmany(ROWS_AT_ONCE):
            rows += part
            size += len("".join([text for _, text in part]).encode())  # quicker than to add up the sizes of small ones
            if size > room.bytes:
                rows.sort()
                sizes = sizes_of(rows)
                count = enough(sizes, room.bytes)
                if count < len(rows):
                    del rows[count:]
                    size, upto = sum(sizes[:count]), rows[-1][0]
                if part[-1][0] >= upto:
                    break
    return sorted(rows) if len(scopes) > 1 else rows


def _reach(connection: sqlite3.Connection, tenant: str, wanted: Range, count: int) -> tuple[tuple[str, ...], int]:
    """Which scopes have one of the first `count` rows, and up to where. Of several scopes, the positions are read (from
    the index alone) to find that out, so that no text is read in vain."""
    if len(wanted.scopes) <= 1:
        return wanted.scopes, wanted.upto
    values = {"tenant": tenant, "after": wanted.after, "upto": wanted.upto, "room": count}
    reached = [
        (position, scope)
        for scope in wanted.scopes
        for (position,) in connection.execute(statements.SCOPE_POSITIONS, {**values, "scope": scope})
    ]
    first = sorted(reached)[:count]
    return tuple(sorted({scope for _, scope in first})), first[-1][0] if first else wanted.after
