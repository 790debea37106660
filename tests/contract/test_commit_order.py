"""Transactions that end in another order than they began: positions follow the commits, and no reader skips one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from random import Random

import pytest

from homeport_sync.cursor import Cursor
from homeport_sync.limits import LIMITS
from homeport_sync.ports import LogEntry, Writes
from homeport_sync.pull import advance, plan
from homeport_sync.sql.postgres.database import Connection
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.sql.postgres.transaction import PostgresTransaction
from tests.contract.databases import Databases
from tests.contract.samples import EPOCH, NOTHING, NOW, TENANT, entry, grant, stored

PROCESSES = 6
ROUNDS = 40
SEED = os.environ.get("HOMEPORT_SEED", "1")


class Held:
    """A connection whose transaction has begun, with a number of PostgreSQL's own, and waits before it locks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    async def execute(self, statement: str) -> str:
        done = await self._connection.execute(statement)
        if statement.startswith("BEGIN"):
            await self._connection.fetch("SELECT pg_current_xact_id()")
            self.began.set()
            await self.go_on.wait()
        return done


@asynccontextmanager
async def processes(databases: Databases, name: str) -> AsyncIterator[list[PostgresStore]]:
    """Stores as so many processes would have them."""
    async with AsyncExitStack() as stack:
        stores = []
        for _ in range(PROCESSES):
            store = await PostgresStore.open(databases.url(name), LIMITS, connections_max=2)
            stack.push_async_callback(store.close)
            stores.append(store)
        yield stores


async def batch(store: PostgresStore, held: asyncio.Future[Held], author: str) -> None:
    """One commit batch that makes a record at the position it finds next."""
    async with store._database.connection() as connection:
        hold = Held(connection)
        held.set_result(hold)
        transaction = PostgresTransaction(hold, TENANT)  # type: ignore[arg-type]  # it does what a connection does
        position = (await transaction.load(NOTHING)).head.position + 1
        await transaction.commit(
            Writes(
                head=position,
                now_ms=NOW,
                log=[entry(position, device=author)],
                records=[stored(f"r{position}", position)],
            )
        )


@asynccontextmanager
async def followed(store: PostgresStore, passed: list[LogEntry]) -> AsyncIterator[None]:
    """Somebody reads the log all the time, and what goes wrong in that goes wrong here."""
    following = asyncio.create_task(follow(store, passed))
    yield
    before = len(passed)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    assert before > PROCESSES, "the reader read nothing while the others wrote"
    passed += await store.read(TENANT, len(passed), 1_000)


async def follow(store: PostgresStore, passed: list[LogEntry]) -> None:
    while True:
        passed += await store.read(TENANT, passed[-1].position if passed else 0, 100)
        await asyncio.sleep(0)


async def pull(store: PostgresStore, cursor: Cursor, pulled: list[int]) -> Cursor:
    """One page after the cursor; the cursor after it."""
    read = await store.page(TENANT, "u", "d", cursor, 100)
    step = advance(plan(read.standing, cursor), read.ranges, full=read.full)
    pulled += [position for rows in read.ranges for position, _ in rows]
    return Cursor(TENANT, "u", EPOCH, step.position, read.standing.head.position, step.backfills)


@pytest.mark.promise("I4")
async def test_transactions_that_commit_in_the_opposite_order_to_their_start_hide_nothing_from_any_reader(
    postgres18: Databases,
) -> None:
    random, name = Random(SEED), await postgres18.fresh()
    passed: list[LogEntry] = []
    pulled: list[int] = []
    committed: list[str] = []
    async with processes(postgres18, name) as stores:
        await stores[0].create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        async with stores[0].transaction(TENANT) as transaction:
            await transaction.load(NOTHING)
            await transaction.commit(Writes(head=0, now_ms=NOW, grants=[grant(since=0, maker=True)]))
        cursor = Cursor(TENANT, "u", EPOCH, 0, 0)
        async with followed(stores[0], passed):
            for turn in range(ROUNDS):
                begun: list[tuple[str, Held, asyncio.Task[None]]] = []
                for number, store in enumerate(stores):
                    author, held = f"{turn}/{number}", asyncio.get_running_loop().create_future()
                    work = asyncio.create_task(batch(store, held, author))
                    hold = await held
                    await hold.began.wait()
                    begun.append((author, hold, work))
                for author, hold, work in reversed(begun) if turn % 2 else random.sample(begun, len(begun)):
                    hold.go_on.set()
                    await work
                    committed.append(author)
                    cursor = await pull(stores[1], cursor, pulled)
    assert [each.position for each in passed] == list(range(1, len(committed) + 1))
    assert [each.device for each in passed] == committed, "a position is not that of the commit"
    assert pulled == [each.position for each in passed], "a pull went past what was not committed yet"


@pytest.mark.promise("I4")
async def test_transactions_that_run_into_each_other_at_random_hide_nothing_from_any_reader(
    postgres18: Databases,
) -> None:
    """All at once: each is held after its beginning, let go at random, and then they meet at the lock."""
    random, name = Random(f"{SEED}/all"), await postgres18.fresh()
    passed: list[LogEntry] = []
    async with processes(postgres18, name) as stores:
        await stores[0].create(TENANT, id=TENANT, epoch=EPOCH, now_ms=0)
        async with followed(stores[0], passed):
            for turn in range(ROUNDS):
                waiting = []
                for number, store in enumerate(stores):
                    held: asyncio.Future[Held] = asyncio.get_running_loop().create_future()
                    work = asyncio.create_task(batch(store, held, f"{turn}/{number}"))
                    waiting.append((await held, work))
                await asyncio.gather(*(hold.began.wait() for hold, _ in waiting))
                for hold, _ in random.sample(waiting, len(waiting)):
                    hold.go_on.set()
                await asyncio.gather(*(work for _, work in waiting))
    assert [each.position for each in passed] == list(range(1, ROUNDS * PROCESSES + 1))
    assert len({each.device for each in passed}) == ROUNDS * PROCESSES
