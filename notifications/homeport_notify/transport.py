"""The port between a channel and its transport: very many posts that look alike, to one place.

A transport knows nothing of messages, a channel nothing of sockets, so a faster transport can take the place of
`http2/sender.py` by keeping these two calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

import msgspec

from homeport_notify.answer import NO_TIME, Answer, Fate


class Head(msgspec.Struct, frozen=True):
    """What a batch of posts has in common, and best many batches: it is sent once a connection, and is a few bytes
    after that. With the `path` "" each post has its own. Names of `headers` are lower case."""

    path: str
    headers: tuple[tuple[str, str], ...]


class Post(msgspec.Struct, frozen=True):
    """One request: its `body` (at most 16,384 bytes), and what only it has. That is never kept by the peer: targets
    stand in it."""

    body: bytes
    path: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Reply(msgspec.Struct, frozen=True):
    """What came back. Names of `headers` are lower case, those of pseudo-headers are absent; of a `body` that is longer
    than 32,768 bytes it is the beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes


# Called for each post by its place, once: with what came back, or with why nothing did.
Replied: TypeAlias = Callable[[int, Reply | Answer], None]

OUT_OF_TIME: Final = Answer(fate=Fate.NOT_SENT, code=NO_TIME, detail="There was no time left to send it.")
REFUSED: Final = Answer(fate=Fate.NOT_SENT, code="REFUSED", detail="The provider refused the request unseen.")
CLOSED: Final = Answer(fate=Fate.NOT_SENT, code="CLOSED", detail="The channel was closed before it was sent.")
UNFINISHED: Final = Answer(fate=Fate.NOT_SENT, code="UNFINISHED", detail="The connection broke before all was sent.")
BROKEN: Final = Answer(fate=Fate.UNANSWERED, code="BROKEN", detail="The connection broke before the answer came.")
RESET: Final = Answer(fate=Fate.UNANSWERED, code="RESET", detail="The provider gave the request up without an answer.")
TOO_LATE: Final = Answer(fate=Fate.UNANSWERED, code="TOO_LATE", detail="The provider did not answer in time.")


def no_connection(why: str) -> Answer:
    """The answer to what could not be sent because nobody could be reached."""
    return Answer(fate=Fate.NOT_SENT, code="NO_CONNECTION", detail=why)


class Transport(Protocol):
    """The way to one origin. It sends no post twice, and tells what surely was not sent from what may have been."""

    async def post(self, head: Head, posts: Sequence[Post], replied: Replied, *, until_s: float) -> None:
        """Send them all, as many at once as the peer takes; return when each has been replied to. What is not on its
        way at `until_s` (the loop's clock) is `OUT_OF_TIME`. Cancelled, it sends nothing more: what is not on its way
        then is `OUT_OF_TIME` as well, and of the rest nothing is said. What `replied` raises is raised here."""

    async def close(self) -> None:
        """Let go of all connections. What waits is `CLOSED`, what is on its way is `BROKEN`."""
