"""Intake: pushes come in, commit batches go to the store, outcomes go home.

There is no timer: whatever arrives while one batch commits forms the next, with what one turn of the event loop still
brings. So a lone push never waits, and a crowd shares the price of one durable commit. Each tenant has its own queue
and its own head, and a batch holds one tenant's pushes: load, decide (`decision.py`, pure), write. If the store fails
on a batch, its pushes are tried one by one, so that none can take its neighbours down; a push that was committed all
the same is recognised by its numbers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from homeport_sync.catalog import Catalog
from homeport_sync.decision import Batch, Decided, Push, wanted
from homeport_sync.errors import HomeportError, Overloaded, Unavailable
from homeport_sync.limits import Limits
from homeport_sync.ports import LogStore, Signals


@dataclass(slots=True)
class _Waiting:
    push: Push
    answer: asyncio.Future[Decided]


@dataclass(slots=True)
class _Queue:
    """One tenant's pushes that wait for the next batch. `changes` counts what they hold."""

    pushes: deque[_Waiting] = field(default_factory=deque)
    changes: int = 0
    draining: asyncio.Task[None] | None = None


class Intake:
    """The one way into the log. `wall_ms` is the server's clock, in milliseconds."""

    def __init__(
        self,
        store: LogStore,
        catalog: Catalog,
        signals: Signals,
        limits: Limits,
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._signals = signals
        self._limits = limits
        self._wall_ms = wall_ms
        self._queues: dict[str, _Queue] = {}

    async def push(self, tenant: str, push: Push) -> Decided:
        """What became of the push, once that is durable.

        Raises `Overloaded` when the tenant has too much waiting, `Unavailable` when the store failed; in both cases
        the same push can be sent again.
        """
        queue = self._queues.setdefault(tenant, _Queue())
        if queue.changes and queue.changes + _size(push) > self._limits.queue_changes_max:
            raise Overloaded(retryAfterMs=self._limits.overload_retry_ms)
        waiting = _Waiting(push, asyncio.get_running_loop().create_future())
        queue.pushes.append(waiting)
        queue.changes += _size(push)
        if queue.draining is None:
            queue.draining = asyncio.create_task(self._drain(tenant, queue))
        return await waiting.answer

    async def _drain(self, tenant: str, queue: _Queue) -> None:
        try:
            while queue.pushes:
                await asyncio.sleep(0)  # what has reached the process but was not read yet still comes along
                batch = self._take(queue)
                if not await self._commit(tenant, batch, last_try=len(batch) == 1):
                    for waiting in (each for each in batch if not each.answer.done()):
                        await self._commit(tenant, [waiting], last_try=True)
        finally:
            self._queues.pop(tenant, None)
            for waiting in queue.pushes:  # only when the process goes down
                waiting.answer.cancel()

    def _take(self, queue: _Queue) -> list[_Waiting]:
        """The next batch: in order, as many pushes as fit, at least one. One that nobody waits for is dropped."""
        batch: list[_Waiting] = []
        changes = 0
        while queue.pushes:
            size = _size(queue.pushes[0].push)
            if batch and changes + size > self._limits.batch_changes_max:
                break
            waiting = queue.pushes.popleft()
            queue.changes -= size
            if not waiting.answer.done():
                batch.append(waiting)
                changes += size
        return batch

    async def _commit(self, tenant: str, batch: Sequence[_Waiting], *, last_try: bool) -> bool:
        """Commit a batch and answer its pushes. False: the store failed, and it was not the last try."""
        try:
            head, answers = await self._decide(tenant, [waiting.push for waiting in batch])
        except Exception as error:  # noqa: BLE001  # whatever a driver raises, the pushes must be answered
            if last_try:
                for waiting in batch:
                    _fail(waiting, error)
            return last_try
        except BaseException as gone:
            for waiting in batch:
                _fail(waiting, gone)
            raise
        for waiting, answer in zip(batch, answers, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(answer)
        self._signals.publish(tenant, head)
        return True

    async def _decide(self, tenant: str, pushes: Sequence[Push]) -> tuple[int, list[Decided]]:
        async with self._store.transaction(tenant) as transaction:
            loaded = await transaction.load(wanted(pushes))
            batch = Batch(loaded, self._catalog, self._limits, self._wall_ms())
            answers = [batch.decide(push) for push in pushes]
            writes = batch.writes()
            await transaction.commit(writes)
        return writes.head, answers


def _size(push: Push) -> int:
    """What a push counts for: even an empty one takes its part of a commit."""
    return max(len(push.sent), 1)


def _fail(waiting: _Waiting, error: BaseException) -> None:
    if waiting.answer.done():
        return
    if isinstance(error, HomeportError) or not isinstance(error, Exception):
        waiting.answer.set_exception(error)
        return
    unavailable = Unavailable()
    unavailable.__cause__ = error
    waiting.answer.set_exception(unavailable)
