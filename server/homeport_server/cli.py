"""The command line: `homeport`. Every flag of a setting has a variable, by the rule in `settings.py`.

What a user gets wrong is one sentence on standard error and exit code 2. Modules are imported where they are used,
so that `--help` and the small verbs start quickly.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any, TypeVar

import click

from homeport_server.data import must_exist
from homeport_server.errors import TenantUnknown
from homeport_server.settings import Settings, flag
from homeport_server.verbs.options import Refused, every_setting, setting
from homeport_sync.errors import HomeportError
from homeport_sync.ports import Tenant

if TYPE_CHECKING:
    from homeport_server.app import Store

Result = TypeVar("Result")
TENANTS_PAGE = 500


class _Verbs(click.Group):
    """A group whose verbs may raise `HomeportError`."""

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
        except OSError as error:
            raise Refused(f"{error.filename or error}: {error.strerror}; choose another place, or mend it.") from error


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="homeport", prog_name="homeport")
def main() -> None:
    """Offline-first mobile backend: serve an app, make tenants and tokens."""


@main.command()
@click.argument("app", type=click.Path(path_type=Path))
@every_setting
def serve(app: Path, **given: Any) -> None:  # noqa: ANN401  # one argument a setting
    """Serve the app that the Python file APP declares."""
    from homeport_server.secret import open_secret
    from homeport_server.serve import run
    from homeport_sync.declaration import load_app

    settings = Settings(**given)
    declared = load_app(app)
    run(settings, declared, open_secret(settings.data))


@main.group(cls=_Verbs)
def tenant() -> None:
    """Customers: the unit of isolation. Each user, token and record belongs to one."""


@tenant.command("create")
@click.argument("name")
@setting("data")
def create_tenant(name: str, data: Path) -> None:
    """Make the tenant NAME unless there is one, and print its id."""
    _named(name, "The tenant")
    from homeport_server.app import wall_ms
    from homeport_sync.clock import uuid7

    async def create(store: Store) -> str:
        now_ms = wall_ms()
        made = await store.create(name, id=uuid7(now_ms, SystemRandom()), epoch=secrets.token_hex(8), now_ms=now_ms)
        return made.id

    click.echo(_with_store(data, create))


@tenant.command("list")
@setting("data")
def list_tenants(data: Path) -> None:
    """Print the id and the name of every tenant."""

    must_exist(data)

    async def listing(store: Store) -> list[str]:
        lines: list[str] = []
        after = ""
        while page := await store.tenants(after, TENANTS_PAGE):
            lines += [f"{each.id}  {each.name}" for each in page]
            after = page[-1].id
        return lines

    for line in _with_store(data, listing):
        click.echo(line)


@tenant.command("begin-epoch")
@click.argument("name")
@setting("data")
def begin_epoch(name: str, data: Path) -> None:
    """After restoring a backup: begin a new epoch of NAME's log, so that devices start again and send what it lost."""
    must_exist(data)

    async def begin(store: Store) -> str:
        found = await _find(store, name, data)
        former = (await store.standing(found.id, "", "")).head.epoch
        await store.begin_epoch(found.id, former)
        return (await store.standing(found.id, "", "")).head.epoch

    click.echo(_with_store(data, begin))


@main.command()
@click.option("--user", required=True, envvar="HOMEPORT_USER", help="Whom the token stands for.")
@click.option("--tenant", "name", required=True, envvar="HOMEPORT_TENANT", help="The tenant, by its name or its id.")
@setting("data")
@setting("token_ttl_s", "--ttl", flag("token_ttl_s"))
def token(user: str, name: str, data: Path, token_ttl_s: int) -> None:
    """Print a token for a user of a tenant, and nothing else."""
    from homeport_server.app import make_tokens
    from homeport_server.secret import open_secret

    async def tenant_id(store: Store) -> str:
        return (await _find(store, name, data)).id

    must_exist(data)
    _named(user, "The user")
    settings = Settings(data=data, token_ttl_s=token_ttl_s)
    found = _with_store(data, tenant_id)
    click.echo(make_tokens(settings, open_secret(data)).issue(user=user, tenant=found, ttl_s=token_ttl_s))


@main.command()
@click.argument("app", type=click.Path(path_type=Path))
def schema(app: Path) -> None:
    """Check the app that the Python file APP declares, and print its GraphQL schema."""
    from homeport_server.edge.schema import make_schema
    from homeport_sync.declaration import load_app

    load_app(app)
    click.echo(make_schema().as_str())


def _named(name: str, whose: str) -> None:
    if not name.strip() or name != name.strip():
        raise Refused(f"{whose} is named {name!r}: give it a name that is not blank, with no space around it.")


async def _find(store: Store, name: str, data: Path) -> Tenant:
    found = await store.find(name)
    if found is None:
        raise TenantUnknown(
            f"There is no tenant {name!r} in {data}: make it with `homeport tenant create {name} --data {data}`."
        )
    return found


def _with_store(data: Path, work: Callable[[Store], Awaitable[Result]]) -> Result:
    """What `work` returns, given the store of a data directory."""
    from homeport_server.app import open_store
    from homeport_server.secret import open_secret

    open_secret(data)  # makes the directory, with its mode, before the database stands in it

    async def run() -> Result:
        store = await open_store(Settings(data=data))
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())
