"""Ids as an app has them: as text, which `create` gives, or as a `UUID`, which a field shows that refers to a record.

They are taken as either wherever an app gives one, and become text there: inside an id is a text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias
from uuid import UUID

from homeport_sync.errors import Malformed

Id: TypeAlias = str | UUID


def text_id(given: Id) -> str:
    """The id as text."""
    return str(given)


def text_ids(given: Iterable[Id]) -> tuple[str, ...]:
    """The ids as texts. Raises `Malformed` for a single one, which as a text would be taken letter by letter."""
    if isinstance(given, str | UUID):
        raise Malformed(f"Several ids are expected, not {str(given)!r:.80} alone: write a list, [{str(given)!r:.80}].")
    return tuple(map(text_id, given))
