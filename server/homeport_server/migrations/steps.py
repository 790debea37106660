"""The steps between two schema versions, what each is for, and running or printing one of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

from homeport_server.errors import MigrationRefused
from homeport_sync.sql.schema_version import FIRST, revision
from homeport_sync.sql.tables import SCHEMA_VERSION

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From schema version `start` to `end`, one apart; servers from schema version `serves_from` on work after it."""

    start: int
    end: int
    purpose: str
    serves_from: int

    @property
    def back(self) -> bool:
        """Whether it goes back."""
        return self.end < self.start

    @property
    def stops_servers(self) -> bool:
        """Whether servers of the version before it must be gone."""
        return self.back or (self.start >= FIRST and self.serves_from > self.start)

    @property
    def manner(self) -> str:
        """Whether servers of the version before it may go on running."""
        if self.back:
            return f"back: stop every server of schema version {self.start} first"
        if self.start < FIRST:
            return "new: there are no servers yet"
        if self.serves_from <= self.start:
            return f"expand: servers of schema version {self.serves_from} and newer go on serving"
        return f"contract: stop every server older than schema version {self.serves_from} first"


def steps(start: int, end: int) -> Sequence[Step]:
    """The steps from one version to another. Raises `MigrationRefused` for a version this Homeport does not know."""
    for version in (start, end):
        if not 0 <= version <= SCHEMA_VERSION:
            raise MigrationRefused(
                f"This Homeport knows the schema versions 0 to {SCHEMA_VERSION}, and not {version}: use the "
                "`homeport migrate` of the Homeport that does."
            )
    if start <= end:
        return [_step(at, at + 1) for at in range(start, end)]
    return [_step(at, at - 1) for at in range(start, end, -1)]


def version_of(connection: Connection) -> int:
    """The schema version of a database; 0 where Homeport never was.

    A file made before there were migrations is recognised by its own number. Raises `MigrationRefused` for a version
    that is not a number.
    """
    heads = MigrationContext.configure(connection).get_current_heads()
    if heads:
        return _number(heads[0])
    if connection.dialect.name == "sqlite":
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    return 0


def run_step(connection: Connection, step: Step, *, lose_data: bool) -> None:
    """Do it on the connection. Outside a transaction the step makes its own; inside one it is part of it.

    Raises `MigrationRefused` when going back would lose data and nobody agreed to.
    """
    inside = connection.in_transaction()
    context = MigrationContext.configure(connection)
    heads = context.get_current_heads()
    if not inside:
        connection.rollback()  # the look began one, and a step that is inside one cannot leave it (`autocommit_block`)
    if step.start and not heads:  # a file from before there were migrations
        context.stamp(ScriptDirectory.from_config(_config()), revision(step.start))
    _run(step, connection=connection, lose_data=lose_data)


def sql_of(step: Step, dialect: str) -> str:
    """The statements of a step, for `sqlite` or `postgresql`."""
    out = io.StringIO()
    _run(step, out, dialect=dialect)
    return out.getvalue().strip()


def _step(start: int, end: int) -> Step:
    purpose = " ".join(_script(max(start, end)).doc.split())
    return Step(
        start=start,
        end=end,
        purpose=purpose if start < end else f"Undone: {purpose}",
        serves_from=_script(end).module.serves_from if end else 0,
    )


def _script(version: int) -> Script:
    return ScriptDirectory.from_config(_config()).get_revision(revision(version))


def _run(step: Step, out: io.StringIO | None = None, **attributes: object) -> None:
    """One step by Alembic, which runs `env.py` with these attributes; with `out` it only prints the statements."""
    config = _config(out)
    config.attributes.update(attributes)
    target = revision(step.end) if step.end else "base"
    span = target if out is None else f"{revision(step.start) if step.start else 'base'}:{target}"
    (command.downgrade if step.back else command.upgrade)(config, span, sql=out is not None)


def _config(out: io.StringIO | None = None) -> Config:
    config = Config(output_buffer=out or io.StringIO())
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    return config


def _number(head: str) -> int:
    if not head.isdecimal():
        raise MigrationRefused(
            f"alembic_version says {head!r}; expected a schema version such as {revision(SCHEMA_VERSION)}: this is "
            "another application's database, name your own."
        )
    return int(head)
