"""Databases of PostgreSQL for tests: a schema made once a server by the migrations, and a copy of it for each test."""

from __future__ import annotations

from itertools import count

from homeport_client.fleet.live.postgres import SUPERUSER, RealPostgres
from homeport_server.migrations.migrate import migrate
from homeport_server.migrations.postgres import PostgresPlace
from homeport_server.tables import TABLES

APP_ROLE = "homeport_app"
TEMPLATE = "homeport_template"
_numbers = count(1)


class Databases:
    """The databases of one server."""

    def __init__(self, server: RealPostgres) -> None:
        self.server = server
        self._made = False
        self._used: list[str] = []

    async def fresh(self) -> str:
        """The name of a database with the newest schema and nothing in it."""
        if self._used:
            return self._used.pop()
        if not self._made:
            await self._make()
            self._made = True
        name = f"test_{next(_numbers)}"
        await self.server.query(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return name

    async def give_back(self, name: str) -> None:
        """Empty a database whose schema is as it was, for the next test: sooner done than a new one is made."""
        tables = ", ".join(table for table in TABLES if table != "schema")
        await self.server.query(f"TRUNCATE {tables}", database=name)
        self._used.append(name)

    def url(self, name: str, user: str = APP_ROLE) -> str:
        """Where it is, as the role of the servers or as another."""
        return self.server.url(name, user)

    async def _make(self) -> None:
        await self.server.query(f"CREATE DATABASE {TEMPLATE}")
        await migrate(PostgresPlace(self.url(TEMPLATE, SUPERUSER), APP_ROLE))
