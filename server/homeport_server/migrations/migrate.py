"""Moving a schema from the version it has to another, and saying beforehand what that would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from homeport_server.errors import MigrationRefused
from homeport_server.migrations.loss import refuse_to_lose_tenants
from homeport_server.migrations.place import Place
from homeport_server.migrations.steps import Step, sql_of, steps
from homeport_sync.catalog import Catalog
from homeport_sync.sql.tables import SCHEMA_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What `migrate` would do from the schema version `start`: each step with its SQL, and the SQL around them."""

    start: int
    steps: Sequence[tuple[Step, str]]
    around: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexing:
    """The indexes of an app's queries: `made` is told of each that was made, `dropped` of each that was dropped (None:
    none is)."""

    catalog: Catalog
    made: Callable[[str], None]
    dropped: Callable[[str], None] | None = None


async def plan(place: Place, to: int = SCHEMA_VERSION) -> Plan:
    """What there is to do, without touching anything. Raises `MigrationRefused` for a version nobody knows."""
    start = await place.version()
    return Plan(
        start=start,
        steps=[(step, sql_of(step, place.dialect)) for step in steps(start, to)],
        around="" if to < start else await place.around(),  # what is dropped takes its grants along
    )


async def migrate(
    place: Place,
    to: int = SCHEMA_VERSION,
    *,
    lose_data: bool = False,
    tell: Callable[[Step], None] = lambda _: None,
    warn: Callable[[str], None] = lambda _: None,
    indexes: Indexing | None = None,
) -> int:
    """Move the schema to a version, telling each step that was made, and warning of what people must do; the version
    it had before.

    Each step is whole or not at all; what was made stays when a later one fails. Done again it changes nothing but
    what the servers' role may do, which it mends. With `indexes` it makes those, too. Raises what `Place.run`,
    `Place.prepare` and `Place.index` raise.
    """
    async with place.opened() as connection, place.alone(connection):
        start = await place.version_in(connection)
        await connection.rollback()
        if to == 0 < start and not lose_data:
            await connection.run_sync(refuse_to_lose_tenants)
            await connection.rollback()
        if made := await place.prepare(connection):
            warn(made)
        for step in steps(start, to):
            if step.stops_servers:
                warn(f"{step.start} → {step.end}  {step.manner}")
            with _refused(step):
                await place.run(connection, step, lose_data=lose_data)
            tell(step)
        await place.finish(connection)
        if indexes is not None:
            await place.index(connection, indexes.catalog, indexes.made)
            if indexes.dropped is not None:
                await place.drop_unused(connection, indexes.catalog, indexes.dropped)
    return start


@contextmanager
def _refused(step: Step) -> Iterator[None]:
    """What the database itself refuses, in its own words."""
    try:
        yield
    except DBAPIError as error:
        raise MigrationRefused(
            f"The database refused the step to schema version {step.end} ({error.orig}); nothing of it was done: mend "
            "that, or name another database, then run the same again."
        ) from error
