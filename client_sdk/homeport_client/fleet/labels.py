"""What records are called in a story: `task-4.2` is the second task that was made on phone-4, whatever its id.

Counted phone by phone, so that the same phone gives the same labels whatever the others do meanwhile, and in whichever
world and process they do it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

PHONE = "phone-"


class Labels:
    """Labels and ids, both ways."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._made: Counter[tuple[str, str]] = Counter()
        self._made_in: dict[tuple[str, int], list[str]] = {}

    def next(self, kind: str, phone: str) -> str:
        """A label that nothing has yet, for a record that is made on this phone."""
        self._made[kind, phone] += 1
        return f"{kind.lower()}-{phone.removeprefix(PHONE)}.{self._made[kind, phone]}"

    def bind(self, label: str, id: str, kind: str, circle: int) -> None:
        """The record with this label has this id, is of this kind, and was made in this circle."""
        self._ids[label] = id
        self._kinds[id] = kind
        self._made_in.setdefault((kind, circle), []).append(id)
        self._labels[id] = label

    @property
    def ids(self) -> dict[str, str]:
        """The id of every record, by its label."""
        return dict(self._ids)

    def id(self, label: object) -> str | None:
        """The id of a record; None if nobody has made it."""
        return self._ids.get(str(label))

    def label(self, id: str) -> str:
        """The label of a record; its id if it has none."""
        return self._labels.get(id, id)

    def kind(self, id: str) -> str:
        """The kind of a record. Raises `KeyError` if nobody here has made it."""
        return self._kinds[id]

    def made_in(self, kind: str, circle: int) -> Sequence[str]:
        """The ids of all records of a kind that a circle has made, in that order, gone or not."""
        return self._made_in.get((kind, circle), ())
