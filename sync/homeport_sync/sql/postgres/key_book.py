"""The book of keys on PostgreSQL. What it keeps of the declaration is of no tenant, and under no policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from homeport_sync.change import Record, decode_record
from homeport_sync.sql.postgres import statements
from homeport_sync.sql.postgres.database import Connection, OnDatabase, Row
from homeport_sync.sql.postgres.statements import NOW

NO_TENANT: Final = ""
_CLEAR_KEYS: Final = """
    DELETE FROM keys WHERE tenant_id = $1 AND ctid = ANY (ARRAY(
      SELECT ctid FROM keys WHERE tenant_id = $1 LIMIT $2))"""
_CLEAR_LINKS: Final = """
    DELETE FROM links WHERE tenant_id = $1 AND ctid = ANY (ARRAY(
      SELECT ctid FROM links WHERE tenant_id = $1 LIMIT $2))"""
_NONE: Final = "DELETE 0"
READ_DECLARED: Final = "SELECT keys FROM declaration WHERE id = 1"
_DECLARE: Final = f"""
    INSERT INTO declaration (id, keys, created_at, updated_at) VALUES (1, $1, {NOW}, {NOW})
    ON CONFLICT (id) DO UPDATE SET keys = excluded.keys, updated_at = excluded.updated_at"""  # noqa: S608


class PostgresKeyBook(OnDatabase):
    """`KeyBook` on PostgreSQL."""

    async def declared_keys(self) -> str:
        """See `key_book.KeyBook`."""

        async def read(connection: Connection) -> Row | None:
            return await connection.fetchrow(READ_DECLARED)

        found = await self._database.read(NO_TENANT, read)
        return str(found[0]) if found else ""

    async def declare_keys(self, declared: str) -> None:
        """See `key_book.KeyBook`."""
        async with self._database.tenant(NO_TENANT) as connection:
            await connection.execute(_DECLARE, declared)

    async def records_after(self, tenant: str, after: str, limit: int) -> Sequence[Record]:
        """See `key_book.KeyBook`."""

        async def read(connection: Connection) -> list[Row]:
            return await connection.fetch(statements.RECORDS_AFTER, tenant, after, limit)

        return [decode_record(row[0]) for row in await self._database.read(tenant, read)]

    async def clear_keys(self, tenant: str, limit: int) -> bool:
        """See `key_book.KeyBook`."""
        async with self._database.tenant(tenant) as connection:
            gone = [await connection.execute(each, tenant, limit) for each in (_CLEAR_KEYS, _CLEAR_LINKS)]
        return any(each != _NONE for each in gone)
