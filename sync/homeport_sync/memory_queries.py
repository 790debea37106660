"""Queries in memory: one part of the store in memory. It looks at all that a user may see, as the law is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from homeport_sync.catalog import Catalog, Kind
from homeport_sync.change import Record
from homeport_sync.index_book import TellNames
from homeport_sync.memory_log import OnMemory
from homeport_sync.query import Found, Query, answer, checked, checked_ids, checked_scopes
from homeport_sync.scope import EVERYBODY


class MemoryQueries(OnMemory):
    """`Queries` and `IndexBook` in memory, which has no indexes and needs none."""

    async def missing_indexes(self, catalog: Catalog) -> Sequence[str]:  # as the port has it
        """See `index_book.IndexBook`."""
        return ()

    async def make_indexes(self, catalog: Catalog, tell: TellNames = lambda _: None) -> Sequence[str]:  # as above
        """See `index_book.IndexBook`."""
        return ()

    async def unused_indexes(self, catalog: Catalog) -> Sequence[str]:
        """See `index_book.IndexBook`."""
        return ()

    async def query(self, tenant: str, user: str, kind: Kind, asked: Query) -> Found:
        """See `query.Queries`."""
        return answer(self._visible(tenant, user), kind, checked(asked, kind))

    async def query_within(
        self, tenant: str, user: str, kind: Kind, asked: Query, scopes: Collection[str]
    ) -> Mapping[str, Found]:
        """See `query.Queries`."""
        visible = self._visible(tenant, user)
        checked(asked, kind)
        seen = self._scopes(tenant, user) & set(checked_scopes(scopes))
        return {scope: answer([each for each in visible if each.scope == scope], kind, asked) for scope in seen}

    async def seen(self, tenant: str, user: str, ids: Collection[str]) -> Mapping[str, Record]:
        """See `query.Queries`."""
        wanted = set(checked_ids(ids))
        return {each.id: each for each in self._visible(tenant, user) if each.id in wanted and not each.deleted}

    def _scopes(self, tenant: str, user: str) -> set[str]:
        log = self._log(tenant)
        grants = (*log.grants_held_by(user), *log.grants_held_by(EVERYBODY))
        return {grant.scope for grant in grants if grant.holds}

    def _visible(self, tenant: str, user: str) -> list[Record]:
        scopes = self._scopes(tenant, user)
        kept = self._log(tenant).records.values()
        return [each.record for each in kept if not each.left and each.record.scope in scopes]
