"""The statements about devices, and what was heard of them: `$1` is the tenant, as in those of `statements.py`."""

from __future__ import annotations

from typing import Final

from homeport_sync import sightings, writer_ids

# "kept" is what stands there: GREATEST passes over NULL.
KEEP_SIGHTINGS: Final = f"""
    INSERT INTO sightings AS kept (tenant_id, device_id, user_id, pushed_at, pulled_at, pulled_position, refused_at,
      refused_code, connected_at, connected, introduced_at, outbox, app_version, sdk, created_at, updated_at)
    SELECT $1, heard.*, $2, $2
    FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[],
      $10::bigint[], $11::boolean[], $12::bigint[], $13::bigint[], $14::bigint[], $15::text[]) AS heard
    ON CONFLICT (tenant_id, device_id) DO UPDATE SET
      user_id = excluded.user_id,
      pushed_at = greatest(excluded.pushed_at, kept.pushed_at),
      pulled_position = CASE WHEN excluded.pulled_at >= coalesce(kept.pulled_at, 0)
        THEN excluded.pulled_position ELSE kept.pulled_position END,
      pulled_at = greatest(excluded.pulled_at, kept.pulled_at),
      refused_code = CASE WHEN excluded.refused_at >= coalesce(kept.refused_at, 0)
        THEN excluded.refused_code ELSE kept.refused_code END,
      refused_at = greatest(excluded.refused_at, kept.refused_at),
      connected = CASE WHEN excluded.connected_at >= coalesce(kept.connected_at, 0)
        THEN excluded.connected ELSE kept.connected END,
      connected_at = greatest(excluded.connected_at, kept.connected_at),
      outbox = CASE WHEN excluded.introduced_at >= coalesce(kept.introduced_at, 0)
        THEN excluded.outbox ELSE kept.outbox END,
      app_version = CASE WHEN excluded.introduced_at >= coalesce(kept.introduced_at, 0)
        THEN excluded.app_version ELSE kept.app_version END,
      sdk = CASE WHEN excluded.introduced_at >= coalesce(kept.introduced_at, 0) THEN excluded.sdk ELSE kept.sdk END,
      introduced_at = greatest(excluded.introduced_at, kept.introduced_at),
      updated_at = CASE WHEN excluded.updated_at >= kept.updated_at + {sightings.LISTED_ANEW_MS}
        THEN excluded.updated_at ELSE kept.updated_at END"""  # noqa: S608  # all of it stands here


def _sighted(rest: str, *, also: str = "") -> str:
    """What `rows.sighting` reads of sightings, which the rest calls `seen`."""
    return f"""
    SELECT seen.device_id, seen.user_id, pushed_at, pulled_at, pulled_position, refused_at, refused_code,
      connected_at, connected, introduced_at, outbox, app_version, sdk{also}
    {rest.strip()}"""


SIGHTING: Final = _sighted("FROM sightings AS seen WHERE tenant_id = $1 AND device_id = $2")
SIGHTINGS: Final = _sighted("""
    FROM unnest($2::text[]) AS wanted(id) CROSS JOIN LATERAL (
      SELECT * FROM sightings WHERE tenant_id = $1 AND device_id = wanted.id LIMIT 1
    ) AS seen""")
DEVICE_FACTS: Final = """
    SELECT device_id, user_id, last_number, confirmed, last_stamp, created_at, updated_at
    FROM devices WHERE tenant_id = $1 AND device_id = $2"""
DECIDED_AT: Final = """
    SELECT created_at FROM outcomes WHERE tenant_id = $1 AND stamp = $2 AND device_id = $3 AND number = $4"""
# What waits: it was neither made good, nor is it a replay.
REFUSED_OF_DEVICE: Final = """
    SELECT device_id, number, record_id, created, change, answer, created_at
    FROM quarantine AS held WHERE tenant_id = $1 AND device_id = $2 AND NOT EXISTS (
      SELECT 1 FROM replays WHERE replays.tenant_id = $1 AND replays.device_id = $2 AND replays.number = held.number)
    ORDER BY number DESC LIMIT $3"""
REFUSED_COUNT: Final = """
    SELECT count(*)
    FROM quarantine AS held WHERE tenant_id = $1 AND device_id = $2 AND NOT EXISTS (
      SELECT 1 FROM replays WHERE replays.tenant_id = $1 AND replays.device_id = $2 AND replays.number = held.number)"""
DEVICES_LISTED: Final = _sighted(
    also=f""",
      seen.updated_at, known.user_id, last_number, confirmed, last_stamp, (
        SELECT count(*) FROM (
          SELECT 1 FROM quarantine AS held
          WHERE held.tenant_id = $1 AND held.device_id = seen.device_id AND NOT EXISTS (
            SELECT 1 FROM replays WHERE replays.tenant_id = $1 AND replays.device_id = held.device_id
              AND replays.number = held.number)
          LIMIT {sightings.REFUSED_COUNTED_MAX}) AS counted)""",  # noqa: S608  # all of it stands here
    rest=f"""
    FROM sightings AS seen
    LEFT JOIN LATERAL (
      SELECT * FROM devices WHERE devices.tenant_id = $1 AND devices.device_id = seen.device_id LIMIT 1
    ) AS known ON true
    WHERE seen.tenant_id = $1 AND (seen.updated_at, seen.device_id) < ($2, $3)
      AND NOT (seen.device_id >= '{writer_ids.WRITERS}' AND seen.device_id < '{writer_ids.AFTER_WRITERS}')
    ORDER BY seen.updated_at DESC, seen.device_id DESC LIMIT $4""",  # noqa: S608  # the same
)
GRANTS_COUNT: Final = """
    SELECT count(DISTINCT scope_id) FROM grants WHERE tenant_id = $1 AND user_id IN ($2, '*') AND until IS NULL"""
