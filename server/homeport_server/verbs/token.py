"""`homeport token`: prints a token, or one for each of many users."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport_server.rights import RIGHTS
from homeport_server.settings import Settings, flag
from homeport_server.verbs.on_store import check_name, find_tenant, with_store
from homeport_server.verbs.options import Refused, setting
from homeport_sync.scope import EVERYBODY

if TYPE_CHECKING:
    from homeport_server.database import Store


@click.command()
@click.option("--user", envvar="HOMEPORT_USER", help="Whom the token stands for.")
@click.option("--users", type=click.File(), help="A file with a user a line (-: standard input): a token a line.")
@click.option("--tenant", "name", required=True, envvar="HOMEPORT_TENANT", help="The tenant, by its name or its id.")
@click.option("--may", multiple=True, type=click.Choice(RIGHTS), help="A right beyond a user's own: to notify others.")
@click.option("--ide", is_flag=True, help="Print links to the IDE with the token filled in, for eight hours at most.")
@setting("data")
@setting("database_url")
@setting("token_ttl_s", "--ttl", flag("token_ttl_s"))
@setting("host")
@setting("port")
def token(
    *,
    user: str | None,
    users: Iterable[str] | None,
    name: str,
    may: Sequence[str],
    ide: bool,
    data: Path,
    database_url: str,
    token_ttl_s: int,
    host: str,
    port: int,
) -> None:
    """Print a token for a user of a tenant, and nothing else."""
    from homeport_server.app import make_tokens
    from homeport_server.edge.ide.page import LINK_TTL_MAX_S, ide_link
    from homeport_server.secret import check_fingerprint, open_secret

    named = _named(user, users)
    settings = Settings(data=data, database_url=database_url, token_ttl_s=token_ttl_s)
    ttl_s = min(token_ttl_s, LINK_TTL_MAX_S) if ide else token_ttl_s

    async def issue(store: Store) -> list[str]:
        found, secret = await find_tenant(store, name, settings), open_secret(data)
        await check_fingerprint(store, secret)
        tokens = make_tokens(settings, secret)
        return [tokens.issue(user=each, tenant=found.id, ttl_s=ttl_s, may=may) for each in named]

    for line in with_store(settings, issue):
        click.echo(ide_link(host, port, line) if ide else line)


def _named(user: str | None, users: Iterable[str] | None) -> Sequence[str]:
    """The users who were named, one way or the other. Raises `Refused` if none was, or one is no name."""
    named = [line.rstrip("\r\n") for line in users] if users is not None else [user] if user is not None else []
    if not named:
        raise Refused("Nobody is named: say --user, or --users with a file that has a user a line.")
    for each in named:
        check_name(each, "The user")
        if each == EVERYBODY:
            raise Refused(f"The user is named {EVERYBODY!r}, which stands for everybody: name one of them.")
    return named
