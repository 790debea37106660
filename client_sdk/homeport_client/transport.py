"""What a device needs from a network: one port. `http.py` is the real one; a fleet has its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from homeport_sync.introduction import Introduction
from homeport_sync.telling import Telling
from homeport_sync.wire import Page, PullMessage, PushAnswer, PushMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class GoAway:
    """The server's process is about to stop: listen elsewhere within so many milliseconds, then let this one go."""

    within_ms: int


class Transport(Protocol):
    """The way to one server as one user. Every call may be cancelled at any moment, as a network may fail."""

    async def push(self, message: PushMessage) -> PushAnswer:
        """Sends changes. Raises `Unreachable` (then they may be decided or not: send the same again),
        `Refused` or `ServerError`."""

    async def pull(self, message: PullMessage) -> Page:
        """The page after the cursor; asking again is harmless. Raises as `push` does."""

    def pokes(self, device: str) -> AbstractAsyncContextManager[AsyncIterator[GoAway | None]]:
        """Connects on entering; each item is one poke, or a `GoAway`. The first poke comes when the server listens
        for us, so that nothing falls between connecting and listening. What `device` alone changed pokes nobody here:
        it learns of that by the page at the end of each push. Pokes may be lost. A device may listen twice at once:
        on the socket it leaves, until the next one hears.

        Entering and iterating raise `Unreachable`, `Refused`, or a `ServerError` that says when to come again;
        iteration may also just end when the server closes.
        """

    async def tell(self, telling: Telling) -> None:
        """Tells the server something about notifications; saying the same again is harmless. Raises as `push` does."""

    def renew(self, token: str) -> None:
        """Uses another token from the next call on."""

    async def close(self) -> None:
        """Lets go of all connections; harmless when there are none. No call follows."""


@runtime_checkable
class Introduces(Protocol):
    """What a transport can do besides, if it has a place beside the messages: say what the device is. None needs to."""

    def introduce(self, says: Callable[[], Introduction]) -> None:
        """Sends what `says` answers with each push and pull from now on. It is asked as they go out, and never
        fails."""


def introduce(transport: Transport, says: Callable[[], Introduction]) -> None:
    """Has the transport say it, if it has a place for that. One that goes through another hands it on by this."""
    if isinstance(transport, Introduces):
        transport.introduce(says)
