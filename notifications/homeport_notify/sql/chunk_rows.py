"""New chunks, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from homeport_notify.delivery import ID_BYTES, DeliveryState
from homeport_notify.notification import Lane
from homeport_notify.sql.dialect import Statement
from homeport_notify.sql.on_door import Work

# It locks the notification's row, so that no two chunks get one number.
NUMBER: Final = Statement(
    """
    UPDATE notifications SET chunks = chunks + :many, updated_at = {now}
    WHERE tenant_id = :tenant AND notification_id = :id RETURNING chunks"""
)
ADD_CHUNK: Final = Statement(
    """
    INSERT INTO chunks (tenant_id, notification_id, number, lane, due_at, attempt, first_at, is_open, ready_at, holder,
      fence, leased_until, created_at, updated_at)
    VALUES (:tenant, :id, :number, :lane, :due, :attempt, :first, true, :ready, '', 0, 0, {now}, {now})"""
)
ADD_DELIVERIES: Final = Statement(
    """
    INSERT INTO deliveries (tenant_id, notification_id, number, created_at, updated_at, states, addresses)
    VALUES (:tenant, :id, :number, {now}, {now}, :states, :addresses)"""
)


class New(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk that is not there yet; `addresses` are packed, and all wait."""

    addresses: bytes
    due_at_ms: int
    attempt: int = 0
    first_at_ms: int = 0


async def add_chunks(work: Work, id: str, lane: Lane, chunks: Sequence[New], *, runs: bool) -> None:
    """Add them under the next numbers; `runs`: the notification does, so they can be leased when they are due."""
    if not chunks:
        return
    ((upto,),) = await work.fetch(NUMBER, id=id, many=len(chunks))
    numbered = list(enumerate(chunks, start=upto - len(chunks)))
    await work.execute_many(
        ADD_CHUNK,
        (
            {
                "id": id,
                "number": number,
                "lane": lane,
                "due": each.due_at_ms,
                "attempt": each.attempt,
                "first": each.first_at_ms,
                "ready": each.due_at_ms if runs else None,
            }
            for number, each in numbered
        ),
    )
    await work.execute_many(
        ADD_DELIVERIES,
        (
            {"id": id, "number": number, "states": _waiting(each.addresses), "addresses": each.addresses}
            for number, each in numbered
        ),
    )


def _waiting(addresses: bytes) -> bytes:
    return bytes([DeliveryState.WAITING]) * (len(addresses) // ID_BYTES)
