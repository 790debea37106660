"""`homeport tenant`: customers, the unit of isolation."""

from __future__ import annotations

import secrets
from datetime import date
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

import click

from homeport_server.settings import Settings
from homeport_server.verbs.on_store import check_name, find_tenant, with_store
from homeport_server.verbs.options import Refused, setting

if TYPE_CHECKING:
    from homeport_server.database import Store

USAGE_PAGE = 500


@click.group()
def tenant() -> None:
    """Customers: the unit of isolation. Each user, token and record belongs to one."""


@tenant.command("create")
@click.argument("name")
@setting("data")
@setting("database_url")
def create_tenant(name: str, data: Path, database_url: str) -> None:
    """Make the tenant NAME unless there is one, and print its id."""
    check_name(name, "The tenant")
    from homeport_server.app import wall_ms
    from homeport_sync.clock import uuid7

    async def create(store: Store) -> str:
        now_ms = wall_ms()
        made = await store.create(name, id=uuid7(now_ms, SystemRandom()), epoch=secrets.token_hex(8), now_ms=now_ms)
        return made.id

    click.echo(with_store(Settings(data=data, database_url=database_url), create, new=True))


@tenant.command("list")
@setting("data")
@setting("database_url")
def list_tenants(data: Path, database_url: str) -> None:
    """Print the id and the name of every tenant."""

    from homeport_sync.roster import roster

    async def listing(store: Store) -> list[str]:
        return [f"{each.id}  {each.name}" async for page in roster(store) for each in page]

    for line in with_store(Settings(data=data, database_url=database_url), listing):
        click.echo(line)


@tenant.command("begin-epoch")
@click.argument("name")
@setting("data")
@setting("database_url")
def begin_epoch(name: str, data: Path, database_url: str) -> None:
    """After restoring a backup: begin a new epoch of NAME's log, so that devices start again and send what it lost."""
    settings = Settings(data=data, database_url=database_url)

    async def begin(store: Store) -> str:
        found = await find_tenant(store, name, settings)
        former = (await store.standing(found.id, "", "")).head.epoch
        await store.begin_epoch(found.id, former)
        return (await store.standing(found.id, "", "")).head.epoch

    click.echo(with_store(settings, begin))


@tenant.command("usage")
@click.argument("name")
@click.option("--since", default="", help="The first day to print, such as 2026-01-31; all days, unless said.")
@setting("data")
@setting("database_url")
def show_usage(name: str, since: str, data: Path, database_url: str) -> None:
    """Print how many changes of NAME were taken in: a line a day (UTC), kind, operation and outcome."""
    from homeport_sync.usage import Heading

    _check_day(since)
    settings = Settings(data=data, database_url=database_url)

    async def read(store: Store) -> list[str]:
        found = await find_tenant(store, name, settings)
        lines: list[str] = []
        after = Heading(day=since)
        while page := await store.usage(found.id, after, USAGE_PAGE):
            lines += [f"{each.day}  {each.kind}  {each.op}  {each.outcome}  {count}" for each, count in page]
            after = page[-1][0]
        return lines

    lines = with_store(settings, read)
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo(f"no changes counted {f'since {since}' if since else 'yet'}", err=True)


def _check_day(since: str) -> None:
    """Raises `Refused` for what is no day, or not written as days are compared."""
    try:
        fits = not since or date.fromisoformat(since).isoformat() == since
    except ValueError:
        fits = False
    if not fits:
        raise Refused(f"--since is {since!r}; expected a day (UTC) such as 2026-01-31.")
