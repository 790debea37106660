"""`homeport keys`: whether the database's keys are those that an app declares, and filling them for it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport_server.settings import Settings
from homeport_server.verbs.on_store import with_store
from homeport_server.verbs.options import Refused, setting

if TYPE_CHECKING:
    from homeport_server.database import Store
    from homeport_sync.key_book import Clash

_CLASHES_SHOWN_MAX = 20


@click.command()
@click.argument("app", type=click.Path(path_type=Path))
@setting("data")
@setting("database_url")
@click.option("--rebuild", is_flag=True, help="Fill them for this app; stop every server first.")
def keys(app: Path, data: Path, database_url: str, *, rebuild: bool) -> None:
    """Look whether unique fields and references are kept as the Python file APP declares them."""
    from homeport_sync import key_book
    from homeport_sync.load import load_app

    catalog = load_app(app).catalog

    async def look(store: Store) -> None:
        if rebuild:
            _refuse(await key_book.rebuild(store, catalog, time.time_ns() // 1_000_000))
        await key_book.check_keys(store, catalog)

    with_store(Settings(data=data, database_url=database_url), look)
    click.echo(f"The database keeps these keys: [{key_book.declaration_of(catalog)}], as {app} declares.")


def _refuse(clashes: list[Clash]) -> None:
    """Raises `Refused`, naming the records that cannot both stay as they are."""
    if not clashes:
        return
    shown = "".join(
        f"\n  {each.kind}.{each.field}: {each.record} has the value of {each.holder} (tenant {each.tenant})"
        for each in clashes[:_CLASHES_SHOWN_MAX]
    )
    raise Refused(
        f"{len(clashes)} records have a value that must be unique and that another has:{shown}\n"
        "Go back by the same with the app as it was, change them with it running, then rebuild again."
    )
