"""What an app sees of a record: its fields as Python values, when it was made and changed, whether it is pending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from homeport_sync.values import PythonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One record as this device sees it now: what it has pulled, and its own changes on top.

    `fields` holds every declared field; `view["title"]` is short for one of them. `created_at` and `updated_at` are
    aware and in UTC. `pending` tells that the server has not answered a change of it yet.
    """

    id: str
    kind: str
    scope: str
    fields: Mapping[str, PythonValue]
    created_at: datetime
    updated_at: datetime
    pending: bool

    def __getitem__(self, name: str) -> PythonValue:
        return self.fields[name]
