"""The book of keys on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from homeport_sync.change import Record, decode_record
from homeport_sync.sql.sqlite import statements
from homeport_sync.sql.sqlite.file import OnFile, now_ms, transaction

_CLEAR_KEYS: Final = """
    DELETE FROM keys WHERE (tenant_id, scope_id, kind, field, digest) IN (
      SELECT tenant_id, scope_id, kind, field, digest FROM keys WHERE tenant_id = :tenant LIMIT :room)"""
_CLEAR_LINKS: Final = """
    DELETE FROM links WHERE (tenant_id, target_id, record_id, field) IN (
      SELECT tenant_id, target_id, record_id, field FROM links WHERE tenant_id = :tenant LIMIT :room)"""
READ_DECLARED: Final = "SELECT keys FROM declaration WHERE id = 1"
_DECLARE: Final = """
    INSERT INTO declaration (id, keys, created_at, updated_at) VALUES (1, :declared, :now, :now)
    ON CONFLICT (id) DO UPDATE SET keys = excluded.keys, updated_at = excluded.updated_at"""


class SqliteKeyBook(OnFile):
    """`KeyBook` on SQLite."""

    async def declared_keys(self) -> str:
        """See `key_book.KeyBook`."""
        found = await self._fetch(READ_DECLARED, {})
        return str(found[0][0]) if found else ""

    async def declare_keys(self, declared: str) -> None:
        """See `key_book.KeyBook`."""
        await self._alone(lambda connection: connection.execute(_DECLARE, {"declared": declared, "now": now_ms()}))

    async def records_after(self, tenant: str, after: str, limit: int) -> Sequence[Record]:
        """See `key_book.KeyBook`."""
        found = await self._fetch(statements.RECORDS_AFTER, {"tenant": tenant, "after": after, "room": limit})
        return [decode_record(wire) for (wire,) in found]

    async def clear_keys(self, tenant: str, limit: int) -> bool:
        """See `key_book.KeyBook`."""
        page = {"tenant": tenant, "room": limit}

        def clear(connection: sqlite3.Connection) -> bool:
            with transaction(connection):
                gone = [connection.execute(each, page).rowcount for each in (_CLEAR_KEYS, _CLEAR_LINKS)]
            return any(gone)

        return await self._alone(clear)
