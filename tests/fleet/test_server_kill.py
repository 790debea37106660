"""A real server, killed with SIGKILL at random moments under load, loses nothing it has acknowledged.

The moments come from `HOMEPORT_SEED` (1 if it is not set); what happens in them is the machine's own doing.
"""

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from random import Random

import httpx2
import msgspec
import pytest

from homeport_client.fleet.real import RealServer
from homeport_sync import Change
from homeport_sync.change import encode
from homeport_sync.clock import HybridClock, uuid7
from homeport_sync.wire import PULL, PUSH, Page, PullMessage, PushAnswer, PushMessage

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"
KILLS = 50
WRITERS = 6
ALIVE_MAX_S = 0.2
SEED = int(os.environ.get("HOMEPORT_SEED", "1"))


class _Data(msgspec.Struct):
    push: PushAnswer | None = None
    pull: Page | None = None


class _Answer(msgspec.Struct):
    data: _Data


class Caller:
    """One device's connection: asks again and again until it is answered."""

    def __init__(self, server: RealServer, token: str) -> None:
        self._url = f"{server.url}/api/v1/graphql"
        self._http = httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=5)

    async def ask(self, query: str, message: PushMessage | PullMessage) -> _Data:
        body = msgspec.json.encode({"query": query, "variables": message})
        while True:
            try:
                answer = await self._http.post(self._url, content=body, headers={"content-type": "application/json"})
            except httpx2.TransportError:
                await asyncio.sleep(0.02)
                continue
            return msgspec.json.decode(answer.content, type=_Answer).data

    async def close(self) -> None:
        await self._http.aclose()


class Writer:
    """A device that pushes without end and keeps what was acknowledged: number to verdict."""

    def __init__(self, caller: Caller, random: Random) -> None:
        self._caller = caller
        self._random = random
        self._clock = HybridClock(lambda: 1_800_000_000_000)
        self.device = uuid7(1, random)
        self.scope = ""
        self.acknowledged: dict[int, str] = {}
        self._tasks: list[str] = []
        self._number = 0

    async def run(self) -> None:
        while True:
            changes = [self._change() for _ in range(self._random.randint(1, 8))]
            raw = [msgspec.Raw(encode(change).encode()) for change in changes]
            answer = (await self._caller.ask(PUSH, PushMessage(device=self.device, changes=raw))).push
            assert answer is not None
            assert not answer.errors
            assert [outcome.number for outcome in answer.outcomes] == [change.number for change in changes]
            self.acknowledged |= {outcome.number: outcome.outcome for outcome in answer.outcomes}

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
            fields={"title": f"task {number}"},
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


@pytest.mark.promise("I1")
@pytest.mark.promise("I4")
async def test_a_server_killed_fifty_times_under_load_keeps_every_acknowledged_change(tmp_path: Path) -> None:
    random = Random(SEED)
    async with RealServer(APP, tmp_path) as server:
        await server.make_tenant("demo")
        token = await server.token("ana", "demo")
        await server.start()
        callers = [Caller(server, token) for _ in range(WRITERS + 1)]
        writers = [Writer(caller, Random(f"{SEED}/{index}")) for index, caller in enumerate(callers[1:])]
        follower = Follower(callers[0], random)
        async with running(follower, *writers):
            for _ in range(KILLS):
                await asyncio.sleep(random.uniform(0, ALIVE_MAX_S))
                await server.kill()
                await server.start()
        await server.kill()  # with whatever was still under way, so that nothing is committed behind the last pull
        await server.start()
        while not await pulled_nothing(follower):
            pass
        for caller in callers:
            await caller.close()
    check(tmp_path, writers, follower)


async def pulled_nothing(follower: Follower) -> bool:
    before = follower.reached
    await follower.pull()
    return follower.reached == before


def check(data: Path, writers: list[Writer], follower: Follower) -> None:
    """Against the database itself, read with nothing of ours."""
    with closing(sqlite3.connect(f"file:{data / 'homeport.sqlite3'}?mode=ro", uri=True)) as database:
        log = database.execute("SELECT position, device_id, number, outcome FROM log ORDER BY position").fetchall()
        records = dict(database.execute("SELECT record_id, position FROM records"))
        wires = [json.loads(wire) for (wire,) in database.execute("SELECT wire FROM records")]
    assert [row[0] for row in log] == list(range(1, len(log) + 1)), "the log has gaps"
    numbers: dict[str, list[int]] = {}
    for _, device, number, _ in log:
        numbers.setdefault(device, []).append(number)
    verdicts = {(device, number): outcome for _, device, number, outcome in log}
    for writer in writers:
        written = numbers[writer.device]
        assert written == list(range(1, len(written) + 1)), "a change is missing, twice in the log, or out of order"
        for number, outcome in writer.acknowledged.items():
            assert verdicts[writer.device, number] == outcome, "an acknowledged change is missing"
    assert sum(len(writer.acknowledged) for writer in writers) > KILLS
    assert follower.records == records, "the follower has other records than the server"
    assert all(wire["position"] == records[wire["id"]] for wire in wires)
