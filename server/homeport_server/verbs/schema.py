"""`homeport schema`: the GraphQL schema of an app, and which of its changes break the clients that are out there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from homeport_server.verbs.options import Refused, setting

if TYPE_CHECKING:
    from homeport_server.schema_changes import Changes


@click.command()
@click.argument("app", type=click.Path(path_type=Path))
@click.option(
    "--against", type=click.File(encoding="utf-8"), help="An older schema (-: standard input): tell what changed since."
)
@setting("rxdb")
def schema(app: Path, against: TextIO | None, rxdb: str) -> None:
    """Check the app that the Python file APP declares, and print its GraphQL schema, sorted.

    With --against, print instead what changed since that one; exit code 1 if something of it breaks clients.
    """
    from homeport_server.edge.schema import make_schema
    from homeport_sync.load import load_app

    text = make_schema(load_app(app).catalog, rxdb=rxdb == "on").as_str()
    if against is None:
        click.echo(text)
        return
    changes = _changes(against, text)
    for line in changes.told():
        click.echo(line)
    if changes.breaking:
        raise SystemExit(1)


def _changes(against: TextIO, text: str) -> Changes:
    """Raises `Refused` unless the older schema is one."""
    from homeport_server.schema_changes import changes_between

    try:
        return changes_between(against.read(), text)
    except ValueError as wrong:
        raise Refused(f"{against.name} is no GraphQL schema ({wrong}): give what `homeport schema` printed.") from None
