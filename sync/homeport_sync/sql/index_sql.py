"""The indexes of queries as SQL, named by one rule.

A name tells what the index is of, and ends with a hash of what it is over: a field of another type, or with another
default, has another index, and nobody takes the old one for it. Names that databases would cut are cut here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from homeport_sync.catalog import Catalog, Kind
from homeport_sync.query import BY_ID
from homeport_sync.sql.query_sql import ID, Dialect, literal

PREFIX: Final = "query_"
_PART_CHARS_MAX: Final = 20
_HASH_BYTES: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """One index of `records`: over those columns and expressions, of the rows that meet `where`."""

    name: str
    over: str
    where: str

    def made(self, how: str = "") -> str:
        """The statement that makes it if it is not there."""
        return f'CREATE INDEX {how}IF NOT EXISTS "{self.name}" ON records ({self.over}) WHERE {self.where}'


def indexes_of(catalog: Catalog, dialect: Dialect) -> list[Index]:
    """All that the app's queries need, in the order of its kinds and their fields."""
    return list(_indexes(catalog, dialect))


def _indexes(catalog: Catalog, dialect: Dialect) -> Iterator[Index]:
    for kind in catalog.kinds.values():
        yield _index(kind, BY_ID, f"tenant_id, scope_id, {ID}")
        for field in kind.fields.values():
            if field.indexed:
                seen = dialect.ordered(dialect.seen(field), reverse=False)
                yield _index(kind, field.name, f"tenant_id, scope_id, {seen}, {ID}")


def _index(kind: Kind, field: str, over: str) -> Index:
    where = f"kind = {literal(kind.name)} AND deleted_at IS NULL"
    said = blake2b(f"{kind.name}\n{field}\n{over}\n{where}".encode(), digest_size=_HASH_BYTES).hexdigest()
    return Index(name=f"{PREFIX}{_short(kind.name)}_{_short(field)}_{said}", over=over, where=where)


def _short(name: str) -> str:
    """What of a name every database takes, as long as it may be."""
    return re.sub(r"\W", "", name, flags=re.ASCII)[:_PART_CHARS_MAX]
