"""The store on one SQLite file: a writer, and a reader beside it that never waits for the writer (WAL)."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from sqlalchemy import MetaData

from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.clock import Stamp
from homeport_sync.cursor import Cursor
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.ports import LogEntry, OutcomeName, PageRows, Pruned, Standing, Tenant
from homeport_sync.pull import gather, plan
from homeport_sync.scope import grants_of
from homeport_sync.sql import rows
from homeport_sync.sql.sqlite import statements
from homeport_sync.sql.sqlite.annals import SqliteAnnals
from homeport_sync.sql.sqlite.beside import SqliteBeside
from homeport_sync.sql.sqlite.connection import Connection
from homeport_sync.sql.sqlite.file import now_ms, transaction
from homeport_sync.sql.sqlite.indexes import SqliteIndexBook
from homeport_sync.sql.sqlite.installation import SqliteInstallation
from homeport_sync.sql.sqlite.key_book import SqliteKeyBook
from homeport_sync.sql.sqlite.lookups import SqliteLookups
from homeport_sync.sql.sqlite.pages import read_range
from homeport_sync.sql.sqlite.places import SqlitePlaces
from homeport_sync.sql.sqlite.quarantine import SqliteQuarantine
from homeport_sync.sql.sqlite.queries import SqliteQueries
from homeport_sync.sql.sqlite.receipts import SqliteReceipts
from homeport_sync.sql.sqlite.schema import prepare
from homeport_sync.sql.sqlite.sightings import SqliteSightings
from homeport_sync.sql.sqlite.transaction import SqliteTransaction, head_of
from homeport_sync.sql.sqlite.trouble import translated
from homeport_sync.writer_ids import is_writer


class SqliteStore(
    SqliteAnnals,
    SqliteIndexBook,
    SqliteInstallation,
    SqliteKeyBook,
    SqliteLookups,
    SqlitePlaces,
    SqliteQuarantine,
    SqliteQueries,
    SqliteReceipts,
    SqliteSightings,
):
    """Every port on one file."""

    def __init__(self, writer: Connection, reader: Connection, asker: Connection, limits: Limits) -> None:
        super().__init__(writer, reader)
        self._asker = asker
        self._limits = limits

    @classmethod
    async def open(cls, path: Path, limits: Limits = LIMITS, *, beside: Sequence[MetaData] = ()) -> SqliteStore:
        """Open the file, made with its tables if it is new; those of others who come in `beside` are made if they are
        not there.

        Raises `SchemaUnknown` if its schema is of a version this one does not serve.
        """
        async with AsyncExitStack() as opened:
            writer = await _opened(path, opened)
            await writer.run(lambda connection: _prepare(connection, path, beside))
            store = cls(writer, await _opened(path, opened), await _opened(path, opened), limits)
            opened.pop_all()
        return store

    async def close(self) -> None:
        """See `OnFile`."""
        try:
            await self._asker.close()
        finally:
            await super().close()

    @property
    def beside(self) -> SqliteBeside:
        """The door for others' tables in this file."""
        return SqliteBeside(self._writer, self._reader, self._one_at_a_time)

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[SqliteTransaction]:
        """See `ports.LogStore`."""
        await self._one_at_a_time.acquire()
        transaction = SqliteTransaction(self._writer, tenant)
        try:
            with translated():  # what is done on the event loop, too
                yield transaction
        finally:
            await asyncio.shield(self._end(transaction))

    async def _end(self, transaction: SqliteTransaction) -> None:
        """Let the next one in only when the last one is really over, however often whoever waits was cancelled."""
        try:
            await transaction.end()
        finally:
            self._one_at_a_time.release()

    async def standing(self, tenant: str, user: str, device: str) -> Standing:
        """See `ports.LogStore`."""
        return await self._snapshot(lambda connection: _standing(connection, tenant, user, device))

    async def page(
        self,
        tenant: str,
        user: str,
        device: str,
        cursor: Cursor | None,
        limit: int,
        *,
        choice: Choice = EVERYTHING,
    ) -> PageRows:
        """See `ports.LogStore`."""

        def read(connection: sqlite3.Connection) -> PageRows:
            standing = _standing(connection, tenant, user, device)
            ranges, full = gather(
                plan(standing, cursor, choice),
                lambda wanted, room: read_range(connection, tenant, wanted, room),
                limit,
                self._limits,
            )
            return PageRows(standing=standing, ranges=ranges, full=full)

        return await self._snapshot(read)

    async def begin_epoch(self, tenant: str, former: str) -> None:
        """See `ports.LogStore`."""
        values = {"tenant": tenant, "former": former, "epoch": str(uuid.uuid4()), "now": now_ms()}
        await self._write(statements.BEGIN_EPOCH, values)

    async def read(self, tenant: str, after: int, limit: int) -> Sequence[LogEntry]:
        """See `ports.LogStore`."""
        found = await self._of_tenant(statements.READ_LOG, {"tenant": tenant, "after": after, "room": limit})
        return [rows.log_entry(row) for row in found]

    async def prune_outcomes(self, tenant: str, before_ms: int, after: OutcomeName, upto: Stamp, limit: int) -> Pruned:
        """See `ports.LogStore`. Only what goes is the writer's business: what is confirmed stays so."""
        values = {"bound": upto, "before": before_ms, "room": limit}
        old = await self._of_tenant(statements.OLD_OUTCOMES, {**_named(tenant, after), **values})
        gone = [_named(tenant, (stamp, device, number)) for stamp, device, number, goes in old if goes]
        writers = [each for each in gone if is_writer(str(each["device"]))]

        def forget(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                connection.executemany(statements.FORGET_OUTCOME, gone)
                connection.executemany(statements.FORGET_WRITER, writers)

        if gone:
            await self._alone(forget)
        return rows.pruned(old, limit)

    async def _of_tenant(self, statement: str, values: dict[str, object]) -> list[rows.Row]:
        """The rows found; raises if there are none because there is no such tenant."""

        def fetch(connection: sqlite3.Connection) -> list[rows.Row]:
            found = connection.execute(statement, values).fetchall()
            if not found:
                head_of(connection, str(values["tenant"]))
            return found

        return await self._reader.run(fetch)

    async def create(self, name: str, *, id: str, epoch: str, now_ms: int) -> Tenant:
        """See `ports.Tenants`."""
        values = {"tenant": id, "name": name, "epoch": epoch, "now": now_ms}

        def add(connection: sqlite3.Connection) -> Tenant:
            with transaction(connection):
                if connection.execute(statements.ADD_TENANT, values).rowcount:
                    connection.execute(statements.ADD_HEAD, values)
                return rows.tenant_of(connection.execute(statements.TENANT_BY_NAME, values).fetchone())

        return await self._alone(add)

    async def find(self, id_or_name: str) -> Tenant | None:
        """See `ports.Tenants`."""
        found = await self._fetch(statements.TENANT_BY_ID, {"tenant": id_or_name})
        found = found or await self._fetch(statements.TENANT_BY_NAME, {"name": id_or_name})
        return rows.tenant_of(found[0]) if found else None

    async def tenants(self, after: str, limit: int) -> Sequence[Tenant]:
        """See `ports.Tenants`."""
        return [rows.tenant_of(row) for row in await self._fetch(statements.TENANTS, {"after": after, "room": limit})]


def _named(tenant: str, name: OutcomeName) -> dict[str, object]:
    stamp, device, number = name
    return {"tenant": tenant, "stamp": stamp, "device": device, "number": number}


def _standing(connection: sqlite3.Connection, tenant: str, user: str, device: str) -> Standing:
    who = {"tenant": tenant, "user": user, "device": device}
    number = connection.execute(statements.LAST_NUMBER, who).fetchone()
    return Standing(
        head=head_of(connection, tenant),
        grants=grants_of(user, map(rows.grant, connection.execute(statements.GRANTS_OF_USER, who))),
        last_number=number[0] if number else 0,
    )


async def _opened(path: Path, stack: AsyncExitStack) -> Connection:
    connection = await Connection.open(path)
    stack.push_async_callback(connection.close)
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, beside: Sequence[MetaData]) -> None:
    with transaction(connection):
        prepare(connection, path, beside)
