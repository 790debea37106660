"""`homeport secret`: whether this data directory's secret is the database's, and how to start over with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport_server.settings import Settings
from homeport_server.verbs.on_store import with_store
from homeport_server.verbs.options import setting

if TYPE_CHECKING:
    from homeport_server.database import Store


@click.command()
@setting("data")
@setting("database_url")
@click.option("--replace", is_flag=True, help="Sign with this secret from now on; every token given out is void then.")
def secret(data: Path, database_url: str, *, replace: bool) -> None:
    """Look whether the secret in the data directory is the one that the database's tokens are signed with."""
    from homeport_server.secret import check_fingerprint, open_secret

    async def check(store: Store) -> None:
        await check_fingerprint(store, open_secret(data), replace=replace)

    with_store(Settings(data=data, database_url=database_url), check)
    click.echo(f"The database's tokens and cursors are signed with the secret in {data}.")
