"""Intake: pushes come in, commit batches go to the store, outcomes go home.

There is no timer: whatever arrives while one batch commits forms the next, with what one turn of the event loop still
brings. So a lone push never waits, and a crowd shares the price of one durable commit. Each tenant has its own queue
and its own head, and tenants are served in turn (`queues.py`); a batch holds one tenant's turn: load, decide
(`decision.py`, pure), write. If the store fails on a batch, its pushes are tried one by one, so that none can take its
neighbours down; if the store is unavailable, the batch is tried again as it is. What was committed all the same is
recognised by its numbers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter

from homeport_sync.calling import Allowance, AtOnce, Runner
from homeport_sync.catalog import Catalog
from homeport_sync.decision import Batch
from homeport_sync.errors import HomeportError, Overloaded, StoreFailed, TimedOut, Unavailable
from homeport_sync.foreseen import behind, holds
from homeport_sync.limits import Limits
from homeport_sync.meter import Meter, NoMeter
from homeport_sync.ports import Loaded, LogStore, Signals, Wanted, Writes
from homeport_sync.push import Decided, Push, has_calls, parts, wanted
from homeport_sync.queues import Queues, Turn, Waiting


class Intake:
    """The one way into the log. `wall_ms` is the server's clock, in milliseconds."""

    def __init__(
        self,
        store: LogStore,
        catalog: Catalog,
        signals: Signals,
        *,
        limits: Limits,
        wall_ms: Callable[[], int],
        meter: Meter | None = None,
        runner: Runner | None = None,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._keyed = catalog.keyed
        self._public = any(kind.public for kind in catalog.kinds.values())
        self._signals = signals
        self._limits = limits
        self._wall_ms = wall_ms
        self._meter = meter or NoMeter()
        self._runner = runner or AtOnce()
        self._queues = Queues(limits)
        self._writers = 0
        self._aside = 0  # of them, those whose batch runs commands, and that hold up nobody meanwhile
        self._free = 0  # of them, those that are about to look whose turn it is
        self._tasks: set[asyncio.Task[None]] = set()  # or nobody would hold them
        self._trouble_since: float | None = None

    async def push(self, tenant: str, push: Push) -> Decided:
        """What became of the push, once that is durable.

        Raises `Overloaded` when the tenant has too much waiting, `Unavailable` when the store failed; in both cases
        the same push can be sent again.
        """
        self.check_room(tenant, len(push.sent))
        loop = asyncio.get_running_loop()
        waiting = Waiting(push, loop.create_future())
        self._queues.join(tenant, waiting, loop.time())
        self._meter.waiting(self._queues.changes)
        self._call_writer()
        return await waiting.answer

    def check_room(self, tenant: str, changes: int) -> None:
        """Raises `Overloaded`, with when to come again, if so many changes of the tenant find no room to wait."""
        queue, limits = self._queues.of(tenant), self._limits
        if queue is None or not queue.changes or queue.changes + max(changes, 1) <= limits.queue_changes_max:
            return
        each_s = queue.pace.each_s
        drained_ms = limits.overload_retry_ms if each_s is None else int(queue.changes * each_s * 1_000) + 1
        raise Overloaded(retryAfterMs=min(drained_ms, limits.overload_retry_max_ms))

    def _call_writer(self) -> None:
        """Let one more write, if somebody waits for it."""
        most = self._limits.commits_at_once_max + min(self._aside, self._limits.commands_at_once_max)
        if self._queues.ready <= self._free or self._writers >= most:
            return
        self._writers += 1
        self._free += 1
        writer = asyncio.create_task(self._write())
        self._tasks.add(writer)
        writer.add_done_callback(self._tasks.discard)

    async def _write(self) -> None:
        """One tenant's turn after the other, until nobody waits."""
        now = asyncio.get_running_loop().time
        try:
            while self._queues.ready:
                await asyncio.sleep(0)  # what has reached the process but was not read yet still comes along
                if turn := self._queues.turn(now()):
                    self._free -= 1
                    try:
                        await self._take(turn)
                    finally:
                        self._free += 1
        finally:
            self._free -= 1
            self._writers -= 1

    async def _take(self, turn: Turn) -> None:
        queue, batch = turn.queue, turn.pushes
        self._meter.waiting(self._queues.changes)
        try:
            if not await self._commit(queue.tenant, batch, last_try=len(batch) == 1):
                for waiting in (each for each in batch if not each.answer.done()):
                    await self._commit(queue.tenant, [waiting], last_try=True)
        except BaseException:  # only when the process goes down
            queue.drop()
            raise
        finally:
            self._queues.over(queue)
        queue.pace.finished(turn.changes, asyncio.get_running_loop().time())

    async def _commit(self, tenant: str, batch: Sequence[Waiting], *, last_try: bool) -> bool:
        """Commit a batch and settle its pushes. False: the store failed on it, and it was not the last try."""
        try:
            head, answers = await self._try(tenant, batch)
        except Exception as error:  # noqa: BLE001  # whatever a driver raises, the pushes must be answered
            code = error.code if isinstance(error, HomeportError) else Unavailable.code
            self._meter.commit_failed(code)
            self._meter.batch_failed(tenant, code, error)
            if last_try or isinstance(error, Unavailable):
                for waiting in batch:
                    _fail(waiting, self._told(error))
                return True
            return False
        except BaseException as gone:
            for waiting in batch:
                _fail(waiting, gone)
            raise
        self._trouble_since = None
        for waiting, answer in zip(batch, answers, strict=True):
            waiting.settle(answer)
        self._signals.publish(tenant, head)
        return True

    async def _try(self, tenant: str, batch: Sequence[Waiting]) -> tuple[int, list[Decided]]:
        """Decide and write. A store that is unavailable (a dead connection, a serialization failure) is tried again at
        once, a bounded number of times: the batch is not at fault, and to send it again is harmless. One that did not
        answer in time is not: a fresh connection would wait as long, and so would the phone."""
        pushes = [waiting.part for waiting in batch]
        for _ in range(self._limits.commit_tries_max - 1):
            try:
                return await self._decide(tenant, pushes)
            except TimedOut:
                raise
            except Unavailable as error:
                self._meter.commit_failed(error.code)
        return await self._decide(tenant, pushes)

    async def _decide(self, tenant: str, pushes: Sequence[Push]) -> tuple[int, list[Decided]]:
        asked = self._wanted(pushes)
        if has_calls(pushes):
            asked, committed = await self._foresee(tenant, pushes, asked)
            if committed is not None:
                return committed
        began_s = perf_counter()
        async with self._store.transaction(tenant) as transaction:
            loaded = await transaction.load(asked)
            read_s, time = perf_counter(), self._runner.allowance()  # one for all rounds: others wait for the lock
            batch, answers = await self._decided(loaded, pushes, time)
            for _ in range(self._limits.decide_rounds_max):
                if batch.missed is None:
                    break
                batch, answers = await self._decided(await transaction.load(batch.missed), pushes, time)
            if batch.missed is not None:
                raise StoreFailed("There is more and more to be known to decide all of it: send less of it at once.")
            writes = batch.writes()
            decided_s = perf_counter()
            await transaction.commit(writes)
        self._committed(pushes, writes, began_s, read_s, decided_s)
        return writes.head, answers

    async def _foresee(
        self, tenant: str, pushes: Sequence[Push], asked: Wanted
    ) -> tuple[Wanted, tuple[int, list[Decided]] | None]:
        """Decide before the head is locked, and commit if what was loaded is then still so: commands may take their
        time, and on SQLite every tenant waits for the same lock. None: it never was; with what must be known by now."""
        tries = self._limits.commit_tries_max
        for _ in range(tries + self._limits.decide_rounds_max):
            began_s = perf_counter()
            async with self._store.transaction(tenant) as transaction:
                loaded = await transaction.load(asked)
            read_s = perf_counter()
            batch, answers = await self._decided(loaded, pushes, self._runner.allowance())
            if batch.missed is not None:
                asked = batch.missed
                continue
            decided_s = perf_counter()
            async with self._store.transaction(tenant) as transaction:
                now = await transaction.load(asked)
                if now == loaded or (batch.movable and holds(loaded, now)):
                    writes = behind(batch.writes(), loaded.head.position, now.head.position, self._wall_ms())
                    await transaction.commit(writes)
                    self._committed(pushes, writes, began_s, read_s, decided_s)
                    return asked, (writes.head, answers)
            tries -= 1
            if not tries:
                break
        return asked, None

    def _committed(
        self, pushes: Sequence[Push], writes: Writes, began_s: float, read_s: float, decided_s: float
    ) -> None:
        self._meter.committed(
            pushes=len(pushes),
            changes=len(writes.outcomes),
            load_s=read_s - began_s,
            decide_s=decided_s - read_s,
            commit_s=perf_counter() - decided_s,
        )

    @contextmanager
    def _stepped_aside(self) -> Iterator[None]:
        """Let others write while this one's commands run."""
        self._aside += 1
        self._call_writer()
        try:
            yield
        finally:
            self._aside -= 1

    def _wanted(self, pushes: Sequence[Push]) -> Wanted:
        return wanted(pushes, self._catalog.commands, self._keyed, public=self._public)

    async def _decided(self, loaded: Loaded, pushes: Sequence[Push], time: Allowance) -> tuple[Batch, list[Decided]]:
        batch = Batch(loaded, self._catalog, self._limits, self._wall_ms(), time)
        if not has_calls(pushes):
            return batch, await self._decide_all(batch, pushes)
        with self._stepped_aside():
            return batch, await self._runner.aside(partial(_decide_whole, batch, pushes))

    async def _decide_all(self, batch: Batch, pushes: Sequence[Push]) -> list[Decided]:
        """Decide in parts, between which the event loop may do something else."""
        part_max, held = self._limits.decide_changes_max, 0
        answers: list[Decided] = []
        for push in pushes:
            decided = Decided()
            for part in parts(push, part_max):
                if held >= part_max:
                    await asyncio.sleep(0)
                    held = 0
                batch.decide(part, decided)
                held += len(part.sent)
            answers.append(decided)
        return answers

    def _told(self, error: Exception) -> HomeportError:
        """What a push whose batch failed is answered: if the store is unavailable, to wait as long as it has been."""
        if not isinstance(error, Unavailable):
            return error if isinstance(error, HomeportError) else self._failed_by(error)
        now = asyncio.get_running_loop().time()
        if self._trouble_since is None:
            self._trouble_since = now
        after_ms = max(int((now - self._trouble_since) * 1_000), self._limits.unavailable_retry_ms)
        return Unavailable(error.message, retryAfterMs=min(after_ms, self._limits.unavailable_retry_max_ms))

    def _failed_by(self, error: Exception) -> StoreFailed:
        failed = StoreFailed(retryAfterMs=self._limits.unavailable_retry_ms)
        failed.__cause__ = error
        return failed


def _decide_whole(batch: Batch, pushes: Sequence[Push]) -> list[Decided]:
    return [batch.decide(push) for push in pushes]


def _fail(waiting: Waiting, error: BaseException) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)
