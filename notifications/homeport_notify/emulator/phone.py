"""A phone as its provider knows it: what waits for it while it is away, and what it is given when it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import msgspec

from homeport_notify.emulator import limits
from homeport_notify.emulator.push import Push
from homeport_notify.emulator.tally import PhoneTally

PhoneKind: TypeAlias = Literal["token", "fid", "apns"]
PhonePlatform: TypeAlias = Literal["android", "ios", "web"]


class Held(msgspec.Struct):
    """`handed` once the phone was given it; it is kept until the phone acknowledges its `number`. With `caught` the
    phone was there when it came, so its time does not run out while the phone reads."""

    number: int
    push: Push
    caught: bool = False
    handed: bool = False


class Phone:
    """`target` is its token or installation id. `project` is whose it is, `topic` the app it runs (Apple's).

    It is there as long as somebody listens. What comes then is handed on; what comes else waits, within the provider's
    rules: of messages with the same collapse key the last, of keys four, and when more than a hundred messages without
    one wait, Google throws all of them away and tells the phone so. Apple keeps the newest.
    """

    __slots__ = ("_clock", "_held", "_listeners", "_number", "_tally", "kind", "platform", "project", "target", "topic")

    def __init__(
        self,
        target: str,
        kind: PhoneKind,
        platform: PhonePlatform,
        *,
        project: str,
        topic: str,
        clock: Callable[[], int],
        tally: PhoneTally,
    ) -> None:
        self.target, self.kind, self.platform, self.project, self.topic = target, kind, platform, project, topic
        self._clock = clock
        self._tally = tally
        self._held: list[Held] = []
        self._listeners: list[Callable[[], None]] = []
        self._number = 0

    @property
    def present(self) -> bool:
        """Whether somebody listens."""
        return bool(self._listeners)

    @property
    def waiting(self) -> int:
        """How many messages it has not been given yet."""
        return sum(not held.handed and not held.push.deleted for held in self._held)

    def deliver(self, push: Push) -> None:
        """Hand it on, or keep it until the phone is there."""
        if not self.present and not self._keep(push):
            return
        self._hold(push, caught=self.present)
        for each in tuple(self._listeners):
            each()

    def poll(self, after: int = 0) -> Sequence[tuple[int, Push]]:
        """What it has not acknowledged, oldest first, with numbers; `after` acknowledges all up to that number."""
        if not self._held:
            return ()
        now_ms, kept = self._clock(), []
        for held in self._held:
            if held.handed and held.number <= after:
                continue
            if not (held.handed or held.caught or held.push.lives(now_ms)):
                self._tally.expired += 1
                continue
            if not held.handed and not held.push.deleted:
                self._tally.delivered += 1
            held.handed = True
            kept.append(held)
        self._held = kept
        return [(held.number, held.push) for held in kept]

    def listen(self, news: Callable[[], None]) -> Callable[[], None]:
        """The phone is there: `news` is called when there is something to poll. Call what this returns to leave."""
        self._listeners.append(news)

        def leave() -> None:
            if news in self._listeners:
                self._listeners.remove(news)

        return leave

    def open(self) -> Inbox:
        """The phone is there, and reads what it is delivered, until the inbox is closed."""
        return Inbox(self)

    def acknowledge(self, number: int) -> None:
        """The phone has this one: it is not given again."""
        self._held = [held for held in self._held if held.number != number]

    def vanish(self) -> None:
        """The app was removed: what waits will never be read."""
        self._tally.discarded += self.waiting
        self._held.clear()

    def _hold(self, push: Push, *, caught: bool = False) -> None:
        self._number += 1
        self._held.append(Held(self._number, push, caught))

    def _keep(self, push: Push) -> bool:
        """Make room for what comes while the phone is away; False if it is for now or never."""
        if push.ttl_s <= 0:
            self._tally.expired += 1
            return False
        if push.provider == "apns":
            self._throw(lambda other: True, limits.APNS_WAITING_MAX - 1)
        elif push.collapse_key:
            self._throw(lambda other: other.collapse_key == push.collapse_key, 0)
            keys = {held.push.collapse_key for held in self._unhanded() if held.push.collapse_key}
            if len(keys) >= limits.COLLAPSE_KEYS_MAX:
                oldest = next(held.push.collapse_key for held in self._unhanded() if held.push.collapse_key)
                self._throw(lambda other: other.collapse_key == oldest, 0)
        else:
            self._bound(push)
        return True

    def _bound(self, push: Push) -> None:
        plain = [held for held in self._unhanded() if not held.push.collapse_key and not held.push.deleted]
        if len(plain) < limits.WAITING_MAX:
            return
        before = sum(held.push.deleted for held in self._unhanded())
        self._held = [held for held in self._held if held.handed or held.push.collapse_key]
        self._tally.discarded += len(plain)
        self._hold(msgspec.structs.replace(push, deleted=before + len(plain), name="", data={}, message={}))

    def _throw(self, which: Callable[[Push], bool], keep: int) -> None:
        """Of what waits and is meant, keep the newest `keep`."""
        meant = [held for held in self._unhanded() if which(held.push)]
        for held in meant[: len(meant) - keep]:
            self._held.remove(held)
            self._tally.replaced += 1

    def _unhanded(self) -> list[Held]:
        return [held for held in self._held if not held.handed]


class Inbox:
    """What a phone reads, in order: `async with phone.open() as inbox: async for push in inbox`. What was not read when
    it is closed waits on, so nothing is lost and nothing comes twice."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._some = asyncio.Event()
        self._leave = phone.listen(self._some.set)

    async def __aenter__(self) -> Inbox:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Inbox:
        return self

    async def __anext__(self) -> Push:
        """The next message, however long it takes to come."""
        while True:
            self._some.clear()
            for number, push in self._phone.poll():
                self._phone.acknowledge(number)
                return push
            await self._some.wait()

    def close(self) -> None:
        """The phone goes away."""
        self._leave()
