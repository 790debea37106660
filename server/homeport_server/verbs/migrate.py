"""`homeport migrate`: move the database's schema to the version this Homeport needs, or say what that would do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport_server.data import database_of, must_exist
from homeport_server.extras import POSTGRES, needing
from homeport_server.settings import Settings
from homeport_server.verbs.options import setting

if TYPE_CHECKING:
    from homeport_server.migrations.migrate import Plan
    from homeport_server.migrations.place import Place
    from homeport_server.migrations.steps import Step


@click.command()
@setting("database_url")
@setting("database_role")
@setting("data")
@click.option("--plan", "only_plan", is_flag=True, help="Print the steps and their SQL; touch nothing.")
@click.option("--to", type=int, help="The schema version to go to; the newest, unless said. An older one goes back.")
@click.option("--lose-data", is_flag=True, help="Go back even if rows stand in what is taken away.")
def migrate(
    *, database_url: str, database_role: str, data: Path, only_plan: bool, to: int | None, lose_data: bool
) -> None:
    """Move the database's schema to the version this Homeport needs. Servers may go on serving meanwhile.

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
    if only_plan:
        _show(asyncio.run(plan(place, end)), end)
        return

    def tell(step: Step) -> None:
        click.echo(f"{step.start} → {step.end}  {step.purpose}")

    start = asyncio.run(move(place, end, lose_data=lose_data, tell=tell, warn=lambda said: click.echo(said, err=True)))
    click.echo(f"The schema is at version {end}" + (" already." if start == end else f"; it was at {start}."))


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
