"""An operator's replay at the edge: through the server's own exchange, so that it takes its turn among the pushes of
devices, whoever listens is poked, and it is measured as the push that it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from time import perf_counter

from homeport_server.edge.context import Rooms, in_ms
from homeport_server.edge.errors import expected
from homeport_server.quarantine.case import BEHIND_MAX, Readable, units_of
from homeport_server.quarantine.fate import Replayed
from homeport_server.quarantine.replay import Edited, Replay, ReplayStore
from homeport_sync.change import Written
from homeport_sync.push import Decided, Push


async def replay(
    rooms: Rooms,
    store: ReplayStore,
    tenant: str,
    head: Readable,
    *,
    put: Mapping[str, Written] | None = None,
    dropped: Collection[str] = (),
    with_dependents: bool = False,
) -> Replayed:
    """Make the rejected change again in its user's name, with the fields that are `put` in and without those that are
    `dropped`; it is made once, however often this is asked. `with_dependents`: also what cannot stand without it, as
    far as `sight_of` shows it.

    Raises `UnknownField` or `WrongType` for a field that does not fit, `Malformed` for one to be dropped that is not
    there, and `Overloaded` or `Unavailable` when it should be asked again. What is rejected again is no error.
    """
    units = await units_of(store, tenant, head, behind_max=BEHIND_MAX) if with_dependents else [[head]]
    work = Replay(store, _Measured(rooms), tenant, rooms.catalog, rooms.wall_ms)
    return await work.run(Edited(head=head, units=units, put=put or {}, dropped=dropped))


class _Measured:
    """The exchange, each push of which is counted and leaves one line in the log."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def push(self, tenant: str, push: Push) -> Decided:
        """See `TakesPushes`."""
        rooms, started = self._rooms, perf_counter()
        facts = {"request_id": push.request_id, "tenant": tenant, "user": push.user, "device": push.device}
        try:
            decided = await rooms.exchange.take(tenant, push)
        except Exception as error:
            code, seconds = expected(error).code, perf_counter() - started
            rooms.metrics.push_failed(code, seconds)
            rooms.log.info("replay", **facts, error=code, ms=in_ms(seconds))
            raise
        seconds, verdicts = perf_counter() - started, Counter[str](decided.verdicts)
        codes = {"rejected": Counter(decided.rejections)} if decided.rejections else {}
        rooms.pushed(tenant, verdicts, codes, seconds)
        rooms.log.info("replay", **facts, **verdicts, **({"codes": codes} if codes else {}), ms=in_ms(seconds))
        return decided
