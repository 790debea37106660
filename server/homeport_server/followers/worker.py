"""A worker: runs the followers over the logs of all tenants, beside any number of other workers.

A signal makes it look at that tenant at once; a slow poll goes round the whole roster, each worker in an order of its
own. Who gets the lease does the work and keeps it while there is more; the others leave that tenant alone until the
lease could have run out, so that a busy tenant costs each of them one question a lease. One that ends gives its leases
back and tells all others to look at everything. Trouble with one tenant is its own: it rests, longer each time, while
the others go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from random import Random
from typing import Protocol, TypeAlias, TypeGuard

from homeport_server.errors import Internal
from homeport_server.followers.errands import Errands
from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_sync.errors import FollowerFailed, HomeportError
from homeport_sync.follow import Duty, Turn
from homeport_sync.pause import Pause
from homeport_sync.ports import EVERY_TENANT, Signals, Tenants
from homeport_sync.roster import roster

PAUSE_FIRST_S = 0.5
PAUSE_LONGEST_S = 30.0
LOOK_S = 5.0  # how often it is told how old what is left open is
FINISH_S = 5.0  # how long a worker that ends gives what is under way, and then its leases to be given back
_Errand: TypeAlias = tuple[Duty, str]


class Lags(Protocol):
    """Who shows how far behind a duty is (`lag.py`)."""

    async def behind(self, follower: str, tenant: str) -> None:
        """It was left with more to do, or failed."""

    def caught_up(self, follower: str, tenant: str) -> None:
        """It has nothing to do there now."""

    def look(self, follower: str, open_now: Iterable[str]) -> None:
        """For these tenants it is not through yet."""


class Worker:
    """`at_once_max` tenants at once; `poll_s` is how late it may be if a signal was lost, in seconds. One tenant's log
    is looked at once in `pace_s` seconds at most, so that many small commits become one piece of work. Between tries at
    what the app's own function fails at, the pauses grow to `app_pause_longest_s` seconds."""

    def __init__(
        self,
        followers: Sequence[Duty],
        tenants: Tenants,
        signals: Signals,
        log: Log,
        *,
        lag: Lags,
        metrics: Metrics,
        poll_s: float,
        pace_s: float,
        at_once_max: int,
        random: Random,
        app_pause_longest_s: float = PAUSE_LONGEST_S,
    ) -> None:
        self._followers = followers
        self._tenants = tenants
        self._signals = signals
        self._log = log
        self._lag = lag
        self._metrics = metrics
        self._poll_s = poll_s
        self._pace_s = pace_s
        self._at_once_max = at_once_max
        self._random = random
        self._app_pause_longest_s = app_pause_longest_s
        self._errands: Errands[_Errand] = Errands()
        self._pauses: dict[_Errand, Pause] = {}
        self._poll_now = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled; then finish what is under way and give the leases back.

        Raises an `ExceptionGroup` when a part of it ends by itself.
        """
        hands = [asyncio.create_task(self._hand()) for _ in range(self._at_once_max)]
        try:
            async with asyncio.TaskGroup() as both, self._signals.listen() as told:
                both.create_task(self._poll())
                both.create_task(self._look())
                both.create_task(_watch(hands))
                async for tenant, _ in told:
                    if tenant == EVERY_TENANT:
                        self._errands.wake()
                        self._poll_now.set()
                    else:
                        self.want(tenant)
        finally:
            await self._end(hands)

    def want(self, tenant: str) -> None:
        """Have it look at the tenant, as a signal would."""
        for follower in self._followers:
            self._errands.want((follower, tenant))

    async def _poll(self) -> None:
        pause = Pause(PAUSE_FIRST_S, self._poll_s, self._random)
        while True:
            try:
                await self._round()
                pause.begin_again()
                rest_s = self._poll_s * (1 + self._random.random()) / 2
            except Exception as error:  # noqa: BLE001  # whatever a driver raises, the next round may go well
                self._complain("work delayed", error)
                rest_s = pause.next_s()
            with suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._poll_now.wait()
            self._poll_now.clear()

    async def _round(self) -> None:
        async for page in roster(self._tenants):
            for tenant in self._random.sample(page, len(page)):
                self.want(tenant.id)
            await self._errands.room()

    async def _look(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Tell how old what is left open is: also of what hangs, waits behind that, or cannot be asked after."""
        unfinished = self._errands.open() | self._pauses.keys()
        for follower in self._followers:
            self._lag.look(follower.name, [tenant for each, tenant in unfinished if each is follower])

    async def _hand(self) -> None:
        while True:
            errand = await self._errands.next()
            again = True
            try:
                turn = await self._do(errand)
                rest_s, again = self._rest_s(errand, turn), turn is not Turn.DONE
            except Exception as error:  # noqa: BLE001  # a follower's work may raise anything
                rest_s = self._failed(errand, error)
                await self._lag.behind(errand[0].name, errand[1])
            self._errands.done(errand, rest_s=rest_s, again=again)
            self._metrics.leases_held(errand[0].name, errand[0].leases())

    async def _do(self, errand: _Errand) -> Turn:
        follower, tenant = errand
        turn = await follower.catch_up(tenant)
        self._pauses.pop(errand, None)
        if turn is Turn.MORE:
            await self._lag.behind(follower.name, tenant)
        else:
            self._lag.caught_up(follower.name, tenant)
        if turn is Turn.LOST:
            self._metrics.lease_lost()
        return turn

    def _rest_s(self, errand: _Errand, turn: Turn) -> float:
        match turn:
            case Turn.DONE:
                return self._pace_s
            case Turn.MORE:
                return 0.0
            case Turn.HELD | Turn.LOST:
                return errand[0].ttl_ms / 1_000

    def _failed(self, errand: _Errand, error: Exception) -> float:
        follower, tenant = errand
        apps = isinstance(error, FollowerFailed)
        longest_s = self._app_pause_longest_s if apps else PAUSE_LONGEST_S
        pause = self._pauses.setdefault(errand, Pause(PAUSE_FIRST_S, self._app_pause_longest_s, self._random))
        if _is_first(error):  # what failed before has gone well meanwhile
            pause.begin_again()
        rest_s = min(pause.next_s(), longest_s)
        code = error.code if isinstance(error, HomeportError) else Internal.code
        self._metrics.follower_failed(follower.name, code)
        self._complain("follower failed", error, follower=follower.name, tenant=tenant, again_in_s=round(rest_s, 1))
        return rest_s

    def _complain(self, event: str, error: Exception, **where: str | float) -> None:
        if _is_first(error):  # what the app's function raised is told once; after that, that it still does
            self._log.error(event, error=error.code, **where, **error.values, exc_info=error.__cause__)
        elif isinstance(error, FollowerFailed):
            self._log.warning(event, error=error.code, **where, **error.values)
        elif isinstance(error, HomeportError):
            self._log.warning(event, error=error.code, **where)
        else:
            self._log.error(event, exc_info=error, **where)

    async def _end(self, hands: Sequence[asyncio.Task[None]]) -> None:
        """No hand begins anything more; one that is busy finishes in time or is cut, which is no worse than a crash."""
        self._errands.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S):
                await self._errands.idle()
        for hand in hands:
            hand.cancel()
        await asyncio.gather(*hands, return_exceptions=True)
        await self._give_back()

    async def _give_back(self) -> None:
        """Each follower tries all of its leases; those that are not given back run out by themselves."""
        held = sum(follower.leases() for follower in self._followers)
        try:
            async with asyncio.timeout(FINISH_S):
                ended = await asyncio.gather(
                    *(follower.give_back() for follower in self._followers), return_exceptions=True
                )
        except TimeoutError as error:
            ended = [error]
        for each in ended:
            if isinstance(each, Exception):
                self._complain("leases not given back", each)
        if held:
            self._signals.publish(EVERY_TENANT, 0)


def _is_first(error: Exception) -> TypeGuard[FollowerFailed]:
    return isinstance(error, FollowerFailed) and error.values.get("tries") == 1


async def _watch(hands: Sequence[asyncio.Task[None]]) -> None:
    """Raise when a hand ends, be it that a driver cancelled it: what it had in hand would stay under way for ever."""
    ended, _ = await asyncio.wait(hands, return_when=asyncio.FIRST_COMPLETED)
    hand = ended.pop()
    error = None if hand.cancelled() else hand.exception()
    raise error or RuntimeError("A worker's hand was cancelled by what it did.")
