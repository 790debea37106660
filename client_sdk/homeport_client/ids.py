"""Ids as an app has them: as text, which `create` gives, or as a `UUID`, which a field shows that refers to a record.

They are taken as either wherever an app gives one, and become text there: inside an id is a text.
"""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

Id: TypeAlias = str | UUID


def text_id(given: Id) -> str:
    """The id as text."""
    return str(given)
