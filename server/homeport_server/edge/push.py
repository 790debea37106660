"""Push at the edge: hand the message to the sync room, and leave one line in the log."""

from __future__ import annotations

from time import perf_counter

import msgspec

from homeport_server.edge.context import DEVICE_SHOWN_MAX, Call, ms_since
from homeport_sync.errors import HomeportError
from homeport_sync.wire import PushMessage, number_of


async def push(call: Call, message: PushMessage) -> bytes:
    """The answer to a push, as JSON text (UTF-8) of a `PushAnswer`. Raises `HomeportError`."""
    started = perf_counter()
    caller, log = call.caller, call.rooms.log
    facts = {
        "request_id": call.request_id,
        "tenant": caller.tenant,
        "user": caller.user,
        "device": message.device[:DEVICE_SHOWN_MAX],
        "numbers": _numbers(message),
    }
    try:
        pushed = await call.rooms.exchange.push(caller.tenant, caller.user, message, request_id=call.request_id)
    except HomeportError as error:
        log.info("push", **facts, error=error.code, ms=ms_since(started))
        raise
    log.info("push", **facts, **pushed.verdicts, ms=ms_since(started))
    return pushed.text


def _numbers(message: PushMessage) -> str:
    """The numbers of the changes as "first-last"; "?" for one that cannot be read."""
    changes = message.changes
    if not changes:
        return ""
    first = _number(changes[0])
    return first if len(changes) == 1 else f"{first}-{_number(changes[-1])}"


def _number(change: msgspec.Raw) -> str:
    number = number_of(change)
    return "?" if number is None else str(number)
