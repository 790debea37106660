"""Queries on PostgreSQL: for each scope the first rows in an index (LATERAL), and of those the first.

They read the view `records_asked` where it is there. Under a policy of the table the planner takes no condition into an
index that could tell somebody of a row before the policy has let it pass, and JSON's functions are not known to keep
that to themselves: it would read a scope from one end to the other. The view holds to the tenant as the policy does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import asyncpg

from homeport_sync.catalog import Kind
from homeport_sync.change import Record, decode_record
from homeport_sync.errors import QueryTooWide
from homeport_sync.limits import Limits
from homeport_sync.query import Found, Query, checked_ids, checked_scopes
from homeport_sync.sql import rows
from homeport_sync.sql.postgres.database import IN_ORDER, Connection, OnDatabase
from homeport_sync.sql.postgres.dialect import POSTGRES
from homeport_sync.sql.postgres.load import head_of
from homeport_sync.sql.postgres.trouble import translated
from homeport_sync.sql.query_sql import ID, Asked, asked_of, by_id, found_of

VIEW: Final = "records_asked"
TABLE: Final = "records"
READ_SOURCE: Final = f"SELECT coalesce(has_table_privilege(to_regclass('{VIEW}'), 'SELECT'), false)"
# `until` is put so that the index by scope does not come into it: that has the grants of all users, and these are few.
_MINE: Final = """
    SELECT DISTINCT scope_id FROM grants
    WHERE tenant_id = $1 AND user_id IN ($2, '*') AND coalesce(until, -1) = -1"""
SEEN: Final = """
    SELECT found.wire
    FROM unnest($3::text[]) AS wanted(id) CROSS JOIN LATERAL (
      SELECT wire, scope_id FROM records
      WHERE tenant_id = $1 AND record_id = wanted.id AND deleted_at IS NULL LIMIT 1
    ) AS found
    WHERE EXISTS (
      SELECT FROM grants
      WHERE tenant_id = $1 AND user_id IN ($2, '*') AND grants.scope_id = found.scope_id AND until IS NULL LIMIT 1)"""


class PostgresQueries(OnDatabase):
    """`Queries` on PostgreSQL."""

    _limits: Limits
    _source = TABLE

    async def look_for_view(self) -> None:
        """Read the view from now on, if it is there."""
        with translated():
            async with self._database.connection() as connection:
                found = await connection.fetchrow(READ_SOURCE)
        self._source = VIEW if found and found[0] else TABLE

    async def query(self, tenant: str, user: str, kind: Kind, asked: Query) -> Found:
        """See `query.Queries`."""
        compiled = asked_of(asked, kind, POSTGRES, bound=3)
        statement = query_statement(compiled, self._source)
        found = await self._ask(statement, tenant, user, compiled.room, *compiled.values)
        return found_of([wire for (wire,) in found], asked)

    async def query_within(
        self, tenant: str, user: str, kind: Kind, asked: Query, scopes: Collection[str]
    ) -> Mapping[str, Found]:
        """See `query.Queries`."""
        compiled = asked_of(asked, kind, POSTGRES, bound=4)
        statement = within_statement(compiled, self._source)
        values = (compiled.room, checked_scopes(scopes), *compiled.values)
        texts: dict[str, list[str]] = {}
        for scope, wire in await self._ask(statement, tenant, user, *values):
            texts.setdefault(scope, []).extend([wire] if wire is not None else [])
        return {scope: found_of(each, asked) for scope, each in texts.items()}

    async def seen(self, tenant: str, user: str, ids: Collection[str]) -> Mapping[str, Record]:
        """See `query.Queries`."""
        found = await self._ask(SEEN, tenant, user, checked_ids(ids))
        return {each.id: each for each in (decode_record(wire) for (wire,) in found)}

    async def _ask(self, statement: str, tenant: str, *values: object) -> list[rows.Row]:
        async def ask(connection: Connection) -> list[rows.Row]:
            try:
                found = [tuple(row) for row in await connection.fetch(statement, tenant, *values)]
            except asyncpg.QueryCanceledError:
                raise QueryTooWide from None  # the connection is whole
            if not found:
                await head_of(connection, tenant)  # raises if there is no such tenant
            return found

        ending = f"{IN_ORDER}; SET LOCAL statement_timeout = {self._limits.query_ms_max}"
        return await self._database.read(tenant, ask, ending)


def query_statement(asked: Asked, source: str = VIEW) -> str:
    """Of all scopes of the user: binds tenant, user and room before the query's own."""
    return f"""
    SELECT found.wire FROM ({_MINE}) AS mine CROSS JOIN LATERAL ({_first(asked, source)}) AS found
    ORDER BY {_order(asked)} LIMIT $3::bigint"""  # noqa: S608  # what a caller said is bound


def within_statement(asked: Asked, source: str = VIEW) -> str:
    """Of some of them: binds tenant, user, room and scopes."""
    return f"""
    SELECT mine.scope_id, found.wire
    FROM ({_MINE} AND scope_id = ANY ($4::text[])) AS mine
    LEFT JOIN LATERAL ({_first(asked, source)}) AS found ON true
    ORDER BY mine.scope_id, {_order(asked)}"""  # noqa: S608  # what a caller said is bound


def _first(asked: Asked, source: str) -> str:
    """The first rows of a scope: of each stretch as many as there is room for, which in all is enough."""
    of_kind = f"tenant_id = $1 AND scope_id = mine.scope_id AND kind = {asked.kind} AND deleted_at IS NULL"
    columns = f"wire, {asked.seen} AS seen, {ID}" if asked.seen else f"wire, {ID}"
    parts = [
        f"SELECT {columns} FROM {source} WHERE {of_kind} AND {each.where} ORDER BY {each.order} LIMIT $3::bigint"  # noqa: S608  # as above
        for each in asked.stretches
    ]
    return parts[0] if len(parts) == 1 else " UNION ALL ".join(f"({each})" for each in parts)


def _order(asked: Asked) -> str:
    last = by_id("found.", reverse=asked.reverse)
    return f"{POSTGRES.ordered('found.seen', reverse=asked.reverse)}, {last}" if asked.seen else last
