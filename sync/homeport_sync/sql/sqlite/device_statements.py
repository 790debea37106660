"""The statements about devices, and what was heard of them: each binds the tenant, as those of `statements.py` do."""

from __future__ import annotations

from typing import Final

from homeport_sync import sightings, writer_ids

KEEP_SIGHTING: Final = f"""
    INSERT INTO sightings (tenant_id, device_id, user_id, pushed_at, pulled_at, pulled_position, refused_at,
      refused_code, connected_at, connected, introduced_at, outbox, app_version, sdk, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant_id, device_id) DO UPDATE SET
      user_id = excluded.user_id,
      pushed_at = max(coalesce(excluded.pushed_at, pushed_at), coalesce(pushed_at, excluded.pushed_at)),
      pulled_position = CASE WHEN excluded.pulled_at >= coalesce(pulled_at, 0)
        THEN excluded.pulled_position ELSE pulled_position END,
      pulled_at = max(coalesce(excluded.pulled_at, pulled_at), coalesce(pulled_at, excluded.pulled_at)),
      refused_code = CASE WHEN excluded.refused_at >= coalesce(refused_at, 0)
        THEN excluded.refused_code ELSE refused_code END,
      refused_at = max(coalesce(excluded.refused_at, refused_at), coalesce(refused_at, excluded.refused_at)),
      connected = CASE WHEN excluded.connected_at >= coalesce(connected_at, 0)
        THEN excluded.connected ELSE connected END,
      connected_at = max(coalesce(excluded.connected_at, connected_at), coalesce(connected_at, excluded.connected_at)),
      outbox = CASE WHEN excluded.introduced_at >= coalesce(introduced_at, 0) THEN excluded.outbox ELSE outbox END,
      app_version = CASE WHEN excluded.introduced_at >= coalesce(introduced_at, 0)
        THEN excluded.app_version ELSE app_version END,
      sdk = CASE WHEN excluded.introduced_at >= coalesce(introduced_at, 0) THEN excluded.sdk ELSE sdk END,
      introduced_at = max(coalesce(excluded.introduced_at, introduced_at),
        coalesce(introduced_at, excluded.introduced_at)),
      updated_at = CASE WHEN excluded.updated_at >= updated_at + {sightings.LISTED_ANEW_MS}
        THEN excluded.updated_at ELSE updated_at END"""  # noqa: S608  # all of it stands here


def _sighted(rest: str, *, also: str = "") -> str:
    """What `rows.sighting` reads of sightings, which the rest calls `seen`."""
    return f"""
    SELECT seen.device_id, seen.user_id, pushed_at, pulled_at, pulled_position, refused_at, refused_code,
      connected_at, connected, introduced_at, outbox, app_version, sdk{also}
    {rest.strip()}"""


SIGHTING: Final = _sighted("FROM sightings AS seen WHERE tenant_id = :tenant AND device_id = :device")
SIGHTINGS: Final = _sighted("""
    FROM json_each(:devices) AS wanted
    CROSS JOIN sightings AS seen ON tenant_id = :tenant AND device_id = wanted.value""")
DEVICE_FACTS: Final = """
    SELECT device_id, user_id, last_number, confirmed, last_stamp, created_at, updated_at
    FROM devices WHERE tenant_id = :tenant AND device_id = :device"""
DECIDED_AT: Final = """
    SELECT created_at FROM outcomes
    WHERE tenant_id = :tenant AND stamp = :stamp AND device_id = :device AND number = :number"""
# What waits: it was neither made good, nor is it a replay.
REFUSED_OF_DEVICE: Final = """
    SELECT device_id, number, record_id, created, change, answer, created_at
    FROM quarantine AS held WHERE tenant_id = :tenant AND device_id = :device AND NOT EXISTS (
      SELECT 1 FROM replays WHERE replays.tenant_id = :tenant AND replays.device_id = :device
        AND replays.number = held.number)
    ORDER BY number DESC LIMIT :room"""
REFUSED_COUNT: Final = """
    SELECT count(*)
    FROM quarantine AS held WHERE tenant_id = :tenant AND device_id = :device AND NOT EXISTS (
      SELECT 1 FROM replays WHERE replays.tenant_id = :tenant AND replays.device_id = :device
        AND replays.number = held.number)"""
DEVICES_LISTED: Final = _sighted(
    also=f""",
      seen.updated_at, known.user_id, last_number, confirmed, last_stamp, (
        SELECT count(*) FROM (
          SELECT 1 FROM quarantine AS held
          WHERE held.tenant_id = :tenant AND held.device_id = seen.device_id AND NOT EXISTS (
            SELECT 1 FROM replays WHERE replays.tenant_id = :tenant AND replays.device_id = held.device_id
              AND replays.number = held.number)
          LIMIT {sightings.REFUSED_COUNTED_MAX}) AS counted)""",  # noqa: S608  # all of it stands here
    rest=f"""
    FROM sightings AS seen
    LEFT JOIN devices AS known ON known.tenant_id = :tenant AND known.device_id = seen.device_id
    WHERE seen.tenant_id = :tenant AND (seen.updated_at, seen.device_id) < (:at, :device)
      AND NOT (seen.device_id >= '{writer_ids.WRITERS}' AND seen.device_id < '{writer_ids.AFTER_WRITERS}')
    ORDER BY seen.updated_at DESC, seen.device_id DESC LIMIT :room""",
)
GRANTS_COUNT: Final = """
    SELECT count(DISTINCT scope_id) FROM grants
    WHERE tenant_id = :tenant AND user_id IN (:user, '*') AND until IS NULL"""
