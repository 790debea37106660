"""Devices without the SDK, which push and pull as hard as they are answered, and know what they were promised."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import httpx2
import msgspec

from homeport_sync import Change
from homeport_sync.change import encode
from homeport_sync.clock import HybridClock, uuid7
from homeport_sync.wire import PULL, PUSH, Page, PullMessage, PushAnswer, PushMessage, WireError


class _Data(msgspec.Struct):
    push: PushAnswer | None = None
    pull: Page | None = None


class _Answer(msgspec.Struct):
    data: _Data | None = None
    errors: list[WireError] = []


class Caller:
    """One device's connection: asks again and again until it is answered. `told_to_wait` counts the other answers."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 5.0) -> None:
        self.told_to_wait = 0
        self.unanswered = 0
        self._url = f"{url}/api/v1/graphql"
        self._http = httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=timeout_s)

    async def ask(self, query: str, message: PushMessage | PullMessage) -> _Data:
        body = msgspec.json.encode({"query": query, "variables": message})
        while True:
            try:
                answer = await self._http.post(self._url, content=body, headers={"content-type": "application/json"})
            except httpx2.TransportError:
                self.unanswered += 1
                await asyncio.sleep(0.02)
                continue
            reply = msgspec.json.decode(answer.content, type=_Answer)
            if reply.data is not None:
                return reply.data
            assert all(error.extensions["retryable"] for error in reply.errors), reply.errors
            self.told_to_wait += 1
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        await self._http.aclose()


class Writer:
    """A device that pushes without end and keeps what was acknowledged: number to verdict. What was stopped before it
    was answered is sent again when it runs again, or its numbers would have a gap."""

    def __init__(self, caller: Caller, random: Random, *, notes: str = "") -> None:
        self.caller = caller
        self._random = random
        self._notes = {"notes": notes} if notes else {}
        self._clock = HybridClock(lambda: 1_800_000_000_000)
        self.device = uuid7(1, random)
        self.scope = ""
        self.acknowledged: dict[int, str] = {}
        self._tasks: list[str] = []
        self._number = 0
        self._sending: list[Change] = []

    async def run(self) -> None:
        while True:
            await self.finish()
            self._sending = [self._change() for _ in range(self._random.randint(1, 8))]

    async def finish(self) -> None:
        """Until what was stopped on its way, if anything was, is answered."""
        if not self._sending:
            return
        raw = [msgspec.Raw(encode(change).encode()) for change in self._sending]
        answer = (await self.caller.ask(PUSH, PushMessage(device=self.device, changes=raw))).push
        assert answer is not None
        assert not answer.errors
        assert [outcome.number for outcome in answer.outcomes] == [change.number for change in self._sending]
        self.acknowledged |= {outcome.number: outcome.outcome for outcome in answer.outcomes}
        self._sending = []

    def _change(self) -> Change:
        self._number += 1
        number, stamp = self._number, self._clock.stamp(self.device)
        if number == 1:
            self.scope = uuid7(1, self._random)
            return Change(
                number=1,
                op="create",
                kind="TaskList",
                id=self.scope,
                scope=self.scope,
                stamp=stamp,
                fields={"title": "Groceries"},
            )
        update = number % 2 == 1 and self._tasks
        task = self._random.choice(self._tasks) if update else uuid7(1, self._random)
        if not update:
            self._tasks.append(task)
        return Change(
            number=number,
            op="update" if update else "create",
            kind="Task",
            id=task,
            scope=self.scope,
            stamp=stamp,
            fields={"title": f"task {number}", **self._notes},
        )


class Follower:
    """A device that pulls without end and never asks again for what it has passed."""

    def __init__(self, caller: Caller, random: Random) -> None:
        self._caller = caller
        self._device = uuid7(2, random)
        self._cursor: str | None = None
        self.records: dict[str, int] = {}
        self.reached = 0

    async def run(self) -> None:
        while True:
            await self.pull()
            await asyncio.sleep(0.02)

    async def pull(self) -> None:
        page = (await self._caller.ask(PULL, PullMessage(device=self._device, cursor=self._cursor))).pull
        assert page is not None
        assert not page.reset, "a restart must not look like another log"
        self._cursor = page.cursor
        for record in page.records:
            assert record.position > self.reached, "a page went behind one before it"
            self.records[record.id] = record.position
        self.reached = max([self.reached, *(record.position for record in page.records)])

    async def catch_up(self) -> None:
        """Until a pull brings nothing new."""
        reached = -1
        while reached < self.reached:
            reached = self.reached
            await self.pull()


@asynccontextmanager
async def running(*work: Writer | Follower) -> AsyncIterator[None]:
    """The load, for as long as the context lasts; what fails in it fails the test."""
    tasks = [asyncio.create_task(each.run()) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    failures = [each for each in results if isinstance(each, Exception)]
    assert not failures, failures
