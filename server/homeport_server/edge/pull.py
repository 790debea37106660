"""Pull at the edge: ask the sync room for a page, and leave one line in the log."""

from __future__ import annotations

from time import perf_counter

from homeport_server.edge.context import DEVICE_SHOWN_MAX, Call, ms_since
from homeport_sync.errors import HomeportError
from homeport_sync.wire import PullMessage


async def pull(call: Call, message: PullMessage) -> bytes:
    """The page after the message's cursor, as JSON text (UTF-8) of a `Page`. Raises `HomeportError`."""
    started = perf_counter()
    caller, log = call.caller, call.rooms.log
    facts = {
        "request_id": call.request_id,
        "tenant": caller.tenant,
        "user": caller.user,
        "device": message.device[:DEVICE_SHOWN_MAX],
    }
    try:
        page = await call.rooms.exchange.pull(caller.tenant, caller.user, message)
    except HomeportError as error:
        log.info("pull", **facts, error=error.code, ms=ms_since(started))
        raise
    log.info("pull", **facts, bytes=len(page), ms=ms_since(started))
    return page
