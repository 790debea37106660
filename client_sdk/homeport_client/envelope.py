"""How a push and a pull are wrapped for GraphQL over HTTP, and how their answers are unwrapped. Bytes in, nouns out.

A phone's network is full of things that answer in the server's place: captive portals, proxies that are full, bodies
that end in the middle. Whatever is not an answer of ours is `Unreachable`, and the same is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from homeport_client.errors import Unreachable, server_error
from homeport_sync.telling import Telling
from homeport_sync.wire import (
    PULL,
    PULL_CHOSEN,
    PUSH,
    PUSH_RECEIPTS,
    Page,
    PullMessage,
    PushAnswer,
    PushMessage,
    WireError,
)

_Data = TypeVar("_Data")


class PushRequest(msgspec.Struct, frozen=True):
    """The body of a push."""

    variables: PushMessage
    query: str = PUSH


class PullRequest(msgspec.Struct, frozen=True):
    """The body of a pull."""

    variables: PullMessage
    query: str = PULL


class TellRequest(msgspec.Struct, frozen=True):
    """The body of what is told."""

    variables: Telling
    query: str


class _PushData(msgspec.Struct, frozen=True):
    push: PushAnswer


class _PullData(msgspec.Struct, frozen=True):
    pull: Page


class _Reply(msgspec.Struct, Generic[_Data], frozen=True):
    data: _Data | None = None
    errors: list[WireError] = []


_encode = msgspec.json.Encoder().encode
_push_reply = msgspec.json.Decoder(_Reply[_PushData])
_pull_reply = msgspec.json.Decoder(_Reply[_PullData])
_tell_reply = msgspec.json.Decoder(_Reply[dict[str, object]])


def push_request(message: PushMessage) -> bytes:
    """The body that carries a push."""
    return _encode(PushRequest(message, PUSH_RECEIPTS if message.receipts else PUSH))


def pull_request(message: PullMessage) -> bytes:
    """The body that carries a pull."""
    return _encode(PullRequest(message) if message.choice is None else PullRequest(message, PULL_CHOSEN))


def tell_request(telling: Telling) -> bytes:
    """The body that carries what is told."""
    return _encode(TellRequest(telling, telling.document))


def ask_request(document: str, variables: Mapping[str, object]) -> bytes:
    """The body that carries any other operation."""
    return _encode({"query": document, "variables": variables})


def read_push(url: str, status: int, body: bytes) -> PushAnswer:
    """The answer to a push. Raises `Unreachable`, `Refused` or `ServerError`; so does `read_pull`."""
    return _read(url, status, body, _push_reply).push


def read_pull(url: str, status: int, body: bytes) -> Page:
    """The answer to a pull."""
    return _read(url, status, body, _pull_reply).pull


def read_tell(url: str, status: int, body: bytes) -> None:
    """The answer to what was told."""
    _read(url, status, body, _tell_reply)


def read_ask(url: str, status: int, body: bytes) -> Mapping[str, object]:
    """The `data` of the answer to any other operation."""
    return _read(url, status, body, _tell_reply)


def _read(url: str, status: int, body: bytes, decoder: msgspec.json.Decoder[_Reply[_Data]]) -> _Data:
    try:
        reply = decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreachable(
            f"{url} answered {status} with something that is not Homeport's ({error}): "
            "a portal, a proxy or another server stands between. Try again."
        ) from error
    if reply.data is not None and not reply.errors:
        return reply.data
    raise server_error(reply.errors[0] if reply.errors else WireError(message=f"The answer {status} is empty."))
