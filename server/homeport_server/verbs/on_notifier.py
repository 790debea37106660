"""What the verbs about notifications share: a notifier over the store of the settings, and a tenant by its name."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from homeport_server.settings import Settings
from homeport_server.verbs.on_store import find_tenant, with_store
from homeport_server.verbs.options import Verb, settings_named

if TYPE_CHECKING:
    from homeport_server.database import Store
    from homeport_server.notify.notifier import Notifier
    from homeport_sync.ports import Tenant

Result = TypeVar("Result")
AUTHOR = "the command line"


class _Nobody:
    """Counts nothing: a verb has no metrics."""

    def notification_accepted(self, lane: str) -> None:
        """See `submit.Counted`."""


def of_tenant(verb: Verb) -> Verb:
    """The argument TENANT and the settings that say where the store is."""
    return click.argument("name", metavar="TENANT")(settings_named("data", "database_url", "nats_url")(verb))


def with_notifier(where: dict[str, Any], name: str, work: Callable[[Notifier, Tenant], Awaitable[Result]]) -> Result:
    """What `work` returns, given the notifier and the tenant of that name. `where` are the settings of `of_tenant`."""
    from homeport_server.app import make_notifier, wall_ms
    from homeport_server.database import notify_store_of
    from homeport_server.observe import make_log
    from homeport_server.signals import heard_signals

    settings = Settings(**where)

    async def run(store: Store) -> Result:
        tenant = await find_tenant(store, name, settings)
        async with heard_signals(settings) as signals:
            quiet = make_log("error", io.BytesIO())
            notifier = make_notifier(
                store, notify_store_of(store), signals, metrics=_Nobody(), log=quiet, clock=wall_ms
            )
            return await work(notifier, tenant)

    return with_store(settings, run)
