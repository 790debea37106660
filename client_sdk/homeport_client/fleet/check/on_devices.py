"""What devices must hold: exactly what the oracle says of the scopes their users have a grant in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from homeport_client.fleet.check import oracle
from homeport_client.fleet.check.effects import Name
from homeport_client.fleet.check.evidence import Held, Holding
from homeport_client.fleet.check.fields import json_text
from homeport_client.fleet.check.witness import Told, say
from homeport_sync.ports import LogEntry
from homeport_sync.role import BUILT_IN, Role
from homeport_sync.scope import EVERYBODY


class Rights:
    """What each user must hold: the truths by scope, and the scopes by user, worked out once."""

    def __init__(self, truths: Mapping[str, oracle.Truth], grants: oracle.Grants) -> None:
        self._truths: dict[str, list[oracle.Truth]] = {}
        for truth in truths.values():
            self._truths.setdefault(truth.scope, []).append(truth)
        self._scopes: dict[str, set[str]] = {}
        for scope in grants.scopes() | self._truths.keys():
            for user in grants.users(scope):
                self._scopes.setdefault(user, set()).add(scope)

    def scopes(self, user: str) -> set[str]:
        """The scopes the user has a grant in, by themselves or as everybody has."""
        return self._scopes.get(user, set()) | self._scopes.get(EVERYBODY, set())

    def truths(self, user: str) -> Iterator[oracle.Truth]:
        """All that must be on a device of the user."""
        for scope in sorted(self.scopes(user)):
            yield from (truth for truth in self._truths.get(scope, ()) if not truth.deleted)


def differing(holdings: Iterable[Holding], truths: Mapping[str, oracle.Truth], rights: Rights) -> Iterator[str]:
    """I3: every device holds what the oracle says, record by record and field by field."""
    for holding in holdings:
        for truth in rights.truths(holding.user):
            held = holding.records.get(truth.id)
            if held is None:
                yield f"{holding.name} does not hold {truth.kind} {truth.id} of a scope it has a grant in."
            elif _text(held) != _text(truth):
                yield f"{holding.name} holds {truth.kind} {truth.id} as {_text(held)}, expected {_text(truth)}."
        for id in sorted(holding.records.keys() - truths.keys()):
            yield f"{holding.name} holds {id}, which no accepted change made."


def unlike_fresh(holdings: Sequence[Holding]) -> Iterator[str]:
    """I3 again, without the oracle: a device holds what a fresh one of the same user gets."""
    fresh = {holding.user: holding for holding in holdings if holding.fresh}
    for holding in holdings:
        model = fresh.get(holding.user, holding)
        for id in sorted(holding.records.keys() | model.records.keys()):
            if _text(holding.records.get(id)) != _text(model.records.get(id)):
                yield f"{holding.name} and {model.name} hold {id} differently, with the same grants."


def outside(holdings: Iterable[Holding], truths: Mapping[str, oracle.Truth], rights: Rights) -> Iterator[str]:
    """I8: nobody holds a record outside their grants. Its scope is the one it was made in, whatever the device says."""
    for holding in holdings:
        for id, held in holding.records.items():
            scope = truths[id].scope if id in truths else held.scope
            if scope not in rights.scopes(holding.user):
                yield f"{holding.name} holds {held.kind} {id}, and {holding.user} has no grant in its scope."


def intruding(
    log: Sequence[LogEntry], accepted: Mapping[Name, Told], roles: Mapping[str, Role] = BUILT_IN
) -> Iterator[str]:
    """I8, the other way round: nobody writes where they have no right to, and nobody where nothing is left."""
    for told in oracle.intruders(log, accepted, roles):
        yield f"{say(told)} was accepted, and {told.user} had no right to write it, or its scope was deleted."


def resurrected(holdings: Iterable[Holding], truths: Mapping[str, oracle.Truth]) -> Iterator[str]:
    """I9: a deleted record is on no device."""
    deleted = {truth.id for truth in truths.values() if truth.deleted}
    for holding in holdings:
        for id in sorted(holding.records.keys() & deleted):
            yield f"{holding.name} holds {id}, which was deleted."


def _text(held: Held | oracle.Truth | None) -> str:
    """Kind, scope and fields as JSON has them; Python takes `True`, `1` and `1.0` for the same."""
    return f"{held.kind} of {held.scope} {json_text(held.fields)}" if held else ""
