"""On paper: all that a server must hold, as lists of what took effect, worked out anew whenever somebody asks.

It is written from PROTOCOL.md, and shares no code with merge, decision or the overlay: what a field holds after some
writes is said by the fleet's own naive parts (`check/ledger.py`, `check/fields.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from homeport_client.fleet.check.fields import json_text
from homeport_client.fleet.check.ledger import Standing
from homeport_sync.catalog import Kind
from homeport_sync.scope import member_id
from tests.fleet.bazaar import app
from tests.fleet.errands import Room

KINDS: Mapping[str, Kind] = app.catalog.kinds


@dataclass(slots=True, kw_only=True)
class Sheet:
    """One record: where it is, and what took effect on it. Whoever writes on it takes a copy, so what it says is said
    once: `_holds` and `_shows`, when they were asked for."""

    id: str
    kind: str
    scope: str
    standing: Standing
    _holds: str = ""
    _shows: str = ""

    @classmethod
    def empty(cls, id: str, kind: str, scope: str) -> Sheet:
        """Of a record that nothing was written to yet."""
        return cls(id=id, kind=kind, scope=scope, standing=Standing(kind=KINDS[kind]))

    def copy(self) -> Sheet:
        """Another one, to be written on by itself."""
        here = self.standing
        writes = {name: [*those] for name, those in here.writes.items()}
        standing = replace(here, writes=writes, places={**here.places})
        return Sheet(id=self.id, kind=self.kind, scope=self.scope, standing=standing)

    @property
    def there(self) -> bool:
        """Whether the record is made and not deleted."""
        return bool(self.standing.places) and not self.standing.deleted

    def newest(self) -> str:
        """The latest stamp of all that was written to it."""
        return max((each.stamp for those in self.standing.writes.values() for each in those), default="")

    def written(self) -> dict[str, Any]:
        """The fields that were ever written, as they are now."""
        return {name: self.standing.here(name) for name in self.standing.writes}

    @property
    def holds(self) -> str:
        """The record in words, as it is stored."""
        self._holds = self._holds or in_words(self.kind, self.scope, self.written())
        return self._holds

    @property
    def shows(self) -> str:
        """The record in words, as an app sees it."""
        self._shows = self._shows or in_words(self.kind, self.scope, self.row())
        return self._shows

    def row(self) -> dict[str, Any]:
        """Every declared field, as it is now."""
        return {name: each.default for name, each in KINDS[self.kind].fields.items()} | self.written()


@dataclass(slots=True, kw_only=True)
class Paper:
    """All sheets by id, who made which scope, and the position of the last entry."""

    sheets: dict[str, Sheet] = field(default_factory=dict)
    makers: dict[str, str] = field(default_factory=dict)
    position: int = 0

    def copy(self) -> Paper:
        """Another one, on which something is tried. They share their sheets: who writes on one takes a copy."""
        return Paper(sheets={**self.sheets}, makers={**self.makers}, position=self.position)

    def role(self, user: str, scope: str) -> str | None:
        """The user's role in the scope; None if it is not shared with them."""
        if self.makers.get(scope) == user:
            return "owner"
        member = self.sheets.get(member_id(scope, user))
        return str(member.written()["role"]) if member and member.written()["role"] is not None else None

    def room(self, scope: str, user: str) -> Room:
        """What a command finds there."""
        found = {id: each for id, each in self.sheets.items() if each.scope == scope and each.there}
        rows, kinds = {id: each.row() for id, each in found.items()}, {id: each.kind for id, each in found.items()}
        return Room(scope=scope, user=user, rows=rows, kinds=kinds)

    def seen_by(self, user: str) -> dict[str, str]:
        """What a device of the user must hold when it has caught up: each live record, in words."""
        scopes = {scope for scope in self.makers if self.role(user, scope) is not None}
        return {id: each.holds for id, each in self.sheets.items() if each.there and each.scope in scopes}


def in_words(kind: str, scope: str, fields: Mapping[str, Any]) -> str:
    """A record, so that it can be compared and read."""
    return f"{kind} of {scope} {json_text(fields)}"
