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

from homeport_sync.catalog import Catalog
from homeport_sync.sql.query_sql import ID, Dialect, literal

PREFIX: Final = "query_"
_PART_CHARS_MAX: Final = 20
_HASH_BYTES: Final = 6
_LIVE: Final = "deleted_at IS NULL"


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
    yield _index("ids", "", f"tenant_id, scope_id, kind, {ID}", _LIVE)
    for kind in catalog.kinds.values():
        for field in kind.fields.values():
            if field.indexed:
                over = f"tenant_id, scope_id, {dialect.ordered(dialect.seen(field), reverse=False)}, {ID}"
                yield _index(kind.name, field.name, over, f"kind = {literal(kind.name)} AND {_LIVE}")


def _index(kind: str, field: str, over: str, where: str) -> Index:
    said = f"{kind}\n{field}\n{over}\n{where}".encode()
    parts = [*map(_short, filter(None, (kind, field))), blake2b(said, digest_size=_HASH_BYTES).hexdigest()]
    return Index(name=PREFIX + "_".join(parts), over=over, where=where)


def _short(name: str) -> str:
    """What of a name every database takes, as long as it may be."""
    return re.sub(r"\W", "", name, flags=re.ASCII)[:_PART_CHARS_MAX]
