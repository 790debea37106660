"""`homeport device`: why is this phone stuck?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport_server.settings import Settings
from homeport_server.verbs.on_store import find_tenant, with_store
from homeport_server.verbs.options import setting

if TYPE_CHECKING:
    from homeport_server.database import Store


@click.command()
@click.argument("id")
@click.option("--tenant", "name", required=True, envvar="HOMEPORT_TENANT", help="The tenant, by its name or its id.")
@setting("data")
@setting("database_url")
def device(*, id: str, name: str, data: Path, database_url: str) -> None:
    """Tell what is known of the device ID, what hinders it, and what to do next."""
    from homeport_server.app import wall_ms
    from homeport_server.diagnosis import Asked, diagnose

    settings = Settings(data=data, database_url=database_url)

    async def ask(store: Store) -> list[str]:
        tenant = await find_tenant(store, name, settings)
        asked = Asked(device=id, tenant=tenant.name, now_ms=wall_ms())
        return list(diagnose(asked, await store.device(tenant.id, id)))

    for line in with_store(settings, ask):
        click.echo(line)
