"""`homeport token`: prints a token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport_server.settings import Settings, flag
from homeport_server.verbs.on_store import check_name, find_tenant, with_store
from homeport_server.verbs.options import setting

if TYPE_CHECKING:
    from homeport_server.database import Store


@click.command()
@click.option("--user", required=True, envvar="HOMEPORT_USER", help="Whom the token stands for.")
@click.option("--tenant", "name", required=True, envvar="HOMEPORT_TENANT", help="The tenant, by its name or its id.")
@setting("data")
@setting("database_url")
@setting("token_ttl_s", "--ttl", flag("token_ttl_s"))
def token(user: str, name: str, data: Path, database_url: str, token_ttl_s: int) -> None:
    """Print a token for a user of a tenant, and nothing else."""
    from homeport_server.app import make_tokens
    from homeport_server.secret import check_fingerprint, open_secret

    check_name(user, "The user")
    settings = Settings(data=data, database_url=database_url, token_ttl_s=token_ttl_s)

    async def issue(store: Store) -> str:
        found, secret = await find_tenant(store, name, settings), open_secret(data)
        await check_fingerprint(store, secret)
        return make_tokens(settings, secret).issue(user=user, tenant=found.id, ttl_s=token_ttl_s)

    click.echo(with_store(settings, issue))
