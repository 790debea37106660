"""The one statement that writes a commit batch, made of a part for each table that the batch writes to.

Few batches write to every table, and a part costs PostgreSQL about 15 µs and asyncpg as much even with no row in it:
so a batch gets the statement of just its parts. There are few different ones, each made once and prepared by asyncpg.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Final

from homeport_sync.ports import Writes
from homeport_sync.sql import rows
from homeport_sync.sql.postgres.statements import columns_of
from homeport_sync.sql.rows import Row

HEAD: Final = "UPDATE heads SET position = $2::bigint, updated_at = $3::bigint WHERE tenant_id = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is inserted into one table: `columns` with their types come as arrays, the tenant stands before them.

    `stamped` rows also get the batch's time as `created_at` and `updated_at`. Of a row that is there (`key`) the
    `replaced` columns are written.
    """

    table: str
    columns: str
    key: str = ""
    replaced: str = ""

    @property
    def stamped(self) -> bool:
        """Whether the batch's time is written beside the columns."""
        return bool(self.key)

    def sql(self, numbers: Iterator[int]) -> str:
        """The INSERT, with the next numbers for its parameters."""
        names, types = zip(*(each.split() for each in self.columns.split(", ")), strict=True)
        arrays = ", ".join(f"${next(numbers)}::{kind}[]" for kind in types)
        times, now = (", created_at, updated_at", ", $3, $3") if self.stamped else ("", "")
        text = (
            f"INSERT INTO {self.table} (tenant_id, {', '.join(names)}{times})"  # noqa: S608  # all of it stands below
            f" SELECT $1, *{now} FROM unnest({arrays})"
        )
        if not self.key:
            return text
        replaced = ", ".join(f"{name} = excluded.{name}" for name in f"{self.replaced}, updated_at".split(", "))
        return f"{text} ON CONFLICT ({self.key}) DO UPDATE SET {replaced}"


PARTS: Final = (
    Part(
        table="log",
        columns="position bigint, op text, kind text, record_id text, scope_id text, fields text, before text, "
        "stamp text, device_id text, number bigint, user_id text, outcome text, request_id text, created_at bigint",
    ),
    Part(
        table="records",
        columns="record_id text, kind text, scope_id text, position bigint, author text, foreign_position bigint, "
        "wire text, deleted_at bigint",
        key="tenant_id, record_id",
        replaced="scope_id, position, author, foreign_position, wire, deleted_at",
    ),
    Part(
        table="outcomes",
        columns="stamp text, device_id text, number bigint, digest bytea, answer text, created_at bigint",
    ),
    Part(
        table="quarantine",
        columns="device_id text, number bigint, record_id text, created boolean, change text, answer text, "
        "created_at bigint",
    ),
    Part(
        table="devices",
        columns="device_id text, user_id text, last_number bigint, confirmed bigint, last_stamp text",
        key="tenant_id, device_id",
        replaced="last_number, confirmed, last_stamp",
    ),
    Part(
        table="grants",
        columns="user_id text, scope_id text, role text, since bigint, until bigint, maker boolean, deleted_at bigint",
        key="tenant_id, user_id, scope_id",
        replaced="role, since, until, maker, deleted_at",
    ),
    Part(
        table="keys",
        columns="scope_id text, kind text, field text, digest text, record_id text",
        key="tenant_id, scope_id, kind, field, digest",
        replaced="record_id",
    ),
    Part(
        table="links",
        columns="target_id text, record_id text, field text, kind text, cascades boolean",
        key="tenant_id, target_id, record_id, field",
        replaced="cascades",
    ),
)


@cache
def write_statement(present: tuple[bool, ...]) -> str:
    """The statement that moves the head and writes the `PARTS` that are present."""
    numbers = count(4)
    parts = [part.sql(numbers) for part, here in zip(PARTS, present, strict=True) if here]
    written = ", ".join(f"part_{place} AS ({sql})" for place, sql in enumerate([HEAD, *parts]))
    return f"WITH {written} SELECT 1"


def written(tenant: str, writes: Writes) -> tuple[str, list[object]]:
    """The statement for these writes, and its parameters: `$1` tenant, `$2` head, `$3` now, then an array a column."""
    tables = _rows(tenant, writes)
    parameters: list[object] = [tenant, writes.head, writes.now_ms]
    for table in tables:
        parameters += columns_of(table, 0)
    return write_statement(tuple(bool(table) for table in tables)), parameters


def _rows(tenant: str, writes: Writes) -> Sequence[Sequence[Row]]:
    """The rows of each of the `PARTS`, in its columns' order."""
    now_ms = writes.now_ms
    return (
        [row[1:] for row in rows.log_rows(tenant, writes.log)],
        [(*row[1:8], row[10]) for row in rows.record_rows(tenant, writes.records, now_ms)],
        [row[1:] for row in rows.outcome_rows(tenant, writes.outcomes)],
        [row[1:] for row in rows.quarantine_rows(tenant, writes.quarantined)],
        [row[1:6] for row in rows.device_rows(tenant, writes.devices, now_ms)],
        [(*row[1:7], row[9]) for row in rows.grant_rows(tenant, writes.grants, now_ms)],
        [row[1:6] for row in rows.key_rows(tenant, writes.keys, now_ms)[0]],
        [row[1:6] for row in rows.link_rows(tenant, writes.links, now_ms)[0]],
    )
