"""The indexes of queries on PostgreSQL, and the view that reads them: the owner makes both, a server looks.

Each index is built beside the traffic (CONCURRENTLY); one that was broken off is left as invalid, and made again.

The view shows the rows of the tenant that is set, as the policy of `records` does, and nothing without one. Its reader
is the owner, who gets a policy of its own for that: to read `records`. It is no security barrier: that is what it is
for (`queries.py`). It names its columns, so that a new one of the table does not concern it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from asyncpg import InvalidTableDefinitionError

from homeport_sync.catalog import Catalog
from homeport_sync.index_book import TellNames
from homeport_sync.sql.index_sql import PREFIX, indexes_of
from homeport_sync.sql.postgres.database import Connection, OnDatabase
from homeport_sync.sql.postgres.dialect import POSTGRES
from homeport_sync.sql.postgres.queries import READ_SOURCE, TABLE, VIEW
from homeport_sync.sql.postgres.trouble import translated

OWNERS_POLICY: Final = VIEW
TENANT_IS: Final = "tenant_id = NULLIF(current_setting('homeport.tenant', true), '')"
_READ_INDEXES: Final = f"""
    SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indrelid = '{TABLE}'::regclass AND starts_with(relname, '{PREFIX}')"""  # noqa: S608
_READ_READER: Final = f"""
    SELECT quote_ident(viewowner), EXISTS (
      SELECT FROM pg_policies
      WHERE schemaname = current_schema() AND tablename = '{TABLE}' AND policyname = '{OWNERS_POLICY}'
        AND roles = ARRAY[viewowner] AND cmd = 'SELECT' AND qual = 'true')
    FROM pg_views WHERE schemaname = current_schema() AND viewname = '{VIEW}'"""  # noqa: S608
_BESIDE: Final = "CONCURRENTLY "
_DROP_POLICY: Final = f"DROP POLICY IF EXISTS {OWNERS_POLICY} ON {TABLE}"
_DROP_VIEW: Final = f"DROP VIEW {VIEW}"
MAKE_VIEW: Final = f"""
    CREATE OR REPLACE VIEW {VIEW} AS
    SELECT tenant_id, record_id, kind, scope_id, wire, deleted_at FROM {TABLE} WHERE {TENANT_IS}"""  # noqa: S608


class PostgresIndexBook(OnDatabase):
    """`IndexBook` on PostgreSQL, as a server has it: the owner makes them."""

    async def missing_indexes(self, catalog: Catalog) -> Sequence[str]:
        """See `index_book.IndexBook`."""
        with translated():
            async with self._database.connection() as connection:
                return await missing_indexes(connection, catalog)

    async def make_indexes(self, catalog: Catalog, tell: TellNames = lambda _: None) -> Sequence[str]:
        """See `index_book.IndexBook`. A server owns no table."""
        return ()

    async def unused_indexes(self, catalog: Catalog) -> Sequence[str]:
        """See `index_book.IndexBook`."""
        with translated():
            async with self._database.connection() as connection:
                return await unused_indexes(connection, catalog)


async def missing_indexes(connection: Connection, catalog: Catalog) -> Sequence[str]:
    """The same on a connection of anybody's."""
    may_read = await connection.fetchrow(READ_SOURCE)
    reader = await connection.fetchrow(_READ_READER)
    whole = [name for name, valid in await _here(connection) if valid]
    missing = [] if may_read and may_read[0] and reader and reader[1] else [VIEW]
    return [*missing, *(each.name for each in indexes_of(catalog, POSTGRES) if each.name not in whole)]


async def unused_indexes(connection: Connection, catalog: Catalog) -> Sequence[str]:
    """Those that no query of the app needs."""
    needed = {each.name for each in indexes_of(catalog, POSTGRES)}
    return [name for name, _ in await _here(connection) if name not in needed]


async def make_indexes(connection: Connection, catalog: Catalog, tell: Callable[[str], None]) -> None:
    """Make what is missing on the owner's connection, telling the name of each that was made.

    Each is whole or not there. Outside a transaction, and one at a time in a database: it waits for all that is open.
    """
    missing = await missing_indexes(connection, catalog)
    for index in indexes_of(catalog, POSTGRES):
        if index.name in missing:
            await drop_indexes(connection, [index.name])
            await connection.execute(index.made(_BESIDE))
            tell(index.name)


def statements(catalog: Catalog, role: str) -> Sequence[str]:
    """All that is made, for whoever reads it before; `role` as SQL writes it."""
    view = " ".join(MAKE_VIEW.split())
    made = [each.made(_BESIDE) for each in indexes_of(catalog, POSTGRES)]
    return [view, *_rights(role), _DROP_POLICY, _policy("CURRENT_USER"), *made]


async def drop_indexes(connection: Connection, names: Sequence[str]) -> None:
    """Drop these beside the traffic."""
    for name in names:
        await connection.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')


async def _here(connection: Connection) -> Sequence[tuple[str, bool]]:
    """The indexes of queries, and whether they are whole."""
    return sorted((str(row[0]), bool(row[1])) for row in await connection.fetch(_READ_INDEXES))


async def make_view(connection: Connection, role: str, lock_ms: int) -> None:
    """Make the view, or mend it, and who may read what, for the servers' role, as SQL writes its name: all at once.
    Raises asyncpg's `LockNotAvailableError` if others hold the table for longer than `lock_ms`."""
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = {lock_ms}")
        try:
            async with connection.transaction():
                await connection.execute(MAKE_VIEW)
        except InvalidTableDefinitionError:  # it is there with other columns: another version's
            await connection.execute(_DROP_VIEW)
            await connection.execute(MAKE_VIEW)
        for statement in _rights(role):
            await connection.execute(statement)
        reader = await connection.fetchrow(_READ_READER)
        if reader and not reader[1]:
            await connection.execute(_DROP_POLICY)
            await connection.execute(_policy(reader[0]))


def _policy(reader: str) -> str:
    """What lets the view's reader, as SQL writes its name, read the table."""
    return f"CREATE POLICY {OWNERS_POLICY} ON {TABLE} FOR SELECT TO {reader} USING (true)"


def _rights(role: str) -> Sequence[str]:
    """To read it and no more, whatever the database gives by default."""
    return f"REVOKE ALL ON {VIEW} FROM PUBLIC, {role}", f"GRANT SELECT ON {VIEW} TO {role}"
