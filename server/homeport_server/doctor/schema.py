"""The schema's two stamps: what servers read, and what migrations go by."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_server.doctor.finding import Finding, fine, wrong
from homeport_sync.errors import SchemaUnknown
from homeport_sync.sql.schema_version import check_schema, revision


def check_stamps(found: Sequence[tuple[int, int]], heads: Sequence[str], migrate: str) -> Sequence[Finding]:
    """This Homeport serves the version in `schema`, and Alembic's stamp is the same. `migrate` is the whole command."""
    try:
        check_schema(found, migrate)
    except SchemaUnknown as error:
        what, _, deed = error.message.partition(": ")
        return [wrong(what[0].lower() + what[1:], migrate if f"run `{migrate}`" in deed else deed.removesuffix("."))]
    ((version, serves_from),) = found
    if list(heads) != [revision(version)]:
        what = f"the table schema says version {version}, and alembic_version says {', '.join(heads) or 'nothing'}"
        return [wrong(what, "restore the backup made before one of them was changed by hand")]
    return [fine(f"schema version {version}, which serves Homeports from schema version {serves_from} on")]
