"""Push at the edge: hand the message to the sync room, measure it, and leave one line in the log."""

from __future__ import annotations

from time import perf_counter

import msgspec

from homeport_server.edge.context import DEVICE_SHOWN_MAX, Call, in_ms
from homeport_server.edge.errors import expected
from homeport_sync.wire import PushMessage, number_of


async def push(call: Call, message: PushMessage) -> bytes:
    """The answer to a push, as JSON text (UTF-8) of a `PushAnswer`. Raises `HomeportError`."""
    started = perf_counter()
    caller, rooms = call.caller, call.rooms
    facts = {
        "request_id": call.request_id,
        "tenant": caller.tenant,
        "user": caller.user,
        "device": message.device[:DEVICE_SHOWN_MAX],
        "numbers": _numbers(message),
    }
    with rooms.tracer.request("push", facts, call.traceparent) as span:
        try:
            pushed = await rooms.exchange.push(caller.tenant, caller.user, message, request_id=call.request_id)
        except Exception as error:
            told, seconds = expected(error), perf_counter() - started
            rooms.metrics.push_failed(told.code, seconds)
            rooms.log.info("push", **facts, error=told.code, ms=in_ms(seconds))
            rooms.heard.refused(
                caller.tenant, caller.user, message.device, told.code, rooms.wall_ms(), introduction=call.introduction
            )
            raise
        seconds = perf_counter() - started
        rooms.pushed(caller.tenant, pushed.verdicts, pushed.codes, seconds)
        codes = {"codes": pushed.codes} if pushed.codes else {}
        rooms.log.info("push", **facts, **pushed.verdicts, **codes, ms=in_ms(seconds))
        span.tell(pushed.verdicts)
        page = pushed.text if message.pull else b""
        answered = len(message.changes) - pushed.verdicts.get("error", 0)
        rooms.heard.pushed(
            caller.tenant,
            caller.user,
            message.device,
            page,
            rooms.wall_ms(),
            introduction=call.introduction,
            answered=answered,
        )
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
