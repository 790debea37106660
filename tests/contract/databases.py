"""Databases of PostgreSQL for tests: a schema made once a server by the migrations, and a copy of it for each test."""

from __future__ import annotations

from itertools import count

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from homeport_client.fleet.postgres import RealPostgres
from homeport_sync.sql.tables import metadata

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
        await self.server.query(f"CREATE ROLE {APP_ROLE} LOGIN")
        await self.server.query(f"CREATE DATABASE {TEMPLATE}")
        sql = ""
        for table in metadata.sorted_tables:
            sql += str(CreateTable(table).compile(dialect=postgresql.dialect())) + ";"
            for index in table.indexes:
                sql += str(CreateIndex(index).compile(dialect=postgresql.dialect())) + ";"
            if "tenant_id" in table.c:
                check = "(tenant_id = NULLIF(current_setting('homeport.tenant', true), ''))"
                sql += f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY;"
                sql += f"CREATE POLICY {table.name}_tenant ON {table.name} USING {check} WITH CHECK {check};"
            sql += f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table.name} TO {APP_ROLE};"
        sql += "CREATE POLICY roster ON tenants FOR SELECT USING (current_setting('homeport.tenant', true) = '*');"
        await self.server.query(sql, database=TEMPLATE)
