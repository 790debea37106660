"""`homeport notify`: tell people, look how far that is, steer it, and try it out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from homeport_server.settings import Settings
from homeport_server.verbs.emulate import emulate
from homeport_server.verbs.notify_send import send
from homeport_server.verbs.on_notifier import AUTHOR, of_tenant, with_notifier
from homeport_server.verbs.on_store import with_store
from homeport_server.verbs.options import setting

if TYPE_CHECKING:
    from homeport_notify.notification import Notification
    from homeport_server.database import Store
    from homeport_server.notify.notifier import Notifier, Standing
    from homeport_sync.ports import Tenant

PAGE = 100
CHANNELS = ("fcm", "apns", "webhook", "console")


@click.group()
def notify() -> None:
    """Tell people, and try out how they are told."""


@notify.command("list")
@of_tenant
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
def list_notifications(*, name: str, limit: int, **where: Any) -> None:  # noqa: ANN401  # settings
    """Print the notifications of TENANT, newest first."""
    from homeport_server.verbs.notify_lines import list_line

    async def listing(notifier: Notifier, tenant: Tenant) -> Sequence[Notification]:
        found: list[Notification] = []
        while (room := limit - len(found)) > 0:
            page = await notifier.notifications(tenant.id, found[-1].id if found else "", min(room, PAGE))
            found += page
            if not page:
                break
        return found

    found = with_notifier(where, name, listing)
    for each in found:
        click.echo(list_line(each))
    if not found:
        click.echo("nothing was told yet", err=True)


@notify.command()
@of_tenant
@click.argument("id")
def show(*, name: str, id: str, **where: Any) -> None:  # noqa: ANN401  # settings
    """Print where the notification ID stands, and what devices say came of it."""
    from homeport_server.verbs.notify_lines import bar, facts_of, hints_of

    async def showing(notifier: Notifier, tenant: Tenant) -> Standing:
        return await notifier.standing(tenant.id, id)

    standing = with_notifier(where, name, showing)
    if sys.stdout.isatty():
        click.echo(bar(standing))
    for fact, value in facts_of(standing):
        click.echo(f"{fact + ':':<11}{value}".rstrip())
    for hint in hints_of(standing, name):
        click.echo(hint, err=True)


def _steers(how: str, says: str) -> None:
    @notify.command(how, help=says)
    @of_tenant
    @click.argument("id")
    def steer(*, name: str, id: str, **where: Any) -> None:  # noqa: ANN401  # settings
        async def steering(notifier: Notifier, tenant: Tenant) -> Notification:
            return await notifier.steer(tenant.id, id, how, f"by {AUTHOR}")

        click.echo(with_notifier(where, name, steering).state)


_steers("pause", "Send nothing more of the notification ID until it is resumed.")
_steers("resume", "Go on with the notification ID.")
_steers("cancel", "Send nothing more of the notification ID, for good.")


@notify.command()
@of_tenant
@click.argument("id")
@click.option("--replay", is_flag=True, help="Try them once more: those that were not replayed yet.")
def dead(*, name: str, id: str, replay: bool, **where: Any) -> None:  # noqa: ANN401  # settings
    """Print the deliveries of the notification ID that were given up, and why; or replay them."""
    from homeport_server.verbs.notify_lines import dead_line

    async def working(notifier: Notifier, tenant: Tenant) -> int:
        if replay:
            return await notifier.replay(tenant.id, id)
        after, found = "", 0
        while page := await notifier.store.dead_letters(tenant.id, id, after, PAGE):
            for each in page:
                click.echo(dead_line(each))
            after, found = page[-1].address, found + len(page)
        if not found:
            await notifier.standing(tenant.id, id)  # which says so if there is no such notification
        return found

    found = with_notifier(where, name, working)
    if replay:
        click.echo(f"{found:,} are tried once more")
    elif not found:
        click.echo("nothing of it was given up", err=True)


@notify.command()
@of_tenant
@click.argument("user")
def addresses(*, name: str, user: str, **where: Any) -> None:  # noqa: ANN401  # settings
    """Print where the USER of TENANT can be reached, and could be, and what they want to be told."""
    from homeport_notify.limits import TOPICS_A_USER_MAX
    from homeport_server.verbs.notify_lines import address_line, wishes_of

    async def listing(notifier: Notifier, tenant: Tenant) -> int:
        after, found = "", 0
        while page := await notifier.store.addresses(tenant.id, user, after, PAGE):
            for each in page:
                click.echo(address_line(each))
            after, found = page[-1].id, found + len(page)
        for wish in wishes_of(await notifier.store.preferences(tenant.id, user)):
            click.echo(wish)
        if topics := await notifier.store.topics(tenant.id, user, "", TOPICS_A_USER_MAX):
            click.echo(f"topics:    {', '.join(topics)}")
        return found

    if not with_notifier(where, name, listing):
        click.echo("no device of this user has registered", err=True)


@notify.command("open")
@click.argument("channel", type=click.Choice(CHANNELS))
@setting("data")
@setting("database_url")
def open_channel(*, channel: Any, data: Path, database_url: str) -> None:  # noqa: ANN401  # a channel's name
    """Open CHANNEL again, once what its provider refused is mended. By itself it opens in time as well."""
    from homeport_server.app import wall_ms
    from homeport_server.database import notify_store_of

    async def opening(store: Store) -> str:
        gates = notify_store_of(store)
        reason = (await gates.gate(channel)).reason
        await gates.open_gate(channel, wall_ms())
        return reason

    reason = with_store(Settings(data=data, database_url=database_url), opening)
    click.echo(f"{channel} is open" + (f"; it was closed: {reason}" if reason else ""))


notify.add_command(send)
notify.add_command(emulate)
