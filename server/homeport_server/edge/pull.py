"""Pull at the edge: ask the sync room for a page, measure it, and leave one line in the log."""

from __future__ import annotations

from time import perf_counter

from homeport_server.edge.context import DEVICE_SHOWN_MAX, Call, in_ms
from homeport_server.edge.errors import expected
from homeport_server.sightings import cursor_of
from homeport_sync.wire import PullMessage


async def pull(call: Call, message: PullMessage) -> bytes:
    """The page after the message's cursor, as JSON text (UTF-8) of a `Page`. Raises `HomeportError`."""
    started = perf_counter()
    caller, rooms = call.caller, call.rooms
    facts = {
        "request_id": call.request_id,
        "tenant": caller.tenant,
        "user": caller.user,
        "device": message.device[:DEVICE_SHOWN_MAX],
    }
    with rooms.tracer.request("pull", facts, call.traceparent) as span:
        try:
            page = await rooms.exchange.pull(caller.tenant, caller.user, message)
        except Exception as error:
            told, seconds = expected(error), perf_counter() - started
            rooms.metrics.pull_failed(told.code, seconds)
            rooms.log.info("pull", **facts, error=told.code, ms=in_ms(seconds))
            rooms.heard.refused(
                caller.tenant, caller.user, message.device, told.code, rooms.wall_ms(), introduction=call.introduction
            )
            raise
        seconds = perf_counter() - started
        rooms.metrics.pulled(len(page), seconds)
        rooms.samples.pulled(caller.tenant, caller.user, message, cursor_of(page))
        rooms.log.info("pull", **facts, bytes=len(page), ms=in_ms(seconds))
        span.tell({"bytes": len(page)})
        rooms.heard.pulled(
            caller.tenant, caller.user, message.device, page, rooms.wall_ms(), introduction=call.introduction
        )
    return page
