"""`homeport device`: why is this phone stuck?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport_server.settings import Settings
from homeport_server.verbs.on_store import find_tenant, with_store
from homeport_server.verbs.options import Refused, setting

if TYPE_CHECKING:
    from homeport_server.database import Store


@click.command()
@click.argument("id")
@click.option("--tenant", "name", required=True, envvar="HOMEPORT_TENANT", help="The tenant, by its name or its id.")
@setting("data")
@setting("database_url")
def device(*, id: str, name: str, data: Path, database_url: str) -> None:
    """Tell what is known of the device ID, what hinders it, and what to do next; exit code 1 if it was never seen."""
    from homeport_server.app import wall_ms
    from homeport_server.diagnosis import Asked, diagnose
    from homeport_sync.clock import is_uuid

    if not is_uuid(id := id.lower()):
        raise Refused(f"The device is {id!r}; expected a UUID, such as 01920000-0000-7000-8000-000000000001.")
    settings = Settings(data=data, database_url=database_url)

    async def ask(store: Store) -> tuple[Sequence[str], bool]:
        tenant = await find_tenant(store, name, settings)
        asked = Asked(device=id, tenant=tenant.name, now_ms=wall_ms())
        facts = await store.device(tenant.id, id)
        return diagnose(asked, facts), facts is not None

    lines, known = with_store(settings, ask)
    for line in lines:
        click.echo(line)
    if not known:
        raise SystemExit(1)
