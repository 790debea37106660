"""`pullTask`: what a collection has not been told yet."""

from __future__ import annotations

from time import perf_counter

from homeport_server.edge.context import Call, in_ms
from homeport_server.edge.errors import expected
from homeport_sync.catalog import Kind
from homeport_sync.documents import DocumentPage


async def pull(call: Call, kind: Kind, cursor: str | None, limit: int) -> DocumentPage:
    """The page after a checkpoint's cursor. Raises what `Documents.page` raises."""
    started, caller, rooms = perf_counter(), call.caller, call.rooms
    facts = {"request_id": call.request_id, "tenant": caller.tenant, "user": caller.user, "kind": kind.name}
    with rooms.tracer.request("rxdb pull", facts, call.traceparent) as span:
        try:
            page = await rooms.exchange.documents(caller.tenant, caller.user, kind, cursor, limit)
        except Exception as error:
            told, seconds = expected(error), perf_counter() - started
            rooms.metrics.pull_failed(told.code, seconds)
            rooms.log.info("rxdb pull", **facts, error=told.code, ms=in_ms(seconds))
            raise
        seconds, count = perf_counter() - started, {"documents": len(page.documents)}
        rooms.metrics.pulled(0, seconds)
        rooms.log.info("rxdb pull", **facts, **count, ms=in_ms(seconds))
        span.tell(count)
    return page
