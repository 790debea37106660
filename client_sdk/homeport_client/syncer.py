"""The syncer: drives a device through the states of `state.py`, in the background or once.

It is as small as its states: take the action of the state, look up where its event leads. Nothing waits but here and
in the transport, and only by the event loop's clock; randomness comes in. So a loop with virtual time and a seed
replays a fleet of devices to the letter.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any

from homeport_client.backoff import pause_s
from homeport_client.errors import DeviceClosed, DeviceError, Refused, Unreachable
from homeport_client.exchange import Exchange
from homeport_client.limits import DeviceLimits
from homeport_client.pokes import PokeSocket
from homeport_client.replica import Replica
from homeport_client.state import INTERRUPTS, TABLE, Event, State
from homeport_client.teller import Teller
from homeport_client.transport import Transport


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Who waits for a step that began after `steps` of them, and ended caught up."""

    steps: int
    done: asyncio.Future[None]


class Syncer:
    """Keeps a replica in step with its server.

    `state` is where it stands, `trouble` why the last attempt failed (None: it did not). `online` is the app's wish;
    it holds across `start` and `stop`.
    """

    def __init__(
        self,
        replica: Replica,
        transport: Transport,
        exchange: Exchange,
        random: Random,
        limits: DeviceLimits,
        *,
        moved: Callable[[State, Event, State], None] = lambda before, event, after: None,
    ) -> None:
        self.state = State.OFFLINE
        self.trouble: Exception | None = None
        self.online = True
        self._replica = replica
        self._exchange = exchange
        self._random = random
        self._limits = limits
        self._moved = moved
        self._pokes = PokeSocket(transport, self.tell, random, limits)
        self._teller = Teller(replica, transport)
        self._raised: set[Event] = set()
        self._woken = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[Event]] = set()
        self._closed = False
        self._steps = 0
        self._failures = 0
        self._until = 0.0
        self._waiting: list[_Waiting] = []

    @property
    def running(self) -> bool:
        """Whether it works in the background."""
        return self._running is not None and not self._running.done()

    def start(self) -> None:
        """Begins to work in the background; harmless when it does already."""
        if not self.running:
            self._raised = {Event.ONLINE} if self.online else set()
            self.state = State.OFFLINE
            self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends the work in the background; what is under way is dropped, as a network may drop it."""
        ending = self._running
        if ending is None:
            return
        self.tell(Event.CLOSE)
        await asyncio.wait([ending])
        if self._running is ending:  # and not somebody else's who waited too, or who has started it again
            self._running = None
        if not ending.cancelled():  # by whoever ends the loop, before we are closed
            ending.result()

    async def close(self) -> None:
        """Ends all work for good: that in the background, and what `catch_up` has under way. Whoever waits is told."""
        self._closed = True
        under_way = self._interrupt()
        try:
            await self.stop()
        finally:
            if under_way:
                await asyncio.wait(under_way)
            await self._teller.close()

    def tell(self, event: Event) -> None:
        """Raises an event from outside; it is taken when the state next waits, an interrupt at once."""
        if event is Event.RENEWED:
            self._pokes.drop()  # it was opened with the old token, of whose refusal nobody needs to hear any more
            self._raised.discard(Event.REFUSED)
        self._raised.add(event)
        self._woken.set()
        if event in INTERRUPTS:
            self._interrupt()

    def switch(self, *, online: bool) -> None:
        """Airplane mode, and out of it."""
        self.online = online
        self._raised -= {Event.ONLINE, Event.OFFLINE}
        self.tell(Event.ONLINE if online else Event.OFFLINE)

    async def catch_up(self) -> None:
        """Pushes everything and pulls to the end, once.

        Raises `Unreachable`, `Refused` or `ServerError` instead of trying again, and `DeviceClosed`; then what was
        done stays done.
        """
        self._check_open()
        if self.running:
            await self._next_caught_up()
            return
        state = State.PUSHING
        while state is not State.LIVE:
            ended = await self._interruptible(self._exchange.step(state))
            self._check_open()
            state = TABLE[state, ended] if ended else state
        await self._teller.tell()

    def tell_beside(self) -> None:
        """There may be something to say about notifications: it is said now, or when the device is next caught up."""
        if self.running and self.state is State.LIVE:
            self._teller.hurry()

    @property
    def trouble_beside(self) -> Exception | None:
        """Why the last attempt to say something about notifications failed."""
        return self._teller.trouble

    def _check_open(self) -> None:
        if self._closed:
            raise DeviceClosed
        if not self.online:
            raise Unreachable("The device was told to be offline: call go_online() first.")

    async def _next_caught_up(self) -> None:
        if self.trouble is not None and (self.state is State.REFUSED or self._is_told_to_wait()):
            raise self.trouble
        waiting = _Waiting(self._steps, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self.tell(Event.DUE)
        await waiting.done

    async def _run(self) -> None:
        action = {
            State.OFFLINE: self._wait,
            State.PUSHING: self._talk,
            State.PULLING: self._talk,
            State.LIVE: self._live,
            State.BACKING_OFF: self._wait,
            State.REFUSED: self._wait,
        }
        try:
            while self.state is not State.CLOSED:
                event = await action[self.state]()
                self._enter(TABLE[self.state, event], event)
        except Exception as error:  # nobody awaits this task while it works: what it died of shows where the app looks
            self.trouble = error
            raise
        finally:
            await self._pokes.close()
            await self._teller.close()
            stopped = Unreachable("The syncer was stopped before it caught up: sync() does it once, start() goes on.")
            self._release(DeviceClosed() if self._closed else stopped)

    def _enter(self, state: State, event: Event) -> None:
        """What a transition does beside leading on: timers, the poke socket, and those who wait."""
        now = asyncio.get_running_loop().time()
        if event is Event.CAUGHT_UP:
            self.trouble, self._failures = None, 0
            self._release(None)
            self._teller.hurry()
        elif self.trouble is not None and event in (Event.FAILED, Event.REFUSED):
            self._release(self.trouble)
        elif event is Event.OFFLINE:
            self._release(Unreachable("The device was told to be offline."))
        if state in (State.OFFLINE, State.REFUSED, State.CLOSED):
            self._pokes.drop()
            self._teller.drop()
        if state is State.LIVE:
            self._pokes.hold(self._replica.meta.device)
            if self.state is not State.LIVE:
                # Polls are spread, or devices that were started together would poll together for ever.
                self._until = now + self._limits.poll_s * self._random.uniform(0.5, 1.0)
        elif state is State.BACKING_OFF and self.state is not State.BACKING_OFF:
            after_ms = _told_ms(self.trouble)
            self._until = now + pause_s(self._failures, after_ms, self._random, self._limits)
        before, self.state = self.state, state
        self._moved(before, event, state)

    async def _talk(self) -> Event:
        """One step, unless an interrupt ends it."""
        if self._raised & INTERRUPTS:
            return self._take()
        self._steps += 1
        return await self._interruptible(self._attempt()) or self._take()

    async def _interruptible(self, step: Coroutine[Any, Any, Event]) -> Event | None:
        """How the step ended; None: by an interrupt."""
        task = asyncio.create_task(step)
        self._under_way.add(task)
        try:
            await asyncio.wait({task})
            return None if task.cancelled() else task.result()
        finally:
            task.cancel()
            self._under_way.discard(task)

    def _interrupt(self) -> set[asyncio.Task[Event]]:
        """Ends the steps that are under way; which they are."""
        for task in self._under_way:
            task.cancel()
        self._teller.drop()
        return {*self._under_way}

    async def _attempt(self) -> Event:
        try:
            return await self._exchange.step(self.state)
        except Refused as error:
            self.trouble = error
            return Event.REFUSED
        except (DeviceError, sqlite3.OperationalError) as error:  # a full disk is emptied some day, too
            self.trouble = error
            if _told_ms(error) is None:
                self._failures += 1
            return Event.FAILED

    async def _live(self) -> Event:
        if not self._raised & INTERRUPTS and self._replica.outbox.first_unanswered() is not None:
            self._raised.discard(Event.WROTE)
            return Event.WROTE
        return await self._wait()

    async def _wait(self) -> Event:
        """What was raised, or `due` when it is time."""
        timed = self.state in (State.LIVE, State.BACKING_OFF)
        while not self._raised:
            self._woken.clear()
            try:
                async with asyncio.timeout_at(self._until if timed else None):
                    await self._woken.wait()
            except TimeoutError:
                return Event.DUE
        return self._take()

    def _is_told_to_wait(self) -> bool:
        """Whether it backs off because the server told how long, and that is not over."""
        over = asyncio.get_running_loop().time() >= self._until
        return self.state is State.BACKING_OFF and _told_ms(self.trouble) is not None and not over

    def _take(self) -> Event:
        event = next(each for each in Event if each in self._raised)
        self._raised.discard(event)
        if event is Event.REFUSED:
            self.trouble = self._pokes.refusal
        return event

    def _release(self, error: Exception | None) -> None:
        """Tells those who wait. Caught up are only those whose step began after they asked, with all pushed."""
        unanswered = error is None and self._replica.outbox.first_unanswered() is not None
        still = []
        for waiting in self._waiting:
            if waiting.done.done():
                continue
            if error is not None:
                waiting.done.set_exception(error)
            elif unanswered or waiting.steps >= self._steps:
                still.append(waiting)
            else:
                waiting.done.set_result(None)
        self._waiting = still


def _told_ms(trouble: Exception | None) -> int | None:
    """How long the server told to wait; None: it was a failure."""
    return trouble.retry_after_ms if isinstance(trouble, DeviceError) else None
