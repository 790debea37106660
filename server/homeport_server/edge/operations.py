"""The operations our devices send, precompiled: known by their exact text, they skip GraphQL's executor.

Parsing and validating cost 1.2 ms a request and executing 0.15 ms; this costs about 0.01 ms. The answers are those
of the ordinary executor, errors included (a property test holds the two equal). To stay equal, what GraphQL would
refuse or convert in the variables is not decided here: `answer` says None, and the executor answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from homeport_server.edge.context import Call
from homeport_server.edge.errors import shown
from homeport_server.edge.pull import pull
from homeport_server.edge.push import push
from homeport_sync.choice import Choice
from homeport_sync.wire import (
    PULL,
    PULL_CHOSEN,
    PUSH,
    PUSH_RECEIPTS,
    UNREADABLE,
    PullInput,
    PullMessage,
    PushMessage,
)

Message = TypeVar("Message", PushMessage, PullMessage)
_INT_MAX = 2**31 - 1
_LONG_MAX = 2**63 - 1
_json = msgspec.json.Encoder().encode


class _Choice(Choice, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """GraphQL refuses a field that an input does not declare."""


class _PullInput(PullInput, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same."""

    choice: _Choice | None = None


class _Pull(PullMessage, frozen=True, kw_only=True):
    choice: _Choice | None = None


class _Push(PushMessage, frozen=True, kw_only=True, rename="camel"):
    pull: _PullInput | None = None


_decode_pull = msgspec.json.Decoder(_Pull).decode


@dataclass(frozen=True, slots=True)
class Precompiled(Generic[Message]):
    """One operation with one field. `fits` is false for numbers that GraphQL's scalars do not hold; `place` is where
    its errors point to."""

    name: str
    decode: Callable[[msgspec.Raw], Message]
    fits: Callable[[Message], bool]
    run: Callable[[Call, Message], Awaitable[bytes]]
    opening: bytes
    place: dict[str, Any]

    async def answer(self, variables: msgspec.Raw, call: Call) -> bytes | None:
        """The body of the answer; None: the executor must judge these variables."""
        try:
            message = self.decode(variables)
        except UNREADABLE:
            return None
        if not self.fits(message):
            return None
        try:
            text = await self.run(call, message)
        except Exception as error:  # noqa: BLE001  # masked as INTERNAL and logged, as the executor would
            call.rooms.troubles.failed(error, call.request_id)
            told = shown(error, call.request_id)
            return _json(
                {
                    "data": None,
                    "errors": [{"message": told["message"], **self.place, "extensions": told["extensions"]}],
                }
            )
        return b"".join((self.opening, text, b"}}"))


def _precompile(
    document: str,
    name: str,
    decode: Callable[[msgspec.Raw], Message],
    fits: Callable[[Message], bool],
    run: Callable[[Call, Message], Awaitable[bytes]],
) -> Precompiled[Message]:
    """The operation `name` of a document of one line, whose only field has the same name in lower case."""
    field = name.lower()
    column = document.rindex(f"{field}(") + 1
    return Precompiled(
        name=name,
        decode=decode,
        fits=fits,
        run=run,
        opening=f'{{"data":{{"{field}":'.encode(),
        place={"locations": [{"line": 1, "column": column}], "path": [field]},
    )


def _without_choice(variables: msgspec.Raw) -> PullMessage:
    """The variables of a document that does not declare one: GraphQL passes over it."""
    return replace(_decode_pull(variables), choice=None)


def _push_fits(message: PushMessage) -> bool:
    return _long(message.confirmed) and _long(message.clock_ms) and (not message.pull or _pull_fits(message.pull))


def _pull_fits(message: PullInput) -> bool:
    return message.limit is None or -_INT_MAX - 1 <= message.limit <= _INT_MAX


def _long(value: int | None) -> bool:
    return value is None or -_LONG_MAX - 1 <= value <= _LONG_MAX


_push_message = msgspec.json.Decoder(_Push).decode


def _without_receipts(variables: msgspec.Raw) -> PushMessage:
    """The variables of `PUSH`. GraphQL does not see one that the document does not declare."""
    message = _push_message(variables)
    return replace(message, receipts=[]) if message.receipts else message


def precompiled() -> dict[str, Precompiled[Any]]:
    """The precompiled operations by their documents' text."""
    return {
        PUSH: _precompile(PUSH, "Push", _without_receipts, _push_fits, push),
        PUSH_RECEIPTS: _precompile(PUSH_RECEIPTS, "Push", _push_message, _push_fits, push),
        PULL: _precompile(PULL, "Pull", _without_choice, _pull_fits, pull),
        PULL_CHOSEN: _precompile(PULL_CHOSEN, "Pull", _decode_pull, _pull_fits, pull),
    }
