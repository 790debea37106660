"""What each part of the store is made of: statements, and a door to run them through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from homeport_notify.sql.dialect import Statement
from homeport_notify.sql.door import Door, Row, Transaction


class Work:
    """One transaction of a tenant. What it runs binds the tenant as `:tenant`."""

    def __init__(self, door: Door, transaction: Transaction, tenant: str) -> None:
        self._dialect = door.dialect
        self._transaction = transaction
        self._tenant = tenant

    async def fetch(self, statement: Statement, **values: object) -> Sequence[Row]:
        """All rows."""
        return await self._transaction.fetch(
            statement.text[self._dialect], statement.values(tenant=self._tenant, **values)
        )

    async def first(self, statement: Statement, **values: object) -> Row | None:
        """The first row, if there is one."""
        found = await self.fetch(statement, **values)
        return found[0] if found else None

    async def execute(self, statement: Statement, **values: object) -> int:
        """Run it; how many rows it wrote."""
        return await self._transaction.execute(
            statement.text[self._dialect], statement.values(tenant=self._tenant, **values)
        )

    async def execute_many(self, statement: Statement, many: Iterable[Mapping[str, object]]) -> None:
        """Run it for each of the values, if there are any."""
        values = [statement.values(tenant=self._tenant, **each) for each in many]
        if values:
            await self._transaction.execute_many(statement.text[self._dialect], values)


class OnDoor:
    """A part of the store."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @asynccontextmanager
    async def _work(self, tenant: str) -> AsyncIterator[Work]:
        async with self._door.transaction(tenant) as transaction:
            yield Work(self._door, transaction, tenant)

    async def _read(self, tenant: str, statement: Statement, **values: object) -> Sequence[Row]:
        return await self._door.read(
            tenant, statement.text[self._door.dialect], statement.values(tenant=tenant, **values)
        )
