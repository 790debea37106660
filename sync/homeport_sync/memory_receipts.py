"""Receipts in memory: one part of the store in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from homeport_sync.memory_log import MemoryLog, OnMemory
from homeport_sync.receipts import DEVICES_MAX, KNOWN_LATE_MS, Ended, Holder, Receipt, merged


class MemoryReceipts(OnMemory):
    """`Receipts` in memory."""

    async def keep_receipts(
        self, tenant: str, user: str, device: str, receipts: Sequence[Receipt], now_ms: int
    ) -> None:
        """See `receipts.TakesReceipts`."""
        log = self._log(tenant)
        known = log.devices.get(device)
        if known is not None and known.user != user:
            return
        for each in receipts:
            grant = log.grants.get((user, each.scope))
            if grant is None or grant.until != each.position:
                continue
            kept = log.receipts.setdefault((user, each.scope), {})
            answered = {other for other, (receipt, _) in kept.items() if receipt.position == each.position}
            if device not in answered and len(answered) < DEVICES_MAX:
                kept[device] = (each, now_ms)

    async def ended_grants(
        self, tenant: str, after: tuple[str, str], limit: int, *, user: str = "", scope: str = ""
    ) -> Sequence[Ended]:
        """See `receipts.Receipts`."""
        log = self._log(tenant)
        found = [
            Ended(user=grant.user, scope=grant.scope, position=grant.until, ended_at_ms=log.ended_at[name])
            for name, grant in sorted(log.grants.items())
            if grant.until is not None and name > after and user in ("", name[0]) and scope in ("", name[1])
        ]
        return found[:limit]

    async def holders(self, tenant: str, ended: Ended, after: str, limit: int) -> Sequence[Holder]:
        """See `receipts.Receipts`."""
        log = self._log(tenant)
        kept = log.receipts.get((ended.user, ended.scope), {})
        answered = [
            Holder(device=device, seen_at_ms=at_ms, dropped_at_ms=receipt.dropped_ms, received_at_ms=at_ms)
            for device, (receipt, at_ms) in kept.items()
            if device > after and receipt.position == ended.position
        ]
        known = [each for each in _known(log, ended) if each[0] > after]
        return merged(answered, known, limit)


def _known(log: MemoryLog, ended: Ended) -> Iterator[tuple[str, int | None]]:
    """The devices of the grant's user that were sighted before it ended, and when they were last."""
    for device, sighting in log.sightings.items():
        if sighting.user == ended.user and log.sighted_at[device] <= ended.ended_at_ms + KNOWN_LATE_MS:
            times = (sighting.pushed_at_ms, sighting.pulled_at_ms, sighting.refused_at_ms)
            yield device, max(filter(None, times), default=None)
