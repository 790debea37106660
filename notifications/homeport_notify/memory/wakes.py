"""Which devices have to be woken, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from homeport_notify.memory.notifications import submitted
from homeport_notify.memory.space import KeptWake, OnMemory
from homeport_notify.notification import Notification
from homeport_notify.wake import Wanted, woken


class MemoryWakes(OnMemory):
    """`Wakes` in memory."""

    async def want(self, tenant: str, wanted: Mapping[str, int], due_at_ms: int) -> None:
        """See `ports.Wakes`."""
        space = self._spaces[tenant]
        for address in space.living(wanted):
            kept = space.wakes.setdefault(address.id, KeptWake(position=0, due_at_ms=None))
            kept.position = max(kept.position, wanted[address.id])
            kept.due_at_ms = due_at_ms if kept.due_at_ms is None else min(kept.due_at_ms, due_at_ms)

    async def due(self, tenant: str, now_ms: int, limit: int) -> Sequence[Wanted]:
        """See `ports.Wakes`."""
        space = self._spaces[tenant]
        due = [(each.due_at_ms, id) for id, each in space.wakes.items() if each.due_at_ms is not None]
        return [self._wanted(tenant, id) for at_ms, id in sorted(due) if at_ms <= now_ms][:limit]

    async def settle(
        self,
        tenant: str,
        now_ms: int,
        *,
        caught_up: Sequence[Wanted],
        later: Sequence[tuple[Wanted, int]],
        woken: Sequence[Wanted],
        notification: Notification | None,
    ) -> bool:
        """See `ports.Wakes`."""
        space = self._spaces[tenant]
        for each in woken:
            kept = space.wakes.get(each.address)
            if kept is None or tuple(kept.woken_ms) != tuple(each.woken_ms):
                return False
        if notification is not None:
            submitted(space, notification)
        for each in woken:
            self._told(tenant, each, now_ms)
        for each in (*caught_up, *woken):
            kept = space.wakes.get(each.address)
            if kept is not None and kept.position <= each.position:
                kept.due_at_ms = None
        for each, due_at_ms in later:
            kept = space.wakes.get(each.address)
            if kept is not None:
                kept.due_at_ms = due_at_ms
        return True

    async def next_wake_ms(self, tenant: str) -> int | None:
        """See `ports.Wakes`."""
        found = (each.due_at_ms for each in self._spaces[tenant].wakes.values())
        return min((at_ms for at_ms in found if at_ms is not None), default=None)

    def _told(self, tenant: str, wanted: Wanted, now_ms: int) -> None:
        kept = self._spaces[tenant].wakes.get(wanted.address)
        if kept is not None:
            kept.woken_ms = woken(kept.woken_ms, now_ms)

    def _wanted(self, tenant: str, id: str) -> Wanted:
        address, kept = self._spaces[tenant].addresses[id], self._spaces[tenant].wakes[id]
        return Wanted(
            address=id,
            device=address.device,
            platform=address.platform,
            position=kept.position,
            woken_ms=kept.woken_ms,
        )
