"""A write without a device at the edge: hand it to the sync room, measure it as the push that it is, and leave one line
in the log."""

from __future__ import annotations

from time import perf_counter
from uuid import uuid4

from homeport_server.edge.context import Call, in_ms
from homeport_server.edge.errors import expected
from homeport_sync.draft import Draft
from homeport_sync.writer import Told
from homeport_sync.writer_ids import writer_device


async def write(call: Call, draft: Draft, key: str | None) -> Told:
    """What became of it; without a key it is a write of its own. Raises what `Writer.write` raises."""
    started = perf_counter()
    caller, rooms = call.caller, call.rooms
    key = uuid4().hex if key is None else key
    facts = {
        "request_id": call.request_id,
        "tenant": caller.tenant,
        "user": caller.user,
        "device": writer_device(caller.user, key),
        "op": draft.op,
        "kind": draft.kind,
    }
    with rooms.tracer.request("write", facts, call.traceparent) as span:
        try:
            (told,) = await rooms.exchange.write(
                caller.tenant, caller.user, [draft], key=key, request_id=call.request_id
            )
        except Exception as error:
            refused, seconds = expected(error), perf_counter() - started
            rooms.metrics.push_failed(refused.code, seconds)
            rooms.log.info("write", **facts, error=refused.code, ms=in_ms(seconds))
            raise
        seconds = perf_counter() - started
        verdicts: dict[str, int] = {"again" if told.again else told.outcome.outcome: 1}
        codes = _codes(told)
        rooms.pushed(caller.tenant, verdicts, codes, seconds)
        more = {"codes": codes} if codes else {}
        rooms.log.info("write", **facts, **verdicts, **more, ms=in_ms(seconds))
        span.tell(verdicts)
    return told


def _codes(told: Told) -> dict[str, dict[str, int]]:
    return {"rejected": {told.code: 1}} if told.code and not told.again else {}
