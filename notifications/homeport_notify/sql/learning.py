"""What becomes known of addresses by sending to them, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from homeport_notify import limits
from homeport_notify.address import Address, Retired
from homeport_notify.chunk import ChunkWrites
from homeport_notify.sql import rows
from homeport_notify.sql.dialect import Statement, json_list
from homeport_notify.sql.on_door import Work

# In one order for all: of two workers that learn of the same addresses, in whatever order they sent to them, one would
# be thrown out otherwise, with all that its window was told.
TOUCHED: Final = Statement(
    """
    SELECT addresses.address_id FROM {each:ids} {found:addresses|addresses.address_id = wanted.value}
    {lock_of:addresses}"""
)
# One that has another target by now is left alone: the word was about the former.
RETIRE_AS_SENT: Final = Statement(
    """
    UPDATE addresses SET retired = :why, deleted_at = {now}, updated_at = {now}
    WHERE tenant_id = :tenant AND address_id = :address AND target_digest = :digest AND retired = ''"""
)
STRIKE: Final = Statement(
    """
    UPDATE addresses SET strikes = strikes + 1, updated_at = {now},
      retired = CASE WHEN strikes + 1 >= :most THEN 'malformed' ELSE '' END,
      deleted_at = CASE WHEN strikes + 1 >= :most THEN {now} END
    WHERE tenant_id = :tenant AND address_id = :address AND target_digest = :digest AND retired = ''"""
)
RETIRE: Final = Statement(
    """
    UPDATE addresses SET retired = :why, deleted_at = {now}, updated_at = {now}
    WHERE tenant_id = :tenant AND address_id = :address AND retired = ''"""
)
# Who is not reached any more is not woken either. How often it was is kept: it may live again within the hour.
LET_SLEEP: Final = Statement(
    """
    UPDATE wakes SET due_at = NULL, updated_at = {now} WHERE tenant_id = :tenant AND address_id = :address AND EXISTS (
      SELECT 1 FROM addresses
      WHERE addresses.tenant_id = :tenant AND addresses.address_id = :address AND addresses.retired <> '')"""
)


async def learn(work: Work, writes: ChunkWrites) -> None:
    """Retire and strike those that are still as they were when they were sent to."""
    touched = sorted({each.id for each, _ in writes.retired} | {each.id for each in writes.struck})
    if not touched:
        return
    await work.fetch(TOUCHED, ids=json_list(touched))
    await work.execute_many(
        RETIRE_AS_SENT,
        ({"why": why, **_as_sent(each)} for each, why in writes.retired),
    )
    await work.execute_many(STRIKE, ({"most": limits.STRIKES_MAX, **_as_sent(each)} for each in writes.struck))
    await work.execute_many(LET_SLEEP, ({"address": each} for each in touched))


async def retire(work: Work, ids: Sequence[str], why: Retired) -> None:
    """Nothing is sent to these any more."""
    ids = sorted(ids)
    await work.execute_many(RETIRE, ({"why": why, "address": each} for each in ids))
    await work.execute_many(LET_SLEEP, ({"address": each} for each in ids))


def _as_sent(address: Address) -> dict[str, object]:
    return {"address": address.id, "digest": rows.target_digest(address.channel, address.target)}
