"""`homeport console`: a link to the console of the server, with a key in it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from homeport_server.origin import WILDCARDS
from homeport_server.settings import Settings
from homeport_server.verbs.on_store import with_store
from homeport_server.verbs.options import Refused, setting

if TYPE_CHECKING:
    from homeport_server.database import Store

CONNECT_S: Final = 1.0


@click.command()
@setting("data")
@setting("database_url")
@setting("host")
@setting("port")
@setting("production")
def console(*, data: Path, database_url: str, host: str, port: int, production: bool) -> None:
    """Print a link to the console of a development server, and nothing else; it opens for eight hours."""
    from homeport_server.edge.console.link import console_link
    from homeport_server.secret import check_fingerprint, open_secret

    if production:
        raise Refused("In production there is no console: what it shows is not yet bound to who may see it.")

    async def link(store: Store) -> str:
        secret = open_secret(data)
        await check_fingerprint(store, secret)  # or the link would open nothing
        return console_link(secret, host, port)

    click.echo(with_store(Settings(data=data, database_url=database_url), link))
    if not _answers(host, port):
        click.echo(f"Nothing answers on port {port} yet: start the server, or name its port with --port.", err=True)


def _answers(host: str, port: int) -> bool:
    """Whether anybody listens there, as far as this machine can tell."""
    try:
        with socket.create_connection(("127.0.0.1" if host in WILDCARDS else host, port), timeout=CONNECT_S):
            return True
    except OSError:
        return False
