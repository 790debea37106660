"""What holds between the records that this device shows: unique values, references, and what goes with what is deleted.

The server decides; but what cannot be right as far as this device can see is refused here already, with the same code.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

from homeport_client.predicted import Predicted
from homeport_client.schema import kind_is, value_of
from homeport_client.view import Views
from homeport_sync.catalog import CASCADE, Catalog, Field
from homeport_sync.change import Change, Record, Value
from homeport_sync.integrity import cascade, check_reference, check_unique, delete_with, move_with
from homeport_sync.keys import CASCADE_MAX, Link, news

Going: TypeAlias = Callable[[Change, Record, str], Change]


class Keys:
    """Asks the table `view`, in the transaction of a write that shows there already."""

    def __init__(self, connection: sqlite3.Connection, catalog: Catalog, views: Views, predicted: Predicted) -> None:
        self._connection = connection
        self._catalog = catalog
        self._views = views
        self._predicted = predicted
        self._referring = [(kind.name, field) for kind in catalog.keyed.values() for field in kind.binding]

    def obey(self, change: Change, place: int, before: Mapping[str, Record | None], device: str) -> list[Change]:
        """Shows what goes with what the change has deleted or moved; the changes of those. So were the records `before`
        it.

        Raises the `Rejection` of what cannot be beside other records.
        """
        moves = change.op == "move"
        going = self._going(change, before, move_with if moves else delete_with, device)
        self._predicted.add(place, going)
        self._views.derive(each.id for each in going)
        self._check({**dict.fromkeys(before), **{each.id: None for each in going}} if moves else before, moved=moves)
        return going

    def _going(self, change: Change, before: Mapping[str, Record | None], going: Going, device: str) -> list[Change]:
        gone = [id for id, was in before.items() if was is not None and not was.deleted and self._is_gone(was)]
        if not self._referring or not gone:
            return []
        records = (self._views.record(id) for id in cascade(gone, partial(self._links, change.scope)))
        return [going(change, record, device) for record in records if record is not None]

    def _check(self, before: Mapping[str, Record | None], *, moved: bool) -> None:
        for id, was in before.items():
            record = self._views.record(id)
            if record is None or record.deleted:
                continue
            kind = self._catalog.kind(record.kind)
            for field, value in news(kind.unique, was, record):
                check_unique(record, field, value, self._holder(record, field, value))
            for field, value in news(kind.binding if moved else kind.refers, was, record):
                check_reference(record, field, value, self._views.record(str(value)), live=True)

    def _is_gone(self, was: Record) -> bool:
        """From where it was."""
        there = self._views.standing(was.id)
        return there is not None and (there.deleted or there.scope != was.scope)

    def _holder(self, record: Record, field: Field, value: Value) -> str | None:
        others = self._having(record.kind, field.name, record.scope, value, limit=2)
        return next((id for id in others if id != record.id), None)

    def _links(self, scope: str, target: str) -> Iterator[Link]:
        there = self._views.standing(target)
        for kind, field in self._referring:
            if there is not None and field.refers_to == there.kind:
                for id in self._having(kind, field.name, scope, target, limit=CASCADE_MAX + 1):
                    yield Link(target, id, kind, field.name, field.on_delete == CASCADE)

    def _having(self, kind: str, field: str, scope: str, value: Value, limit: int) -> list[str]:
        """The live records of a kind in a scope that have the value. The field has an index (`schema.key_indexes`)."""
        found = self._connection.execute(
            f"SELECT id FROM view WHERE {kind_is(kind)} AND scope = ? AND {value_of(field)} = ? ORDER BY id LIMIT ?",  # noqa: S608
            (scope, value, limit),
        )
        return [id for (id,) in found]
