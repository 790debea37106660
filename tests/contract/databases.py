"""Databases of PostgreSQL for tests: a schema made once a server by the migrations, and a copy of it for each test."""

from __future__ import annotations

from itertools import count

from homeport_client.fleet.postgres import SUPERUSER, RealPostgres
from homeport_server.migrations.migrate import migrate
from homeport_server.migrations.postgres import PostgresPlace

APP_ROLE = "homeport_app"
TEMPLATE = "homeport_template"
_numbers = count(1)


class Databases:
    """The databases of one server."""

    def __init__(self, server: RealPostgres) -> None:
        self.server = server
        self._made = False

    async def fresh(self) -> str:
        """The name of a new database with the newest schema and nothing in it."""
        if not self._made:
            await self._make()
            self._made = True
        name = f"test_{next(_numbers)}"
        await self.server.query(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return name

    def url(self, name: str, user: str = APP_ROLE) -> str:
        """Where it is, as the role of the servers or as another."""
        return self.server.url(name, user)

    async def _make(self) -> None:
        await self.server.query(f"CREATE DATABASE {TEMPLATE}")
        await migrate(PostgresPlace(self.url(TEMPLATE, SUPERUSER), APP_ROLE))
