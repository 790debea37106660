"""What records are called in a story: `task-3` is the third task anybody made, whatever id its device gave it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


class Labels:
    """Labels and ids, both ways."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._made: Counter[str] = Counter()
        self._made_in: dict[tuple[str, int], list[str]] = {}

    def next(self, kind: str) -> str:
        """A label that nothing has yet."""
        self._made[kind] += 1
        return f"{kind.lower()}-{self._made[kind]}"

    def bind(self, label: str, id: str, kind: str, circle: int) -> None:
        """The record with this label has this id, is of this kind, and was made in this circle."""
        self._ids[label] = id
        self._kinds[id] = kind
        self._made_in.setdefault((kind, circle), []).append(id)
        self._labels[id] = label

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
