"""`homeport console`: a link to the console of the server, with a key in it."""

from __future__ import annotations

from pathlib import Path

import click

from homeport_server.settings import Settings
from homeport_server.verbs.options import Refused, setting


@click.command()
@setting("data")
@setting("database_url")
@setting("host")
@setting("port")
@setting("production")
def console(*, data: Path, database_url: str, host: str, port: int, production: bool) -> None:
    """Print a link to the console of a development server, and nothing else; it opens for eight hours."""
    from homeport_server.data import must_exist
    from homeport_server.edge.console.link import console_link
    from homeport_server.secret import open_secret

    if production:
        raise Refused("In production there is no console: what it shows is not yet bound to who may see it.")
    settings = Settings(data=data, database_url=database_url)
    if not settings.database_url:
        must_exist(settings.data)
    click.echo(console_link(open_secret(data), host, port))
