"""What happens on the table, told to whoever listens: what travels between a phone and the server, and what looks
different now.

A listener that is slow loses the oldest journeys and no change: of what has changed only that it has is kept, for a
page asks for the newest state anyway.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias

TRAVELS_MAX: Final = 200  # that wait for one listener; more lights than that nobody sees
LISTENERS_MAX: Final = 50

Leg: TypeAlias = Literal["push", "answer", "page", "poke", "notification", "wake"]
Fate: TypeAlias = Literal["left", "arrived", "lost"]

PHONE_PARTS: Final = ("screen", "outbox", "told", "state")
SERVER: Final = "server"
LOG: Final = "log"
CROWD: Final = "crowd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """Something on its way between a phone ("a", "b") and the server, or the provider of notifications.

    A `push` goes up: it has "left", and then either an "answer" has "arrived", or the push is "lost" (nobody knows what
    of it got there). All else comes down. `count` is how many changes, outcomes or records travel together; 1 of all
    else.
    """

    phone: str
    leg: Leg
    count: int
    fate: Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """This region of the page looks different now: "a-screen", "b-outbox" …, "server", "log", "crowd"."""

    region: str


Happening: TypeAlias = Travel | Changed


def regions_of(phone: str) -> tuple[str, ...]:
    """The regions of one phone."""
    return tuple(f"{phone}-{part}" for part in PHONE_PARTS)


class TooManyListeners(RuntimeError):
    """More pages listen than anybody looks at: close some."""


class Listener:
    """What has happened since it was asked last. Entering begins to listen, leaving ends it."""

    def __init__(self, happenings: Happenings) -> None:
        self._happenings = happenings
        self._travels: deque[Travel] = deque(maxlen=TRAVELS_MAX)
        self._changed: dict[str, None] = {}
        self._some = asyncio.Event()

    def __enter__(self) -> Self:
        self._happenings.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._happenings.remove(self)

    def hear(self, happening: Happening) -> None:
        """One more."""
        if isinstance(happening, Travel):
            self._travels.append(happening)
        else:
            self._changed[happening.region] = None
        self._some.set()

    async def next(self) -> list[Happening]:
        """All since the last time, journeys in their order and then each changed region once; waits for the first."""
        await self._some.wait()
        return self.now()

    def now(self) -> list[Happening]:
        """The same, without waiting: perhaps nothing."""
        happened: list[Happening] = [*self._travels, *(Changed(region=each) for each in self._changed)]
        self._travels.clear()
        self._changed.clear()
        self._some.clear()
        return happened


class Happenings:
    """Where everything on the table is told."""

    def __init__(self) -> None:
        self._listeners: dict[Listener, None] = {}

    def listen(self) -> Listener:
        """Somebody who listens, once entered."""
        return Listener(self)

    def add(self, listener: Listener) -> None:
        """Tell this one as well. Raises `TooManyListeners`."""
        if len(self._listeners) >= LISTENERS_MAX:
            raise TooManyListeners(f"{LISTENERS_MAX} listen already: close some pages.")
        self._listeners[listener] = None

    def remove(self, listener: Listener) -> None:
        """No more; harmless when it is not told any more."""
        self._listeners.pop(listener, None)

    def travel(self, phone: str, leg: Leg, fate: Fate, count: int = 1) -> None:
        """Something travels."""
        self._tell([Travel(phone=phone, leg=leg, count=count, fate=fate)])

    def changed(self, *regions: str) -> None:
        """These look different now."""
        self._tell(Changed(region=each) for each in regions)

    def _tell(self, happened: Iterable[Happening]) -> None:
        for each in happened:
            for listener in self._listeners:
                listener.hear(each)
