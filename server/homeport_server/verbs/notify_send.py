"""`homeport notify send`: has something told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from homeport_server.verbs.on_notifier import AUTHOR, of_tenant, with_notifier
from homeport_server.verbs.options import Refused

if TYPE_CHECKING:
    from homeport_server.notify.draft import Draft
    from homeport_server.notify.notifier import Notifier
    from homeport_sync.ports import Tenant


@click.command()
@of_tenant
@click.option("--to-user", "users", multiple=True, metavar="U", help="A user to tell. May be repeated.")
@click.option("--to-scope", "scope", default="", metavar="ID", help="The scope whose members to tell.")
@click.option("--to-topic", "audience_topic", default="", metavar="T", help="The topic whose audience to tell.")
@click.option("--everyone", is_flag=True, help="All users of the tenant.")
@click.option("--title", default="", help="The title. Without one and a body it is silent.")
@click.option("--body", default="", help="The text.")
@click.option("--image", default="", metavar="URL", help="An image, by its https URL.")
@click.option("--link", default="", metavar="URL", help="What a tap opens.")
@click.option("--with", "pairs", multiple=True, metavar="KEY=VALUE", help="Text for the app. May be repeated.")
@click.option("--collapse-key", default="", help="A device that was away shows the last of those with the same.")
@click.option("--priority", type=click.Choice(["normal", "high"]), default="high", show_default=True)
@click.option("--ttl", "ttl_s", type=click.IntRange(0), help="So many seconds after it is due it is given up.")
@click.option("--topic", default="", help="What users mute who do not want it.")
@click.option("--at", default="", metavar="MOMENT", help="When, with its zone: 2026-11-30T09:00+01:00.")
@click.option("--local-at", default="", metavar="TIME", help="When, by each user's own clock: 2026-11-30T09:00.")
@click.option("--urgent", is_flag=True, help="Also in the quiet hours of whom it is for.")
@click.option("--at-least-once", is_flag=True, help="In doubt twice, rather than perhaps never.")
@click.option("--dry-run", is_flag=True, help="Go through with it, and have no provider show it to anybody.")
@click.option(
    "--key", default=None, help="The idempotency key: with the same key it is sent once. Made up, unless given."
)
def send(*, name: str, data: Any, database_url: str, nats_url: str, **asked: Any) -> None:  # noqa: ANN401
    """Have the users, members or topic of TENANT told, and print the notification's id.

    The id comes at once and the sending goes on by itself: `homeport notify show` says how far it is.
    """
    draft = _draft(**asked)

    async def sending(notifier: Notifier, tenant: Tenant) -> tuple[str, bool]:
        kept, is_new = await notifier.notify(tenant.id, draft, author=AUTHOR, request_id=draft.key)
        return kept.id, is_new

    id, is_new = with_notifier({"data": data, "database_url": database_url, "nats_url": nats_url}, name, sending)
    click.echo(id)
    if not is_new:
        click.echo(f"the key {draft.key!r} came before: this is what it brought then", err=True)


def _draft(
    *,
    users: Sequence[str],
    scope: str,
    audience_topic: str,
    everyone: bool,
    pairs: Sequence[str],
    ttl_s: int | None,
    at: str,
    key: str | None,
    local_at: str,
    topic: str,
    urgent: bool,
    at_least_once: bool,
    dry_run: bool,
    **words: Any,  # noqa: ANN401  # those of the message, by their names
) -> Draft:
    from homeport_notify import limits
    from homeport_notify.message import Message
    from homeport_server.notify.draft import Draft, audience_of, read_moment

    ttl_s = limits.TTL_S_MAX if ttl_s is None else ttl_s
    return Draft(
        key=str(uuid4()) if key is None else key,
        audience=audience_of(users=tuple(users), scope=scope, topic=audience_topic, everyone=everyone),
        message=Message(data=_data(pairs), ttl_s=ttl_s, **words),
        at=read_moment(at) if at else None,
        local_at=local_at,
        topic=topic,
        urgent=urgent,
        at_least_once=at_least_once,
        dry_run=dry_run,
    )


def _data(pairs: Sequence[str]) -> dict[str, str]:
    """The pairs as they were given. Raises `Refused` for what is none."""
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise Refused(f"--with is {pair!r}; expected KEY=VALUE, such as list=groceries.")
        if key in found:
            raise Refused(f"--with names {key!r} twice: give each key once.")
        found[key] = value
    return found
