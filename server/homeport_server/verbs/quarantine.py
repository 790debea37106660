"""`homeport quarantine`: the rejected changes of a tenant, listed, shown, and replayed in their users' names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeport_server.settings import Settings
from homeport_server.verbs.on_store import find_tenant, with_store
from homeport_server.verbs.options import Refused, setting

if TYPE_CHECKING:
    from homeport_server.database import Store
    from homeport_server.quarantine.case import Case


@click.group()
def quarantine() -> None:
    """Rejected changes: each waits with its reason until it is edited and replayed."""


@quarantine.command("list")
@click.argument("name", metavar="[TENANT]", required=False)
@click.option("--user", default="", help="Only changes of this user.")
@click.option("--device", default="", help="Only changes of this device, by its id.")
@click.option("--record", default="", help="Only changes to this record, by its id.")
@click.option("--all", "closed", is_flag=True, help="Also those that were replayed, and replays that were rejected.")
@setting("data")
@setting("database_url")
def list_cases(
    *, name: str | None, user: str, device: str, record: str, closed: bool, data: Path, database_url: str
) -> None:
    """Print the changes that wait, oldest first: of TENANT, or of every tenant."""
    from homeport_server.quarantine.case import every
    from homeport_server.quarantine.lines import list_line
    from homeport_sync.quarantine import Chosen
    from homeport_sync.roster import roster

    settings = Settings(data=data, database_url=database_url)
    chosen = Chosen(user=user, device=device.lower(), record=record.lower(), closed=closed)

    async def listing(store: Store) -> int:
        if name is None:
            tenants = [each async for page in roster(store) for each in page]
        else:
            tenants = [await find_tenant(store, name, settings)]
        found = 0
        for tenant in tenants:
            async for case in every(store, tenant.id, chosen):
                click.echo(list_line(tenant.name, case))
                found += 1
        return found

    if not with_store(settings, listing):
        click.echo("nothing waits in quarantine", err=True)


@quarantine.command()
@click.argument("name", metavar="TENANT")
@click.argument("device")
@click.argument("number", type=click.IntRange(min=1))
@setting("data")
@setting("database_url")
def show(*, name: str, device: str, number: int, data: Path, database_url: str) -> None:
    """Print all that is kept of the change NUMBER of DEVICE: why it was rejected, its fields, what depends on it."""
    from homeport_server.quarantine.case import Readable, units_of
    from homeport_server.quarantine.lines import case_lines

    settings = Settings(data=data, database_url=database_url)

    async def showing(store: Store) -> Sequence[str]:
        tenant = await find_tenant(store, name, settings)
        case = await _find(store, tenant.id, device, number)
        units = await units_of(store, tenant.id, case) if isinstance(case, Readable) else []
        return list(case_lines(tenant.name, case, units))

    for line in with_store(settings, showing):
        click.echo(line)


@quarantine.command()
@click.argument("name", metavar="TENANT")
@click.argument("device")
@click.argument("number", type=click.IntRange(min=1))
@click.option(
    "--app",
    required=True,
    envvar="HOMEPORT_APP",
    type=click.Path(path_type=Path),
    help="The Python file that declares the app.",
)
@click.option(
    "--set", "put", multiple=True, metavar="FIELD=JSON", help="""A field as it shall be, such as title='"Milk"'."""
)
@click.option("--drop", multiple=True, metavar="FIELD", help="A field that shall not be written.")
@click.option("--with-dependents", is_flag=True, help="Also what cannot stand without this one.")
@setting("data")
@setting("database_url")
def replay(
    *,
    name: str,
    device: str,
    number: int,
    app: Path,
    put: Sequence[str],
    drop: Sequence[str],
    with_dependents: bool,
    data: Path,
    database_url: str,
) -> None:
    """Make the rejected change NUMBER of DEVICE again, edited, in its user's name. Servers may go on serving meanwhile.

    It is a new change that names the old one, and is made once, however often this is run. Exit code 0: it was applied
    or merged; 1: it was rejected again, or superseded; 2: it could not be sent.
    """
    from homeport_server.app import wall_ms
    from homeport_server.data import claim, must_exist
    from homeport_server.quarantine.case import Readable, units_of
    from homeport_server.quarantine.edit import read_set
    from homeport_server.quarantine.lines import replay_lines
    from homeport_server.quarantine.replay import Edited, Replay
    from homeport_sync.intake import Intake
    from homeport_sync.limits import LIMITS
    from homeport_sync.load import load_app
    from homeport_sync.signals import LocalSignals

    settings = Settings(data=data, database_url=database_url)
    fields, declared = read_set(put), load_app(app)
    if not database_url:
        must_exist(data)
        claim(data, declared.name)

    async def replaying(store: Store) -> bool:
        tenant = await find_tenant(store, name, settings)
        case = await _find(store, tenant.id, device, number)
        if not isinstance(case, Readable):
            raise Refused(f"Change {case.name} could not be read when it came: there is nothing to be replayed.")
        units = await units_of(store, tenant.id, case) if with_dependents else [[case]]
        intake = Intake(store, declared.catalog, LocalSignals(), limits=LIMITS, wall_ms=wall_ms)
        work = Replay(store, intake, tenant.id, declared.catalog, wall_ms)
        replayed = await work.run(Edited(head=case, units=units, put=fields, dropped=drop))
        for line in replay_lines(replayed):
            click.echo(line)
        return replayed.landed

    if not with_store(settings, replaying):
        raise SystemExit(1)


async def _find(store: Store, tenant: str, device: str, number: int) -> Case:
    """The case of that name. Raises `Refused`, saying where to look."""
    from homeport_server.quarantine.case import case_of

    held = await store.held(tenant, device.lower(), number)
    if held is None:
        raise Refused(
            f"There is no rejected change {number} of a device {device!r}: `homeport quarantine list` prints all there "
            "are."
        )
    return case_of(held)
