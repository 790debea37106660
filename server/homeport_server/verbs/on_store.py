"""What the verbs that work on a store share: how it is found, opened for one piece of work, and asked for a tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from homeport_server.data import must_exist
from homeport_server.errors import TenantUnknown
from homeport_server.settings import Settings
from homeport_server.verbs.options import Refused
from homeport_sync.ports import Tenant
from homeport_sync.scope import is_name

if TYPE_CHECKING:
    from homeport_server.database import Store

Result = TypeVar("Result")


def with_store(settings: Settings, work: Callable[[Store], Awaitable[Result]], *, new: bool = False) -> Result:
    """What `work` returns, given the store of the settings. A data directory must be there already unless `new`."""
    from homeport_server.database import opened_store
    from homeport_server.secret import open_secret

    if not settings.database_url:
        if not new:
            must_exist(settings.data)
        open_secret(settings.data)  # makes the directory, with its mode, before the database stands in it

    async def run() -> Result:
        async with opened_store(settings) as store:
            return await work(store)

    return asyncio.run(run())


async def find_tenant(store: Store, name: str, settings: Settings) -> Tenant:
    """The tenant of that name or id. Raises `TenantUnknown`, saying how to make it."""
    found = await store.find(name)
    if found is None:
        where, place = ("the database", "") if settings.database_url else (settings.data, f" --data {settings.data}")
        raise TenantUnknown(
            f"There is no tenant {name!r} in {where}: make it with `homeport tenant create {name}{place}`."
        )
    return found


def check_name(name: str, whose: str) -> None:
    """Raises `Refused` for a name that is blank or has space around it."""
    if not is_name(name):
        raise Refused(f"{whose} is named {name!r}: give it a name that is not blank, with no space around it.")
