"""A request and what becomes of it, whichever HTTP carried them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum, auto
from typing import Final, Protocol, TypeAlias

import msgspec

JSON: Final = "application/json; charset=UTF-8"


class Request(msgspec.Struct, frozen=True):
    """`path` goes without its `query`; `headers` have lower-case names."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    http2: bool = False


class Reply(msgspec.Struct, frozen=True):
    """An answer. `code` is how it is counted, and is not sent."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    code: str = ""


class Ending(Enum):
    """How an exchange ends."""

    ANSWERED = auto()
    RESET = auto()  # the connection breaks when half of the answer is on its way
    SILENT = auto()  # an answer never comes


class Outcome(msgspec.Struct, frozen=True):
    """The answer, and when and how it goes out."""

    reply: Reply
    delay_s: float = 0.0
    ending: Ending = Ending.ANSWERED


class Wire(Protocol):
    """The way back to one client, for an answer that comes in pieces."""

    def begin(self, content_type: str) -> None:
        """Say 200."""

    def write(self, piece: bytes) -> None:
        """A piece of the body. Without effect when the client has gone."""

    def end(self) -> None:
        """That was all."""

    def when_gone(self, call: Callable[[], None]) -> None:
        """Call this once if the client leaves before the end."""


# What answers in pieces, as long as it likes.
Attend: TypeAlias = Callable[[Wire], None]
Served: TypeAlias = Outcome | Attend
Serve: TypeAlias = Callable[[Request], Served]


class Unreadable(ValueError):
    """The body is no JSON that anybody could read."""


def read_json(body: bytes) -> object:
    """What is in a body. Raises `Unreadable`."""
    try:
        found: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"The body is no JSON: {error}.") from None
    return found


def json_reply(status: int, body: object, *, code: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A reply as Google writes it: two spaces deep, and a line's end."""
    return Reply(status, (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode(), JSON, headers, code)


def retry_after(form: str, seconds: int, now_ms: int) -> tuple[tuple[str, str], ...]:
    """The header that asks to wait so long, as `form` writes it; none for 0 seconds."""
    if form == "none" or seconds <= 0:
        return ()
    if form == "date":
        then = datetime.fromtimestamp(now_ms // 1_000 + seconds, UTC)
        return (("retry-after", format_datetime(then, usegmt=True)),)
    return (("retry-after", str(seconds)),)
