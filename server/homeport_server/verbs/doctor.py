"""`homeport doctor`: what is wrong with this installation, and the command that mends it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from homeport_server.settings import CHANNEL_SETTINGS, Settings
from homeport_server.verbs.options import settings_named

_SETTINGS = (
    "data",
    "database_url",
    "database_role",
    "database_connections_max",
    "nats_url",
    "workers",
    "work_poll_s",
    *CHANNEL_SETTINGS,
)


@click.command()
@click.argument("app", type=click.Path(path_type=Path), required=False)
@settings_named(*_SETTINGS)
def doctor(app: Path | None, **given: object) -> None:
    """Look for what is wrong: one line each, with the command that mends it. Changes nothing; exit code 0 or 1.

    With the same settings as the servers, whose role on PostgreSQL is looked at too; with APP its declaration as well.
    """
    settings = Settings(**given)  # type: ignore[arg-type]  # click made each of its setting's type
    if asyncio.run(_told(settings, app)):
        raise SystemExit(1)


async def _told(settings: Settings, app: Path | None) -> int:
    """Print the findings; how many of them are wrong."""
    from homeport_server.app import wall_ms
    from homeport_server.doctor.examine import examine

    wrongs = 0
    async for found in examine(settings, app, wall_ms):
        wrongs += not found.ok
        click.echo(str(found))
    return wrongs
