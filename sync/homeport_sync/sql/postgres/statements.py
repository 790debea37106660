"""Every statement that PostgreSQL runs for a request, by name; `$1` is the tenant in each, and none may scan.

A commit batch has three: `LOCK`, `LOAD`, `WRITE`. `LOCK` is a statement of its own because a statement sees what was
committed before it *began*: one that waited for the head's lock and then read records would read those of before the
wait. Lists go in as arrays, one a column, so that a statement's text does not depend on their length.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Final

# Completed with the tenant as a literal, to run in the round trip that begins the transaction.
LOCK: Final = "SELECT 1 FROM heads WHERE tenant_id = {tenant} FOR UPDATE"

# One row a fact, of several kinds: `part` is one of these, and `load.py` says what the other columns then are.
HEAD, DEVICE, OUTCOME, GRANT, RECORD, REJECTED, NUMBER = range(7)
# What is wanted is looked up one by one (LATERAL, LIMIT): a join is free to read all that the tenant has, and does as
# long as its statistics say that this is little.
LOAD: Final = """
    SELECT 0 AS part, epoch AS a, NULL AS b, NULL AS c, position AS m, NULL::bigint AS n, NULL::boolean AS flag,
      NULL::bytea AS raw
    FROM heads WHERE tenant_id = $1
    UNION ALL
    SELECT 1, found.*, NULL, NULL
    FROM unnest($2::text[]) AS wanted(id) CROSS JOIN LATERAL (
      SELECT device_id, user_id, last_stamp, last_number, confirmed
      FROM devices WHERE tenant_id = $1 AND device_id = wanted.id LIMIT 1
    ) AS found
    UNION ALL
    SELECT 2, found.device_id, found.stamp, found.answer, found.number, found.created_at, NULL, found.digest
    FROM unnest($3::text[], $4::text[], $5::bigint[]) AS wanted(stamp, device, number)
    CROSS JOIN LATERAL (
      SELECT FROM devices
      WHERE tenant_id = $1 AND device_id = wanted.device AND last_number >= wanted.number LIMIT 1
    ) AS again
    CROSS JOIN LATERAL (
      SELECT * FROM outcomes
      WHERE tenant_id = $1 AND stamp = wanted.stamp AND device_id = wanted.device AND number = wanted.number LIMIT 1
    ) AS found
    UNION ALL
    SELECT 3, found.*, NULL
    FROM unnest($6::text[], $7::text[]) AS wanted(person, scope) CROSS JOIN LATERAL (
      SELECT user_id, scope_id, role, since, until, maker
      FROM grants WHERE tenant_id = $1 AND user_id = wanted.person AND scope_id = wanted.scope LIMIT 1
    ) AS found
    UNION ALL
    SELECT 4, found.wire, found.author, NULL, found.foreign_position, NULL, NULL, NULL
    FROM unnest($8::text[]) AS wanted(id) CROSS JOIN LATERAL (
      SELECT wire, author, foreign_position FROM records WHERE tenant_id = $1 AND record_id = wanted.id LIMIT 1
    ) AS found
    UNION ALL
    SELECT 5, found.device_id, found.record_id, NULL, NULL, NULL, NULL, NULL
    FROM unnest($8::text[]) AS wanted(id) CROSS JOIN LATERAL (
      SELECT device_id, record_id FROM quarantine
      WHERE tenant_id = $1 AND record_id = wanted.id AND created
      ORDER BY record_id OFFSET 0
    ) AS found
    WHERE found.device_id = ANY ($2::text[])"""


def _write() -> str:
    """The one statement that writes a commit batch: `$1` tenant, `$2` head, `$3` now, then an array a column."""
    numbers = count(4)

    def arrays(types: str) -> str:
        return ", ".join(f"${next(numbers)}::{name}[]" for name in types.split())

    return f"""
    WITH head AS (
      UPDATE heads SET position = $2::bigint, updated_at = $3::bigint WHERE tenant_id = $1
    ), added AS (
      INSERT INTO log (tenant_id, position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number,
        user_id, outcome, request_id, created_at)
      SELECT $1, * FROM unnest({arrays("bigint text text text text text text text text bigint text text text bigint")})
    ), put AS (
      INSERT INTO records (tenant_id, record_id, kind, scope_id, position, author, foreign_position, wire, deleted_at,
        created_at, updated_at)
      SELECT $1, *, $3, $3 FROM unnest({arrays("text text text bigint text bigint text bigint")})
      ON CONFLICT (tenant_id, record_id) DO UPDATE SET
        position = excluded.position, author = excluded.author, foreign_position = excluded.foreign_position,
        wire = excluded.wire, updated_at = excluded.updated_at, deleted_at = excluded.deleted_at
    ), told AS (
      INSERT INTO outcomes (tenant_id, stamp, device_id, number, digest, answer, created_at)
      SELECT $1, * FROM unnest({arrays("text text bigint bytea text bigint")})
    ), refused AS (
      INSERT INTO quarantine (tenant_id, device_id, number, record_id, created, change, answer, created_at)
      SELECT $1, * FROM unnest({arrays("text bigint text boolean text text bigint")})
    ), known AS (
      INSERT INTO devices (tenant_id, device_id, user_id, last_number, confirmed, last_stamp, created_at, updated_at)
      SELECT $1, *, $3, $3 FROM unnest({arrays("text text bigint bigint text")})
      ON CONFLICT (tenant_id, device_id) DO UPDATE SET
        last_number = excluded.last_number, confirmed = excluded.confirmed, last_stamp = excluded.last_stamp,
        updated_at = excluded.updated_at
    ), granted AS (
      INSERT INTO grants (tenant_id, user_id, scope_id, role, since, until, maker, deleted_at, created_at, updated_at)
      SELECT $1, *, $3, $3 FROM unnest({arrays("text text text bigint bigint boolean bigint")})
      ON CONFLICT (tenant_id, user_id, scope_id) DO UPDATE SET
        role = excluded.role, since = excluded.since, until = excluded.until, maker = excluded.maker,
        updated_at = excluded.updated_at, deleted_at = excluded.deleted_at
    )
    SELECT 1"""  # noqa: S608  # nothing is put in but numbered placeholders


WRITE: Final = _write()

STANDING: Final = """
    SELECT 0 AS part, epoch AS a, NULL AS b, NULL AS c, position AS m, NULL::bigint AS n, NULL::boolean AS flag
    FROM heads WHERE tenant_id = $1
    UNION ALL
    SELECT 6, NULL, NULL, NULL, last_number, NULL, NULL
    FROM devices WHERE tenant_id = $1 AND device_id = $3 AND user_id = $2
    UNION ALL
    SELECT 3, user_id, scope_id, role, since, until, maker
    FROM grants WHERE tenant_id = $1 AND user_id = $2"""
SCOPE_ROWS: Final = """
    SELECT position, wire FROM records
    WHERE tenant_id = $1 AND scope_id = $2 AND position > $3 AND position <= $4
    ORDER BY position LIMIT $5"""
# Of several scopes the positions are read first, from the index alone, so that no text is read in vain.
SCOPES_ROWS: Final = """
    WITH first AS MATERIALIZED (
      SELECT scope.id, found.position
      FROM unnest($2::text[]) AS scope(id)
      CROSS JOIN LATERAL (
        SELECT position FROM records
        WHERE tenant_id = $1 AND scope_id = scope.id AND position > $3 AND position <= $4
        ORDER BY position LIMIT $5
      ) AS found
      ORDER BY found.position LIMIT $5
    )
    SELECT row.position, row.wire
    FROM first CROSS JOIN LATERAL (
      SELECT position, wire FROM records
      WHERE tenant_id = $1 AND scope_id = first.id AND position = first.position LIMIT 1
    ) AS row
    ORDER BY row.position"""

HEAD_OF: Final = "SELECT position, epoch FROM heads WHERE tenant_id = $1"
READ_LOG: Final = """
    SELECT position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome,
      request_id, created_at
    FROM log WHERE tenant_id = $1 AND position > $2 ORDER BY position LIMIT $3"""
BEGIN_EPOCH: Final = """
    UPDATE heads SET epoch = $3, updated_at = $4 WHERE tenant_id = $1 AND epoch = $2"""
PRUNE_OUTCOMES: Final = """
    DELETE FROM outcomes WHERE (tenant_id, stamp, device_id, number) IN (
      SELECT o.tenant_id, o.stamp, o.device_id, o.number FROM outcomes AS o
      CROSS JOIN LATERAL (
        SELECT FROM devices
        WHERE tenant_id = $1 AND device_id = o.device_id AND confirmed >= o.number LIMIT 1
      ) AS known
      WHERE o.tenant_id = $1 AND o.stamp < $2 AND o.created_at < $3
      LIMIT $4)"""

PLACE: Final = "SELECT position FROM places WHERE tenant_id = $1 AND follower = $2"
_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
LEASE: Final = f"""
    INSERT INTO places (tenant_id, follower, position, holder, fence, leased_until, created_at, updated_at)
    SELECT tenant_id, $2, 0, $3, 1, {_NOW} + $4::bigint, {_NOW}, {_NOW} FROM heads WHERE tenant_id = $1
    ON CONFLICT (tenant_id, follower) DO UPDATE SET
      fence = places.fence + (places.holder <> excluded.holder)::int, holder = excluded.holder,
      leased_until = {_NOW} + $4::bigint, updated_at = excluded.updated_at
    WHERE places.holder IN ('', excluded.holder) OR places.leased_until <= {_NOW}
    RETURNING position, fence"""  # noqa: S608  # the clock is put in
_HELD = "tenant_id = $1 AND follower = $2 AND holder = $3 AND fence = $4"
_RENEW = f"leased_until = {_NOW} + $5::bigint, updated_at = {_NOW}"
KEEP_PLACE: Final = f"""
    UPDATE places SET position = greatest(position, $6::bigint), {_RENEW} WHERE {_HELD} RETURNING position"""  # noqa: S608
MOVE_PLACE: Final = f"""
    UPDATE places SET position = $6::bigint, {_RENEW} WHERE {_HELD} AND position = $7 RETURNING position"""  # noqa: S608
GIVE_BACK: Final = f"""
    UPDATE places SET holder = '', leased_until = 0, updated_at = {_NOW} WHERE {_HELD}"""  # noqa: S608
ADD_USAGE: Final = f"""
    INSERT INTO usage (tenant_id, day, kind, op, outcome, changes, created_at, updated_at)
    SELECT $1, day, kind, op, outcome, changes, {_NOW}, {_NOW}
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[]) AS l(day, kind, op, outcome, changes)
    ON CONFLICT (tenant_id, day, kind, op, outcome) DO UPDATE SET
      changes = usage.changes + excluded.changes, updated_at = excluded.updated_at"""  # noqa: S608
USAGE: Final = """
    SELECT day, kind, op, outcome, changes FROM usage
    WHERE tenant_id = $1 AND (day, kind, op, outcome) > ($2, $3, $4, $5)
    ORDER BY day, kind, op, outcome LIMIT $6"""

ADD_TENANT: Final = """
    INSERT INTO tenants (tenant_id, name, created_at, updated_at) VALUES ($1, $2, $3, $3)
    ON CONFLICT (name) DO NOTHING"""
ADD_HEAD: Final = """
    INSERT INTO heads (tenant_id, position, epoch, created_at, updated_at) VALUES ($1, 0, $2, $3, $3)"""

# These three read the roster.
TENANT_BY_ID: Final = """
    SELECT tenant_id, name, created_at FROM tenants WHERE tenant_id = $1 AND deleted_at IS NULL"""
TENANT_BY_NAME: Final = "SELECT tenant_id, name, created_at FROM tenants WHERE name = $1 AND deleted_at IS NULL"
TENANTS: Final = """
    SELECT tenant_id, name, created_at FROM tenants
    WHERE tenant_id > $1 AND deleted_at IS NULL ORDER BY tenant_id LIMIT $2"""


def columns_of(rows: Iterable[tuple[object, ...]], width: int) -> list[list[object]]:
    """Rows as one list a column, for `unnest`."""
    turned = [list(column) for column in zip(*rows, strict=True)]
    return turned or [[] for _ in range(width)]
