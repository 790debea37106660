"""A chunk in a worker's hand, from its lease to its last commit (see `deliver.py` for the rule it keeps)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from homeport_notify import limits
from homeport_notify.address import ChannelName
from homeport_notify.answer import Answer, Fate
from homeport_notify.chunk import LeasedChunk
from homeport_notify.delivery import DeliveryState, has_open, unpack
from homeport_notify.errors import ChunkLost, NotificationOver
from homeport_notify.means import Means
from homeport_notify.message import named
from homeport_notify.notification import EARLY_ENDS
from homeport_notify.passage import Closed
from homeport_notify.settle import (
    Ledger,
    about_all,
    gravity,
    has_failed,
    is_outage,
    is_refused,
    names_channel,
    pauses,
    reason_of,
)
from homeport_notify.sift import devices_of, told_when
from homeport_notify.steering import Steering
from homeport_notify.window import Window

RENEWALS: Final = 3  # of the lease while a window is on its way, in the time of one
SENDS_WITHIN: Final = 2 / 3  # of the time of a lease: later nothing of a window is begun
BROKEN: Final = Answer(
    fate=Fate.UNANSWERED, code="CHANNEL_BROKEN", detail="The channel broke off: what it was sending is not known."
)


class InHand:
    """One chunk, which this worker holds."""

    def __init__(self, means: Means, leased: LeasedChunk) -> None:
        self._means = means
        self._leased = leased
        self._ids = unpack(leased.chunk.addresses)
        self._ledger = Ledger(leased, _resumed(leased), means.random)
        self._message = named(leased.notification.message, leased.notification.id)
        self._window: Window | None = None
        self._resting: dict[int, int] = {}  # places whose channel is closed, and until when
        self._refused = 0
        self._bug: Exception | None = None

    async def work(self) -> None:
        """Send what waits, until nothing does, the notification does not run any more, or the worker stops.

        Raises what the store raises, and what a channel raises (a bug) when all is written and given back. Of a chunk
        that was lost to another worker nothing more is written.
        """
        with suppress(ChunkLost):  # another has it then, and goes on from what was written
            try:
                while self._goes_on() and (places := self._waiting(limits.WINDOW_MAX)):
                    await self._send_window(places)
                await self._leave()
            except asyncio.CancelledError:
                with suppress(ChunkLost):
                    await asyncio.shield(self._leave())
                raise
        if self._bug is not None:
            raise self._bug

    def _goes_on(self) -> bool:
        runs = self._leased.notification.state == "running"
        return runs and self._bug is None and not self._means.stopping.is_set()

    async def _send_window(self, places: Sequence[int]) -> None:
        window = await self._sift(places)
        for channel in window.channels:
            await self._pass(window, channel)
        for place in window.places:
            self._ledger.states[place] = DeliveryState.STARTED
        until_s = self._begins_until_s()  # before the lease runs anew, however long it takes to write that
        await self._write()
        if not window.places:
            if self._waiting(1):
                await self._means.passage.wait()
        elif self._leased.notification.state == "running":
            self._window = window
            await self._on_its_way(window, until_s)
            self._window = None
        else:
            for place in window.places:
                self._ledger.states[place] = DeliveryState.WAITING

    async def _sift(self, places: Sequence[int]) -> Window:
        """Those who are told now. What becomes of the others is entered."""
        means, notification, ids = self._means, self._leased.notification, self._ids
        reachable = await means.store.reachable(self._leased, [ids[place] for place in places])
        devices = devices_of(notification, reachable)
        presences = await means.presences.presences(notification.tenant, devices) if devices else {}
        now_ms, now = means.wall_ms(), []
        for place in places:
            found = reachable.get(ids[place])
            presence = presences.get(found.address.device) if found and presences else None
            verdict = told_when(notification, found, presence, now_ms)
            if verdict is None:
                now.append(place)
            elif isinstance(verdict, DeliveryState):
                self._ledger.states[place] = verdict
                means.told.left_out(notification.lane, verdict)
            else:
                self._ledger.defer(place, ids[place], verdict)  # people's own time, of whatever length
        return Window(notification, self._leased.chunk, ids, now, reachable)

    async def _pass(self, window: Window, channel: ChannelName) -> None:
        """Keep in the window what may go through the channel now. What its gate keeps back rests in its chunk: to put
        it into another each time would write a whole campaign anew every few seconds of an outage."""
        places, now_ms = window.of(channel), self._means.wall_ms()
        if channel not in self._means.channels:
            detail = f"Whoever sends has no channel {channel}: set it up, then replay."
            missing = Answer(fate=Fate.NOT_SENT, code="CHANNEL_MISSING", detail=detail)
            for place in places:
                self._ledger.bury(place, self._ids[place], missing, now_ms)
            window.keep(channel, 0)
            return
        try:
            lane = self._leased.notification.lane
            window.keep(channel, await self._means.passage.share(channel, len(places), lane))
        except Closed as closed:
            self._resting |= dict.fromkeys(places, closed.until_ms)
            window.keep(channel, 0)

    def _begins_until_s(self) -> float:
        return asyncio.get_running_loop().time() + self._means.ttl_ms * SENDS_WITHIN / 1_000

    async def _on_its_way(self, window: Window, until_s: float) -> None:
        """Send it over all its channels at once; the lease runs anew meanwhile, and what was answered is written."""
        means = self._means
        self._ledger.first_at_ms = self._ledger.first_at_ms or means.wall_ms()
        sending = asyncio.gather(*(self._through(window, channel, until_s) for channel in window.channels))
        try:
            while not (await asyncio.wait({sending}, timeout=means.ttl_ms / 1_000 / RENEWALS))[0]:
                await self._settle(window)
                await self._write()
            await sending
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        await self._settle(window)
        self._settle_broken(window)

    async def _through(self, window: Window, channel: ChannelName, until_s: float) -> None:
        try:
            await self._means.channels[channel].send(
                self._message,
                window.recipients(channel),
                window.answered(channel),
                until_s=until_s,
                dry_run=self._leased.notification.dry_run,
            )
        except Exception as bug:  # noqa: BLE001  # it is raised when what was answered is written
            self._bug = bug

    def _settle_broken(self, window: Window) -> None:
        """What a channel broke off is not known: sent again as it is, at once, it would break off again and again."""
        for place in window.places if self._bug is not None else ():
            if self._ledger.states[place] == DeliveryState.STARTED:
                self._ledger.settle(place, window.address(place), BROKEN, self._means.wall_ms())

    async def _settle(self, window: Window) -> None:
        """Enter what was answered until now, and heed what is about more than one delivery."""
        lane, now_ms = self._leased.notification.lane, self._means.wall_ms()
        for channel in window.channels:
            answers = about_all(window.take(channel))
            for place, answer in answers:
                self._ledger.settle(place, window.address(place), answer, now_ms)
                self._means.told.answered(lane, channel, answer)
            await self._heed(channel, [answer for _, answer in answers])

    async def _heed(self, channel: ChannelName, answers: Sequence[Answer]) -> None:
        passage, told, random = self._means.passage, self._means.told, self._means.random
        if about := max(filter(names_channel, answers), key=gravity, default=None):
            reason = reason_of(channel, about)
            told.closed(channel, await passage.close(channel, about, reason), reason)
            if pauses(about, self._leased.notification.lane):
                await self._steer("pause", reason)
        failed = list(filter(has_failed, answers))
        if failed and is_outage(len(answers), len(failed), await passage.speed(channel)):
            reason = reason_of(channel, failed[-1])
            told.closed(channel, await passage.rest(channel, failed[-1], reason, random), reason)
        refused = [each for each in answers if each.fate is Fate.BAD_MESSAGE]
        self._refused += len(refused)
        if refused and is_refused(self._refused, self._leased.chunk.number, self._ledger.states):
            await self._steer("stop", reason_of(channel, refused[0]))

    async def _steer(self, how: Steering, reason: str) -> None:
        notification = self._leased.notification
        try:
            steered = await self._means.store.steer(notification.tenant, notification.id, how, reason)
        except NotificationOver:
            return  # somebody ended it meanwhile
        self._means.told.steered(steered, how, reason)

    async def _leave(self) -> None:
        """Write what is known, and let another go on with what waits. What was on its way stays `STARTED`: nobody knows
        what became of it."""
        if self._window is not None:
            await self._settle(self._window)
        await self._write()
        if self._leased.notification.state in EARLY_ENDS:
            self._resting.clear()
            for place in self._waiting(len(self._ids)):
                self._ledger.states[place] = DeliveryState.CANCELLED
            await self._write()
        if has_open(self._ledger.states):
            await self._means.store.give_back(self._leased, due_at_ms=self._rests_until_ms())

    async def _write(self) -> None:
        """What goes on elsewhere is in these writes and nowhere else, so whoever is cancelled waits until it is known
        whether they are written."""
        writes = self._ledger.writes()
        committing = asyncio.ensure_future(self._means.store.commit(self._leased, writes, self._means.ttl_ms))
        try:
            self._leased = await asyncio.shield(committing)
        except asyncio.CancelledError:
            self._leased = await committing
            raise
        if writes.dead:
            self._means.told.gave_up(self._leased.notification.lane, len(writes.dead))

    def _waiting(self, room: int) -> list[int]:
        """The places of the first that wait and do not rest, at most `room`."""
        places: list[int] = []
        at, states = -1, self._ledger.states
        while len(places) < room and (at := states.find(DeliveryState.WAITING, at + 1)) >= 0:
            if at not in self._resting:
                places.append(at)
        return places

    def _rests_until_ms(self) -> int | None:
        """When the first of those that rest may go on, if nothing else is to be done before."""
        on_its_way = DeliveryState.STARTED in self._ledger.states
        if on_its_way or self._leased.notification.state != "running" or self._waiting(1):
            return None
        return min(self._resting.values(), default=None)


def _resumed(leased: LeasedChunk) -> bytearray:
    """The states to go on from: what an earlier holder left on its way is sent again, or counts as unknown."""
    left = DeliveryState.WAITING if leased.notification.sent_again else DeliveryState.UNKNOWN
    return bytearray(leased.chunk.states.replace(bytes((DeliveryState.STARTED,)), bytes((left,))))
