"""`pushTask`: takes the rows of a push in, and answers with what is here instead of those that did not take effect.

A row that is refused is no error of GraphQL's, because RxDB sends a push that fails again for ever, with all that is in
it. It is answered like a conflict: with the record as it is, or as a deleted document if there is none. Why it was
refused stands in the answer's `extensions.refused`, and it waits in quarantine, like a device's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from homeport_server.edge.context import BESIDE, Call, in_ms
from homeport_server.edge.errors import expected
from homeport_server.edge.rxdb.awaited import Awaited
from homeport_server.edge.rxdb.rows import Row
from homeport_server.edge.rxdb.shape import Shape
from homeport_server.errors import ScopeAwaited
from homeport_sync.clock import is_uuid
from homeport_sync.documents import Document, Seen, document_of, gone
from homeport_sync.draft import DRAFTS_MAX, Draft
from homeport_sync.errors import TooLarge
from homeport_sync.limits import LIMITS
from homeport_sync.writer import Told

REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pushed:
    """The answer, and what became of what was written for it."""

    conflicts: Sequence[Document]
    told: Sequence[Told]


async def push(call: Call, shape: Shape, rows: Sequence[Row], awaited: Awaited) -> Sequence[Document]:
    """What is here instead, of each row that is not here now.

    Raises `TooLarge`, `ScopeAwaited` when all but what waits for its scope was taken, and what `Exchange.write` raises.
    """
    started, caller, rooms = perf_counter(), call.caller, call.rooms
    facts = {"request_id": call.request_id, "tenant": caller.tenant, "user": caller.user, "kind": shape.kind.name}
    with rooms.tracer.request("rxdb push", facts, call.traceparent) as span:
        try:
            pushed = await _push(call, shape, rows, awaited)
        except Exception as error:
            told, seconds = expected(error), perf_counter() - started
            rooms.metrics.push_failed(told.code, seconds)
            rooms.log.info("rxdb push", **facts, error=told.code, ms=in_ms(seconds))
            raise
        seconds = perf_counter() - started
        verdicts: dict[str, int] = Counter(str(each.outcome.outcome) for each in pushed.told)
        codes = Counter(str(each["code"]) for each in _refused(pushed.told))
        rooms.pushed(caller.tenant, verdicts, {"rejected": codes} if codes else {}, seconds)
        counts = {"rows": len(rows), "conflicts": len(pushed.conflicts), **verdicts}
        rooms.log.info("rxdb push", **facts, **counts, **({"codes": codes} if codes else {}), ms=in_ms(seconds))
        span.tell(counts)
    return pushed.conflicts


async def _push(call: Call, shape: Shape, rows: Sequence[Row], awaited: Awaited) -> _Pushed:
    caller, exchange = call.caller, call.rooms.exchange
    if len(rows) > LIMITS.push_changes_max:
        raise TooLarge(
            f"The push has {len(rows)} rows; at most {LIMITS.push_changes_max} go at once: set a smaller batchSize.",
            limit=LIMITS.push_changes_max,
        )
    ids = list({row.id for row in rows if is_uuid(row.id)})
    seen = await exchange.seen(caller.tenant, caller.user, shape.kind, ids)
    decided = [row.decide(seen.records.get(row.id)) for row in rows]
    wanted = [drafts for drafts in decided if not isinstance(drafts, str)]
    early = [drafts for drafts in wanted if _is_awaited(call, awaited, drafts, shape, seen)]
    # What comes again is kept when it is refused for the last time.
    told = await _write(call, [drafts for drafts in wanted if drafts not in early], keeps_refused=not early)
    if early:
        raise ScopeAwaited
    here = (await exchange.seen(caller.tenant, caller.user, shape.kind, ids) if told else seen).records
    if refused := _refused(told):
        BESIDE.get().setdefault(REFUSED, []).extend(refused)
    return _Pushed(
        conflicts=[
            document_of(found) if (found := here.get(row.id)) else gone(row.id, row.scope)
            for row in rows
            if not row.is_as_wanted(here.get(row.id))
        ],
        told=told,
    )


def _is_awaited(call: Call, awaited: Awaited, drafts: Sequence[Draft], shape: Shape, seen: Seen) -> bool:
    """Whether something of a row would be put in a scope that may yet be made: then all of it waits."""
    caller, now_ms = call.caller, call.rooms.wall_ms()
    early = {_lands(draft) for draft in drafts} - seen.scopes if not shape.kind.is_root else set()
    return any(awaited.still((caller.tenant, caller.user, scope), now_ms) for scope in early if is_uuid(scope))


def _lands(draft: Draft) -> str:
    """The scope it would be put in; "" if it stays where it is."""
    return draft.scope if draft.op == "create" else draft.into


async def _write(call: Call, rows: Sequence[Sequence[Draft]], *, keeps_refused: bool) -> Sequence[Told]:
    """Each by itself: one that is refused holds nothing up."""
    told: list[Told] = []
    for drafts in _batches(rows):
        told += await call.rooms.exchange.write(
            call.caller.tenant, call.caller.user, drafts, request_id=call.request_id, keeps_refused=keeps_refused
        )
    return told


def _batches(rows: Sequence[Sequence[Draft]]) -> Iterator[list[Draft]]:
    """What goes at once: a row whole, for what it does second would find that others have written what it did first."""
    batch: list[Draft] = []
    for drafts in rows:
        if len(batch) + len(drafts) > DRAFTS_MAX:
            yield batch
            batch = []
        batch = [*batch, *drafts]
    if batch:
        yield batch


def _refused(told: Sequence[Told]) -> list[dict[str, object]]:
    """Which documents were refused, and why."""
    return [{"id": each.id, **_why(each.outcome.error)} for each in told if each.outcome.outcome == "rejected"]


def _why(error: dict[str, object] | None) -> dict[str, object]:
    """Code and message of an outcome's error."""
    extensions = (error or {}).get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return {"code": code, "message": (error or {}).get("message")}
