"""Queries on SQLite: for each scope the first rows in an index, found by their number, and of those the first.

SQLite knows no LATERAL. What stands for it is a list of row numbers that is made anew for each scope: what `IN` takes
from a subquery may have an order and a limit of its own.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from homeport_sync.catalog import Kind
from homeport_sync.change import Record, decode_record
from homeport_sync.errors import QueryTooWide
from homeport_sync.limits import Limits
from homeport_sync.query import Found, Query, checked_ids, checked_scopes
from homeport_sync.sql import rows
from homeport_sync.sql.query_sql import Asked, asked_of, by_id, found_of
from homeport_sync.sql.sqlite.connection import Connection
from homeport_sync.sql.sqlite.dialect import SQLITE
from homeport_sync.sql.sqlite.file import OnFile
from homeport_sync.sql.sqlite.transaction import head_of, json_list
from homeport_sync.sql.sqlite.trouble import code_of

STEPS: Final = 20_000  # of SQLite's machine between two looks at the time: about a millisecond
# `+` keeps SQLite from the index by scope, which has the grants of all users: these are few, and one after the other.
_MINE: Final = "SELECT DISTINCT scope_id FROM grants WHERE tenant_id = ?1 AND user_id IN (?2, '*') AND +until IS NULL"
SEEN: Final = """
    SELECT wire FROM json_each(?3) AS wanted
    CROSS JOIN records ON tenant_id = ?1 AND record_id = wanted.value AND deleted_at IS NULL
    WHERE EXISTS (
      SELECT 1 FROM grants
      WHERE tenant_id = ?1 AND user_id IN (?2, '*') AND grants.scope_id = records.scope_id AND +until IS NULL)"""


class SqliteQueries(OnFile):
    """`Queries` on SQLite, on a connection of their own: whoever pulls does not wait for who asks."""

    _asker: Connection
    _limits: Limits

    async def query(self, tenant: str, user: str, kind: Kind, asked: Query) -> Found:
        """See `query.Queries`."""
        compiled = asked_of(asked, kind, SQLITE, bound=3)
        found = await self._ask(query_statement(compiled), tenant, user, compiled.room, *compiled.values)
        return found_of([wire for (wire,) in found], asked)

    async def query_within(
        self, tenant: str, user: str, kind: Kind, asked: Query, scopes: Collection[str]
    ) -> Mapping[str, Found]:
        """See `query.Queries`."""
        compiled = asked_of(asked, kind, SQLITE, bound=4)
        values = (compiled.room, json_list(checked_scopes(scopes)), *compiled.values)
        found = await self._ask(within_statement(compiled), tenant, user, *values)
        texts: dict[str, list[str]] = {}
        for scope, wire in found:
            texts.setdefault(scope, []).extend([wire] if wire is not None else [])
        return {scope: found_of(each, asked) for scope, each in texts.items()}

    async def seen(self, tenant: str, user: str, ids: Collection[str]) -> Mapping[str, Record]:
        """See `query.Queries`."""
        found = await self._ask(SEEN, tenant, user, json_list(checked_ids(ids)))
        return {each.id: each for each in (decode_record(wire) for (wire,) in found)}

    async def _ask(self, statement: str, tenant: str, *values: object) -> list[rows.Row]:
        def ask(connection: sqlite3.Connection) -> list[rows.Row]:
            with _ending(connection, self._limits.query_ms_max):
                found = connection.execute(statement, (tenant, *values)).fetchall()
            if not found:
                head_of(connection, tenant)  # raises if there is no such tenant
            return found

        return await self._asker.run(ask)


@contextmanager
def _ending(connection: sqlite3.Connection, ms_max: int) -> Iterator[None]:
    """End what is asked inside after so long. Raises `QueryTooWide` then."""
    end_ns = time.monotonic_ns() + ms_max * 1_000_000
    connection.set_progress_handler(lambda: time.monotonic_ns() > end_ns, STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if code_of(error) == sqlite3.SQLITE_INTERRUPT:
            raise QueryTooWide from error
        raise
    finally:
        connection.set_progress_handler(None, 0)


def query_statement(asked: Asked) -> str:
    """Of all scopes of the user: binds tenant, user and room before the query's own."""
    return f"""
    SELECT here.wire FROM ({_MINE}) AS mine
    CROSS JOIN records AS here ON here.rowid IN ({_first(asked)})
    ORDER BY {_order(asked)} LIMIT ?3"""  # noqa: S608  # what a caller said is bound


def within_statement(asked: Asked) -> str:
    """Of some of them: binds tenant, user, room and scopes."""
    return f"""
    SELECT mine.scope_id, here.wire
    FROM ({_MINE} AND scope_id IN (SELECT value FROM json_each(?4))) AS mine
    LEFT JOIN records AS here ON here.rowid IN ({_first(asked)})
    ORDER BY mine.scope_id, {_order(asked)}"""  # noqa: S608  # what a caller said is bound


def _first(asked: Asked) -> str:
    """The first rows of a scope: of each stretch as many as there is room for, which in all is enough."""
    of_kind = f"tenant_id = ?1 AND scope_id = mine.scope_id AND kind = {asked.kind} AND deleted_at IS NULL"
    parts = [
        f"SELECT rowid FROM records WHERE {of_kind} AND {each.where} ORDER BY {each.order} LIMIT ?3"  # noqa: S608  # as above
        for each in asked.stretches
    ]
    if len(parts) == 1:
        return parts[0]
    return " UNION ALL ".join(f"SELECT rowid FROM ({each})" for each in parts)  # noqa: S608  # as above


def _order(asked: Asked) -> str:
    last = by_id("here.", reverse=asked.reverse)
    return f"{SQLITE.ordered(asked.seen, reverse=asked.reverse)}, {last}" if asked.seen else last
