"""The app's notification rules, each a follower of the log of its own: one that fails holds back no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Protocol

from homeport_notify.errors import BadNotification, KeyReused
from homeport_notify.notification import Notification
from homeport_server.notify.compose import composed
from homeport_server.notify.slices import Slice
from homeport_sync.catalog import Kind
from homeport_sync.clock import uuid7
from homeport_sync.entry import Entry, read_fields
from homeport_sync.errors import BadTell, HomeportError
from homeport_sync.lookups import Lookups
from homeport_sync.ports import LogEntry
from homeport_sync.tell import Rule, Tell


class Submits(Protocol):
    """Who takes in what is to be told."""

    async def submit(self, notification: Notification, *, request_id: str) -> object:
        """Keep it. Raises `BadNotification`, `KeyReused`, and what a store raises."""


class RuleFollower:
    """Given the changes of one slice that its rule watches, submits what it says (see `deliver.Followed`)."""

    def __init__(
        self,
        rule: Rule,
        each: Slice,
        kinds: Mapping[str, Kind],
        lookups: Lookups,
        submitter: Submits,
        *,
        wall_ms: Callable[[], int],
        random: Random,
    ) -> None:
        self._rule = rule
        self._slice = each
        self._kinds = kinds
        self._lookups = lookups
        self._submitter = submitter
        self._wall_ms = wall_ms
        self._random = random

    @property
    def place_name(self) -> str:
        """What its place is kept under."""
        return self._slice.named(self._rule.place_name)

    def wants(self, logged: LogEntry) -> bool:
        """Whether it is given this one."""
        return self._rule.wants(logged) and self._slice.holds(logged.scope)

    def leaves_out(self, tries: int, error: BaseException | None) -> bool:
        """Only what is the rule's own fault: a store that does not answer is asked until it does. What cannot be told
        is left out at once: a rule says the same again, and what is behind it would wait for nothing."""
        if isinstance(error, BadTell | BadNotification):
            return True
        is_passing = isinstance(error, HomeportError) and error.retryable
        return not is_passing and self._rule.leaves_out(tries, error)

    async def function(self, entry: Entry) -> None:
        """Submit what the rule says of this change. Raises whatever the rule raises, `BadTell`, and the first
        `BadNotification` when the others are submitted."""
        found = await self._lookups.records(entry.tenant, [entry.record])
        fields = read_fields(found.get(entry.record), self._kinds[entry.kind])
        refused: BadNotification | None = None
        for ordinal, tell in enumerate(self._rule.tells(entry, fields)):
            try:
                await self._submit(tell, ordinal, entry)
            except BadNotification as error:
                refused = refused or error
        if refused is not None:
            raise refused

    async def _submit(self, tell: Tell, ordinal: int, entry: Entry) -> None:
        now_ms = self._wall_ms()
        id = uuid7(now_ms, self._random)
        notification = composed(self._rule.name, tell, ordinal, entry, id=id, now_ms=now_ms)
        if notification is not None:
            with suppress(KeyReused):  # the record is another by now, or the rule: what was told first is told
                await self._submitter.submit(notification, request_id=entry.request_id)
