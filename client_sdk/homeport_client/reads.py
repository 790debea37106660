"""What a device shows: its records as they stand here, and what became of its changes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from homeport_client.bell import Bell
from homeport_client.errors import LimitExceeded
from homeport_client.ids import Id, text_id
from homeport_client.outcomes import ChangeOutcome
from homeport_client.quarantine import Quarantine
from homeport_client.query import Query, make_query
from homeport_client.rejected import Rejected
from homeport_client.replica import Replica
from homeport_client.view import View
from homeport_client.writer import kind_name
from homeport_sync.change import Change
from homeport_sync.values import PythonValue


class Reads(ABC):
    """What of a `Device` reads, all of it from the replica and at once."""

    _replica: Replica
    _quarantine: Quarantine
    _bell: Bell
    _closed: bool

    @abstractmethod
    def _open_replica(self) -> Replica:
        """The replica. Raises `DeviceClosed`."""

    async def get(self, record_id: Id) -> View | None:
        """The record; None if there is none, or it or its scope is deleted."""
        return self._open_replica().views.get(text_id(record_id))

    async def query(
        self,
        kind: str | type,
        /,
        *,
        scope: Id | None = None,
        where: Mapping[str, PythonValue] | None = None,
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
        after: View | None = None,
    ) -> list[View]:
        """Records of a kind, of one scope or of all, whose fields equal `where`, ordered by a field or by age.

        The next page is asked for with `after`, the last record of the page before. Raises `NotIndexed` for a field
        that is not declared indexed, `LimitExceeded` for a `limit` over `DeviceLimits.query_limit_max`.
        """
        replica = self._open_replica()
        query = self._query(kind, scope=scope, where=where, order_by=order_by, descending=descending, limit=limit)
        if after is not None:
            value = query.kind.to_wire({order_by: after[order_by]})[order_by] if order_by else None
            query = replace(query, after=(value, after.id))
        return replica.views.select(query)

    async def watch(
        self,
        kind: str | type,
        /,
        *,
        scope: Id | None = None,
        where: Mapping[str, PythonValue] | None = None,
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
    ) -> AsyncIterator[list[View]]:
        """What `query` gives: at once, then again whenever it has changed, until the device is closed.

        Changes that come while the caller is busy are seen as one; half a catch-up is never seen (I6).
        """
        query = self._query(kind, scope=scope, where=where, order_by=order_by, descending=descending, limit=limit)
        shown: list[View] | None = None
        while not self._closed:
            changed = self._bell.next
            found = self._replica.views.select(query)
            if found != shown:
                shown = found
                yield found
            await changed.wait()

    async def unanswered(self, after: int = 0, limit: int = 100) -> list[Change]:
        """This device's changes that the server has not answered yet, in the order of writing, after a `number`."""
        return self._check_limit(limit, "changes").outbox.page(after, limit)

    async def outcomes(self, after: int = 0, limit: int = 100) -> list[ChangeOutcome]:
        """What became of this device's changes, in the order it learnt of them, after a `place`.

        The last `DeviceLimits.outcomes_max` are kept, and all that were rejected and wait in quarantine.
        """
        return self._check_limit(limit, "outcomes").outcomes.page(after, limit)

    async def quarantine(self, after: int = 0, limit: int = 100) -> list[Rejected]:
        """The rejected changes that wait for the user, in the order the device learnt of them, after a `place`."""
        self._check_limit(limit, "rejected changes")
        return self._quarantine.page(after, limit)

    async def rejections(self, after: int = 0) -> AsyncIterator[Rejected]:
        """The same one by one, and then each that is still to come, until the device is closed."""
        self._open_replica()
        while not self._closed:
            changed = self._bell.next
            found = self._quarantine.page(after, 1)
            for each in found:
                after = each.place
                yield each
            if not found:
                await changed.wait()

    def _query(
        self,
        kind: str | type,
        *,
        scope: Id | None,
        where: Mapping[str, PythonValue] | None,
        order_by: str | None,
        descending: bool,
        limit: int,
    ) -> Query:
        replica = self._open_replica()
        return make_query(
            replica.catalog.kind(kind_name(kind)),
            scope=None if scope is None else text_id(scope),
            where=where,
            order_by=order_by,
            descending=descending,
            limit=limit,
            limit_max=replica.limits.query_limit_max,
        )

    def _check_limit(self, limit: int, what: str) -> Replica:
        replica = self._open_replica()
        limit_max = replica.limits.query_limit_max
        if not 1 <= limit <= limit_max:
            raise LimitExceeded(f"1 to {limit_max:,} {what} are given at once, not {limit:,}.", limit=limit_max)
        return replica
