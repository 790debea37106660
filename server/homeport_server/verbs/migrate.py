"""`homeport migrate`: move the database's schema to the version this Homeport needs, or say what that would do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport_server.data import database_of, must_exist
from homeport_server.extras import POSTGRES, needing
from homeport_server.settings import Settings
from homeport_server.verbs.options import Refused, setting

if TYPE_CHECKING:
    from homeport_server.migrations.migrate import Indexing, Plan
    from homeport_server.migrations.place import Place
    from homeport_server.migrations.steps import Step


@click.command()
@click.argument("app", type=click.Path(path_type=Path), required=False)
@setting("database_url")
@setting("database_role")
@setting("data")
@click.option("--plan", "only_plan", is_flag=True, help="Print the steps and their SQL; touch nothing.")
@click.option("--to", type=int, help="The schema version to go to; the newest, unless said. An older one goes back.")
@click.option("--lose-data", is_flag=True, help="Go back even if rows stand in what is taken away.")
@click.option("--drop-unused-indexes", is_flag=True, help="With APP: drop the indexes that its queries do not need.")
def migrate(
    *,
    app: Path | None,
    database_url: str,
    database_role: str,
    data: Path,
    only_plan: bool,
    to: int | None,
    lose_data: bool,
    drop_unused_indexes: bool,
) -> None:
    """Move the database's schema to the version this Homeport needs. Servers may go on serving meanwhile.

    With APP, a Python file that declares an app, the indexes that its queries need are made, too.

    On PostgreSQL the URL is the owner's here, not the one servers use: `migrate` makes the tables, and makes the
    servers' role if it is missing, which may use them and owns none.
    """
    from homeport_server.migrations.migrate import migrate as move
    from homeport_server.migrations.migrate import plan
    from homeport_sync.sql.tables import SCHEMA_VERSION

    settings = Settings(database_url=database_url, database_role=database_role, data=data)
    if not only_plan and not database_url:
        must_exist(data)
    place = _place(settings)
    end = SCHEMA_VERSION if to is None else to
    indexes = _indexes(app, drop_unused=drop_unused_indexes)
    if indexes and end != SCHEMA_VERSION:
        raise Refused(f"Indexes are made for the newest schema version, {SCHEMA_VERSION}: leave out --to, or the app.")
    if only_plan:
        _show(asyncio.run(plan(place, end)), end)
        if indexes:
            _show_indexes(indexes, place)
        return

    def tell(step: Step) -> None:
        click.echo(f"{step.start} → {step.end}  {step.purpose}")

    def warn(said: str) -> None:
        click.echo(said, err=True)

    start = asyncio.run(move(place, end, lose_data=lose_data, tell=tell, warn=warn, indexes=indexes))
    click.echo(f"The schema is at version {end}" + (" already." if start == end else f"; it was at {start}."))
    if indexes:
        click.echo(f"All that the queries of {app} need is there.")


def _indexes(app: Path | None, *, drop_unused: bool) -> Indexing | None:
    """What is to be made for the app, if one is named."""
    from homeport_server.migrations.migrate import Indexing
    from homeport_sync.load import load_app

    if app is None and drop_unused:
        raise Refused("Which indexes are needed, the app says: name it, as in `homeport migrate APP`.")
    if app is None:
        return None
    return Indexing(
        catalog=load_app(app).catalog,
        made=lambda name: click.echo(f"made {name}"),
        dropped=(lambda name: click.echo(f"dropped {name}")) if drop_unused else None,
    )


def _show_indexes(indexes: Indexing, place: Place) -> None:
    """All that would be there; what is there already is left as it is."""
    click.echo("\n-- The indexes of the app's queries, beside those who write")
    for statement in place.index_statements(indexes.catalog):
        click.echo(f"{statement};")


def _place(settings: Settings) -> Place:
    """The database of the settings."""
    if settings.database_url:
        with needing(POSTGRES):
            from homeport_server.migrations.postgres import PostgresPlace

        return PostgresPlace(settings.database_url, settings.database_role)
    from homeport_server.migrations.sqlite import SqlitePlace

    return SqlitePlace(database_of(settings.data))


def _show(plan: Plan, end: int) -> None:
    if not plan.steps:
        click.echo(f"The schema is at version {end} already; there is nothing to do.")
        return
    click.echo(f"-- From schema version {plan.start} to {end}; nothing was touched.\n")
    for step, _ in plan.steps:
        click.echo(f"-- {step.start} → {step.end}  {step.purpose}\n--        {step.manner}")
    for step, sql in plan.steps:
        click.echo(f"\n-- {step.start} → {step.end}\n{sql}")
    if plan.around:
        click.echo(f"\n-- What the servers' role may do\n{plan.around}")
