"""PostgreSQL as the servers see it: its version, its clock, what it promises to keep, and room for our connections."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from homeport_server.doctor import isolation, role
from homeport_server.doctor.finding import Finding, all_fine, fine, wrong
from homeport_server.doctor.schema import check_stamps
from homeport_server.doctor.secret import check_fingerprint
from homeport_server.settings import Settings, flag
from homeport_sync.sql.postgres.installation import READ_FINGERPRINT
from homeport_sync.sql.postgres.schema import stamps
from homeport_sync.sql.postgres.trouble import BROKEN
from homeport_sync.sql.postgres.unreached import unreached

VERSION_MIN = 140_000  # 14
SKEW_MAX_MS = 5_000
CONNECT_S = 5.0
MIGRATE = "homeport migrate --database-url <the owner's URL>"
DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),  # all wait for this server's own disk
}
_ROOM = """
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - (SELECT count(*)::int FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND usename <> current_user)"""


async def check_postgres(settings: Settings) -> Sequence[Finding]:
    """All that can be said of the database of the settings."""
    try:
        async with _connected(settings.database_url) as connection:
            return [
                *await check_version(connection),
                *await check_schema(connection),
                *(await role.check_url(connection, settings.database_role) or await _of_role(connection)),
                *await isolation.check_isolation(connection),
                *await check_clock(connection),
                *await check_secret(connection, settings),
                *await check_durable(connection),
                *await check_room(connection, settings),
            ]
    except (*BROKEN, asyncpg.PostgresError) as error:
        why = unreached(settings.database_url, error)
        return [wrong(why.what, why.mend)]


async def _of_role(connection: asyncpg.Connection) -> Sequence[Finding]:
    return [*await role.check_role(connection), *await role.check_grants(connection)]


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, timeout=CONNECT_S, server_settings={"application_name": "homeport doctor"})
    try:
        yield connection
    finally:
        await connection.close()


async def check_version(connection: asyncpg.Connection) -> Sequence[Finding]:
    """One of those that Homeport is tested on, or newer."""
    number = int(await connection.fetchval("SHOW server_version_num"))
    if number >= VERSION_MIN:
        return [fine(f"PostgreSQL {number // 10_000}")]
    return [wrong(f"PostgreSQL {number // 10_000}; expected {VERSION_MIN // 10_000} or newer", "upgrade PostgreSQL")]


async def check_schema(connection: asyncpg.Connection) -> Sequence[Finding]:
    """The schema is one this Homeport serves."""
    found = await stamps(connection)
    try:
        heads = [row[0] for row in await connection.fetch("SELECT version_num FROM alembic_version")]
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        heads = []
    return check_stamps(found, heads, MIGRATE)


async def check_secret(connection: asyncpg.Connection, settings: Settings) -> Sequence[Finding]:
    """The secret is the database's. A table that is not there is the schema's fault, and told there."""
    try:
        found = [row[0] for row in await connection.fetch(READ_FINGERPRINT)]
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return []
    return check_fingerprint(found, settings.data)


async def check_clock(connection: asyncpg.Connection) -> Sequence[Finding]:
    """Leases run by the database's clock and stamps by ours, so the two must not be far apart."""
    before = time.time()
    theirs = float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8"))
    skew_ms = round((theirs - (before + time.time()) / 2) * 1_000)
    if abs(skew_ms) <= SKEW_MAX_MS:
        return [fine("the clocks of the database and of this machine agree")]
    side = "ahead of" if skew_ms > 0 else "behind"
    return [
        wrong(
            f"the database's clock is {abs(skew_ms):,} ms {side} this machine's, at most {SKEW_MAX_MS:,} are fine",
            "let both machines keep time by NTP",
        )
    ]


async def check_durable(connection: asyncpg.Connection) -> Sequence[Finding]:
    """What is committed is on the disk: an acknowledged change is never lost."""
    found = {name: str(await connection.fetchval(f"SHOW {name}")) for name in DURABLE}
    return all_fine(
        "commits are on the disk before they are acknowledged",
        (
            wrong(
                f"{name} is {value}: a crash loses acknowledged changes",
                f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf()",
            )
            for name, value in found.items()
            if value not in DURABLE[name]
        ),
    )


async def check_room(connection: asyncpg.Connection, settings: Settings) -> Sequence[Finding]:
    """The processes of these settings find all the connections they may open, one each for signals besides."""
    wanted = (settings.database_connections_max + 1) * settings.workers
    room = int(await connection.fetchval(_ROOM))
    whose = "1 server process" if settings.workers == 1 else f"{settings.workers} server processes"
    if wanted <= room:
        return [fine(f"room for the {wanted} connections of {whose} ({room} are left to us)")]
    fits = max(room // settings.workers - 1, 1)
    return [
        wrong(
            f"{wanted} connections may be opened by {whose}, and PostgreSQL has room for {room}",
            f"{flag('database_connections_max')} {fits}, or raise max_connections",
        )
    ]
