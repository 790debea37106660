"""Which devices have to be woken, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from homeport_notify.notification import Notification
from homeport_notify.sql import rows
from homeport_notify.sql.dialect import Statement, json_list
from homeport_notify.sql.notifications import submitted
from homeport_notify.sql.on_door import OnDoor
from homeport_notify.wake import Wanted, woken

WANT: Final = Statement(
    """
    INSERT INTO wakes AS kept (tenant_id, address_id, position, due_at, woken, created_at, updated_at)
    SELECT :tenant, addresses.address_id, CAST(wanted.value ->> 1 AS bigint), CAST(:due AS bigint), '[]', {now},
      {now}
    FROM {each_of:wanted} {found:addresses|addresses.address_id = wanted.value ->> 0 AND addresses.retired = ''}
    WHERE true
    ON CONFLICT (tenant_id, address_id) DO UPDATE SET
      position = {greatest}(kept.position, excluded.position),
      due_at = {least}(coalesce(kept.due_at, excluded.due_at), excluded.due_at),
      updated_at = excluded.updated_at"""
)
DUE: Final = Statement(
    """
    SELECT first.address_id, addresses.device_id, addresses.platform, first.position, first.woken, first.due_at
    FROM (
      SELECT address_id, position, woken, due_at FROM wakes
      WHERE tenant_id = :tenant AND due_at <= :now ORDER BY due_at, address_id LIMIT :room) AS first
    {found:addresses|addresses.address_id = first.address_id}"""
)
CAUGHT_UP: Final = Statement(
    """
    UPDATE wakes SET due_at = NULL, updated_at = {now}
    WHERE tenant_id = :tenant AND address_id = :address AND position <= :position"""
)
LATER: Final = Statement(
    """
    UPDATE wakes SET due_at = :due, updated_at = {now} WHERE tenant_id = :tenant AND address_id = :address"""
)
# In one order, so that two workers never wait for each other.
LOOK_AGAIN: Final = Statement(
    """
    SELECT wakes.address_id, wakes.woken FROM {each:ids} {found:wakes|wakes.address_id = wanted.value}
    {lock_of:wakes}"""
)
WOKEN: Final = Statement(
    """
    UPDATE wakes SET woken = :woken, due_at = CASE WHEN position > :position THEN due_at END, updated_at = {now}
    WHERE tenant_id = :tenant AND address_id = :address"""
)
NEXT: Final = Statement(
    """
    SELECT due_at FROM wakes
    WHERE tenant_id = :tenant AND due_at >= 0 ORDER BY due_at, address_id LIMIT 1"""
)
_json = msgspec.json.Encoder().encode


class SqlWakes(OnDoor):
    """`Wakes` in SQL."""

    async def want(self, tenant: str, wanted: Mapping[str, int], due_at_ms: int) -> None:
        """See `ports.Wakes`. In one order, so that two processes never wait for each other."""
        async with self._work(tenant) as work:
            await work.execute(WANT, wanted=json_list(sorted(wanted.items())), due=due_at_ms)

    async def due(self, tenant: str, now_ms: int, limit: int) -> Sequence[Wanted]:
        """See `ports.Wakes`."""
        found = await self._read(tenant, DUE, now=now_ms, room=limit)
        return [
            Wanted(address=address, device=device, platform=platform, position=position, woken_ms=rows.times(woken_at))
            for address, device, platform, position, woken_at, _ in sorted(found, key=lambda row: (row[5], row[0]))
        ]

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
        seen = {each.address: _text(each.woken_ms) for each in woken}
        touched = {*seen, *(each.address for each in caught_up), *(each.address for each, _ in later)}
        async with self._work(tenant) as work:
            found = await work.fetch(LOOK_AGAIN, ids=json_list(sorted(touched)))
            if {address: times for address, times in found if address in seen} != seen:
                return False
            if notification is not None:
                await submitted(work, notification)
            done = ({"address": each.address, "position": each.position} for each in caught_up)
            await work.execute_many(CAUGHT_UP, done)
            await work.execute_many(LATER, ({"address": each.address, "due": due} for each, due in later))
            await work.execute_many(WOKEN, (_told(each, now_ms) for each in woken))
        return True

    async def next_wake_ms(self, tenant: str) -> int | None:
        """See `ports.Wakes`."""
        found = await self._read(tenant, NEXT)
        return int(found[0][0]) if found else None


def _told(wanted: Wanted, now_ms: int) -> dict[str, object]:
    after = _text(woken(wanted.woken_ms, now_ms))
    return {"address": wanted.address, "position": wanted.position, "woken": after}


def _text(times_ms: Sequence[int]) -> str:
    return _json(times_ms).decode()
