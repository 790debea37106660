"""Every statement that PostgreSQL runs for a request, by name; `$1` is the tenant in each, and none may scan.

A commit batch has two: `LOAD`, which also locks the tenant's head, and the one that `write.py` makes for it. Lists go
in as arrays, one a column, so that a statement's text does not depend on their length.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

NOW: Final = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"  # in ms, by the database's clock

# One row a fact, of several kinds: `part` is the kind, and `load.py` says what the other columns then are.
# A statement sees what was committed before it began. One that waited for the head's lock and then reads records, reads
# those of before the wait: so the head comes with two versions (`xmin`), that of the row it locked (`b`) and that of
# the one it sees (`c`). Every commit batch writes the head; if the two differ, `LOAD` must be asked again.
#
# What is wanted is looked up one by one (LATERAL, LIMIT): a join is free to read all that the tenant has, and does as
# long as its statistics say that this is little.
LOAD: Final = """
    WITH head AS MATERIALIZED (
      SELECT position, epoch, xmin::text AS version FROM heads WHERE tenant_id = $1 FOR UPDATE
    )
    SELECT 0 AS part, epoch AS a, version AS b, (SELECT xmin::text FROM heads WHERE tenant_id = $1) AS c,
      position AS m, NULL::bigint AS n, NULL::boolean AS flag, NULL::bytea AS raw
    FROM head
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
    FROM unnest($10::text[], $11::text[]) AS wanted(device, id) CROSS JOIN LATERAL (
      SELECT device_id, record_id FROM quarantine
      WHERE tenant_id = $1 AND record_id = wanted.id AND device_id = wanted.device AND created
      ORDER BY record_id, device_id LIMIT 1
    ) AS found
    WHERE (SELECT true FROM records WHERE tenant_id = $1 AND record_id = wanted.id LIMIT 1) IS NULL
    UNION ALL
    SELECT 2, found.device_id, found.stamp, found.answer, found.number, found.created_at, NULL, found.digest
    FROM unnest($9::text[]) AS wanted(stamp) CROSS JOIN LATERAL (
      SELECT * FROM outcomes WHERE tenant_id = $1 AND stamp = wanted.stamp
      ORDER BY stamp, device_id, number LIMIT $12
    ) AS found"""

OF_KIND: Final = """
    SELECT wanted.scope, wanted.kind, found.wire, found.author, found.foreign_position
    FROM unnest($2::text[], $3::text[]) AS wanted(scope, kind) CROSS JOIN LATERAL (
      SELECT record_id, wire, author, foreign_position FROM records
      WHERE tenant_id = $1 AND scope_id = wanted.scope AND kind = wanted.kind AND deleted_at IS NULL
      ORDER BY record_id LIMIT $4
    ) AS found
    ORDER BY wanted.scope, wanted.kind, found.record_id"""

KEYS: Final = """
    SELECT found.*
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS wanted(scope, kind, field, digest)
    CROSS JOIN LATERAL (
      SELECT scope_id, kind, field, digest, record_id FROM keys
      WHERE tenant_id = $1 AND scope_id = wanted.scope AND kind = wanted.kind AND field = wanted.field
        AND digest = wanted.digest LIMIT 1
    ) AS found"""
# Of each record and of all that goes with it. As many records are reached as can be without as many links to them.
LINKS: Final = """
    SELECT wanted.target, found.*
    FROM unnest($2::text[]) AS wanted(target) CROSS JOIN LATERAL (
      WITH RECURSIVE reached(id) AS (
        SELECT wanted.target COLLATE "C"
        UNION
        SELECT next.record_id FROM reached CROSS JOIN LATERAL (
          SELECT record_id FROM links
          WHERE tenant_id = $1 AND target_id = reached.id AND cascades
          ORDER BY record_id, field OFFSET 0
        ) AS next
      )
      SELECT here.* FROM (SELECT id FROM reached LIMIT $3 + 1) AS each CROSS JOIN LATERAL (
        SELECT target_id, record_id, field, kind, cascades FROM links
        WHERE tenant_id = $1 AND target_id = each.id
        ORDER BY record_id, field OFFSET 0
      ) AS here
      LIMIT $3
    ) AS found"""
RECORDS: Final = """
    SELECT found.*
    FROM unnest($2::text[]) AS wanted(id) CROSS JOIN LATERAL (
      SELECT wire, author, foreign_position FROM records WHERE tenant_id = $1 AND record_id = wanted.id LIMIT 1
    ) AS found"""
FREE_KEY: Final = """
    DELETE FROM keys WHERE tenant_id = $1 AND scope_id = $2 AND kind = $3 AND field = $4 AND digest = $5"""
RECORDS_AFTER: Final = """
    SELECT wire FROM records
    WHERE tenant_id = $1 AND record_id > $2 AND deleted_at IS NULL ORDER BY record_id LIMIT $3"""
CUT_LINK: Final = "DELETE FROM links WHERE tenant_id = $1 AND target_id = $2 AND record_id = $3 AND field = $4"

STANDING: Final = """
    SELECT 0 AS part, epoch AS a, NULL AS b, NULL AS c, position AS m, NULL::bigint AS n, NULL::boolean AS flag
    FROM heads WHERE tenant_id = $1
    UNION ALL
    SELECT 6, NULL, NULL, NULL, last_number, NULL, NULL
    FROM devices WHERE tenant_id = $1 AND device_id = $3 AND user_id = $2
    UNION ALL
    SELECT 3, user_id, scope_id, role, since, until, maker
    FROM grants WHERE tenant_id = $1 AND user_id IN ($2, '*')"""
# A text of more than `$6` bytes is left out here: so what comes is never more than a page holds. `LARGE_ROWS` brings as
# many of those as fit. (To add up all sizes here would cost a page of small records a fifth of its time.)
SCOPE_ROWS: Final = """
    SELECT position, CASE WHEN octet_length(wire) <= $6 THEN wire END FROM records
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
    SELECT row.position, CASE WHEN octet_length(row.wire) <= $6 THEN row.wire END, first.id
    FROM first CROSS JOIN LATERAL (
      SELECT position, wire FROM records
      WHERE tenant_id = $1 AND scope_id = first.id AND position = first.position LIMIT 1
    ) AS row
    ORDER BY row.position"""
# Until those before the last one are more than `$4` bytes.
LARGE_ROWS: Final = """
    SELECT position, wire FROM (
      SELECT row.position, row.wire, sum(octet_length(row.wire)) OVER (
        ORDER BY row.position ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING
      ) AS before
      FROM unnest($2::text[], $3::bigint[]) AS wanted(scope, position) CROSS JOIN LATERAL (
        SELECT position, wire FROM records
        WHERE tenant_id = $1 AND scope_id = wanted.scope AND position = wanted.position LIMIT 1
      ) AS row
    ) AS large
    WHERE before IS NULL OR before <= $4"""

HEAD_OF: Final = "SELECT position, epoch FROM heads WHERE tenant_id = $1"
READ_LOG: Final = """
    SELECT position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome,
      request_id, created_at
    FROM log WHERE tenant_id = $1 AND position > $2 ORDER BY position LIMIT $3"""
READ_BACK: Final = """
    SELECT position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome,
      request_id, created_at
    FROM log WHERE tenant_id = $1 AND position < $2 ORDER BY position DESC LIMIT $3"""
OF_RECORD: Final = """
    SELECT position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome,
      request_id, created_at
    FROM log WHERE tenant_id = $1 AND position >= $2 AND position <= $3 AND record_id = $4
    ORDER BY position DESC LIMIT $5"""
OUTCOMES: Final = """
    SELECT found.*
    FROM unnest($2::text[], $3::text[], $4::bigint[]) AS wanted(stamp, device, number) CROSS JOIN LATERAL (
      SELECT device_id, number, stamp, digest, answer, created_at FROM outcomes
      WHERE tenant_id = $1 AND stamp = wanted.stamp AND device_id = wanted.device AND number = wanted.number LIMIT 1
    ) AS found"""
# Of changes that are named as device/number, among so many that were stamped after that.
OUTCOMES_LATER: Final = """
    SELECT device_id, number, stamp, digest, answer, created_at
    FROM (SELECT * FROM outcomes WHERE tenant_id = $1 AND stamp > $2
      ORDER BY stamp, device_id, number LIMIT $4) AS later
    WHERE device_id || '/' || number = ANY($3::text[])"""
BEGIN_EPOCH: Final = """
    UPDATE heads SET epoch = $3, updated_at = $4 WHERE tenant_id = $1 AND epoch = $2"""
# In two, because a DELETE that joins is free to read all outcomes of the tenant for each that is to go. The last column
# is whether it goes: those that stay are told too, so that the next step begins behind them.
OLD_OUTCOMES: Final = """
    SELECT old.stamp, old.device_id, old.number, old.created_at < $3 AND coalesce((
      SELECT confirmed FROM devices WHERE tenant_id = $1 AND device_id = old.device_id LIMIT 1
    ), old.number) >= old.number
    FROM (
      SELECT stamp, device_id, number, created_at FROM outcomes
      WHERE tenant_id = $1 AND stamp < $2 AND (stamp, device_id, number) > ($4, $5, $6)
      ORDER BY stamp, device_id, number LIMIT $7
    ) AS old
    ORDER BY old.stamp, old.device_id, old.number"""
FORGET_OUTCOME: Final = """
    DELETE FROM outcomes WHERE tenant_id = $1 AND stamp = $2 AND device_id = $3 AND number = $4"""
FORGET_WRITER: Final = """
    DELETE FROM devices
    WHERE tenant_id = $1 AND device_id = $2 AND last_number = $3
      AND (SELECT true FROM quarantine WHERE tenant_id = $1 AND device_id = $2 LIMIT 1) IS NULL"""

MEMBERS: Final = """
    SELECT user_id FROM grants
    WHERE tenant_id = $1 AND scope_id = $2 AND user_id > $3 AND user_id <> '*' AND until IS NULL
    ORDER BY user_id LIMIT $4"""

# One by one, and only for the few batches in which something is replayed: they are no part of the batch's statement.
ADD_REPLAY: Final = """
    INSERT INTO replays (tenant_id, device_id, number, replays, replayed_by, created_at)
    VALUES ($1, $2, $3, $4, '', $5)"""
MARK_REPLAYED: Final = """
    INSERT INTO replays (tenant_id, device_id, number, replays, replayed_by, created_at)
    SELECT $1, device_id, number, '', $5, $6
    FROM (SELECT device_id, number FROM quarantine
      WHERE tenant_id = $1 AND device_id = $2 AND number = $3 ORDER BY device_id, number LIMIT 1) AS held
    WHERE (SELECT user_id FROM devices WHERE tenant_id = $1 AND device_id = $2 LIMIT 1) = $4
    ON CONFLICT DO NOTHING"""


def _held(rest: str) -> str:
    """What lies in quarantine. A device's user never changes, so the row of the device says whose change it is."""
    return f"""
    SELECT device_id, number, record_id, created, change, answer, created_at, coalesce(user_id, ''),
      coalesce(replays, ''), coalesce(replayed_by, ''), replayed_at
    FROM quarantine AS held LEFT JOIN LATERAL (
      SELECT user_id FROM devices WHERE tenant_id = $1 AND device_id = held.device_id LIMIT 1
    ) AS device ON true LEFT JOIN LATERAL (
      SELECT replays, replayed_by, created_at AS replayed_at FROM replays
      WHERE tenant_id = $1 AND device_id = held.device_id AND number = held.number LIMIT 1
    ) AS replay ON true
    {rest.strip()}"""  # noqa: S608  # all of it stands here


QUARANTINE: Final = _held("""
    WHERE tenant_id = $1 AND created_at >= 0 AND (created_at, device_id, number) > ($2, $3, $4)
      AND ($5 OR replays IS NULL) AND $6 IN ('', user_id) AND $7 IN ('', device_id)
      AND $8 IN ('', record_id)
    ORDER BY created_at, device_id, number LIMIT $9""")
HELD: Final = _held("WHERE tenant_id = $1 AND device_id = $2 AND number = $3")
HELD_LATER: Final = _held("WHERE tenant_id = $1 AND device_id = $2 AND number > $3 ORDER BY number LIMIT $4")
HELD_OF: Final = _held("WHERE tenant_id = $1 AND record_id = $2 LIMIT $3")
KEEP_RECEIPTS: Final = """
    INSERT INTO receipts AS kept (tenant_id, user_id, scope_id, device_id, ended, dropped_at, created_at, updated_at)
    SELECT $1, $2, told.scope, $3, told.ended, told.dropped, $4, $4
    FROM unnest($5::text[], $6::bigint[], $7::bigint[]) AS told(scope, ended, dropped)
    CROSS JOIN LATERAL (
      SELECT FROM grants
      WHERE tenant_id = $1 AND user_id = $2 AND scope_id = told.scope AND until = told.ended LIMIT 1
    ) AS has_ended
    WHERE NOT EXISTS (SELECT FROM devices WHERE tenant_id = $1 AND device_id = $3 AND user_id <> $2)
      AND $8::bigint > (
        SELECT count(*) FROM receipts
        WHERE tenant_id = $1 AND user_id = $2 AND scope_id = told.scope AND device_id <> $3
          AND ended = told.ended)
    ON CONFLICT (tenant_id, user_id, scope_id, device_id) DO UPDATE SET
      ended = excluded.ended, dropped_at = excluded.dropped_at, updated_at = excluded.updated_at
    WHERE kept.ended <> excluded.ended"""
ENDED_GRANTS: Final = """
    SELECT user_id, scope_id, until, coalesce(deleted_at, updated_at) FROM grants
    WHERE tenant_id = $1 AND (user_id, scope_id) > ($2, $3) AND until IS NOT NULL
      AND $4 IN ('', user_id) AND $5 IN ('', scope_id)
    ORDER BY user_id, scope_id LIMIT $6"""
RECEIPTS_OF_ENDING: Final = """
    SELECT device_id, dropped_at, updated_at FROM receipts
    WHERE tenant_id = $1 AND user_id = $2 AND scope_id = $3 AND device_id > $4 AND ended = $5
    ORDER BY device_id LIMIT $6"""
SIGHTED_OF_USER: Final = """
    SELECT device_id, greatest(pushed_at, pulled_at, refused_at) FROM sightings
    WHERE tenant_id = $1 AND user_id = $2 AND device_id > $3 AND created_at <= $4
    ORDER BY device_id LIMIT $5"""

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
