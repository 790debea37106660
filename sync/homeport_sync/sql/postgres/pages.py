"""The rows of a page on PostgreSQL: small ones at once, large ones only as far as the page has room for them."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.pull import Range, Room, Row
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import Connection


async def read_range(connection: Connection, tenant: str, wanted: Range, room: Room) -> Sequence[Row]:
    """The first rows of the range, in order. Of records that are not large, all that can come fit into the page."""
    if not wanted.scopes or wanted.after >= wanted.upto:
        return []
    large = max(room.bytes, 0) // room.rows
    one = len(wanted.scopes) == 1
    statement = statements.SCOPE_ROWS if one else statements.SCOPES_ROWS
    scopes = wanted.scopes[0] if one else list(wanted.scopes)
    found = await connection.fetch(statement, tenant, scopes, wanted.after, wanted.upto, room.rows, large)
    rows = [(row[0], row[1]) for row in found]
    left_out = [(scopes if one else row[2], row[0]) for row in found if row[1] is None]
    return await _with_large(connection, tenant, rows, left_out, room.bytes) if left_out else rows


async def _with_large(
    connection: Connection,
    tenant: str,
    rows: Sequence[tuple[int, str | None]],
    left_out: Sequence[tuple[object, int]],
    bytes_left: int,
) -> Sequence[Row]:
    """The rows up to the first large one that was not read, because those before it fill the page."""
    scopes, positions = map(list, zip(*left_out, strict=True))
    found = await connection.fetch(statements.LARGE_ROWS, tenant, scopes, positions, bytes_left)
    texts = {row[0]: row[1] for row in found}
    whole: list[Row] = []
    for position, small in rows:
        text = texts.get(position) if small is None else small
        if text is None:
            break
        whole.append((position, text))
    return whole
