"""The indexes of queries on SQLite, which a server makes as it starts."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

from homeport_sync.catalog import Catalog
from homeport_sync.index_book import TellNames
from homeport_sync.sql.index_sql import PREFIX, Index, indexes_of
from homeport_sync.sql.sqlite.dialect import SQLITE
from homeport_sync.sql.sqlite.file import OnFile, transaction

READ_INDEXES: Final = f"""
    SELECT name FROM sqlite_master
    WHERE type = 'index' AND tbl_name = 'records' AND substr(name, 1, {len(PREFIX)}) = '{PREFIX}'"""  # noqa: S608


class SqliteIndexBook(OnFile):
    """`IndexBook` on SQLite."""

    async def missing_indexes(self, catalog: Catalog) -> Sequence[str]:
        """See `index_book.IndexBook`."""
        return [each.name for each in await self._missing(catalog)]

    async def make_indexes(self, catalog: Catalog, tell: TellNames = lambda _: None) -> Sequence[str]:
        """See `index_book.IndexBook`."""
        wanted = await self._missing(catalog)
        names = [each.name for each in wanted]
        if wanted:
            tell(names)
        for index in wanted:
            await self._alone(partial(_make, index))
        return names

    async def unused_indexes(self, catalog: Catalog) -> Sequence[str]:
        """See `index_book.IndexBook`."""
        return unused(await self._here(), catalog)

    async def _missing(self, catalog: Catalog) -> list[Index]:
        return missing(await self._here(), catalog)

    async def _here(self) -> list[str]:
        return [row[0] for row in await self._fetch(READ_INDEXES, {})]


def missing(here: Collection[str], catalog: Catalog) -> list[Index]:
    """Those that the app's queries need, and that are not here."""
    return [each for each in indexes_of(catalog, SQLITE) if each.name not in here]


def unused(here: Collection[str], catalog: Catalog) -> list[str]:
    """Those here that no query of the app needs."""
    return sorted({*here} - {each.name for each in indexes_of(catalog, SQLITE)})


def _make(index: Index, connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute(index.made())
