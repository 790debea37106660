"""How resolvers read: as the caller, through `Queries`, and together. Nothing else in the typed schema asks the store.

So nobody is shown a record that they may not see, whichever way they come to ask for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import TypeAlias, cast

from graphql import GraphQLResolveInfo

from homeport_server.edge.context import Call
from homeport_sync.catalog import Kind
from homeport_sync.change import Record
from homeport_sync.query import ROWS_MAX, SCOPES_MAX, Found, Query

Info: TypeAlias = GraphQLResolveInfo[Call]
_BY_ID = "by id"


async def record_of(call: Call, id: str) -> Record | None:
    """The live record of that id, if the caller may see it. Those of one turn of the loop are one statement."""
    found = await call.batches.ask(_BY_ID, id, partial(_seen, call), keys_max=ROWS_MAX)
    return cast(Record | None, found)


async def found_in(call: Call, kind: Kind, asked: Query, scope: str) -> Found | None:
    """What the query finds within the scope; None if the caller may not see that. As above."""
    load = partial(_within, call, kind, asked)
    return cast(Found | None, await call.batches.ask(asked, scope, load, keys_max=SCOPES_MAX))


async def found(call: Call, kind: Kind, asked: Query) -> Found:
    """What the query finds in all that the caller may see."""
    return await call.rooms.queries.query(call.caller.tenant, call.caller.user, kind, asked)


async def _seen(call: Call, ids: Collection[str]) -> Mapping[str, Record]:
    return await call.rooms.queries.seen(call.caller.tenant, call.caller.user, ids)


async def _within(call: Call, kind: Kind, asked: Query, scopes: Collection[str]) -> Mapping[str, Found]:
    return await call.rooms.queries.query_within(call.caller.tenant, call.caller.user, kind, asked, scopes)
