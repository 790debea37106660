"""The command line: `homeport`. Every flag of a setting has a variable, by the rule in `settings.py`.

What a user gets wrong is one sentence on standard error and exit code 2. Modules are imported where they are used,
so that `--help` and the small verbs start quickly.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import click

from homeport_server.settings import Settings
from homeport_server.verbs.console import console
from homeport_server.verbs.device import device
from homeport_server.verbs.doctor import doctor
from homeport_server.verbs.keys import keys
from homeport_server.verbs.migrate import migrate
from homeport_server.verbs.notify import notify
from homeport_server.verbs.options import Refused, every_setting
from homeport_server.verbs.phones import phones
from homeport_server.verbs.quarantine import quarantine
from homeport_server.verbs.receipts import receipts
from homeport_server.verbs.schema import schema
from homeport_server.verbs.secret import secret
from homeport_server.verbs.tenant import tenant
from homeport_server.verbs.token import token
from homeport_server.verbs.work import work
from homeport_sync.errors import HomeportError

FLEET = "fleet"


class _Verbs(click.Group):
    """A group whose verbs may raise `HomeportError`. One is a room of its own, which is opened when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, by name."""
        return sorted([*super().list_commands(ctx), FLEET])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb. What a fleet needs is not loaded for any other."""
        if cmd_name == FLEET:
            from homeport_client.fleet.command.fleet import fleet

            return fleet
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; an expected error ends it with its own sentence."""
        try:
            return super().invoke(ctx)
        except HomeportError as error:
            raise Refused(error.message) from error
        except sqlite3.DatabaseError as error:
            raise Refused(
                f"The database cannot be used ({error}): restore it from a backup, or name another --data."
            ) from error
        except BrokenPipeError:
            raise  # nobody reads on (`… | head`): click ends without a word
        except OSError as error:
            raise Refused(f"{error.filename or error}: {error.strerror}; choose another place, or mend it.") from error


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="homeport", prog_name="homeport")
def main() -> None:
    """Offline-first mobile backend: serve an app, make tenants and tokens."""


@main.command()
@click.argument("app", type=click.Path(path_type=Path))
@click.option("--leash", default="", hidden=True, help="What ties the process to the supervisor that started it.")
@every_setting
def serve(app: Path, leash: str, **given: Any) -> None:  # noqa: ANN401  # one argument a setting
    """Serve the app that the Python file APP declares."""
    from homeport_server.data import claim
    from homeport_server.process.leash import Leash
    from homeport_server.process.serve import run, supervise
    from homeport_server.secret import open_secret
    from homeport_sync.load import load_app

    settings = Settings(**given)
    if settings.workers > 1 and not leash:
        raise SystemExit(supervise(settings, app))
    declared = load_app(app)
    if not settings.database_url:
        open_secret(settings.data)  # makes the directory, with its mode, before the database stands in it
        claim(settings.data, declared.name)
    run(settings, declared, Leash.read(leash) if leash else None)


main.add_command(console)
main.add_command(device)
main.add_command(doctor)
main.add_command(keys)
main.add_command(migrate)
main.add_command(notify)
main.add_command(phones)
main.add_command(quarantine)
main.add_command(receipts)
main.add_command(schema)
main.add_command(secret)
main.add_command(tenant)
main.add_command(token)
main.add_command(work)
