"""`homeport work`: runs the followers and upkeep beside the servers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from homeport_server.settings import CHANNEL_SETTINGS, Settings, flag
from homeport_server.verbs.options import Refused, setting, settings_named

_SETTINGS = (
    "host",
    "data",
    "database_url",
    "database_connections_max",
    "nats_url",
    "log_level",
    "work_poll_s",
    "work_at_once_max",
    "lease_s",
    "upkeep_every_s",
    "drain_notice_s",
    "production",
    *CHANNEL_SETTINGS,
    "notify_slices",
)


@click.command()
@click.argument("app", type=click.Path(path_type=Path))
@settings_named(*_SETTINGS)
@setting("work_port", "--port", flag("work_port"))
def work(app: Path, work_port: int, **given: Any) -> None:  # noqa: ANN401  # one argument a setting
    """Follow the logs of all tenants of the app that the Python file APP declares, beside any number of others.

    For PostgreSQL: on SQLite the server does that itself. `--port` shows /livez, /readyz and /metrics.
    """
    from homeport_server.process.station import run
    from homeport_sync.load import load_app

    settings = Settings(**given)
    if not settings.database_url:
        raise Refused(
            f"On SQLite `homeport serve` does this work itself: run that alone, or name PostgreSQL with "
            f"{flag('database_url')}."
        )
    run(replace(settings, port=work_port), load_app(app))
