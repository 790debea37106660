"""The device's quarantine: rejected changes wait here for their user, who edits and replays them, or lets them go (I7).

A replay is a new change, written like any other on what the device sees now, and it names the old one to the server.
The old one leaves in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext

from homeport_client.errors import NotInQuarantine
from homeport_client.intents import Meant
from homeport_client.outcomes import ChangeOutcome
from homeport_client.rejected import Rejected, name_to_replay, rejected
from homeport_client.replica import Replica
from homeport_client.writer import Writer
from homeport_sync.refusal import with_dependents


class Quarantine:
    """The rejected changes of a replica that wait."""

    def __init__(self, replica: Replica, writer: Writer) -> None:
        self._replica = replica
        self._writer = writer

    def page(self, after: int, limit: int) -> list[Rejected]:
        """Those after a place, in the order in which the device learnt of them."""
        outcomes, catalog = self._replica.outcomes, self._replica.catalog
        return [rejected(each, outcomes.waiting_with(each), catalog) for each in outcomes.waiting(after, limit)]

    def replay(self, place: int, edited: Mapping[str, Meant], *, dependents: bool) -> str:
        """Writes it again, with what depended on it, a group as a group; the record's id, or that of the new call. All
        or nothing: raises the `Rejection` that tells what does not fit."""
        units, catalog, made = self._units(place, dependents=dependents), self._replica.catalog, ""
        with self._replica.step():
            for unit in units:
                with self._writer.group() if len(unit) > 1 else nullcontext():
                    for each in unit:
                        is_it, was = each.place == place, rejected(each, [each], catalog)
                        id = self._writer.replay(was, edited if is_it else {}, replays=name_to_replay(each))
                        made = id if is_it else made
                        self._replica.outcomes.settle(each.place)
        return made

    def dismiss(self, place: int, *, dependents: bool) -> None:
        """Lets it go, with what depended on it."""
        units = self._units(place, dependents=dependents)
        with self._replica.step():
            for each in [one for unit in units for one in unit]:
                self._replica.outcomes.settle(each.place)

    def _units(self, place: int, *, dependents: bool) -> list[list[ChangeOutcome]]:
        outcomes = self._replica.outcomes
        found = outcomes.waiting(place - 1, 1)
        if not found or found[0].place != place:
            raise NotInQuarantine(place=place)
        (head,) = found
        return with_dependents(outcomes.waiting_with(head), head) if dependents else [[head]]
