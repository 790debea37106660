"""Every statement that SQLite runs for a request, by name; each binds the tenant, and none may scan.

The contract suite asks the database to explain each of them. Lists go in as one JSON array (`json_each`), so that a
statement's text does not depend on their length; CROSS JOIN keeps SQLite from turning such a join around.
"""

from __future__ import annotations

from typing import Final

HEAD: Final = "SELECT position, epoch FROM heads WHERE tenant_id = :tenant"
DEVICES: Final = """
    SELECT device_id, user_id, last_number, confirmed, last_stamp
    FROM json_each(:devices) AS wanted
    CROSS JOIN devices ON tenant_id = :tenant AND device_id = wanted.value"""
OUTCOMES: Final = """
    SELECT device_id, number, stamp, digest, answer, created_at
    FROM json_each(:names) AS wanted
    CROSS JOIN outcomes ON tenant_id = :tenant AND stamp = json_extract(wanted.value, '$[0]')
      AND device_id = json_extract(wanted.value, '$[1]') AND number = json_extract(wanted.value, '$[2]')"""
STAMPED: Final = """
    SELECT device_id, number, stamp, digest, answer, created_at FROM outcomes
    WHERE tenant_id = :tenant AND stamp = :stamp ORDER BY device_id, number LIMIT :room"""
GRANTS: Final = """
    SELECT user_id, scope_id, role, since, until, maker
    FROM json_each(:pairs) AS wanted
    CROSS JOIN grants ON tenant_id = :tenant
      AND user_id = json_extract(wanted.value, '$[0]') AND scope_id = json_extract(wanted.value, '$[1]')"""
RECORDS: Final = """
    SELECT wire, author, foreign_position
    FROM json_each(:records) AS wanted
    CROSS JOIN records ON tenant_id = :tenant AND record_id = wanted.value"""
OF_KIND: Final = """
    SELECT wire, author, foreign_position FROM records
    WHERE tenant_id = :tenant AND scope_id = :scope AND kind = :kind AND deleted_at IS NULL
    ORDER BY record_id LIMIT :room"""
KEYS: Final = """
    SELECT scope_id, kind, field, digest, record_id
    FROM json_each(:keys) AS wanted
    CROSS JOIN keys ON tenant_id = :tenant AND scope_id = json_extract(wanted.value, '$[0]')
      AND kind = json_extract(wanted.value, '$[1]') AND field = json_extract(wanted.value, '$[2]')
      AND digest = json_extract(wanted.value, '$[3]')"""
# Of one record and of all that goes with it. As many records are reached as can be without as many links to them.
LINKS: Final = """
    WITH RECURSIVE reached(id) AS (
      SELECT :target
      UNION
      SELECT record_id FROM reached CROSS JOIN links ON tenant_id = :tenant AND target_id = reached.id AND cascades
      LIMIT :room + 1
    )
    SELECT target_id, record_id, field, kind, cascades
    FROM reached CROSS JOIN links ON tenant_id = :tenant AND target_id = reached.id LIMIT :room"""
REJECTED_CREATES: Final = """
    SELECT json_extract(wanted.value, '$[0]'), json_extract(wanted.value, '$[1]')
    FROM json_each(:creates) AS wanted
    WHERE EXISTS (
      SELECT 1 FROM quarantine INDEXED BY quarantine_creates
      WHERE tenant_id = :tenant AND record_id = json_extract(wanted.value, '$[1]')
        AND device_id = json_extract(wanted.value, '$[0]') AND created)"""

MOVE_HEAD: Final = "UPDATE heads SET position = :position, updated_at = :now WHERE tenant_id = :tenant"
ADD_LOG: Final = """
    INSERT INTO log (tenant_id, position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number,
      user_id, outcome, request_id, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
PUT_RECORD: Final = """
    INSERT INTO records (tenant_id, record_id, kind, scope_id, position, author, foreign_position, wire, created_at,
      updated_at, deleted_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant_id, record_id) DO UPDATE SET
      scope_id = excluded.scope_id, position = excluded.position, author = excluded.author,
      foreign_position = excluded.foreign_position,
      wire = excluded.wire, updated_at = excluded.updated_at, deleted_at = excluded.deleted_at"""
ADD_OUTCOME: Final = """
    INSERT INTO outcomes (tenant_id, stamp, device_id, number, digest, answer, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
ADD_QUARANTINED: Final = """
    INSERT INTO quarantine (tenant_id, device_id, number, record_id, created, change, answer, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
ADD_REPLAY: Final = """
    INSERT INTO replays (tenant_id, device_id, number, replays, replayed_by, created_at) VALUES (?, ?, ?, ?, '', ?)"""
MARK_REPLAYED: Final = """
    INSERT INTO replays (tenant_id, device_id, number, replays, replayed_by, created_at)
    SELECT tenant_id, device_id, number, '', :by, :now FROM quarantine
    WHERE tenant_id = :tenant AND device_id = :device AND number = :number
      AND (SELECT user_id FROM devices WHERE tenant_id = :tenant AND device_id = :device) = :user
    ON CONFLICT DO NOTHING"""
PUT_DEVICE: Final = """
    INSERT INTO devices (tenant_id, device_id, user_id, last_number, confirmed, last_stamp, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant_id, device_id) DO UPDATE SET
      last_number = excluded.last_number, confirmed = excluded.confirmed, last_stamp = excluded.last_stamp,
      updated_at = excluded.updated_at"""
PUT_GRANT: Final = """
    INSERT INTO grants (tenant_id, user_id, scope_id, role, since, until, maker, created_at, updated_at, deleted_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant_id, user_id, scope_id) DO UPDATE SET
      role = excluded.role, since = excluded.since, until = excluded.until, maker = excluded.maker,
      updated_at = excluded.updated_at, deleted_at = excluded.deleted_at"""
PUT_KEY: Final = """
    INSERT INTO keys (tenant_id, scope_id, kind, field, digest, record_id, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant_id, scope_id, kind, field, digest) DO UPDATE SET
      record_id = excluded.record_id, updated_at = excluded.updated_at"""
FREE_KEY: Final = """
    DELETE FROM keys
    WHERE tenant_id = :tenant AND scope_id = :scope AND kind = :kind AND field = :field AND digest = :digest"""
RECORDS_AFTER: Final = """
    SELECT wire FROM records
    WHERE tenant_id = :tenant AND record_id > :after AND deleted_at IS NULL ORDER BY record_id LIMIT :room"""
PUT_LINK: Final = """
    INSERT INTO links (tenant_id, target_id, record_id, field, kind, cascades, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant_id, target_id, record_id, field) DO UPDATE SET
      cascades = excluded.cascades, updated_at = excluded.updated_at"""
CUT_LINK: Final = """
    DELETE FROM links WHERE tenant_id = :tenant AND target_id = :target AND record_id = :record AND field = :field"""

GRANTS_OF_USER: Final = """
    SELECT user_id, scope_id, role, since, until, maker
    FROM grants WHERE tenant_id = :tenant AND user_id IN (:user, '*')"""
LAST_NUMBER: Final = """
    SELECT last_number FROM devices WHERE tenant_id = :tenant AND device_id = :device AND user_id = :user"""
SCOPE_ROWS: Final = """
    SELECT position, wire FROM records
    WHERE tenant_id = :tenant AND scope_id = :scope AND position > :after AND position <= :upto
    ORDER BY position LIMIT :room"""
SCOPE_POSITIONS: Final = """
    SELECT position FROM records
    WHERE tenant_id = :tenant AND scope_id = :scope AND position > :after AND position <= :upto
    ORDER BY position LIMIT :room"""

READ_LOG: Final = """
    SELECT position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome,
      request_id, created_at
    FROM log WHERE tenant_id = :tenant AND position > :after ORDER BY position LIMIT :room"""
READ_BACK: Final = """
    SELECT position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome,
      request_id, created_at
    FROM log WHERE tenant_id = :tenant AND position < :before ORDER BY position DESC LIMIT :room"""
OF_RECORD: Final = """
    SELECT position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome,
      request_id, created_at
    FROM log WHERE tenant_id = :tenant AND position >= :first AND position <= :upto AND record_id = :record
    ORDER BY position DESC LIMIT :room"""
# Of changes that are named as device/number, among so many that were stamped after that.
OUTCOMES_LATER: Final = """
    SELECT device_id, number, stamp, digest, answer, created_at
    FROM (SELECT * FROM outcomes WHERE tenant_id = :tenant AND stamp > :stamp
      ORDER BY stamp, device_id, number LIMIT :room) AS later
    WHERE device_id || '/' || number IN (SELECT value FROM json_each(:changes))"""
BEGIN_EPOCH: Final = """
    UPDATE heads SET epoch = :epoch, updated_at = :now WHERE tenant_id = :tenant AND epoch = :former"""
# The last column is whether it goes: those that stay are told too, so that the next step begins behind them.
OLD_OUTCOMES: Final = """
    SELECT stamp, device_id, number, created_at < :before AND number <= coalesce((
      SELECT confirmed FROM devices WHERE tenant_id = :tenant AND device_id = old.device_id), number)
    FROM outcomes AS old
    WHERE tenant_id = :tenant AND stamp < :bound AND (stamp, device_id, number) > (:stamp, :device, :number)
    ORDER BY stamp, device_id, number LIMIT :room"""
FORGET_OUTCOME: Final = """
    DELETE FROM outcomes
    WHERE tenant_id = :tenant AND stamp = :stamp AND device_id = :device AND number = :number"""
FORGET_WRITER: Final = """
    DELETE FROM devices
    WHERE tenant_id = :tenant AND device_id = :device AND last_number = :number
      AND NOT EXISTS (SELECT 1 FROM quarantine WHERE tenant_id = :tenant AND device_id = :device)"""

PLACE: Final = "SELECT position FROM places WHERE tenant_id = :tenant AND follower = :follower"
BEGIN_PLACE: Final = """
    INSERT INTO places (tenant_id, follower, position, created_at, updated_at)
    SELECT tenant_id, :follower, :position, :now, :now FROM heads WHERE tenant_id = :tenant
    ON CONFLICT (tenant_id, follower) DO NOTHING"""
BEGIN_FOR_ALL: Final = """
    INSERT INTO places (tenant_id, follower, position, created_at, updated_at)
    VALUES (:tenant, :follower, :position, :now, :now) ON CONFLICT (tenant_id, follower) DO NOTHING"""
LEASE: Final = """
    INSERT INTO places (tenant_id, follower, position, holder, fence, leased_until, created_at, updated_at)
    SELECT tenant_id, :follower, 0, :holder, 1, :now + :ttl, :now, :now FROM heads WHERE tenant_id = :tenant
    ON CONFLICT (tenant_id, follower) DO UPDATE SET
      fence = fence + (holder <> excluded.holder), holder = excluded.holder, leased_until = excluded.leased_until,
      updated_at = excluded.updated_at
    WHERE holder IN ('', excluded.holder) OR leased_until <= excluded.updated_at
    RETURNING position, fence"""
KEEP_PLACE: Final = """
    UPDATE places SET position = max(position, :position), leased_until = :now + :ttl, updated_at = :now
    WHERE tenant_id = :tenant AND follower = :follower AND holder = :holder AND fence = :fence
    RETURNING position"""
GIVE_BACK: Final = """
    UPDATE places SET holder = '', leased_until = 0, updated_at = :now
    WHERE tenant_id = :tenant AND follower = :follower AND holder = :holder AND fence = :fence"""
MOVE_PLACE: Final = """
    UPDATE places SET position = :position, leased_until = :now + :ttl, updated_at = :now
    WHERE tenant_id = :tenant AND follower = :follower AND holder = :holder AND fence = :fence AND position = :was
    RETURNING position"""
ADD_USAGE: Final = """
    INSERT INTO usage (tenant_id, day, kind, op, outcome, changes, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant_id, day, kind, op, outcome) DO UPDATE SET
      changes = changes + excluded.changes, updated_at = excluded.updated_at"""
USAGE: Final = """
    SELECT day, kind, op, outcome, changes FROM usage
    WHERE tenant_id = :tenant AND (day, kind, op, outcome) > (:day, :kind, :op, :outcome)
    ORDER BY day, kind, op, outcome LIMIT :room"""

MEMBERS: Final = """
    SELECT user_id FROM grants
    WHERE tenant_id = :tenant AND scope_id = :scope AND user_id > :after AND user_id <> '*' AND until IS NULL
    ORDER BY user_id LIMIT :room"""


def _held(rest: str) -> str:
    """What lies in quarantine. A device's user never changes, so the row of the device says whose change it is."""
    return f"""
    SELECT held.device_id, held.number, record_id, created, change, answer, held.created_at, coalesce(user_id, ''),
      coalesce(replays, ''), coalesce(replayed_by, ''), replays.created_at
    FROM quarantine AS held
    LEFT JOIN devices ON devices.tenant_id = :tenant AND devices.device_id = held.device_id
    LEFT JOIN replays ON replays.tenant_id = :tenant AND replays.device_id = held.device_id
      AND replays.number = held.number
    {rest.strip()}"""  # noqa: S608  # all of it stands here


QUARANTINE: Final = _held("""
    WHERE held.tenant_id = :tenant AND held.created_at >= 0
      AND (held.created_at, held.device_id, held.number) > (:at, :after, :number)
      AND (:closed OR replays IS NULL) AND :user IN ('', user_id)
      AND :device IN ('', held.device_id) AND :record IN ('', record_id)
    ORDER BY held.created_at, held.device_id, held.number LIMIT :room""")
HELD: Final = _held("WHERE held.tenant_id = :tenant AND held.device_id = :device AND held.number = :number")
HELD_LATER: Final = _held("""
    WHERE held.tenant_id = :tenant AND held.device_id = :device AND held.number > :number
    ORDER BY held.number LIMIT :room""")
HELD_OF: Final = _held("WHERE held.tenant_id = :tenant AND record_id = :record LIMIT :room")
KEEP_RECEIPT: Final = """
    INSERT INTO receipts (tenant_id, user_id, scope_id, device_id, ended, dropped_at, created_at, updated_at)
    SELECT tenant_id, user_id, scope_id, :device, until, :dropped, :now, :now FROM grants
    WHERE tenant_id = :tenant AND user_id = :user AND scope_id = :scope AND until = :ended
      AND NOT EXISTS (SELECT 1 FROM devices WHERE tenant_id = :tenant AND device_id = :device AND user_id <> :user)
      AND :most > (
        SELECT count(*) FROM receipts
        WHERE tenant_id = :tenant AND user_id = :user AND scope_id = :scope AND device_id <> :device
          AND ended = :ended)
    ON CONFLICT (tenant_id, user_id, scope_id, device_id) DO UPDATE SET
      ended = excluded.ended, dropped_at = excluded.dropped_at, updated_at = excluded.updated_at
    WHERE ended <> excluded.ended"""
ENDED_GRANTS: Final = """
    SELECT user_id, scope_id, until, coalesce(deleted_at, updated_at) FROM grants
    WHERE tenant_id = :tenant AND (user_id, scope_id) > (:after_user, :after_scope) AND until IS NOT NULL
      AND :user IN ('', user_id) AND :scope IN ('', scope_id)
    ORDER BY user_id, scope_id LIMIT :room"""
RECEIPTS_OF_ENDING: Final = """
    SELECT device_id, dropped_at, updated_at FROM receipts
    WHERE tenant_id = :tenant AND user_id = :user AND scope_id = :scope AND device_id > :after AND ended = :ended
    ORDER BY device_id LIMIT :room"""
SIGHTED_OF_USER: Final = """
    SELECT device_id, max(coalesce(pushed_at, 0), coalesce(pulled_at, 0), coalesce(refused_at, 0))
    FROM sightings INDEXED BY sightings_by_user
    WHERE tenant_id = :tenant AND user_id = :user AND device_id > :after AND created_at <= :before
    ORDER BY device_id LIMIT :room"""

ADD_TENANT: Final = """
    INSERT INTO tenants (tenant_id, name, created_at, updated_at)
    VALUES (:tenant, :name, :now, :now) ON CONFLICT (name) DO NOTHING"""
ADD_HEAD: Final = """
    INSERT INTO heads (tenant_id, position, epoch, created_at, updated_at)
    VALUES (:tenant, 0, :epoch, :now, :now) ON CONFLICT DO NOTHING"""
TENANT_BY_ID: Final = """
    SELECT tenant_id, name, created_at FROM tenants WHERE tenant_id = :tenant AND deleted_at IS NULL"""
TENANT_BY_NAME: Final = """
    SELECT tenant_id, name, created_at FROM tenants WHERE name = :name AND deleted_at IS NULL"""
TENANTS: Final = """
    SELECT tenant_id, name, created_at FROM tenants
    WHERE tenant_id > :after AND deleted_at IS NULL ORDER BY tenant_id LIMIT :room"""
