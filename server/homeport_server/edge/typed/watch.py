"""What waits for one who watches: the last change of each record, until it is read, or the word that some were missed.

What changes faster than it is read is told once, as it is last; of more than `WAITING_MAX` records that wait at once
none is told, and `REFETCH` is. So a slow client costs nobody more than that, and loses nothing unknowingly.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Final

import msgspec

from homeport_sync.ports import LogEntry

WAITING_MAX: Final = 200
REFETCH: Final = "REFETCH"
OPERATIONS: Final[Mapping[str, str]] = {
    "create": "CREATED",
    "update": "UPDATED",
    "delete": "DELETED",
    "restore": "RESTORED",
    "move": "MOVED_IN",
    "leave": "MOVED_OUT",
}
GONE: Final = frozenset({"DELETED", "MOVED_OUT", REFETCH})
_CAME: Final = frozenset({"CREATED", "RESTORED", "MOVED_IN"})


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `kind` is the one declared; of a `REFETCH` there is nothing else."""

    operation: str
    kind: str | None = None
    record: str | None = None
    scope: str | None = None
    position: int | None = None


_REFETCH = Changed(operation=REFETCH)


class Watch:
    """What waits for one subscription: a hearer of the hub that keeps the last of each record, until it is read."""

    def __init__(self, kinds: Collection[str], scope: str | None) -> None:
        self._kinds = kinds
        self._scope = scope
        self._waiting: dict[str, Changed] = {}
        self._missed = True
        self._told = asyncio.Event()
        self._told.set()

    def poke(self) -> None:
        """Nothing: what there is to tell comes with `hear` and `miss`."""

    def hear(self, entries: Sequence[LogEntry]) -> None:
        """See `listeners.Hearer`. Who must fetch anyway needs none of it."""
        for entry in entries:
            if self._missed:
                return
            operation = OPERATIONS.get(entry.op)
            elsewhere = self._scope is not None and entry.scope != self._scope
            if operation is None or elsewhere or entry.kind not in self._kinds or entry.outcome == "superseded":
                continue
            self._keep(operation, entry)
            self._told.set()

    def miss(self) -> None:
        """See `listeners.Hearer`."""
        self._waiting.clear()
        self._missed = True
        self._told.set()

    async def events(self) -> AsyncIterator[Changed]:
        """What there is to tell, as fast as it is read; for ever."""
        while True:
            await self._told.wait()
            self._told.clear()
            if self._missed:
                self._missed = False
                yield _REFETCH
            while self._waiting:
                yield self._waiting.pop(next(iter(self._waiting)))

    def _keep(self, operation: str, entry: LogEntry) -> None:
        before = self._waiting.pop(entry.record, None)
        came = operation == "UPDATED" and before is not None and before.operation in _CAME
        self._waiting[entry.record] = Changed(
            operation=before.operation if came and before else operation,
            kind=entry.kind,
            record=entry.record,
            scope=entry.scope,
            position=entry.position,
        )
        if len(self._waiting) > WAITING_MAX:
            self.miss()
