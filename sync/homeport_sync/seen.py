"""A record as a rule of the app sees it, which often looks at one field, or at none: each is made when it looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from homeport_sync.catalog import Kind
from homeport_sync.change import Fields
from homeport_sync.values import PythonValue


class Seen(Mapping[str, PythonValue]):
    """Every declared field of the kind, as a Python value; one that the record does not have yet shows its default."""

    __slots__ = ("_fields", "_kind")

    def __init__(self, kind: Kind, fields: Fields) -> None:
        self._kind = kind
        self._fields = fields

    def __getitem__(self, name: str) -> PythonValue:
        known = self._kind.fields[name]
        return known.type.from_wire(self._fields.get(name, known.default))

    def __iter__(self) -> Iterator[str]:
        return iter(self._kind.fields)

    def __len__(self) -> int:
        return len(self._kind.fields)

    def __repr__(self) -> str:
        return repr(dict(self))
