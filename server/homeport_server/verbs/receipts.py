"""`homeport receipts`: who was removed, and which of their devices have said that nothing is left on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport_server.settings import Settings
from homeport_server.verbs.on_store import find_tenant, with_store
from homeport_server.verbs.options import setting

if TYPE_CHECKING:
    from homeport_server.database import Store
    from homeport_sync.receipts import Ended, Holder

PAGE = 200


@click.command()
@click.argument("name", metavar="TENANT")
@click.option("--scope", default="", metavar="ID", help="Only grants in this scope.")
@click.option("--user", default="", metavar="U", help="Only grants of this user.")
@click.option("--owed", is_flag=True, help="Only devices that have given no receipt yet.")
@setting("data")
@setting("database_url")
def receipts(*, name: str, scope: str, user: str, owed: bool, data: Path, database_url: str) -> None:
    """Print the grants of TENANT that have ended, each with the devices that have given a receipt or still owe one.

    Listed are the devices of the user that were heard of before the grant ended. What a device says is its own word.
    """
    settings = Settings(data=data, database_url=database_url)

    async def read(store: Store) -> int:
        tenant = await find_tenant(store, name, settings)
        ended = 0
        async for grant in _ended(store, tenant.id, user, scope):
            ended += 1
            said = False
            async for holder in _holders(store, tenant.id, grant):
                if not (owed and holder.received_at_ms is not None):
                    _say(grant, _holder_says(holder))
                    said = True
            if not said and not owed:
                _say(grant, "no device of this user was heard of before")
        return ended

    if not with_store(settings, read):
        click.echo("no grant has ended", err=True)


async def _ended(store: Store, tenant: str, user: str, scope: str) -> AsyncIterator[Ended]:
    after = ("", "")
    while page := await store.ended_grants(tenant, after, PAGE, user=user, scope=scope):
        for grant in page:
            yield grant
        after = (page[-1].user, page[-1].scope)


async def _holders(store: Store, tenant: str, grant: Ended) -> AsyncIterator[Holder]:
    after = ""
    while page := await store.holders(tenant, grant, after, PAGE):
        for holder in page:
            yield holder
        after = page[-1].device


def _say(grant: Ended, what: str) -> None:
    click.echo(f"{grant.user}  {grant.scope}  ended {_utc(grant.ended_at_ms)} at {grant.position}  {what}")


def _holder_says(holder: Holder) -> str:
    if holder.received_at_ms is not None:
        dropped = _utc(holder.dropped_at_ms or 0)
        return f"{holder.device}  receipt {_utc(holder.received_at_ms)}, dropped {dropped}"
    seen = _utc(holder.seen_at_ms) if holder.seen_at_ms else "never"
    return f"{holder.device}  no receipt yet, last seen {seen}"


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1_000, UTC).isoformat().removesuffix("+00:00") + "Z"
