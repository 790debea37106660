"""Departures: each socket has a slot of its own, and nobody is waited for who has left."""

import asyncio
from random import Random

from homeport_client.fleet.clock import run
from homeport_server.edge.departures import LATE_S, SLOTS_SHARE, Departures


class Socket:
    """Writes down what it was told. `leaves_when_told`: as our SDK does; else as a stock client."""

    def __init__(self, departures: Departures, *, leaves_when_told: bool = False, reads: bool = True) -> None:
        self.told_ms: list[int] = []
        self.told = asyncio.Event()
        self.closed: list[str] = []
        self.answering = False
        self._departures = departures
        self._leaves = leaves_when_told
        self._reads = reads
        departures.enter(self)

    async def go_away(self, within_ms: int) -> None:
        self.told_ms.append(within_ms)
        self.told.set()
        if not self._reads:
            await asyncio.Event().wait()
        if self._leaves:
            self._departures.leave(self)

    def busy(self) -> bool:
        return self.answering

    async def restart(self) -> None:
        if not self._reads:
            await asyncio.Event().wait()
        self.closed.append("1012")
        self._departures.leave(self)


async def test_slots_are_spread_evenly_over_the_time_there_is() -> None:
    departures = Departures(Random(1))
    sockets = [Socket(departures, leaves_when_told=True) for _ in range(100)]
    async with asyncio.timeout(5):
        assert await departures.let_go(1_000) == 0
    told = sorted(ms for socket in sockets for ms in socket.told_ms)
    slice_ms = 1_000_000 * SLOTS_SHARE / 100
    assert [int((ms + 100) // slice_ms) for ms in told] == list(range(100))  # a turn of the loop is no 100 ms
    assert [socket.told_ms[0] for socket in sockets] != told


async def test_who_stays_is_closed_once_and_not_before_their_slot() -> None:
    departures = Departures(Random(1))
    now = asyncio.get_running_loop().time
    early: list[bool] = []

    class Stock(Socket):
        async def go_away(self, within_ms: int) -> None:
            self.until = now() + within_ms / 1_000 - 0.001  # whole milliseconds are told
            await super().go_away(within_ms)

        async def restart(self) -> None:
            early.append(now() < self.until)
            await super().restart()

    sockets = [Stock(departures) for _ in range(20)]
    assert await departures.let_go(0.5) == 0
    assert early == [False] * 20
    assert [socket.closed for socket in sockets] == [["1012"]] * 20


async def test_who_comes_while_the_others_leave_is_told_at_once() -> None:
    departures = Departures()
    first = Socket(departures)
    letting = asyncio.create_task(departures.let_go(1_000))
    await first.told.wait()
    late = Socket(departures, leaves_when_told=True)
    departures.leave(first)
    async with asyncio.timeout(5):
        assert await letting == 0
    assert len(late.told_ms) == 1


def test_who_comes_after_the_last_slot_is_given_a_moment_and_then_closed_properly() -> None:
    async def scene() -> None:
        departures = Departures(Random(1))
        Socket(departures, reads=False)  # is waited for until the end
        letting = asyncio.create_task(departures.let_go(10))
        await asyncio.sleep(9)
        last = [Socket(departures) for _ in range(20)]
        assert await letting == 1
        told = [socket.told_ms[0] for socket in last]
        assert min(told) < max(told) <= LATE_S * 1_000
        assert max(told) > LATE_S * 1_000 / 2
        assert [socket.closed for socket in last] == [["1012"]] * 20

    run(scene())


def test_a_socket_that_is_just_being_answered_is_closed_after_its_answer_or_when_the_time_is_over() -> None:
    async def scene() -> None:
        departures = Departures(Random(1))
        answered, never, idle = (Socket(departures) for _ in range(3))
        answered.answering = never.answering = True
        letting = asyncio.create_task(departures.let_go(10))
        await asyncio.sleep(9.7)
        assert (answered.closed, never.closed, idle.closed) == ([], [], ["1012"])
        answered.answering = False
        await asyncio.sleep(0.2)
        assert (answered.closed, never.closed) == (["1012"], [])
        assert await letting == 0
        assert never.closed == ["1012"]

    run(scene())


async def test_a_client_that_reads_nothing_delays_nobody_and_is_counted() -> None:
    departures = Departures()
    deaf, quick = Socket(departures, reads=False), Socket(departures)
    assert await departures.let_go(0.3) == 1
    assert (deaf.closed, quick.closed) == ([], ["1012"])


async def test_a_socket_that_fails_while_it_is_told_harms_nobody() -> None:
    departures = Departures()

    class Broken(Socket):
        async def go_away(self, within_ms: int) -> None:
            self._departures.leave(self)
            raise RuntimeError("closed already")

    sockets = [Broken(departures), Socket(departures, leaves_when_told=True)]
    async with asyncio.timeout(5):
        assert await departures.let_go(1_000) == 0
    assert len(departures) == 0
    assert len(sockets[1].told_ms) == 1
