"""The schema of one PostgreSQL database, moved while servers use it.

A step that cannot have a lock at once gives up, lets those pass who queued behind it, and tries again; so nobody
waits longer than `lock_ms` for a migration. Two migrations take turns by an advisory lock, which is asked for and
not waited for: a session that waits in the database would hold up an index that is built concurrently.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
from asyncpg import DeadlockDetectedError, LockNotAvailableError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from homeport_server.errors import MigrationBusy, MigrationRefused
from homeport_server.migrations import access
from homeport_server.migrations.ours import refuse_anothers
from homeport_server.migrations.steps import Step, run_step, version_of
from homeport_sync.catalog import Catalog
from homeport_sync.errors import Unavailable
from homeport_sync.sql.postgres import indexes
from homeport_sync.sql.postgres.queries import VIEW
from homeport_sync.sql.postgres.schema import READ_ENCODING, check_encoding
from homeport_sync.sql.postgres.unreached import NOT_LET_IN, unreached

if TYPE_CHECKING:
    from asyncpg import Connection, Record

ADVISORY_LOCK = 0x686F6D65706F7274  # "homeport"
ALONE_TRIES_MAX = 600
ALONE_PAUSE_S = 1.0
CONNECT_S = 10.0
_LOCK_NOT_AVAILABLE = "55P03"
_DEADLOCK = "40P01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How a step waits for a lock: `lock_ms` in the queue, where it holds up whoever comes behind it, then `pause_s`
    outside, `tries_max` times."""

    lock_ms: int = 2_000
    pause_s: float = 1.0
    tries_max: int = 15


PATIENCE = Patience()


class PostgresPlace:
    """See `Place`. `url` is the owner's; `role` is the servers', which owns nothing."""

    dialect = "postgresql"

    def __init__(self, url: str, role: str, patience: Patience = PATIENCE) -> None:
        self._url = url
        self._role = role
        self._patience = patience

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[AsyncConnection]:
        """See `Place`."""
        engine = create_async_engine("postgresql+asyncpg://", async_creator=self._connect, poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                yield connection
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def alone(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """See `Place`."""
        for _ in range(ALONE_TRIES_MAX):
            taken = await connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({ADVISORY_LOCK})")
            await connection.commit()
            if taken.scalar_one():
                break
            await asyncio.sleep(ALONE_PAUSE_S)
        else:
            raise MigrationBusy("Another `homeport migrate` was at work all the time: run it again when it is done.")
        try:
            yield
        finally:
            await connection.rollback()
            await connection.exec_driver_sql(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})")
            await connection.commit()

    async def version(self) -> int:
        """See `Place`."""
        async with self.opened() as connection:
            return await self.version_in(connection)

    async def version_in(self, connection: AsyncConnection) -> int:
        """See `Place`."""
        await connection.run_sync(refuse_anothers)
        return await connection.run_sync(version_of)

    async def run(self, connection: AsyncConnection, step: Step, *, lose_data: bool) -> None:
        """See `Place`."""
        await connection.exec_driver_sql(f"SET lock_timeout = {self._patience.lock_ms}")
        await connection.commit()
        for tried in range(1, self._patience.tries_max + 1):
            try:
                await connection.run_sync(lambda raw: run_step(raw, step, lose_data=lose_data))
            except DBAPIError as error:
                await connection.rollback()
                if _code(error) not in {_LOCK_NOT_AVAILABLE, _DEADLOCK}:
                    raise
                if tried == self._patience.tries_max:
                    raise _busy(step, tried) from error
                await asyncio.sleep(self._patience.pause_s)
            else:
                await connection.commit()
                return

    async def prepare(self, connection: AsyncConnection) -> str:
        """See `Place`: the servers' role. Raises `MigrationRefused` with the SQL to run if it may not be made, and
        `SchemaUnknown` for a database that cannot hold every text."""
        check_encoding((await connection.exec_driver_sql(READ_ENCODING)).first())
        with _explained(self._role):
            made = await connection.run_sync(lambda raw: access.make_role(raw, self._role))
        await connection.commit()
        return access.said_of(self._role) if made else ""

    async def finish(self, connection: AsyncConnection) -> None:
        """See `Place`: the grants."""
        await connection.run_sync(lambda raw: access.grant(raw, self._role))
        await connection.commit()

    async def index(self, connection: AsyncConnection, catalog: Catalog, tell: Callable[[str], None]) -> None:
        """See `Place`, and the view that reads them."""
        owner = await _raw(connection)
        before = await indexes.missing_indexes(owner, catalog)
        await self._make_view(owner)
        if VIEW in before:
            tell(VIEW)
        await indexes.make_indexes(owner, catalog, tell)

    def index_statements(self, catalog: Catalog) -> Sequence[str]:
        """See `Place`."""
        return indexes.statements(catalog, access.quoted(self._role))

    async def drop_unused(self, connection: AsyncConnection, catalog: Catalog, tell: Callable[[str], None]) -> None:
        """See `Place`."""
        owner = await _raw(connection)
        for name in await indexes.unused_indexes(owner, catalog):
            await indexes.drop_indexes(owner, [name])
            tell(name)

    async def _make_view(self, owner: Connection[Record]) -> None:
        for _ in range(self._patience.tries_max):
            with suppress(LockNotAvailableError, DeadlockDetectedError):
                await indexes.make_view(owner, access.quoted(self._role), self._patience.lock_ms)
                return
            await asyncio.sleep(self._patience.pause_s)
        raise MigrationBusy(
            f"Others held locks through {self._patience.tries_max} tries, so the view {VIEW} was not made: end the "
            "oldest transactions (pg_stat_activity shows them, by xact_start), then run the same again."
        )

    async def around(self) -> str:
        """See `Place`."""
        async with self.opened() as connection:
            found = await connection.run_sync(lambda raw: access.statements(raw, self._role))
        return "\n".join(found)

    async def _connect(self) -> Connection[Record]:
        try:
            return await asyncpg.connect(
                self._url, timeout=CONNECT_S, server_settings={"application_name": "homeport migrate"}
            )
        except NOT_LET_IN as error:
            cause = None if isinstance(error, ValueError) else error  # it quotes what may be a piece of the password
            raise Unavailable(str(unreached(self._url, error))) from cause


async def _raw(connection: AsyncConnection) -> Connection[Record]:
    """The driver's own connection, outside any transaction: where something is built beside the traffic."""
    await connection.rollback()
    await connection.exec_driver_sql("SET lock_timeout = 0")
    await connection.commit()
    raw: Connection[Record] = (await connection.get_raw_connection()).driver_connection
    return raw


@contextmanager
def _explained(role: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if _code(error) != access.INSUFFICIENT_PRIVILEGE:
            raise
        raise MigrationRefused(
            f"There is no role {role}, and you may not make one: let an administrator run\n"
            f"    {access.create_role(role)};\nthen run the same again."
        ) from error


def _busy(step: Step, tries: int) -> MigrationBusy:
    return MigrationBusy(
        f"Others held locks through {tries} tries, so the step to schema version {step.end} was not made: "
        "end the oldest transactions (pg_stat_activity shows them, by xact_start), then run the same again."
    )


def _code(error: DBAPIError) -> str | None:
    """PostgreSQL's own code of an error."""
    return getattr(error.orig, "sqlstate", None)
