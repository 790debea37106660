"""Signals between processes: one contract for those within a process, by PostgreSQL and by NATS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from itertools import count
from typing import TypeAlias

import pytest

from homeport_client.fleet.live import process
from homeport_client.fleet.live.nats import RealNats
from homeport_client.fleet.live.postgres import RealPostgres
from homeport_server.nats_signals import nats_signals
from homeport_sync.ports import EVERY_TENANT, Signals
from homeport_sync.signals import NEWEST_MAX, LocalSignals
from homeport_sync.sql.postgres.signals import postgres_signals

LONG_S = 30.0
Heard: TypeAlias = AsyncIterator[tuple[str, int]]
Join: TypeAlias = Callable[[], AbstractAsyncContextManager[Signals]]
_subjects = count(1)


@asynccontextmanager
async def hearing(signals: Signals) -> AsyncIterator[Heard]:
    """What is published from now on, once the way to the other processes is open and its first word was heard."""
    async with signals.listen() as heard:
        await connected(signals)
        signals.publish("hello", 1)
        async with asyncio.timeout(LONG_S):
            while await anext(heard) != ("hello", 1):
                pass
        yield heard


async def connected(signals: Signals, *, wanted: bool = True) -> None:
    await process.until(lambda: signals.connected() is wanted, within_s=LONG_S, awaited=f"connected is {wanted}")


async def heard_until(heard: Heard, tenant: str, position: int) -> list[tuple[str, int]]:
    """All that is heard until the tenant's log is told to have reached the position, of tenants other than hello."""
    told: list[tuple[str, int]] = []
    async with asyncio.timeout(LONG_S):
        while not told or told[-1] != (tenant, position):
            told.append(await anext(heard))
    return [each for each in told if each[0] != "hello"]


@pytest.fixture(params=["local", "postgres", "nats"])
def join(request: pytest.FixtureRequest) -> Join:
    """Makes one more process's signals; those of one test hear each other and nobody else."""
    if request.param == "postgres":
        server: RealPostgres = request.getfixturevalue("postgres")
        database = f"signals_{next(_subjects)}"
        asyncio.run(server.query(f"CREATE DATABASE {database} STRATEGY file_copy"))
        return lambda: postgres_signals(server.url(database))
    if request.param == "nats":
        nats: RealNats = request.getfixturevalue("nats")
        subject = f"signals.{next(_subjects)}"
        return lambda: nats_signals(nats.url, subject)
    shared = LocalSignals()

    @asynccontextmanager
    async def joined() -> AsyncIterator[Signals]:
        yield shared

    return joined


async def test_what_is_published_is_heard_in_the_other_process_and_in_ones_own(join: Join) -> None:
    async with join() as here, join() as there, hearing(here) as own, hearing(there) as other:
        here.publish("acme", 1)
        assert await heard_until(own, "acme", 1)
        assert await heard_until(other, "acme", 1)
        there.publish("acme", 2)
        assert await heard_until(own, "acme", 2)
        assert await heard_until(other, "acme", 2)


async def test_ones_own_listeners_are_told_at_once_and_once(join: Join) -> None:
    async with join() as here, join() as there, hearing(here) as own, hearing(there) as other:
        here.publish("acme", 1)
        assert await heard_until(own, "acme", 1) == [("acme", 1)]
        assert await heard_until(other, "acme", 1), "by now an echo is on its way, if there is one"
        there.publish("last", 1)
        assert await heard_until(own, "last", 1) == [("last", 1)]


async def test_a_burst_ends_with_the_newest_position_of_each_tenant(join: Join) -> None:
    async with join() as here, join() as there, hearing(there) as other:
        await connected(here)
        for position in range(1, 501):
            here.publish("acme", position)
            here.publish(f"tenant-{position % 200:036}", position)
        here.publish("last", 1)
        told = await heard_until(other, "last", 1)
        newest = {tenant: position for tenant, position in told if tenant}
        assert newest["acme"] == 500
        assert newest[f"tenant-{199:036}"] == 399
        assert len(newest) == 202
        assert len(told) < 500, "positions of one tenant become one on their way"


async def test_a_slow_listener_hears_only_the_newest_and_delays_nobody(join: Join) -> None:
    async with join() as here, join() as there, hearing(there) as quick, hearing(there) as slow:
        await connected(here)
        for position in range(1, 50):
            here.publish("acme", position)
            await heard_until(quick, "acme", position)
        assert [each for each in await heard_until(slow, "acme", 49) if each[0]] == [("acme", 49)]


async def test_what_was_published_before_listening_is_not_heard(join: Join) -> None:
    async with join() as here, join() as there:
        here.publish("acme", 1)
        async with hearing(there) as other:
            here.publish("last", 1)
            await heard_until(other, "last", 1)
        async with hearing(there) as other:
            here.publish("last", 2)
            assert await heard_until(other, "last", 2) == [("last", 2)]


async def test_leaving_says_what_was_not_said_yet(join: Join) -> None:
    async with join() as there, hearing(there) as other:
        async with join() as here:
            await connected(here)
            here.publish("acme", 7)
        assert await heard_until(other, "acme", 7)


async def test_names_of_any_length_and_script_come_through_or_become_a_look_at_everything(join: Join) -> None:
    async with join() as here, join() as there, hearing(there) as other:
        await connected(here)
        names = ["ü🎈\"'\\", "x" * 3_000, "y" * 3_000, "z" * 3_000]
        for name in names:
            here.publish(name, 9)
        here.publish("w" * 70_000, 9)
        here.publish("last", 1)
        told = dict(await heard_until(other, "last", 1))
        assert [told[name] for name in names] == [9] * len(names)
        assert "w" * 70_000 in told or EVERY_TENANT in told


Server: TypeAlias = RealPostgres | RealNats


@asynccontextmanager
async def own_server(kind: str) -> AsyncIterator[tuple[Server, Join]]:
    """A server that the test may stop, and how to join it."""
    if kind == "postgres":
        async with RealPostgres() as postgres:
            yield postgres, lambda: postgres_signals(postgres.url())
    else:
        async with RealNats() as nats:
            yield nats, lambda: nats_signals(nats.url)


@pytest.mark.promise("I13")
@pytest.mark.parametrize("kind", ["postgres", "nats"])
async def test_a_server_that_is_killed_is_found_again_and_everyone_is_told_to_look(kind: str) -> None:
    async with AsyncExitStack() as stack:
        server, join = await stack.enter_async_context(own_server(kind))
        here = await stack.enter_async_context(join())
        there = await stack.enter_async_context(join())
        own = await stack.enter_async_context(hearing(here))
        other = await stack.enter_async_context(hearing(there))
        await server.kill()
        await connected(here, wanted=False)
        await connected(there, wanted=False)
        here.publish("acme", 5)
        assert await heard_until(own, "acme", 5), "this process is told all the same"
        await server.start()
        await heard_until(own, EVERY_TENANT, 0)
        await heard_until(other, EVERY_TENANT, 0)
        here.publish("acme", 6)
        assert await heard_until(other, "acme", 6)


@pytest.mark.parametrize("kind", ["postgres", "nats"])
async def test_a_process_starts_before_its_server_and_ends_without_it(kind: str) -> None:
    async with own_server(kind) as (server, join):
        await server.stop()
        async with join() as here, here.listen() as heard:
            assert not here.connected()
            here.publish("acme", 1)
            assert await anext(heard) == ("acme", 1)
        async with join() as here, here.listen() as heard:
            await server.start()
            await heard_until(heard, EVERY_TENANT, 0)
            assert here.connected()
            await server.stop()
            await connected(here, wanted=False)
            here.publish("acme", 2)


@pytest.mark.parametrize("kind", ["postgres", "nats"])
async def test_while_the_server_is_away_memory_is_bounded_and_the_rest_is_made_good_by_a_look(kind: str) -> None:
    async with own_server(kind) as (server, join), join() as here, join() as there, hearing(there) as other:
        await connected(here)
        await server.kill()
        await connected(here, wanted=False)
        async with here.listen() as heard:
            for tenant in range(3 * NEWEST_MAX):
                here.publish(str(tenant), 1)
            told = [await anext(heard) for _ in range(NEWEST_MAX)]
            assert (EVERY_TENANT, 0) in told
            waiting = asyncio.ensure_future(anext(heard))
            await asyncio.sleep(0)
            assert not waiting.done(), "no more than that was kept"
            waiting.cancel()
        await server.start()
        await heard_until(other, EVERY_TENANT, 0)
