"""What an app's own invariants are asked of: all records that one device shows, as plain Python values.

def every_task_has_a_title(data: Data) -> None:
    for task in data.all("Task"):
        assert task["title"], f"{task.id} has no title"
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from homeport_sync.values import PythonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record as the app sees it; `row["title"]` is a field of it."""

    id: str
    kind: str
    scope: str
    fields: Mapping[str, PythonValue]

    def __getitem__(self, name: str) -> PythonValue:
        return self.fields[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """All that one device shows. `device` says which it is, `user` whose; `kinds` are those that the app declares."""

    device: str
    user: str
    rows: Mapping[str, Row]
    kinds: Collection[str]

    def all(self, kind: str, *, scope: str | None = None) -> Iterator[Row]:
        """Every record of a kind, of one scope or of all.

        Raises `LookupError` for a kind that the app does not declare: of its records everything would hold.
        """
        if kind not in self.kinds:
            raise LookupError(f"The app declares no kind {kind!r}; it has {', '.join(sorted(self.kinds))}.")
        return (row for row in self.rows.values() if row.kind == kind and scope in (None, row.scope))

    def get(self, id: str) -> Row | None:
        """One record; None if the device does not show it."""
        return self.rows.get(id)
